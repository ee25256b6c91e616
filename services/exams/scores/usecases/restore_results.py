"""After a restored backup, results come back from the log."""

import json
from collections.abc import Sequence
from typing import Any

from services.exams.scores.domain.examinee import ResultState
from services.exams.scores.storage import SCORES, as_text
from services.exams.sittings.domain import result_name
from shared.contracts.exams import (
    CandidateDisqualified,
    ExamMissed,
    ExamScoreCorrected,
    ExamScored,
)
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection

Result = ExamScored | ExamScoreCorrected | ExamMissed | CandidateDisqualified

MOST_NAMED = 20
"""Results that a line names before it only counts."""


async def restore_results(connection: Connection, events: Sequence[Event[Result]]) -> list[str]:
    """Takes in the newest result of each candidate at each stage.

    What this database recorded later than the log's stands, and is stated behind it. Returns a line
    that names these: a person has to see to each.
    """
    newest = {_name(event.data): event for event in events}  # later ones take earlier ones' place
    columns = zip(*map(_columns, newest.values()), strict=True) if newest else [()] * 8
    rounds, stages, numbers, vacancies, sittings, states, points, times = columns
    rows = SCORES.restore_results(
        connection,
        round_ids=rounds,
        stages=stages,
        participant_nos=numbers,
        vacancy_ids=vacancies,
        sitting_ids=sittings,
        states=states,
        points=points,
        times=times,
    )
    taken = {result_name(*row) async for row in rows}
    left = [name for name in newest if name not in taken]
    return [_to_settle(left)] if left else []


def _name(data: Result) -> str:
    return result_name(data.round_id, data.stage, data.participant_no)


def _columns(event: Event[Result]) -> tuple[Any, ...]:
    """A result as it is stored; its points as JSON text, none unless it has some."""
    data = event.data
    state, points = _outcome(data)
    return (
        data.round_id,
        data.stage,
        data.participant_no,
        data.vacancy_id,
        data.sitting_id,
        state,
        points,
        event.time,
    )


def _outcome(data: Result) -> tuple[ResultState, str | None]:
    match data:
        case ExamMissed():
            return "missed", None
        case CandidateDisqualified():
            return "disqualified", None
        case _:
            return "scored", json.dumps(as_text(data.points))


def _to_settle(left: Sequence[str]) -> str:
    named = ", ".join(left[:MOST_NAMED])
    more = f" and {len(left) - MOST_NAMED} more" if len(left) > MOST_NAMED else ""
    return (
        f"Left as they are: {named}{more}. Each has a result here that is newer than the log's, "
        "recorded between the restoring and this command, or its sitting is on no log: an officer "
        "has to see which result is right, and correct it if it is not this one."
    )
