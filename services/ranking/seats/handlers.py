"""What officers do about empty seats, and what everyone may see of a vacancy's seats."""

from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from services.ranking.page_words import VACANCY, local
from services.ranking.rounds.storage import load_round
from services.ranking.seats.usecases.begin_filling import FillingBegun, begin_filling
from services.ranking.seats.usecases.decide_seat_tie import (
    SEAT_TIE,
    DecideSeatTie,
    SeatTieToDecide,
)
from services.ranking.seats.views.show_filling import FillingView, show_filling
from services.ranking.seats.views.show_seats import VacancySeats, show_seats
from shared.contracts.fields import RoundId, VacancyId
from shared.postgres.pool import reading
from shared.proposals.answers import ProposalView
from shared.proposals.usecases import propose
from shared.web.authentication import Officer
from shared.web.created import created
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.pages import Pages
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses, reader_language
from shared.web.routes import APIRouter


def filling() -> APIRouter:
    """Empty seats of a closed round (optimalisasi)."""
    routes = APIRouter(tags=["seats"], prefix="/rounds/{round_id}/filling")

    @routes.get(
        "",
        operation_id="get_filling",
        responses=problem_responses(400, 401, 403, 404, 409),
        summary="How a round's empty seats are being filled; before it has begun: what beginning"
        " would offer",
    )
    async def show(
        round_id: RoundId,
        resources: ResourcesDependency,
        officer: Officer,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> FillingView:
        """Vacancies with empty seats, and where the policy lets their offers go."""
        async with reading(resources.pool) as connection:
            return await show_filling(connection, round_id, cursor, limit)

    @routes.post(
        "",
        operation_id="begin_filling",
        status_code=201,
        response_model=FillingBegun,
        responses=problem_responses(401, 403, 404, 409, 503),
        summary="Begin to fill the empty seats of a round whose last list is closed, by the"
        " policy's moves and with consent",
    )
    async def begin(
        round_id: RoundId,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        """Once a round. Offers go out at once; each is answered in the service of applications."""
        answer = await transaction.once(
            lambda connection: begin_filling(
                connection, resources.outbox, officer, round_id, resources.clock()
            )
        )
        return created(answer, "/ranking/rounds/{round_id}/filling")

    @routes.post(
        "/ties",
        operation_id="decide_seat_tie",
        status_code=202,
        response_model=ProposalView,
        responses=problem_responses(401, 403, 404, 409, 503),
        summary="Propose an order of people who are equal in everything for a vacancy's last empty"
        " seat; another officer confirms it",
    )
    async def tie(
        round_id: RoundId,
        command: DecideSeatTie,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        """The order is on record with its reason; the seat is offered to the first."""
        tie = SeatTieToDecide(round_id=round_id, **command.model_dump())
        return await transaction.once(
            lambda connection: propose(
                connection, resources.outbox, SEAT_TIE, officer, tie, resources.clock()
            )
        )

    return routes


def seating() -> APIRouter:
    """A vacancy's seats, for everyone."""
    routes = APIRouter(tags=["seats"], prefix="/vacancies")

    @routes.get(
        "/{vacancy_id}/seats",
        operation_id="get_seats",
        responses=problem_responses(404),
        summary="Who has a vacancy's seats, whom empty ones were offered, what each answered, and"
        " what stays empty",
    )
    async def seats(vacancy_id: VacancyId, resources: ResourcesDependency) -> VacancySeats:
        """Participant numbers alone; before filling begins, who was selected."""
        async with reading(resources.pool) as connection:
            return await show_seats(connection, vacancy_id)

    return routes


def seats_page(pages: Pages, zone: ZoneInfo) -> APIRouter:
    """The page of a vacancy's seats; it is no part of the API's documentation."""
    routes = pages.router("/vacancies", back=VACANCY)

    @routes.get("/{vacancy_id}/seats.html")
    async def page(
        request: Request, vacancy_id: VacancyId, resources: ResourcesDependency
    ) -> HTMLResponse:
        async with reading(resources.pool) as connection:
            shown = await show_seats(connection, vacancy_id)
            policy = (await load_round(connection, shown.round_id)).policy
        language = reader_language(request)
        return pages.render(
            request,
            "seats.html",
            shown=shown,
            needs={code: getattr(need.name, language) for code, need in policy.needs.items()},
            wheres={number: move.where for number, move in enumerate(policy.seat_moves, 1)},
            local=lambda at: local(at, zone, language),
        )

    return routes
