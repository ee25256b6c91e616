"""What became of an application, over HTTP: for its owner, and for those who decide on it."""

from typing import Annotated

from services.applications.registration.usecases.claim_restored import claim_restored
from services.applications.seats.handlers import AnswerDays
from services.applications.status.views import (
    ApplicationView,
    OwnApplications,
    show_application,
    show_own,
)
from shared.contracts.fields import ParticipantNo, VacancyId
from shared.identity import Person, Role
from shared.web.audited_reading import audit_reading
from shared.web.authentication import Applicant, require_role
from shared.web.dependencies import ResourcesDependency
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter

DECIDING: frozenset[Role] = frozenset({"verifier", "officer"})
Concerned = Annotated[Person, require_role("applicant", "verifier", "officer")]

router = APIRouter(tags=["applications"])


@router.get(
    "/vacancies/{vacancy_id}/applications/{participant_no}",
    operation_id="get_application",
    responses=problem_responses(401, 403, 404),
    summary="One application, for its owner, verifiers and officers",
)
async def one(
    vacancy_id: VacancyId,
    participant_no: ParticipantNo,
    resources: ResourcesDependency,
    person: Concerned,
    days: AnswerDays,
) -> ApplicationView:
    """With the decision on it, its reasons, and seats offered. An applicant sees the own alone."""
    async with resources.pool.acquire() as connection:
        view = await show_application(connection, person, vacancy_id, participant_no, days)
    await audit_reading(
        resources, person, DECIDING, "application.read", [f"{vacancy_id}/{participant_no}"]
    )
    return view


@router.get(
    "/me",
    operation_id="list_own_applications",
    responses=problem_responses(401, 403),
    summary="Your own applications and what became of them",
)
async def own(
    resources: ResourcesDependency, applicant: Applicant, days: AnswerDays
) -> OwnApplications:
    """In all rounds, with decisions, reasons and seats offered. An application that came back from
    the log after a disaster is found again here.
    """
    async with resources.pool.acquire() as connection:
        await claim_restored(connection, applicant)
        return await show_own(connection, applicant, days)
