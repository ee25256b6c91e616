"""A proctor or examiner notes that a candidate did not come."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.exams.scores import storage as results
from services.exams.scores.usecases.record_score import ResultView
from services.exams.sittings import storage as sittings
from shared.candidacy import refuse_candidate
from shared.contracts.exams import ExamMissed
from shared.contracts.fields import ParticipantNo
from shared.contracts.strict import Command
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection


class RecordAbsence(Command):
    """Who did not come."""

    participant_no: ParticipantNo


async def record_absence(
    connection: Connection,
    outbox: Outbox,
    person: Person,
    sitting_id: UUID,
    command: RecordAbsence,
    now: datetime,
    zone: ZoneInfo,
) -> ResultView:
    """States ExamMissed.

    Raises Refusal `not-found`, `own-round`, `sitting-not-begun`, `sitting-closed`, or why this
    candidate can't be noted absent here (domain/examinee.py).
    """
    sitting = await sittings.lock_shared(connection, sitting_id)
    await refuse_candidate(connection, person, sitting.round_id)
    sitting.refuse_before_start(now, zone)
    sitting.refuse_if_closed()
    examinee = await results.find_examinee(connection, sitting, command.participant_no)
    if refusal := examinee.result_refusal(sitting, "missed"):
        raise refusal
    await results.record(connection, sitting, examinee, "missed", None, now)
    await audit.record(
        connection, person, "absence.recorded", sitting.result_name(examinee.participant_no), at=now
    )
    result = examinee.result_in(sitting)
    await outbox.append(connection, [Statement(ExamMissed(**result), now)])
    return ResultView(**result, state="missed")
