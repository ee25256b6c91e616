"""An examiner sends the points of many candidates as a file: all of them are recorded, or none."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, create_model

from services.exams.scores import storage as results
from services.exams.scores.domain import points
from services.exams.scores.domain.candidate import Candidate
from services.exams.scores.domain.points import WrittenPoints
from services.exams.scores.views import SittingId
from services.exams.sittings import storage as sittings
from services.exams.sittings.domain import Sitting
from shared.contracts.exams import ExamScored
from shared.contracts.fields import Count, ParticipantNo
from shared.csv_files import FAULTS_SHOWN, check_rows, refuse_if_any
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal

Lines = list[tuple[int, dict[str, str]]]
Faults = list[dict[str, object]]


class ImportedScores(BaseModel):
    """What a file did."""

    sitting_id: SittingId
    recorded: Annotated[
        Count, Field(description="Candidates whose points were recorded: the rows of the file")
    ]


async def import_scores(
    connection: Connection,
    outbox: Outbox,
    person: Person,
    sitting_id: UUID,
    read: Callable[[tuple[str, ...]], Lines],
    now: datetime,
) -> ImportedScores:
    """States ExamScored for each row.

    `read` gives the rows of a CSV file with these columns: `participant_no` and the stage's
    components.

    Raises Refusal `not-found`, `sitting-closed`, `file-unreadable`, `rows-refused` with every
    fault, or `candidates-not-known` where nothing is wrong but that some candidates' admission has
    not arrived.
    """
    sitting = await sittings.share(connection, sitting_id)
    sitting.refuse_if_closed()
    rows, faults = _read(sitting, read(("participant_no", *sitting.components)))
    known = await results.candidates(connection, sitting, [number for _, number, _ in rows])
    for line, number, row_points in rows:
        faults += _faults(sitting, line, known[number], row_points)
    _refuse_if_any(faults)
    scored = [(known[number], row_points) for _, number, row_points in rows]
    recorded = await results.record_scores(connection, sitting, scored, now)
    if len(recorded) < len(rows):  # others recorded some of these meanwhile
        known = await results.candidates(connection, sitting, [number for _, number, _ in rows])
        _refuse_if_any(
            [
                fault
                for line, number, row_points in rows
                if number not in recorded
                for fault in _faults(sitting, line, known[number], row_points)
            ]
        )
    numbers = [sitting.names(number) for _, number, _ in rows]
    await audit.record_many(connection, person, "score.imported", numbers, at=now)
    await outbox.append(
        connection,
        [
            Statement(ExamScored(**who.result_in(sitting), points=row_points), now)
            for who, row_points in scored
        ],
    )
    return ImportedScores(sitting_id=sitting_id, recorded=len(rows))


@lru_cache
def _row_model(components: tuple[str, ...], may_be_empty: frozenset[str]) -> type[BaseModel]:
    columns: dict[str, Any] = {
        code: (WrittenPoints | None, None) if code in may_be_empty else (WrittenPoints, ...)
        for code in components
    }
    return create_model("ScoreRow", participant_no=(ParticipantNo, ...), **columns)


def _read(
    sitting: Sitting, lines: Lines
) -> tuple[list[tuple[int, str, dict[str, Decimal]]], Faults]:
    """Rows as (line, participant number, points), each number once; and what is wrong with the
    others.
    """
    faults: Faults = []
    rows = []
    for line, row in check_rows(lines, _row_model(sitting.components, sitting.not_of_all), faults):
        values = row.__dict__
        given = {code: values[code] for code in sitting.components if values[code] is not None}
        rows.append((line, values["participant_no"], given))
    often = Counter(number for _, number, _ in rows)
    faults += [
        {
            "line": line,
            "column": "participant_no",
            "reason": f"{number} stands {often[number]} times in the file",
        }
        for line, number, _ in rows
        if often[number] > 1
    ]
    return rows, faults


def _faults(sitting: Sitting, line: int, who: Candidate, row_points: dict[str, Decimal]) -> Faults:
    """What is wrong with one row.

    A file, unlike a person, can't mean that an absence was a mistake.
    """
    faults: Faults = []
    if refusal := who.first_result_refusal(sitting):
        faults.append({"line": line, "column": "participant_no", "reason": refusal})
    if refusal := points.refusal(sitting.policy, sitting.stage, row_points, who.need):
        faults += [{"line": line, **error} for error in refusal.errors]
    return faults


def _refuse_if_any(faults: Faults) -> None:
    if faults and all(
        isinstance(reason := fault["reason"], Refusal)
        and reason.code in {"candidate-not-known", "not-shortlisted-yet"}
        for fault in faults
    ):
        raise Refusal("candidates-not-known", count=len(faults), errors=faults[:FAULTS_SHOWN])
    refuse_if_any(faults)
