"""Candidates and their results, out of and into PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

from services.exams.scores.domain.candidate import GIVES_WAY, Candidate, State
from services.exams.sittings.domain import VERIFIED, Sitting
from services.exams.sittings.storage import SQL
from shared.postgres.pool import Connection
from shared.refusals import Refusal

Points = Mapping[str, Decimal]


async def candidates(
    connection: Connection, sitting: Sitting, numbers: Sequence[str]
) -> dict[str, Candidate]:
    """These participant numbers at the sitting's stage, known or not."""
    rows = SQL.candidates(
        connection,
        participant_nos=numbers,
        sitting_id=sitting.sitting_id,
        round_id=sitting.round_id,
        stage=sitting.stage,
        basis=sitting.basis,
        verified=VERIFIED,
    )
    return {row["participant_no"]: Candidate(**row) async for row in rows}


async def candidate(connection: Connection, sitting: Sitting, number: str) -> Candidate:
    """The same for one."""
    return (await candidates(connection, sitting, [number]))[number]


async def record(
    connection: Connection,
    sitting: Sitting,
    who: Candidate,
    state: State,
    points: Points | None,
    at: datetime,
) -> None:
    """Keep what `result_refusal` allowed. Raises its Refusal where another request was quicker."""
    recorded = await SQL.record_result(
        connection,
        round_id=sitting.round_id,
        stage=sitting.stage,
        participant_no=who.participant_no,
        vacancy_id=who.vacancy_id,
        sitting_id=sitting.sitting_id,
        state=state,
        points=None if points is None else as_text(points),
        at=at,
        gives_way=GIVES_WAY[state],
    )
    if not recorded:
        quicker = await candidate(connection, sitting, who.participant_no)
        raise quicker.result_refusal(sitting, state) or Refusal("try-again")


async def record_scores(
    connection: Connection, sitting: Sitting, rows: Sequence[tuple[Candidate, Points]], at: datetime
) -> set[str]:
    """Keep the points of candidates without a result; returns the numbers of those that had none."""
    recorded = SQL.record_scores(
        connection,
        round_id=sitting.round_id,
        stage=sitting.stage,
        sitting_id=sitting.sitting_id,
        participant_nos=[who.participant_no for who, _ in rows],
        vacancy_ids=[who.vacancy_id for who, _ in rows],
        points=[as_text(points) for _, points in rows],
        at=at,
    )
    return {row["participant_no"] async for row in recorded}


async def lock(connection: Connection, sitting: Sitting, number: str) -> Candidate:
    """A candidate whose result, if there is one, nobody changes until the transaction ends."""
    await SQL.lock_result(
        connection, round_id=sitting.round_id, stage=sitting.stage, participant_no=number
    )
    return await candidate(connection, sitting, number)


async def correct(
    connection: Connection, sitting: Sitting, number: str, points: Points, at: datetime
) -> None:
    """Put other points in the place of a locked candidate's."""
    await SQL.correct_result(
        connection,
        round_id=sitting.round_id,
        stage=sitting.stage,
        participant_no=number,
        points=as_text(points),
        at=at,
    )


async def keep_reason(
    connection: Connection,
    sitting: Sitting,
    number: str,
    decision: Literal["disqualified", "corrected"],
    reason: str,
    at: datetime,
) -> None:
    """Keep the words behind a decision, apart from everything that is stated."""
    await SQL.keep_reason(
        connection,
        round_id=sitting.round_id,
        stage=sitting.stage,
        participant_no=number,
        decision=decision,
        reason=reason,
        at=at,
    )


def as_text(points: Points) -> dict[str, str]:
    """Points as JSON keeps them exactly."""
    return {code: str(value) for code, value in points.items()}
