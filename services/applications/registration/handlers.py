"""Registration over HTTP: applying, taking an application back, closing registration."""

from fastapi import Request, Response

from services.applications.registration.usecases.close_registration import (
    CloseRegistration,
    RegistrationCount,
    close_or_propose,
)
from services.applications.registration.usecases.submit_application import (
    ApplicationReceipt,
    SubmitApplication,
    submit_application,
)
from services.applications.registration.usecases.submit_together import Submission
from services.applications.registration.usecases.withdraw_application import (
    WithdrawalView,
    withdraw_application,
)
from shared.contracts.fields import ParticipantNo, RoundId, VacancyId
from shared.messaging.outbox import CORRELATION_ID
from shared.postgres.group_commit import GroupCommit
from shared.web.authentication import Applicant, Officer
from shared.web.created import created
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.problems import problem_responses
from shared.web.proposals import PROPOSED
from shared.web.routes import APIRouter

router = APIRouter()

NO_REASON = CloseRegistration()
"""What a request to close registration says that has no body."""

Submissions = GroupCommit[Submission, ApplicationReceipt | None]


@router.post(
    "/rounds/{round_id}/registration/close",
    operation_id="close_registration",
    response_model=RegistrationCount,
    responses={**PROPOSED, **problem_responses(401, 403, 404, 409)},
    summary="Close registration for a round; before its announced end an officer proposes it,"
    " another one confirms",
    tags=["rounds"],
)
async def close(
    round_id: RoundId,
    resources: ResourcesDependency,
    officer: Officer,
    transaction: TransactionDependency,
    command: CloseRegistration = NO_REASON,
) -> Response:
    """Nobody can apply after it; applications that wait for a decision may still be decided."""
    return await transaction.once(
        lambda connection: close_or_propose(
            connection,
            resources.outbox,
            officer,
            round_id,
            command,
            resources.clock(),
            resources.settings.zone,
        ),
        200,
    )


@router.post(
    "/vacancies/{vacancy_id}/applications",
    operation_id="submit_application",
    status_code=201,
    response_model=ApplicationReceipt,
    responses=problem_responses(401, 403, 404, 409),
    summary="Apply for a vacancy",
    tags=["applications"],
)
async def submit(
    request: Request,
    vacancy_id: VacancyId,
    command: SubmitApplication,
    resources: ResourcesDependency,
    applicant: Applicant,
    transaction: TransactionDependency,
) -> Response:
    """Each person has one application in a round. The answer holds the participant number."""
    now, zone = resources.clock(), resources.settings.zone
    claim, correlation_id = await transaction.claim(), CORRELATION_ID.get()
    submission = Submission(applicant, vacancy_id, command, now, zone, claim, correlation_id)
    group: Submissions = request.app.state.submissions
    receipt = await group.ask(submission)
    if receipt is None:
        answer = await transaction.once(
            lambda connection: submit_application(
                connection, resources.outbox, applicant, vacancy_id, command, now, zone
            )
        )
    else:
        answer = Response(receipt.model_dump_json(), 201, media_type="application/json")
    return created(answer, "/applications/vacancies/{vacancy_id}/applications/{participant_no}")


@router.post(
    "/vacancies/{vacancy_id}/applications/{participant_no}/withdrawal",
    operation_id="withdraw_application",
    response_model=WithdrawalView,
    responses=problem_responses(401, 403, 404, 409),
    summary="Take an application back, for good",
    tags=["applications"],
)
async def withdraw(
    vacancy_id: VacancyId,
    participant_no: ParticipantNo,
    resources: ResourcesDependency,
    applicant: Applicant,
    transaction: TransactionDependency,
) -> Response:
    """Until the final list is fixed."""
    return await transaction.once(
        lambda connection: withdraw_application(
            connection, resources.outbox, applicant, vacancy_id, participant_no, resources.clock()
        ),
        200,
    )
