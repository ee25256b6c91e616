"""An examiner records one candidate's points."""

from datetime import datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from services.exams.scores import storage as results
from services.exams.scores.domain.examinee import ResultState
from services.exams.scores.domain.points import WrittenPoints, points_refusal
from services.exams.sittings import storage as sittings
from services.exams.sittings.usecases.schedule_sitting import SittingId
from shared.candidacy import refuse_candidate
from shared.contracts.exams import ExamScored
from shared.contracts.fields import (
    ComponentCode,
    ParticipantNo,
    Points,
    RoundId,
    StageCode,
    VacancyId,
)
from shared.contracts.strict import NO_OTHER_NAMES, Command
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection

PointsByComponent = Annotated[
    dict[ComponentCode, WrittenPoints],
    Field(
        min_length=1,
        max_length=50,
        description="Points in each component of the stage, each within the policy's maximum "
        "and a multiple of its step",
        examples=[{"TWK": "120", "TIU": "130", "TKP": "181"}],
        json_schema_extra=NO_OTHER_NAMES,
    ),
]


class RecordScore(Command):
    """One candidate's points."""

    participant_no: ParticipantNo
    points: PointsByComponent


class ResultView(BaseModel):
    """A candidate's result at a stage, and the sitting that recorded it."""

    sitting_id: SittingId
    round_id: RoundId
    vacancy_id: VacancyId
    stage: StageCode
    participant_no: ParticipantNo
    state: Annotated[
        ResultState, Field(description="`missed` is absent (TH), `disqualified` is DIS")
    ]
    points: Annotated[
        dict[ComponentCode, Points] | None, Field(description="Where the candidate is scored")
    ] = None


async def record_score(
    connection: Connection,
    outbox: Outbox,
    person: Person,
    sitting_id: UUID,
    command: RecordScore,
    now: datetime,
    zone: ZoneInfo,
) -> ResultView:
    """States ExamScored. Points replace nothing: `correct_score` does, with a reason.

    Raises Refusal `not-found`, `own-round`, `sitting-not-begun`, `sitting-closed`,
    `points-refused`, or why this candidate can't be scored here (domain/examinee.py).
    """
    sitting = await sittings.lock_shared(connection, sitting_id)
    await refuse_candidate(connection, person, sitting.round_id)
    sitting.refuse_before_start(now, zone)
    sitting.refuse_if_closed()
    examinee = await results.find_examinee(connection, sitting, command.participant_no)
    refusal = examinee.result_refusal(sitting, "scored") or points_refusal(
        sitting.policy, sitting.stage, command.points, examinee.need
    )
    if refusal:
        raise refusal
    await results.record(connection, sitting, examinee, "scored", command.points, now)
    await audit.record(
        connection, person, "score.recorded", sitting.result_name(examinee.participant_no), at=now
    )
    result = examinee.result_in(sitting)
    await outbox.append(connection, [Statement(ExamScored(**result, points=command.points), now)])
    return ResultView(**result, state="scored", points=command.points)
