"""Complaints over HTTP: what citizens and officers do about them."""

from typing import Annotated

from fastapi import Path, Query, Response

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
    show_complaint,
    show_complaints,
    show_own_complaints,
    show_tracked_complaint,
)
from shared.contracts.fields import UnitId
from shared.contracts.strict import FlagInQuery, Id
from shared.identity import Role
from shared.paging import Page
from shared.web.audited_reading import audit_reading
from shared.web.authentication import MaybePerson, Officer, SignedIn
from shared.web.created import created
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter

OFFICERS: frozenset[Role] = frozenset({"officer"})
ComplaintInPath = Annotated[Id, Path(description="Id of the complaint, given when it was filed")]

router = APIRouter(tags=["complaints"])


@router.post(
    "/complaints",
    operation_id="file_complaint",
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

    With an Idempotency-Key, without a token a random UUID, a lost answer can be asked for again, by
    you alone.
    """
    answer = await transaction.once(
        lambda connection: file_complaint(
            connection, citizen, command, resources.clock(), resources.settings.zone
        )
    )
    return created(answer, "/feedback/complaints/{complaint_id}")


@router.get(
    "/complaints",
    operation_id="list_complaints",
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
        FlagInQuery,
        Query(description="Only those without an answer, the oldest first; for officers"),
    ] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ComplaintView]:
    """The newest day first, without words and without who complained.

    A complaint appears, and so does its answer, once its day is over, with all others of that day.
    """
    async with resources.pool.acquire() as connection:
        complaints = await show_complaints(connection, person, unit_id, waiting, cursor, limit)
    read = [str(complaint.complaint_id) for complaint in complaints.items]
    await audit_reading(resources, person, OFFICERS, "complaint.read", read)
    return complaints


@router.post(
    "/complaints/tracking",
    operation_id="track_complaint",
    responses=problem_responses(404),
    summary="Your complaint and its answer, by tracking code",
)
async def tracking(command: TrackComplaint, resources: ResourcesDependency) -> ComplaintView:
    """Changes nothing; a POST only to keep the code out of addresses."""
    async with resources.pool.acquire() as connection:
        return await show_tracked_complaint(connection, command)


@router.get(
    "/me",
    operation_id="list_own_complaints",
    responses=problem_responses(400, 401),
    summary="The complaints that you filed under your name",
)
async def own(
    resources: ResourcesDependency, person: SignedIn, cursor: Cursor = None, limit: Limit = 50
) -> Page[ComplaintView]:
    """The newest day first, with their answers, from the moment you file them."""
    async with resources.pool.acquire() as connection:
        return await show_own_complaints(connection, person, cursor, limit)


@router.get(
    "/complaints/{complaint_id}",
    operation_id="get_complaint",
    responses=problem_responses(401, 403, 404),
    summary="One complaint, for who filed it under their name and for officers",
)
async def complaint(
    resources: ResourcesDependency, person: SignedIn, complaint_id: ComplaintInPath
) -> ComplaintView:
    """Whole, with its answer."""
    async with resources.pool.acquire() as connection:
        view = await show_complaint(connection, person, complaint_id)
    await audit_reading(resources, person, OFFICERS, "complaint.read", [str(complaint_id)])
    return view


@router.post(
    "/complaints/{complaint_id}/resolution",
    operation_id="resolve_complaint",
    status_code=201,
    response_model=Resolution,
    responses=problem_responses(401, 403, 404, 409),
    summary="Answer a complaint, once",
)
async def resolution(
    complaint_id: ComplaintInPath,
    command: ResolveComplaint,
    resources: ResourcesDependency,
    officer: Officer,
    transaction: TransactionDependency,
) -> Response:
    """The complainant reads the answer at once; the public learns the outcome and the days, once
    the day is over.
    """
    answer = await transaction.once(
        lambda connection: resolve_complaint(
            connection,
            officer,
            complaint_id,
            command,
            resources.clock(),
            resources.settings.zone,
        )
    )
    return created(answer, "/feedback/complaints/{complaint_id}")
