"""The versions of a fixed list, who moved in each, and how an officer adopts one."""

from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from services.ranking.lists.usecases.adopt_version import (
    ADOPTION,
    AdoptVersion,
    VersionToAdopt,
)
from services.ranking.lists.views.show_revisions import (
    ListChanges,
    ListVersions,
    show_changes,
    show_fixed,
    show_versions,
)
from services.ranking.standings.views.show_standings import Standings
from shared.contracts.fields import StageCode, VacancyId
from shared.contracts.strict import IN_DIGITS
from shared.postgres.pool import reading
from shared.proposals.answers import ProposalView
from shared.proposals.usecases import propose
from shared.web.authentication import Officer
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter

ListCode = Annotated[StageCode, Path(alias="list", description="`skd` or `final`")]
WhichVersion = Annotated[
    int, Field(ge=1, le=2**31 - 1), IN_DIGITS, Path(description="As `…/versions` lists it")
]


def revisions() -> APIRouter:
    """Versions of a fixed list; each stays as it is, and an officer may let a later one count."""
    routes = APIRouter(tags=["versions"], prefix="/vacancies")

    @routes.get(
        "/{vacancy_id}/lists/{list}/versions",
        operation_id="list_versions",
        responses=problem_responses(400, 404, 409),
        summary="A fixed list and the versions that corrections made of it; which of them counts,"
        " and why",
    )
    async def versions(
        vacancy_id: VacancyId,
        list_: ListCode,
        resources: ResourcesDependency,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> ListVersions:
        """The list as it was fixed comes first, the newest version last."""
        async with reading(resources.pool) as connection:
            return await show_versions(connection, vacancy_id, list_, cursor, limit)

    @routes.get(
        "/{vacancy_id}/lists/{list}/versions/{version}",
        operation_id="get_version",
        responses=problem_responses(400, 404, 409),
        summary="A version of a list as an officer fixed it: the first, or one that was adopted,"
        " whether or not it counts still",
    )
    async def fixed(
        vacancy_id: VacancyId,
        list_: ListCode,
        version: WhichVersion,
        resources: ResourcesDependency,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Standings:
        """It never changes; its lines are those of the day on which it was fixed."""
        async with reading(resources.pool) as connection:
            return await show_fixed(connection, vacancy_id, list_, version, cursor, limit)

    @routes.get(
        "/{vacancy_id}/lists/{list}/versions/{version}/changes",
        operation_id="list_version_changes",
        responses=problem_responses(400, 404, 409),
        summary="Who moved in a version: from where, to where, and by which event",
    )
    async def changes(
        vacancy_id: VacancyId,
        list_: ListCode,
        version: WhichVersion,
        resources: ResourcesDependency,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> ListChanges:
        """Compared with the version before; numbers alone, no names."""
        async with reading(resources.pool) as connection:
            return await show_changes(connection, vacancy_id, list_, version, cursor, limit)

    @routes.post(
        "/{vacancy_id}/lists/{list}/versions/{version}/adoption",
        operation_id="adopt_version",
        status_code=202,
        response_model=ProposalView,
        responses=problem_responses(401, 403, 404, 409),
        summary="Propose to adopt a corrected version; once another officer confirms, it counts and"
        " what it follows stays as it was fixed",
    )
    async def adopt(
        vacancy_id: VacancyId,
        list_: ListCode,
        version: WhichVersion,
        command: AdoptVersion,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        """Takes the digest of what was seen, so that nothing else is adopted, and a reason."""
        adoption = VersionToAdopt(
            vacancy_id=vacancy_id, list=list_, version=version, **command.model_dump()
        )
        return await transaction.once(
            lambda connection: propose(
                connection, resources.outbox, ADOPTION, officer, adoption, resources.clock()
            )
        )

    return routes
