"""An examiner sends the points of many candidates as a file: all of them are recorded, or none."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, BinaryIO, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, create_model
from typing_extensions import override

from services.exams.scores import storage as results
from services.exams.scores.domain.examinee import Examinee
from services.exams.scores.domain.points import PointsInFile, points_refusal
from services.exams.sittings import storage as sittings
from services.exams.sittings.domain import Sitting
from services.exams.sittings.usecases.schedule_sitting import SittingId
from shared.candidacy import refuse_candidate
from shared.contracts.exams import ExamScored
from shared.contracts.fields import Count, ParticipantNo
from shared.csv_files import Fault, Faults, checked_rows, in_batches
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal

NOT_ARRIVED = {"candidate-not-known", "not-shortlisted-yet"}
"""Refusals of rows that may be right a moment later."""

RECORDED_AT_ONCE = 200
"""Rows checked and recorded at once; others are served between two such batches."""


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


class FileFaults(Faults):
    """The faults of a file, and how many of them waiting may mend."""

    def __init__(self) -> None:
        super().__init__()
        self.may_still_arrive = 0

    @override
    def add(self, faults: Iterable[Fault]) -> None:
        found = list(faults)
        self.may_still_arrive += sum(_may_still_arrive(fault["reason"]) for fault in found)
        super().add(found)

    def refuse(self) -> None:
        """Raises `candidates-not-known` where waiting may mend every fault, else `rows-refused`."""
        if self.count and self.may_still_arrive == self.count:
            raise Refusal(
                "candidates-not-known",
                count=self.count,
                shown=len(self.first),
                more=self.more,
                errors=self.first,
            )
        self.refuse_if_any()


async def import_scores(
    connection: Connection,
    outbox: Outbox,
    person: Person,
    sitting_id: UUID,
    file: BinaryIO,
    now: datetime,
    zone: ZoneInfo,
) -> ImportedScores:
    """States ExamScored for each row of a CSV file: `participant_no` and the stage's components.

    Raises Refusal `not-found`, `own-round`, `sitting-not-begun`, `sitting-closed`,
    `file-unreadable`, `rows-refused` with the first faults, or `candidates-not-known` where nothing
    is wrong but that some candidates' admission has not arrived.
    """
    sitting = await sittings.lock_shared(connection, sitting_id)
    await refuse_candidate(connection, person, sitting.round_id)
    sitting.refuse_before_start(now, zone)
    sitting.refuse_if_closed()
    await results.lock_imports(connection, sitting)
    faults, recorded = FileFaults(), 0
    async for rows in in_batches(_rows(sitting, file, faults), RECORDED_AT_ONCE):
        scored = await _check(connection, sitting, rows, faults)
        if not faults.count:
            await _record(connection, outbox, person, sitting, scored, now, faults)
            recorded += len(rows)
    faults.refuse()
    return ImportedScores(sitting_id=sitting_id, recorded=recorded)


async def _rows(sitting: Sitting, file: BinaryIO, faults: FileFaults) -> AsyncIterator[ScoreRow]:
    """The rows that can be read; what is wrong with the others, or stands twice, is a fault."""
    model = _row_model(sitting.components, sitting.not_of_all)
    columns = ("participant_no", *sitting.components)
    first_lines: dict[str, int] = {}
    async for line, row in checked_rows(file, columns, model, faults):
        values = row.__dict__
        number = values["participant_no"]
        if (first := first_lines.setdefault(number, line)) != line:
            faults.add([_twice(line, number, first)])
            continue
        given = {code: values[code] for code in sitting.components if values[code] is not None}
        yield ScoreRow(line, number, given)


def _twice(line: int, number: str, first: int) -> Fault:
    reason = Refusal("row-twice", participant_no=number, first=first)
    return {"line": line, "column": "participant_no", "reason": reason}


async def _check(
    connection: Connection, sitting: Sitting, rows: Sequence[ScoreRow], faults: FileFaults
) -> list[tuple[Examinee, ScoreRow]]:
    """The rows with their candidates; what is wrong with them is a fault."""
    known = await results.find_examinees(connection, sitting, [row.participant_no for row in rows])
    faults.add(_faults(sitting, rows, known))
    return [(known[row.participant_no], row) for row in rows]


async def _record(
    connection: Connection,
    outbox: Outbox,
    person: Person,
    sitting: Sitting,
    scored: Sequence[tuple[Examinee, ScoreRow]],
    now: datetime,
    faults: FileFaults,
) -> None:
    """Records and states the points of candidates.

    Whom another request gave a result meanwhile is a fault.
    """
    points = [(examinee, row.points) for examinee, row in scored]
    recorded = await results.record_scores(connection, sitting, points, now)
    late = [row for _, row in scored if row.participant_no not in recorded]
    if late:
        await _check(connection, sitting, late, faults)
        return
    names = [sitting.result_name(row.participant_no) for _, row in scored]
    await audit.record_many(connection, person, "score.imported", names, at=now)
    await outbox.append(
        connection,
        [
            Statement(ExamScored(**examinee.result_in(sitting), points=row.points), now)
            for examinee, row in scored
        ],
    )


@lru_cache
def _row_model(components: tuple[str, ...], may_be_empty: frozenset[str]) -> type[BaseModel]:
    columns: dict[str, Any] = {
        code: (PointsInFile | None, None) if code in may_be_empty else (PointsInFile, ...)
        for code in components
    }
    return create_model("ScoreRow", participant_no=(ParticipantNo, ...), **columns)


def _faults(
    sitting: Sitting, rows: Sequence[ScoreRow], known: Mapping[str, Examinee]
) -> list[Fault]:
    """What is wrong with these rows."""
    faults: list[Fault] = []
    for line, number, points in rows:
        if refusal := known[number].first_result_refusal(sitting):
            faults.append({"line": line, "column": "participant_no", "reason": refusal})
        if refusal := points_refusal(sitting.policy, sitting.stage, points, known[number].need):
            faults += [_of_row(line, error) for error in refusal.errors]
    return faults


def _of_row(line: int, error: Mapping[str, object]) -> Fault:
    """A fault of a field of points, as one of a column."""
    column = str(error["field"]).removeprefix("points.")
    return {"line": line, "column": column, "reason": error["reason"]}


def _may_still_arrive(reason: object) -> bool:
    return isinstance(reason, Refusal) and reason.code in NOT_ARRIVED
