"""An examiner or officer replaces points that were recorded wrongly."""

from datetime import datetime
from uuid import UUID

from services.exams.scores import storage as results
from services.exams.scores.domain.points import points_refusal
from services.exams.scores.usecases.disqualify_candidate import DecisionReason
from services.exams.scores.usecases.record_score import RecordScore, ResultView
from services.exams.sittings import storage as sittings
from shared.candidacy import refuse_candidate
from shared.contracts.exams import ExamScoreCorrected
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection


class CorrectScore(RecordScore):
    """The right points of a candidate, all components, and why they differ."""

    reason: DecisionReason


async def correct_score(
    connection: Connection,
    outbox: Outbox,
    person: Person,
    sitting_id: UUID,
    command: CorrectScore,
    now: datetime,
) -> ResultView:
    """States ExamScoreCorrected.

    In a closed sitting an officer alone may do it; the counts stated at closing stay true.

    Raises Refusal `not-found`, `own-round`, `closed-for-your-role`, `points-refused`, or why this
    candidate's points can't be corrected here.
    """
    sitting = await sittings.lock_shared(connection, sitting_id)
    await refuse_candidate(connection, person, sitting.round_id)
    sitting.refuse_change_if_closed(person)
    examinee = await results.lock_examinee(connection, sitting, command.participant_no)
    refusal = examinee.correction_refusal(sitting) or points_refusal(
        sitting.policy, sitting.stage, command.points, examinee.need
    )
    if refusal:
        raise refusal
    await results.correct(connection, sitting, examinee.participant_no, command.points, now)
    await results.keep_reason(
        connection, sitting, examinee.participant_no, "corrected", command.reason, now
    )
    await audit.record(
        connection, person, "score.corrected", sitting.result_name(examinee.participant_no), at=now
    )
    result = examinee.result_in(sitting)
    await outbox.append(
        connection, [Statement(ExamScoreCorrected(**result, points=command.points), now)]
    )
    return ResultView(**result, state="scored", points=command.points)
