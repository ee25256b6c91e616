"""What officers do with a round's lists: see how far they are, fix them, decide ties."""

from fastapi import Response

from services.ranking.lists.usecases.close_list import ClosedList, close_round, close_stage
from services.ranking.lists.usecases.decide_tie import TIE, DecideTie, TieToDecide
from services.ranking.lists.views.show_round import (
    RoundInRanking,
    RoundReadiness,
    show_lists,
    show_round,
)
from shared.contracts.fields import RoundId, StageCode, VacancyId
from shared.proposals.answers import ProposalView
from shared.proposals.usecases import propose
from shared.web.authentication import Officer
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter


def rounds() -> APIRouter:
    """What officers do with a round."""
    routes = APIRouter(tags=["rounds"], prefix="/rounds")

    @routes.get(
        "/{round_id}/lists",
        operation_id="get_round",
        responses=problem_responses(404),
        summary="One round with its lists, in the order in which they are closed",
    )
    async def lists(round_id: RoundId, resources: ResourcesDependency) -> RoundInRanking:
        """Its name, its policy and what its lists are called."""
        async with resources.pool.acquire() as connection:
            return await show_lists(connection, round_id)

    @routes.get(
        "/{round_id}",
        operation_id="get_round_readiness",
        responses=problem_responses(401, 403, 404),
        summary="How far a round is, and what is missing",
    )
    async def round_(
        round_id: RoundId, resources: ResourcesDependency, officer: Officer
    ) -> RoundReadiness:
        """Each list with what it waits for: results, sittings, ties that an officer must decide."""
        async with resources.pool.acquire() as connection:
            return await show_round(connection, round_id)

    @routes.post(
        "/{round_id}/stages/{stage}/close",
        operation_id="close_stage",
        response_model=ClosedList,
        responses=problem_responses(401, 403, 404, 409),
        summary="Fix the list that a stage completes, for all vacancies: codes stay,"
        " who is within the cut goes on",
    )
    async def close_one(
        round_id: RoundId,
        stage: StageCode,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        """409 says what is missing: a list is fixed once everything that counts has arrived."""
        return await transaction.once(
            lambda connection: close_stage(
                connection, resources.outbox, officer, round_id, stage, resources.clock()
            ),
            200,
        )

    @routes.post(
        "/{round_id}/close",
        operation_id="close_round",
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
        """409 says what is missing: a list is fixed once everything that counts has arrived."""
        return await transaction.once(
            lambda connection: close_round(
                connection, resources.outbox, officer, round_id, resources.clock()
            ),
            200,
        )

    return routes


def ties() -> APIRouter:
    """How officers decide a tie."""
    routes = APIRouter(tags=["standings"], prefix="/vacancies")

    @routes.post(
        "/{vacancy_id}/ties",
        operation_id="decide_tie",
        status_code=202,
        response_model=ProposalView,
        responses=problem_responses(401, 403, 404, 409),
        summary="Propose an order of people who are equal in everything at the last seat; another"
        " officer confirms it",
    )
    async def tie(
        vacancy_id: VacancyId,
        command: DecideTie,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        """The order is on record with its reason; other equals share a rank."""
        tie = TieToDecide(vacancy_id=vacancy_id, **command.model_dump())
        return await transaction.once(
            lambda connection: propose(
                connection, resources.outbox, TIE, officer, tie, resources.clock()
            )
        )

    return routes
