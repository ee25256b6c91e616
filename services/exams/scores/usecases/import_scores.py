"""An examiner sends the points of many candidates as a file: all of them are recorded, or none."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field, create_model

from services.exams.scores import storage as results
from services.exams.scores.domain.examinee import Examinee
from services.exams.scores.domain.points import WrittenPoints, points_refusal
from services.exams.sittings import storage as sittings
from services.exams.sittings.domain import Sitting
from services.exams.sittings.usecases.schedule_sitting import SittingId
from shared.contracts.exams import ExamScored
from shared.contracts.fields import Count, ParticipantNo
from shared.csv_files import FAULTS_SHOWN, check_rows, read_csv, refuse_if_any
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal

RowFaults = list[dict[str, object]]
"""What is wrong with rows of a file, each fault with its line, its column and a reason."""

NOT_ARRIVED = {"candidate-not-known", "not-shortlisted-yet"}
"""Refusals of rows that may be right a moment later."""


class ImportedScores(BaseModel):
    """What a file did."""

    sitting_id: SittingId
    recorded: Annotated[
        Count, Field(description="Candidates whose points were recorded: the rows of the file")
    ]


class ScoreRow(NamedTuple):
    """One row of the file: its line, whose points they are, and the points by component."""

    line: int
    participant_no: str
    points: dict[str, Decimal]


async def import_scores(
    connection: Connection,
    outbox: Outbox,
    person: Person,
    sitting_id: UUID,
    file: bytes,
    now: datetime,
) -> ImportedScores:
    """States ExamScored for each row of a CSV file: `participant_no` and the stage's components.

    Raises Refusal `not-found`, `sitting-closed`, `file-unreadable`, `rows-refused` with every
    fault, or `candidates-not-known` where nothing is wrong but that some candidates' admission has
    not arrived.
    """
    sitting = await sittings.lock_shared(connection, sitting_id)
    sitting.refuse_if_closed()
    rows, faults = _read(sitting, file)
    numbers = [row.participant_no for row in rows]
    known = await results.find_examinees(connection, sitting, numbers)
    _refuse_if_any(faults + _faults(sitting, rows, known))
    scored = [(known[row.participant_no], row.points) for row in rows]
    recorded = await results.record_scores(connection, sitting, scored, now)
    if len(recorded) < len(rows):
        await _refuse_recorded_meanwhile(connection, sitting, rows, recorded)
    names = [sitting.result_name(number) for number in numbers]
    await audit.record_many(connection, person, "score.imported", names, at=now)
    await outbox.append(
        connection,
        [
            Statement(ExamScored(**examinee.result_in(sitting), points=points), now)
            for examinee, points in scored
        ],
    )
    return ImportedScores(sitting_id=sitting_id, recorded=len(rows))


async def _refuse_recorded_meanwhile(
    connection: Connection, sitting: Sitting, rows: Sequence[ScoreRow], recorded: set[str]
) -> None:
    """Raises the refusals of the rows whose candidates another request gave a result meanwhile."""
    late = [row for row in rows if row.participant_no not in recorded]
    numbers = [row.participant_no for row in late]
    known = await results.find_examinees(connection, sitting, numbers)
    _refuse_if_any(_faults(sitting, late, known))


@lru_cache
def _row_model(components: tuple[str, ...], may_be_empty: frozenset[str]) -> type[BaseModel]:
    columns: dict[str, Any] = {
        code: (WrittenPoints | None, None) if code in may_be_empty else (WrittenPoints, ...)
        for code in components
    }
    return create_model("ScoreRow", participant_no=(ParticipantNo, ...), **columns)


def _read(sitting: Sitting, file: bytes) -> tuple[list[ScoreRow], RowFaults]:
    """The rows that can be read, and what is wrong with the others or stands twice."""
    faults: RowFaults = []
    model = _row_model(sitting.components, sitting.not_of_all)
    lines = read_csv(file, ("participant_no", *sitting.components))
    rows = []
    for line, row in check_rows(lines, model, faults):
        values = row.__dict__
        given = {code: values[code] for code in sitting.components if values[code] is not None}
        rows.append(ScoreRow(line, values["participant_no"], given))
    return rows, faults + _repeated(rows)


def _repeated(rows: Sequence[ScoreRow]) -> RowFaults:
    """A fault for each row whose candidate stands in another one too."""
    often = Counter(row.participant_no for row in rows)
    return [
        {
            "line": line,
            "column": "participant_no",
            "reason": f"{number} stands {often[number]} times in the file",
        }
        for line, number, _ in rows
        if often[number] > 1
    ]


def _faults(sitting: Sitting, rows: Sequence[ScoreRow], known: Mapping[str, Examinee]) -> RowFaults:
    """What is wrong with these rows.

    A file, unlike a person, can't mean that an absence was a mistake.
    """
    faults: RowFaults = []
    for line, number, points in rows:
        if refusal := known[number].first_result_refusal(sitting):
            faults.append({"line": line, "column": "participant_no", "reason": refusal})
        if refusal := points_refusal(sitting.policy, sitting.stage, points, known[number].need):
            faults += [{"line": line, **error} for error in refusal.errors]
    return faults


def _refuse_if_any(faults: RowFaults) -> None:
    """Raises `candidates-not-known` where waiting may mend every fault, else `rows-refused`."""
    if faults and all(_may_still_arrive(fault["reason"]) for fault in faults):
        raise Refusal("candidates-not-known", count=len(faults), errors=faults[:FAULTS_SHOWN])
    refuse_if_any(faults)


def _may_still_arrive(reason: object) -> bool:
    return isinstance(reason, Refusal) and reason.code in NOT_ARRIVED
