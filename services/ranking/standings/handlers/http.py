"""A vacancy's list and one candidate's place on it, for everyone."""

from fastapi import Request, Response

from services.ranking.standings.handlers.request_fields import WhichList, WhichState
from services.ranking.standings.storage.requested_list import lists_version
from services.ranking.standings.views.show_standings import (
    CandidatePlace,
    Standings,
    find_candidate,
    show_candidate,
    show_standings,
)
from shared.contracts.fields import ParticipantNo, RoundId, VacancyId
from shared.postgres.pool import reading
from shared.web.dependencies import ResourcesDependency
from shared.web.kept_answers import Answer, KeptAnswersDependency, json_answer
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter


def candidates_of_rounds() -> APIRouter:
    """A candidate's place, for whoever knows the participant number alone."""
    routes = APIRouter(tags=["standings"], prefix="/rounds")

    @routes.get(
        "/{round_id}/candidates/{participant_no}",
        operation_id="find_candidate",
        responses=problem_responses(404, 409),
        summary="One candidate's place, found by the participant number within a round",
    )
    async def found(
        round_id: RoundId, participant_no: ParticipantNo, resources: ResourcesDependency
    ) -> CandidatePlace:
        """On the newest list that the candidate stands on; the answer names the vacancy."""
        async with reading(resources.pool) as connection:
            return await find_candidate(connection, round_id, participant_no)

    return routes


def standings_of_vacancies() -> APIRouter:
    """What everyone may see of a vacancy's list."""
    routes = APIRouter(tags=["standings"], prefix="/vacancies")

    @routes.get(
        "/{vacancy_id}/standings",
        operation_id="get_standings",
        response_model=Standings,
        responses=problem_responses(400, 404, 409),
        summary="A vacancy's list, live or as it was fixed",
    )
    async def standings(
        request: Request,
        vacancy_id: VacancyId,
        resources: ResourcesDependency,
        kept: KeptAnswersDependency,
        list_: WhichList = None,
        state: WhichState = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response:
        """In merit order, with ranks, scores and codes; by default the newest list."""

        async def make() -> Answer:
            async with reading(resources.pool) as connection:
                shown = await show_standings(connection, vacancy_id, list_, state, cursor, limit)
            return json_answer(shown, fixed=shown.state == "closed")

        return await kept.answer(
            request,
            f"lists of {vacancy_id}",
            lambda: lists_version(resources.pool, vacancy_id),
            make,
        )

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
