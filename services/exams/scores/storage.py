"""Candidates at a sitting and their results, read from and written to PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from services.exams.scores.domain.closing import VacancyProgress
from services.exams.scores.domain.examinee import GIVES_WAY, Examinee, ResultState
from services.exams.scores.domain.points import ComponentPoints
from services.exams.sittings.domain import VERIFIED, Sitting
from shared.postgres import queries
from shared.postgres.pool import Connection
from shared.refusals import Refusal

SCORES = queries.load(Path(__file__).with_name("queries.sql"))


async def find_examinees(
    connection: Connection, sitting: Sitting, numbers: Sequence[str]
) -> dict[str, Examinee]:
    """These participant numbers at the sitting's stage, known or not, by number."""
    rows = SCORES.examinees(
        connection,
        participant_nos=numbers,
        sitting_id=sitting.sitting_id,
        round_id=sitting.round_id,
        stage=sitting.stage,
        basis=sitting.basis,
        verified=VERIFIED,
    )
    return {row["participant_no"]: Examinee(**row) async for row in rows}


async def find_examinee(connection: Connection, sitting: Sitting, number: str) -> Examinee:
    """One participant number at the sitting's stage, known or not."""
    return (await find_examinees(connection, sitting, [number]))[number]


async def lock_examinee(connection: Connection, sitting: Sitting, number: str) -> Examinee:
    """A candidate whose result, if there is one, nobody changes until the transaction ends."""
    await SCORES.lock_result(
        connection, round_id=sitting.round_id, stage=sitting.stage, participant_no=number
    )
    return await find_examinee(connection, sitting, number)


async def record(
    connection: Connection,
    sitting: Sitting,
    examinee: Examinee,
    state: ResultState,
    points: ComponentPoints | None,
    at: datetime,
) -> None:
    """Keep what `result_refusal` allowed. Raises its Refusal where another request came first."""
    recorded = await SCORES.record_result(
        connection,
        round_id=sitting.round_id,
        stage=sitting.stage,
        participant_no=examinee.participant_no,
        vacancy_id=examinee.vacancy_id,
        sitting_id=sitting.sitting_id,
        state=state,
        points=None if points is None else as_text(points),
        at=at,
        gives_way=GIVES_WAY[state],
    )
    if not recorded:
        now_recorded = await find_examinee(connection, sitting, examinee.participant_no)
        raise now_recorded.result_refusal(sitting, state) or Refusal("try-again")


async def lock_imports(connection: Connection, sitting: Sitting) -> None:
    """One file at a time for a stage of a round.

    Two that name the same candidates in other orders would wait for each other for ever.
    """
    await SCORES.lock_imports(connection, stage=f"{sitting.round_id}/{sitting.stage}")


async def record_scores(
    connection: Connection,
    sitting: Sitting,
    scored: Sequence[tuple[Examinee, ComponentPoints]],
    at: datetime,
) -> set[str]:
    """Keep the points of candidates without a result; returns the numbers that were recorded."""
    recorded = SCORES.record_scores(
        connection,
        round_id=sitting.round_id,
        stage=sitting.stage,
        sitting_id=sitting.sitting_id,
        participant_nos=[examinee.participant_no for examinee, _ in scored],
        vacancy_ids=[examinee.vacancy_id for examinee, _ in scored],
        points=[as_text(points) for _, points in scored],
        at=at,
    )
    return {row["participant_no"] async for row in recorded}


async def correct(
    connection: Connection,
    sitting: Sitting,
    number: str,
    points: ComponentPoints | None,
    at: datetime,
) -> None:
    """Replace the result of a locked candidate; without points they did not come."""
    await SCORES.correct_result(
        connection,
        round_id=sitting.round_id,
        stage=sitting.stage,
        participant_no=number,
        state="missed" if points is None else "scored",
        points=None if points is None else as_text(points),
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
    await SCORES.insert_reason(
        connection,
        round_id=sitting.round_id,
        stage=sitting.stage,
        participant_no=number,
        decision=decision,
        reason=reason,
        at=at,
    )


async def progress(connection: Connection, sitting: Sitting) -> list[VacancyProgress]:
    """How far each vacancy of the sitting is, by vacancy id."""
    rows = SCORES.progress(
        connection,
        sitting_id=sitting.sitting_id,
        round_id=sitting.round_id,
        stage=sitting.stage,
        basis=sitting.basis,
    )
    return [VacancyProgress(**row) async for row in rows]


def as_text(points: ComponentPoints) -> dict[str, str]:
    """Points as JSON keeps them exactly."""
    return {code: str(value) for code, value in points.items()}
