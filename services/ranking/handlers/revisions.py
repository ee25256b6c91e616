"""What became of a fixed list: the versions beside it, and who moved. For everyone."""

from typing import Annotated

from fastapi import APIRouter, Path

from services.ranking.usecases.show_revisions import ListChanges, ListVersions, show_changes, show_versions
from shared.contracts.fields import StageCode, VacancyId
from shared.web.paging import Cursor, Limit
from shared.web.parts import TheParts
from shared.web.problems import declared

ListCode = Annotated[StageCode, Path(alias="list", description="`skd` or `final`")]
WhichVersion = Annotated[int, Path(ge=1, le=2**31 - 1, description="As `…/versions` lists it")]


def revisions() -> APIRouter:
    """Versions beside a fixed list; the fixed one stays as it is."""
    routes = APIRouter(tags=["standings"], prefix="/vacancies")

    @routes.get(
        "/{vacancy_id}/lists/{list}/versions",
        responses=declared(400, 404, 409),
        summary="A fixed list and the versions that corrections made beside it",
    )
    async def versions(
        vacancy_id: VacancyId, list_: ListCode, parts: TheParts, cursor: Cursor = None, limit: Limit = 50
    ) -> ListVersions:
        async with (
            parts.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await show_versions(connection, vacancy_id, list_, cursor, limit)

    @routes.get(
        "/{vacancy_id}/lists/{list}/versions/{version}/changes",
        responses=declared(400, 404, 409),
        summary="Who moved in a version: from where, to where, and by which event",
    )
    async def changes(
        vacancy_id: VacancyId,
        list_: ListCode,
        version: WhichVersion,
        parts: TheParts,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> ListChanges:
        async with (
            parts.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await show_changes(connection, vacancy_id, list_, version, cursor, limit)

    return routes
