"""What people ask of ranking, each handed to one use case."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.ranking.lists.usecases.close_list import ClosedList, close_round, close_stage
from services.ranking.lists.usecases.decide_tie import DecideTie, TieDecided, decide_tie
from services.ranking.lists.views.show_round import RoundView, show_round
from services.ranking.standings.views.show_standings import (
    CandidatePlace,
    Standings,
    State,
    VacancyInList,
    list_vacancies,
    show_candidate,
    show_standings,
)
from shared.contracts.fields import NeedCode, ParticipantNo, RoundId, StageCode, VacancyId
from shared.paging import Page
from shared.postgres.pool import reading
from shared.web.authentication import Officer
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses

WhichList = Annotated[
    StageCode | None,
    Query(alias="list", description="`skd` or `final`; by default the newest that has begun"),
]
WhichState = Annotated[
    State | None,
    Query(
        description="`closed`: as an officer fixed it; `live`: by all that is known now; by default as fixed, where it is"
    ),
]
Search = Annotated[
    str,
    Query(
        max_length=100,
        description="Words, or parts of words, all of which stand in agency, post or unit; capitals make no difference",
    ),
]


def rounds() -> APIRouter:
    """What officers do with a round."""
    routes = APIRouter(tags=["rounds"], prefix="/rounds")

    @routes.get(
        "/{round_id}",
        responses=problem_responses(401, 403, 404),
        summary="How far a round is, and what is missing",
    )
    async def round_(
        round_id: RoundId, resources: ResourcesDependency, officer: Officer
    ) -> RoundView:
        async with resources.pool.acquire() as connection:
            return await show_round(connection, round_id)

    @routes.post(
        "/{round_id}/stages/{stage}/close",
        response_model=ClosedList,
        responses=problem_responses(401, 403, 404, 409),
        summary="Fix the list that a stage completes, for all vacancies: codes stay, who is within the cut goes on",
    )
    async def close_one(
        round_id: RoundId,
        stage: StageCode,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        return await transaction.once(
            lambda connection: close_stage(
                connection, resources.outbox, officer, round_id, stage, resources.clock()
            ),
            200,
        )

    @routes.post(
        "/{round_id}/close",
        response_model=ClosedList,
        responses=problem_responses(401, 403, 404, 409),
        summary="Fix the final list of all vacancies: who is within the seats is selected",
    )
    async def close_last(
        round_id: RoundId,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        return await transaction.once(
            lambda connection: close_round(
                connection, resources.outbox, officer, round_id, resources.clock()
            ),
            200,
        )

    return routes


def vacancies() -> APIRouter:
    """What everyone may see of a vacancy, and how an officer decides a tie."""
    routes = APIRouter(tags=["standings"], prefix="/vacancies")

    @routes.get("", responses=problem_responses(400), summary="Vacancies, by round and number")
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
        async with resources.pool.acquire() as connection:
            return await list_vacancies(connection, round_id, search, need, cursor, limit)

    @routes.get(
        "/{vacancy_id}/standings",
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
        async with reading(resources.pool) as connection:
            return await show_standings(connection, vacancy_id, list_, state, cursor, limit)

    @routes.get(
        "/{vacancy_id}/candidates/{participant_no}",
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
        async with reading(resources.pool) as connection:
            return await show_candidate(connection, vacancy_id, participant_no, list_, state)

    @routes.post(
        "/{vacancy_id}/ties",
        status_code=201,
        response_model=TieDecided,
        responses=problem_responses(401, 403, 404, 409),
        summary="Decide between people who are equal in everything at the last seat",
    )
    async def tie(
        vacancy_id: VacancyId,
        command: DecideTie,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        return await transaction.once(
            lambda connection: decide_tie(
                connection, officer, vacancy_id, command, resources.clock()
            )
        )

    return routes
