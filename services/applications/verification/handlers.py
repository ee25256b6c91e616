"""Verification over HTTP: the verifier's queue, and decisions."""

from typing import Annotated

from fastapi import Query, Response

from services.applications.registration.domain import ApplicationStatus
from services.applications.verification.usecases.verify_application import (
    DecisionView,
    VerifyApplication,
    verify_application,
)
from services.applications.verification.views import (
    QueueItem,
    Reasons,
    show_queue,
    show_reasons,
)
from shared.contracts.fields import ParticipantNo, VacancyId
from shared.identity import Person
from shared.paging import Page
from shared.web.authentication import Verifier, require_role
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter

Deciding = Annotated[Person, require_role("verifier", "officer")]

router = APIRouter(tags=["applications"])


@router.get(
    "/vacancies/{vacancy_id}/applications",
    operation_id="list_applications",
    responses=problem_responses(400, 401, 403, 404),
    summary="A vacancy's applications in order of participant number",
)
async def queue(
    vacancy_id: VacancyId,
    resources: ResourcesDependency,
    _: Deciding,
    status: Annotated[
        ApplicationStatus | None,
        Query(description="Only these: `submitted` is the verifier's queue"),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[QueueItem]:
    """With what each applicant stated; `status=submitted` gives those that wait for a decision."""
    async with resources.pool.acquire() as connection:
        return await show_queue(connection, vacancy_id, status, cursor, limit)


@router.post(
    "/vacancies/{vacancy_id}/applications/{participant_no}/verification",
    operation_id="verify_application",
    response_model=DecisionView,
    responses=problem_responses(401, 403, 404, 409),
    summary="Decide whether an application meets the requirements",
)
async def verify(
    vacancy_id: VacancyId,
    participant_no: ParticipantNo,
    command: VerifyApplication,
    resources: ResourcesDependency,
    verifier: Verifier,
    transaction: TransactionDependency,
) -> Response:
    """Once. The same decision again is fine; another is refused."""
    return await transaction.once(
        lambda connection: verify_application(
            connection,
            resources.outbox,
            verifier,
            vacancy_id,
            participant_no,
            command,
            resources.clock(),
        ),
        200,
    )


@router.get(
    "/verification-reasons",
    operation_id="list_verification_reasons",
    summary="Why an application may be found not to meet the requirements",
)
async def verification_reasons() -> Reasons:
    """The codes that a decision TMS takes, in both languages."""
    return show_reasons()
