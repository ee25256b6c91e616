"""Results over HTTP: a sitting's candidates, what became of each, and closing the sitting."""

from typing import Annotated

from fastapi import Path, Query, Request, Response

from services.exams.scores.usecases.close_sitting import SittingInFigures, close_sitting
from services.exams.scores.usecases.correct_score import CorrectScore, correct_or_propose
from services.exams.scores.usecases.disqualify_candidate import (
    DisqualifyCandidate,
    propose_disqualification,
)
from services.exams.scores.usecases.import_scores import ImportedScores, import_scores
from services.exams.scores.usecases.record_absence import RecordAbsence, record_absence
from services.exams.scores.usecases.record_score import RecordScore, ResultView, record_score
from services.exams.scores.views import (
    QueuedCandidate,
    QueueState,
    show_candidates,
    show_sitting,
)
from services.exams.sittings.handlers import ExamStaff
from shared.contracts.strict import Id
from shared.identity import Person
from shared.paging import Page
from shared.postgres.pool import reading
from shared.proposals.answers import ProposalView
from shared.web.authentication import Examiner, Officer, require_role
from shared.web.created import created
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.parameters import Cursor, Limit, NumberSearched
from shared.web.problems import problem_responses
from shared.web.proposals import PROPOSED
from shared.web.routes import APIRouter, max_body_bytes
from shared.web.uploads import csv_body, received

ExaminerOrProctor = Annotated[Person, require_role("proctor", "examiner")]
ProctorOrOfficer = Annotated[Person, require_role("proctor", "officer")]
ExaminerOrOfficer = Annotated[Person, require_role("examiner", "officer")]
SittingInPath = Annotated[Id, Path(description="Id of the sitting, given when it was scheduled")]

SCORES_MOST = 8 * 2**20
"""Bytes of a file of scores: some 300,000 candidates."""

SCORES_FILE = csv_body(
    "participant_no and each component of the stage; then a line for each candidate",
    "participant_no,TWK,TIU,TKP\n0042-000017,120,130,181\n",
    SCORES_MOST,
)

RESULT = "/exams/sittings/{sitting_id}/candidates?participant_no={participant_no}"
"""Where a result can be read."""

router = APIRouter()


@router.get(
    "/sittings/{sitting_id}",
    operation_id="get_sitting",
    responses=problem_responses(401, 403, 404, 409),
    tags=["sittings"],
    summary="One sitting, with what is recorded and awaited for each vacancy",
)
async def sitting(
    resources: ResourcesDependency, _: ExamStaff, sitting_id: SittingInPath
) -> SittingInFigures:
    """It can be closed once it has begun and no vacancy of it awaits a result."""
    async with reading(resources.pool) as connection:
        return await show_sitting(connection, sitting_id)


@router.get(
    "/sittings/{sitting_id}/candidates",
    operation_id="list_sitting_candidates",
    responses=problem_responses(400, 401, 403, 404, 409),
    tags=["sittings"],
    summary="A sitting's candidates by vacancy and number: the work queue with `state=waiting`",
)
async def candidates(
    resources: ResourcesDependency,
    _: ExamStaff,
    sitting_id: SittingInPath,
    state: Annotated[QueueState | None, Query(description="Only those in this state")] = None,
    participant_no: NumberSearched = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[QueuedCandidate]:
    """Who has a result in another sitting or withdrew without one is not among them."""
    async with resources.pool.acquire() as connection:
        return await show_candidates(connection, sitting_id, state, participant_no, cursor, limit)


@router.post(
    "/sittings/{sitting_id}/scores",
    operation_id="record_score",
    status_code=201,
    response_model=ResultView,
    responses=problem_responses(401, 403, 404, 409),
    tags=["results"],
    summary="Record one candidate's points",
)
async def score(
    resources: ResourcesDependency,
    examiner: Examiner,
    transaction: TransactionDependency,
    sitting_id: SittingInPath,
    command: RecordScore,
) -> Response:
    """409 while the candidate's admission has not arrived, and where there is a result already."""
    answer = await transaction.once(
        lambda connection: record_score(
            connection,
            resources.outbox,
            examiner,
            sitting_id,
            command,
            resources.clock(),
            resources.settings.zone,
        )
    )
    return created(answer, RESULT)


@router.post(
    "/sittings/{sitting_id}/scores/import",
    operation_id="import_scores",
    response_model=ImportedScores,
    responses=problem_responses(401, 403, 404, 409, 413),
    tags=["results"],
    summary="Record the points of many candidates from a CSV file: all or nothing",
    openapi_extra=SCORES_FILE,
)
@max_body_bytes(SCORES_MOST)
async def scores(
    resources: ResourcesDependency,
    examiner: Examiner,
    transaction: TransactionDependency,
    sitting_id: SittingInPath,
    request: Request,
) -> Response:
    """422 names the wrong rows by line and column.

    409 says that rows are right but candidates have not arrived yet.
    """
    # the whole body is here before the sitting is locked
    async with received(request) as upload:
        return await transaction.once(
            lambda connection: import_scores(
                connection,
                resources.outbox,
                examiner,
                sitting_id,
                upload.file,
                resources.clock(),
                resources.settings.zone,
            ),
            200,
            digest=upload.digest,
        )


@router.post(
    "/sittings/{sitting_id}/absences",
    operation_id="record_absence",
    status_code=201,
    response_model=ResultView,
    responses=problem_responses(401, 403, 404, 409),
    tags=["results"],
    summary="Note that a candidate did not come (TH)",
)
async def absence(
    resources: ResourcesDependency,
    person: ExaminerOrProctor,
    transaction: TransactionDependency,
    sitting_id: SittingInPath,
    command: RecordAbsence,
) -> Response:
    """409 while the candidate's admission has not arrived, and where there is a result already."""
    answer = await transaction.once(
        lambda connection: record_absence(
            connection,
            resources.outbox,
            person,
            sitting_id,
            command,
            resources.clock(),
            resources.settings.zone,
        )
    )
    return created(answer, RESULT)


@router.post(
    "/sittings/{sitting_id}/disqualifications",
    operation_id="disqualify_candidate",
    status_code=202,
    response_model=ProposalView,
    responses=problem_responses(401, 403, 404, 409),
    tags=["results"],
    summary="Propose to disqualify a candidate (DIS), which another officer confirms; in a closed"
    " sitting for officers alone",
)
async def disqualification(
    resources: ResourcesDependency,
    person: ProctorOrOfficer,
    transaction: TransactionDependency,
    sitting_id: SittingInPath,
    command: DisqualifyCandidate,
) -> Response:
    """It takes the place of points or an absence, and needs a reason in words."""
    return await transaction.once(
        lambda connection: propose_disqualification(
            connection,
            resources.outbox,
            person,
            sitting_id,
            command,
            resources.clock(),
            resources.settings.zone,
        )
    )


@router.post(
    "/sittings/{sitting_id}/corrections",
    operation_id="correct_score",
    status_code=201,
    response_model=ResultView,
    responses={**PROPOSED, **problem_responses(401, 403, 404, 409)},
    tags=["results"],
    summary="Replace a candidate's points or absence; in a closed sitting an officer proposes it,"
    " another one confirms",
)
async def correction(
    resources: ResourcesDependency,
    person: ExaminerOrOfficer,
    transaction: TransactionDependency,
    sitting_id: SittingInPath,
    command: CorrectScore,
) -> Response:
    """Only where there is a result already; it needs a reason, and both stay on record."""
    answer = await transaction.once(
        lambda connection: correct_or_propose(
            connection, resources.outbox, person, sitting_id, command, resources.clock()
        )
    )
    return created(answer, RESULT)


@router.post(
    "/sittings/{sitting_id}/close",
    operation_id="close_sitting",
    response_model=SittingInFigures,
    responses=problem_responses(401, 403, 404, 409),
    tags=["sittings"],
    summary="Close a sitting: all its results are on record",
)
async def close(
    resources: ResourcesDependency,
    officer: Officer,
    transaction: TransactionDependency,
    sitting_id: SittingInPath,
) -> Response:
    """Not before it begins. 409 names the vacancies whose candidates still wait, or whose shortlist
    has not arrived.
    """
    return await transaction.once(
        lambda connection: close_sitting(
            connection,
            resources.outbox,
            officer,
            sitting_id,
            resources.clock(),
            resources.settings.zone,
        ),
        status=200,
    )
