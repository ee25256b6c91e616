"""What people ask of feedback, each handed to one use case."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.feedback.complaints.usecases.file_complaint import (
    ComplaintReceipt,
    FileComplaint,
    file_complaint,
)
from services.feedback.complaints.usecases.resolve_complaint import (
    Resolution,
    ResolveComplaint,
    resolve_complaint,
)
from services.feedback.complaints.views import (
    ComplaintView,
    TrackComplaint,
    list_complaints,
    list_own_complaints,
    list_whole_complaints,
    show_complaint,
    track_complaint,
)
from services.feedback.flags.views import UnitInList, UnitView, list_units, show_unit
from services.feedback.settings import Settings
from services.feedback.units.usecases.import_services import COLUMNS, Imported, import_services
from shared.contracts.fields import UnitId
from shared.csv_files import read_csv
from shared.paging import Page
from shared.refusals import Refusal
from shared.web.effects import TheEffect
from shared.web.identity import MaybePerson, Officer
from shared.web.parameters import Cursor, Limit
from shared.web.parts import TheParts
from shared.web.problems import declared

CSV_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "unit_id,month,services\nU-001,2026-10,1840\n",
            }
        },
    }
}

ComplaintId = Annotated[UUID, Path(description="Id of the complaint, given when it was filed")]


def complaints(settings: Settings) -> APIRouter:
    """What citizens and officers do about complaints."""
    routes = APIRouter(tags=["complaints"])
    zone = settings.zone

    @routes.post(
        "/complaints",
        status_code=201,
        response_model=ComplaintReceipt,
        responses=declared(401, 404),
        summary="File a complaint, with a token under your name, without one anonymously",
    )
    async def file(
        command: FileComplaint, parts: TheParts, citizen: MaybePerson, effect: TheEffect
    ) -> Response:
        """The answer holds the tracking code.

        Use a random Idempotency-Key (a UUID), so that a lost answer can be asked for again by you
        alone.
        """
        return await effect.once(
            lambda connection: file_complaint(
                connection, parts.outbox, citizen, command, parts.clock(), zone
            )
        )

    @routes.get(
        "/complaints",
        responses=declared(400, 401, 403),
        summary="Complaints about a unit; officers see their words and may ask for all",
    )
    async def of_a_unit(
        parts: TheParts,
        person: MaybePerson,
        unit_id: Annotated[
            UnitId | None, Query(description="The unit; required but for officers")
        ] = None,
        waiting: Annotated[
            bool, Query(description="Only those without an answer, the oldest first; for officers")
        ] = False,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ComplaintView]:
        """The newest first, without words and without who complained."""
        async with parts.pool.acquire() as connection:
            if person is not None and "officer" in person.roles:
                return await list_whole_complaints(connection, unit_id, waiting, cursor, limit)
            if unit_id is None or waiting:
                raise Refusal("not-your-role", roles="officer")
            return await list_complaints(connection, unit_id, cursor, limit)

    @routes.post(
        "/complaints/tracking",
        responses=declared(404),
        summary="Your complaint and its answer, by tracking code",
    )
    async def tracking(command: TrackComplaint, parts: TheParts) -> ComplaintView:
        """Changes nothing; a POST only to keep the code out of addresses."""
        async with parts.pool.acquire() as connection:
            return await track_complaint(connection, command)

    @routes.get(
        "/me",
        responses=declared(400, 401),
        summary="The complaints that you filed under your name",
    )
    async def own(
        parts: TheParts, person: MaybePerson, cursor: Cursor = None, limit: Limit = 50
    ) -> Page[ComplaintView]:
        """The newest first, with their answers."""
        if person is None:
            raise Refusal("unauthenticated", why="no token came with the request")
        async with parts.pool.acquire() as connection:
            return await list_own_complaints(connection, person, cursor, limit)

    @routes.get(
        "/complaints/{complaint_id}",
        responses=declared(401, 403, 404),
        summary="One complaint, for who filed it under their name and for officers",
    )
    async def complaint(
        parts: TheParts, person: MaybePerson, complaint_id: ComplaintId
    ) -> ComplaintView:
        """Whole, with its answer."""
        if person is None:
            raise Refusal("unauthenticated", why="no token came with the request")
        async with parts.pool.acquire() as connection:
            return await show_complaint(connection, person, complaint_id)

    @routes.post(
        "/complaints/{complaint_id}/resolution",
        status_code=201,
        response_model=Resolution,
        responses=declared(401, 403, 404, 409),
        summary="Answer a complaint, once",
    )
    async def resolution(
        complaint_id: ComplaintId,
        command: ResolveComplaint,
        parts: TheParts,
        officer: Officer,
        effect: TheEffect,
    ) -> Response:
        """The complainant reads the answer; the event says only the outcome and the days."""
        return await effect.once(
            lambda connection: resolve_complaint(
                connection, parts.outbox, officer, complaint_id, command, parts.clock(), zone
            )
        )

    return routes


def units(settings: Settings) -> APIRouter:
    """How units stand, and what officers report of their work."""
    routes = APIRouter(tags=["units"])
    zone, limits = settings.zone, settings.limits

    @routes.post(
        "/services-rendered/import",
        status_code=201,
        response_model=Imported,
        responses=declared(401, 403, 413),
        openapi_extra=CSV_BODY,
        summary="Import services rendered by unit and month (CSV)",
    )
    async def services_rendered(
        request: Request, parts: TheParts, officer: Officer, effect: TheEffect
    ) -> Response:
        """Columns `unit_id,month,services`, month as YYYY-MM. Replaces what stood for a unit and
        month; the whole file or nothing.
        """
        rows = read_csv(await request.body(), COLUMNS)
        return await effect.once(
            lambda connection: import_services(connection, officer, rows, parts.clock(), zone)
        )

    @routes.get("/units", responses=declared(400), summary="Units and their flags")
    async def all_units(
        parts: TheParts,
        flagged: Annotated[
            bool | None, Query(description="Only units with a flag, or only those without")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[UnitInList]:
        """By unit id."""
        async with parts.pool.acquire() as connection:
            return await list_units(connection, flagged, cursor, limit)

    @routes.get("/units/{unit_id}", responses=declared(404), summary="How a unit stands")
    async def unit(parts: TheParts, unit_id: Annotated[UnitId, Path()]) -> UnitView:
        """Its rates against the province's, its flags and their figures, its complaints by month
        and category.
        """
        async with parts.pool.acquire() as connection:
            return await show_unit(connection, unit_id, parts.clock(), zone, limits)

    return routes
