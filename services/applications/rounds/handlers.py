"""Rounds over HTTP: opened by an officer, seen by everyone."""

import secrets

from fastapi import Response

from services.applications.rounds.usecases.open_round import OpenRound, open_round
from services.applications.rounds.views import RoundView, show_round, show_rounds
from shared.contracts.fields import RoundId
from shared.paging import Page
from shared.postgres.pool import Connection
from shared.web.authentication import Officer
from shared.web.created import created
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter

router = APIRouter(tags=["rounds"])


@router.post(
    "/rounds",
    operation_id="open_round",
    status_code=201,
    response_model=RoundView,
    responses=problem_responses(401, 403, 409),
    summary="Open a round under a policy",
)
async def open_(
    command: OpenRound,
    resources: ResourcesDependency,
    officer: Officer,
    transaction: TransactionDependency,
) -> Response:
    """The policy goes into the event whole: this exact version stays the round's law."""
    seed, zone = secrets.token_hex(32), resources.settings.zone

    async def open_and_show(connection: Connection) -> RoundView:
        await open_round(
            connection, resources.outbox, officer, command, resources.clock(), zone, seed=seed
        )
        return await show_round(connection, command.round_id)

    answer = await transaction.once(open_and_show)
    return created(answer, "/applications/rounds/{round_id}")


@router.get(
    "/rounds",
    operation_id="list_rounds",
    responses=problem_responses(400),
    summary="Rounds in order of id",
)
async def list_(
    resources: ResourcesDependency, cursor: Cursor = None, limit: Limit = 50
) -> Page[RoundView]:
    """All rounds of the province, open and closed, each as it stands."""
    async with resources.pool.acquire() as connection:
        return await show_rounds(connection, cursor, limit)


@router.get(
    "/rounds/{round_id}",
    operation_id="get_round",
    responses=problem_responses(404),
    summary="One round as it stands",
)
async def one(round_id: RoundId, resources: ResourcesDependency) -> RoundView:
    """Its policy, calendar and decreed seats, and how far registration is."""
    async with resources.pool.acquire() as connection:
        return await show_round(connection, round_id)
