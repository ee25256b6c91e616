"""A result that was recorded wrongly is replaced by the right one, with a reason.

In a closed sitting two officers do it.
"""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from services.exams.scores import storage as results
from services.exams.scores.domain.examinee import Examinee
from services.exams.scores.domain.points import points_refusal
from services.exams.scores.usecases.disqualify_candidate import DecisionReason
from services.exams.scores.usecases.record_score import PointsByComponent, ResultView
from services.exams.sittings import storage as sittings
from services.exams.sittings.domain import Sitting, result_name
from services.exams.sittings.usecases.schedule_sitting import SittingId
from shared.candidacy import refuse_candidate
from shared.contracts.exams import ExamMissed, ExamScoreCorrected, ExamScored
from shared.contracts.fields import ParticipantNo, RoundId, StageCode
from shared.contracts.strict import Command, Flag
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.proposals.answers import ProposalView
from shared.proposals.procedure import Procedure
from shared.proposals.usecases import propose
from shared.refusals import Refusal


class CorrectScore(Command):
    """The right result of a candidate, and why it differs: either points or an absence."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["points"]}, {"required": ["absent"]}]}
    )

    participant_no: ParticipantNo
    points: Annotated[
        PointsByComponent | SkipJsonSchema[None],
        Field(description="All components, in place of other points or of an absence"),
    ] = None
    absent: Annotated[
        Annotated[Flag, WithJsonSchema({"const": True})] | SkipJsonSchema[None],
        Field(description="In place of points: the candidate did not come (TH)"),
    ] = None
    reason: DecisionReason

    @model_validator(mode="after")
    def _either(self) -> Self:
        given = self.model_fields_set & {"points", "absent"}
        if len(given) != 1 or (self.points is None and not self.absent):
            raise PydanticCustomError("either", "send either points or absent=true")
        return self


class ResultToCorrect(CorrectScore):
    """The right result, as it waits for a second officer."""

    sitting_id: SittingId
    round_id: RoundId
    stage: StageCode


async def correct_or_propose(
    connection: Connection,
    outbox: Outbox,
    person: Person,
    sitting_id: UUID,
    command: CorrectScore,
    now: datetime,
) -> ResultView | ProposalView:
    """Corrects at once while the sitting is open, else proposes it to a second officer.

    Raises as `correct_score` and `propose` do.
    """
    sitting = await sittings.lock_shared(connection, sitting_id)
    if sitting.closed_at is None:
        return await correct_score(connection, outbox, person, sitting_id, command, now)
    right = ResultToCorrect(**sitting.name, **command.model_dump(mode="json", exclude_unset=True))
    return await propose(connection, outbox, CORRECTION, person, right, now)


async def correct_score(
    connection: Connection,
    outbox: Outbox,
    person: Person,
    sitting_id: UUID,
    command: CorrectScore,
    now: datetime,
) -> ResultView:
    """States ExamScoreCorrected, ExamScored in place of an absence, ExamMissed in place of points.

    In a closed sitting an officer alone may do it; the counts stated at closing stay true.

    Raises Refusal `not-found`, `own-round`, `closed-for-your-role`, `points-refused`, or why this
    candidate's result can't be corrected here.
    """
    sitting = await sittings.lock_shared(connection, sitting_id)
    await refuse_candidate(connection, person, sitting.round_id)
    sitting.refuse_change_if_closed(person)
    examinee = await results.lock_examinee(connection, sitting, command.participant_no)
    if refusal := _refusal(sitting, examinee, command):
        raise refusal
    number = examinee.participant_no
    await results.correct(connection, sitting, number, command.points, now)
    await results.keep_reason(connection, sitting, number, "corrected", command.reason, now)
    what = "score" if examinee.state == "scored" else "absence"
    await audit.record(connection, person, f"{what}.corrected", sitting.result_name(number), at=now)
    result = examinee.result_in(sitting)
    await outbox.append(connection, [Statement(_fact(examinee, command, result), now)])
    if command.points is None:
        return ResultView(**result, state="missed")
    return ResultView(**result, state="scored", points=command.points)


async def _run(
    connection: Connection, outbox: Outbox, officer: Person, command: ResultToCorrect, now: datetime
) -> ResultView:
    return await correct_score(connection, outbox, officer, command.sitting_id, command, now)


async def _round_of(_: Connection, command: ResultToCorrect) -> str:
    return command.round_id


CORRECTION = Procedure(
    "exams",
    "correction",
    ResultToCorrect,
    lambda command: result_name(command.round_id, command.stage, command.participant_no),
    _run,
    _round_of,
)
"""Two officers correct a result of a closed sitting."""


def _refusal(sitting: Sitting, examinee: Examinee, command: CorrectScore) -> Refusal | None:
    refusal = examinee.correction_refusal(sitting, absent=command.points is None)
    if refusal or command.points is None:
        return refusal
    return points_refusal(sitting.policy, sitting.stage, command.points, examinee.need)


def _fact(examinee: Examinee, command: CorrectScore, result: dict[str, object]) -> BaseModel:
    if command.points is None:
        return ExamMissed.model_validate(result)
    model = ExamScoreCorrected if examinee.state == "scored" else ExamScored
    return model.model_validate(result | {"points": command.points})
