"""What officers do about empty seats, each handed to one use case."""

from fastapi import APIRouter, Response

from services.ranking.usecases.fill_seats import (
    DecideSeatTie,
    FillingBegun,
    SeatTieDecided,
    begin_filling,
    decide_seat_tie,
)
from services.ranking.usecases.show_filling import FillingView, show_filling
from shared.contracts.fields import RoundId
from shared.web.effects import TheEffect
from shared.web.identity import Officer
from shared.web.paging import Cursor, Limit
from shared.web.parts import TheParts
from shared.web.problems import declared


def filling() -> APIRouter:
    """Empty seats of a closed round (optimalisasi)."""
    routes = APIRouter(tags=["seats"], prefix="/rounds/{round_id}/filling")

    @routes.get(
        "",
        responses=declared(400, 401, 403, 404, 409),
        summary="How a round's empty seats are being filled; before it has begun: what beginning would offer",
    )
    async def show(
        round_id: RoundId, parts: TheParts, officer: Officer, cursor: Cursor = None, limit: Limit = 50
    ) -> FillingView:
        async with (
            parts.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await show_filling(connection, round_id, cursor, limit)

    @routes.post(
        "",
        status_code=201,
        response_model=FillingBegun,
        responses=declared(401, 403, 404, 409, 503),
        summary="Begin to fill the empty seats of a round whose last list is closed, by the policy's moves and with consent",
    )
    async def begin(round_id: RoundId, parts: TheParts, officer: Officer, effect: TheEffect) -> Response:
        return await effect.once(
            lambda connection: begin_filling(connection, parts.outbox, officer, round_id, parts.clock())
        )

    @routes.post(
        "/ties",
        status_code=201,
        response_model=SeatTieDecided,
        responses=declared(401, 403, 404, 409, 503),
        summary="Decide between people who are equal in everything for a vacancy's last empty seat",
    )
    async def tie(
        round_id: RoundId, command: DecideSeatTie, parts: TheParts, officer: Officer, effect: TheEffect
    ) -> Response:
        return await effect.once(
            lambda connection: decide_seat_tie(connection, parts.outbox, officer, round_id, command, parts.clock())
        )

    return routes
