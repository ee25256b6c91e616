"""A vacancy's list and one candidate's place on it, for everyone."""

from services.ranking.standings.handlers.request_fields import WhichList, WhichState
from services.ranking.standings.views.show_standings import (
    CandidatePlace,
    Standings,
    show_candidate,
    show_standings,
)
from shared.contracts.fields import ParticipantNo, VacancyId
from shared.postgres.pool import reading
from shared.web.dependencies import ResourcesDependency
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter


def standings_of_vacancies() -> APIRouter:
    """What everyone may see of a vacancy's list."""
    routes = APIRouter(tags=["standings"], prefix="/vacancies")

    @routes.get(
        "/{vacancy_id}/standings",
        operation_id="get_standings",
        responses=problem_responses(400, 404, 409),
        summary="A vacancy's list, live or as it was fixed",
    )
    async def standings(
        vacancy_id: VacancyId,
        resources: ResourcesDependency,
        list_: WhichList = None,
        state: WhichState = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Standings:
        """In merit order, with ranks, scores and codes; by default the newest list."""
        async with reading(resources.pool) as connection:
            return await show_standings(connection, vacancy_id, list_, state, cursor, limit)

    @routes.get(
        "/{vacancy_id}/candidates/{participant_no}",
        operation_id="get_candidate",
        responses=problem_responses(404, 409),
        summary="One candidate's place: rank, score, gates, the cut, and who stands next",
    )
    async def candidate(
        vacancy_id: VacancyId,
        participant_no: ParticipantNo,
        resources: ResourcesDependency,
        list_: WhichList = None,
        state: WhichState = None,
    ) -> CandidatePlace:
        """By default on the newest list that the candidate stands on."""
        async with reading(resources.pool) as connection:
            return await show_candidate(connection, vacancy_id, participant_no, list_, state)

    return routes
