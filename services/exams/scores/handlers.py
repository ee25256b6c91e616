"""What people ask of the exams service, and which use case answers."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.exams.scores.usecases.close_sitting import close_sitting
from services.exams.scores.usecases.correct_score import CorrectScore, correct_score
from services.exams.scores.usecases.disqualify_candidate import (
    DisqualifyCandidate,
    disqualify_candidate,
)
from services.exams.scores.usecases.import_scores import ImportedScores, import_scores
from services.exams.scores.usecases.record_absence import RecordAbsence, record_absence
from services.exams.scores.usecases.record_score import RecordScore, ResultView, record_score
from services.exams.scores.views import (
    QueuedCandidate,
    QueueState,
    SittingInFigures,
    SittingView,
    list_candidates,
    list_sittings,
    show_sitting,
)
from services.exams.sittings.usecases.schedule_sitting import ScheduleSitting, schedule_sitting
from shared.contracts.fields import RoundId, StageCode
from shared.csv_files import read_csv
from shared.identity import Person
from shared.paging import Page
from shared.web.effects import TheEffect
from shared.web.identity import Examiner, Officer, role
from shared.web.parameters import Cursor, Limit
from shared.web.parts import TheParts
from shared.web.problems import declared

Staff = Annotated[Person, role("examiner", "proctor", "officer")]
Watching = Annotated[Person, role("proctor", "examiner")]
Disqualifying = Annotated[Person, role("proctor", "officer")]
Correcting = Annotated[Person, role("examiner", "officer")]
SittingId = Annotated[UUID, Path(description="Id of the sitting, given when it was scheduled")]

CSV_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {
                    "type": "string",
                    "description": "UTF-8, a header line, then a line for each candidate: participant_no and each component of the stage",
                },
                "example": "participant_no,TWK,TIU,TKP\n0042-000017,120,130,181\n",
            }
        },
    }
}


def router() -> APIRouter:
    """The routes of exams."""
    routes = APIRouter()

    @routes.post(
        "/sittings",
        status_code=201,
        response_model=SittingView,
        responses=declared(401, 403, 409),
        tags=["sittings"],
        summary="Schedule a sitting of a stage for some vacancies",
    )
    async def schedule(
        parts: TheParts, officer: Officer, effect: TheEffect, command: ScheduleSitting
    ) -> Response:
        """409 while the round or a vacancy has not arrived yet."""
        return await effect.once(
            lambda connection: schedule_sitting(
                connection, parts.outbox, officer, command, parts.clock()
            )
        )

    @routes.get(
        "/sittings",
        responses=declared(400, 401, 403),
        tags=["sittings"],
        summary="Sittings, of a round or stage or all, in the order in which they were scheduled",
    )
    async def sittings(
        parts: TheParts,
        _: Staff,
        round_id: Annotated[RoundId | None, Query(description="Only this round's")] = None,
        stage: Annotated[StageCode | None, Query(description="Only this stage's")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[SittingView]:
        return await list_sittings(parts.pool, round_id, stage, cursor, limit)

    @routes.get(
        "/sittings/{sitting_id}",
        responses=declared(401, 403, 404, 409),
        tags=["sittings"],
        summary="One sitting, with what is recorded and awaited for each vacancy",
    )
    async def sitting(parts: TheParts, _: Staff, sitting_id: SittingId) -> SittingInFigures:
        return await show_sitting(parts.pool, sitting_id)

    @routes.get(
        "/sittings/{sitting_id}/candidates",
        responses=declared(400, 401, 403, 404, 409),
        tags=["sittings"],
        summary="A sitting's candidates by vacancy and number: the work queue with `state=waiting`",
    )
    async def candidates(
        parts: TheParts,
        _: Staff,
        sitting_id: SittingId,
        state: Annotated[QueueState | None, Query(description="Only those in this state")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[QueuedCandidate]:
        """Who has a result in another sitting or withdrew without one is not among them."""
        return await list_candidates(parts.pool, sitting_id, state, cursor, limit)

    @routes.post(
        "/sittings/{sitting_id}/scores",
        status_code=201,
        response_model=ResultView,
        responses=declared(401, 403, 404, 409),
        tags=["results"],
        summary="Record one candidate's points",
    )
    async def score(
        parts: TheParts,
        examiner: Examiner,
        effect: TheEffect,
        sitting_id: SittingId,
        command: RecordScore,
    ) -> Response:
        """409 while the candidate's admission has not arrived yet, and where there is a result
        already.
        """
        return await effect.once(
            lambda connection: record_score(
                connection, parts.outbox, examiner, sitting_id, command, parts.clock()
            )
        )

    @routes.post(
        "/sittings/{sitting_id}/scores/import",
        status_code=201,
        response_model=ImportedScores,
        responses=declared(401, 403, 404, 409, 413),
        tags=["results"],
        summary="Record the points of many candidates from a CSV file: all or nothing",
        openapi_extra=CSV_BODY,
    )
    async def scores(
        parts: TheParts,
        examiner: Examiner,
        effect: TheEffect,
        sitting_id: SittingId,
        request: Request,
    ) -> Response:
        """422 names the wrong rows by line and column; 409 says that rows are right but candidates
        have not arrived yet.
        """
        # the whole body is here before the sitting is locked
        read = partial(read_csv, await request.body())
        return await effect.once(
            lambda connection: import_scores(
                connection, parts.outbox, examiner, sitting_id, read, parts.clock()
            )
        )

    @routes.post(
        "/sittings/{sitting_id}/absences",
        status_code=201,
        response_model=ResultView,
        responses=declared(401, 403, 404, 409),
        tags=["results"],
        summary="Note that a candidate did not come (TH)",
    )
    async def absence(
        parts: TheParts,
        person: Watching,
        effect: TheEffect,
        sitting_id: SittingId,
        command: RecordAbsence,
    ) -> Response:
        return await effect.once(
            lambda connection: record_absence(
                connection, parts.outbox, person, sitting_id, command, parts.clock()
            )
        )

    @routes.post(
        "/sittings/{sitting_id}/disqualifications",
        status_code=201,
        response_model=ResultView,
        responses=declared(401, 403, 404, 409),
        tags=["results"],
        summary="Disqualify a candidate (DIS); in a closed sitting for officers alone",
    )
    async def disqualification(
        parts: TheParts,
        person: Disqualifying,
        effect: TheEffect,
        sitting_id: SittingId,
        command: DisqualifyCandidate,
    ) -> Response:
        return await effect.once(
            lambda connection: disqualify_candidate(
                connection, parts.outbox, person, sitting_id, command, parts.clock()
            )
        )

    @routes.post(
        "/sittings/{sitting_id}/corrections",
        status_code=201,
        response_model=ResultView,
        responses=declared(401, 403, 404, 409),
        tags=["results"],
        summary="Replace a candidate's points; in a closed sitting for officers alone",
    )
    async def correction(
        parts: TheParts,
        person: Correcting,
        effect: TheEffect,
        sitting_id: SittingId,
        command: CorrectScore,
    ) -> Response:
        return await effect.once(
            lambda connection: correct_score(
                connection, parts.outbox, person, sitting_id, command, parts.clock()
            )
        )

    @routes.post(
        "/sittings/{sitting_id}/close",
        response_model=SittingInFigures,
        responses=declared(401, 403, 404, 409),
        tags=["sittings"],
        summary="Close a sitting: all its results are on record",
    )
    async def close(
        parts: TheParts, officer: Officer, effect: TheEffect, sitting_id: SittingId
    ) -> Response:
        """409 names the vacancies whose candidates still wait, or whose shortlist has not arrived."""
        return await effect.once(
            lambda connection: close_sitting(
                connection, parts.outbox, officer, sitting_id, parts.clock()
            ),
            status=200,
        )

    return routes
