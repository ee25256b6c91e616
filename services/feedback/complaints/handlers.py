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
from shared.web.authentication import MaybePerson, Officer
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses

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
        responses=problem_responses(401, 404),
        summary="File a complaint, with a token under your name, without one anonymously",
    )
    async def file(
        command: FileComplaint,
        resources: ResourcesDependency,
        citizen: MaybePerson,
        transaction: TransactionDependency,
    ) -> Response:
        """The answer holds the tracking code.

        Use a random Idempotency-Key (a UUID), so that a lost answer can be asked for again by you
        alone.
        """
        return await transaction.once(
            lambda connection: file_complaint(
                connection, resources.outbox, citizen, command, resources.clock(), zone
            )
        )

    @routes.get(
        "/complaints",
        responses=problem_responses(400, 401, 403),
        summary="Complaints about a unit; officers see their words and may ask for all",
    )
    async def of_a_unit(
        resources: ResourcesDependency,
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
        async with resources.pool.acquire() as connection:
            if person is not None and "officer" in person.roles:
                return await list_whole_complaints(connection, unit_id, waiting, cursor, limit)
            if unit_id is None or waiting:
                raise Refusal("not-your-role", roles="officer")
            return await list_complaints(connection, unit_id, cursor, limit)

    @routes.post(
        "/complaints/tracking",
        responses=problem_responses(404),
        summary="Your complaint and its answer, by tracking code",
    )
    async def tracking(command: TrackComplaint, resources: ResourcesDependency) -> ComplaintView:
        """Changes nothing; a POST only to keep the code out of addresses."""
        async with resources.pool.acquire() as connection:
            return await track_complaint(connection, command)

    @routes.get(
        "/me",
        responses=problem_responses(400, 401),
        summary="The complaints that you filed under your name",
    )
    async def own(
        resources: ResourcesDependency,
        person: MaybePerson,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ComplaintView]:
        """The newest first, with their answers."""
        if person is None:
            raise Refusal("unauthenticated", why="no token came with the request")
        async with resources.pool.acquire() as connection:
            return await list_own_complaints(connection, person, cursor, limit)

    @routes.get(
        "/complaints/{complaint_id}",
        responses=problem_responses(401, 403, 404),
        summary="One complaint, for who filed it under their name and for officers",
    )
    async def complaint(
        resources: ResourcesDependency, person: MaybePerson, complaint_id: ComplaintId
    ) -> ComplaintView:
        """Whole, with its answer."""
        if person is None:
            raise Refusal("unauthenticated", why="no token came with the request")
        async with resources.pool.acquire() as connection:
            return await show_complaint(connection, person, complaint_id)

    @routes.post(
        "/complaints/{complaint_id}/resolution",
        status_code=201,
        response_model=Resolution,
        responses=problem_responses(401, 403, 404, 409),
        summary="Answer a complaint, once",
    )
    async def resolution(
        complaint_id: ComplaintId,
        command: ResolveComplaint,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        """The complainant reads the answer; the event says only the outcome and the days."""
        return await transaction.once(
            lambda connection: resolve_complaint(
                connection,
                resources.outbox,
                officer,
                complaint_id,
                command,
                resources.clock(),
                zone,
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
        responses=problem_responses(401, 403, 413),
        openapi_extra=CSV_BODY,
        summary="Import services rendered by unit and month (CSV)",
    )
    async def services_rendered(
        request: Request,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        """Columns `unit_id,month,services`, month as YYYY-MM. Replaces what stood for a unit and
        month; the whole file or nothing.
        """
        rows = read_csv(await request.body(), COLUMNS)
        return await transaction.once(
            lambda connection: import_services(connection, officer, rows, resources.clock(), zone)
        )

    @routes.get("/units", responses=problem_responses(400), summary="Units and their flags")
    async def all_units(
        resources: ResourcesDependency,
        flagged: Annotated[
            bool | None, Query(description="Only units with a flag, or only those without")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[UnitInList]:
        """By unit id."""
        async with resources.pool.acquire() as connection:
            return await list_units(connection, flagged, cursor, limit)

    @routes.get("/units/{unit_id}", responses=problem_responses(404), summary="How a unit stands")
    async def unit(resources: ResourcesDependency, unit_id: Annotated[UnitId, Path()]) -> UnitView:
        """Its rates against the province's, its flags and their figures, its complaints by month
        and category.
        """
        async with resources.pool.acquire() as connection:
            return await show_unit(connection, unit_id, resources.clock(), zone, limits)

    return routes
