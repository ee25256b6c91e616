"""The vacancies, for everyone."""

from typing import Annotated

from fastapi import Query

from services.ranking.vacancies.views.list_vacancies import (
    VacancyInList,
    list_vacancies,
    show_vacancy,
)
from shared.contracts.fields import NeedCode, RoundId, VacancyId
from shared.contracts.strict import line_of_text
from shared.paging import Page
from shared.web.dependencies import ResourcesDependency
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter

Search = Annotated[
    str,
    *line_of_text(100, least=0),
    Query(
        description="Words, or parts of words, all of which stand in agency, post or unit; "
        "capitals make no difference",
    ),
]


def vacancies() -> APIRouter:
    """The vacancies of all rounds."""
    routes = APIRouter(tags=["vacancies"], prefix="/vacancies")

    @routes.get(
        "",
        operation_id="list_vacancies",
        responses=problem_responses(400),
        summary="Vacancies, by round and number",
    )
    async def all_(
        resources: ResourcesDependency,
        round_id: Annotated[RoundId | None, Query(description="Only this round's")] = None,
        search: Search = "",
        need: Annotated[
            NeedCode | None, Query(description="Only those for this kind of need")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[VacancyInList]:
        """Of all rounds, with the lists that each vacancy has so far."""
        async with resources.pool.acquire() as connection:
            return await list_vacancies(connection, round_id, search, need, cursor, limit)

    @routes.get(
        "/{vacancy_id}/overview",  # without it the address is the page's
        operation_id="get_vacancy",
        responses=problem_responses(404),
        summary="One vacancy, with the lists of it that are fixed",
    )
    async def one_vacancy(vacancy_id: VacancyId, resources: ResourcesDependency) -> VacancyInList:
        """Its seats and kind of need as its round announced them."""
        async with resources.pool.acquire() as connection:
            return await show_vacancy(connection, vacancy_id)

    return routes
