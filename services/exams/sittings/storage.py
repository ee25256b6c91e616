"""Sittings and what they hang on, out of and into PostgreSQL."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from services.exams.sittings.domain import Sitting
from shared.policies import Policy
from shared.postgres import queries
from shared.postgres.pool import Connection
from shared.refusals import Refusal

SQL = queries.load(Path(__file__).with_name("queries.sql"))


@dataclass(frozen=True, slots=True)
class Tally:
    """One vacancy of a sitting: `scored`, `missed` and `disqualified` in this sitting, by newest
    result; of all `admitted` to the stage, those `waiting` have neither a result anywhere nor
    withdrawn, `first` being the lowest five numbers; `shortlisted` as the list before stated, none
    while it isn't closed.
    """

    vacancy_id: str
    scored: int
    missed: int
    disqualified: int
    admitted: int
    waiting: int
    first: list[str]
    shortlisted: int | None


@lru_cache(maxsize=64)
def _policy(text: str) -> Policy:
    return Policy.model_validate_json(text)


async def policy_of_round(connection: Connection, round_id: str) -> Policy:
    """The law of a round.

    Raises Refusal `round-not-known` until the round's opening has arrived.
    """
    text: str | None = await SQL.policy_of_round(connection, round_id=round_id)
    if text is None:
        raise Refusal("round-not-known", round=round_id)
    return _policy(text)


async def look(connection: Connection, sitting_id: UUID) -> Sitting:
    """A sitting as it stands. Raises Refusal `not-found`."""
    return _sitting(await SQL.sitting(connection, sitting_id=sitting_id))


async def share(connection: Connection, sitting_id: UUID) -> Sitting:
    """A sitting that can't be closed until the transaction ends. Raises Refusal `not-found`."""
    return _sitting(await SQL.share_sitting(connection, sitting_id=sitting_id))


async def claim(connection: Connection, sitting_id: UUID) -> Sitting:
    """A sitting in which nobody records until the transaction ends. Raises Refusal `not-found`."""
    return _sitting(await SQL.claim_sitting(connection, sitting_id=sitting_id))


def _sitting(row: Any) -> Sitting:
    if row is None:
        raise Refusal("not-found", what="sitting")
    if row["policy"] is None:  # while its projections are made anew, say
        raise Refusal("round-not-known", round=row["round_id"])
    return Sitting(
        row["sitting_id"],
        row["round_id"],
        row["stage"],
        row["site"],
        row["starts_at"],
        row["closed_at"],
        _policy(row["policy"]),
    )


async def tallies(connection: Connection, sitting: Sitting) -> list[Tally]:
    """Each vacancy of the sitting, by id."""
    rows = SQL.tallies(
        connection,
        sitting_id=sitting.sitting_id,
        round_id=sitting.round_id,
        stage=sitting.stage,
        basis=sitting.basis,
    )
    return [Tally(**row) async for row in rows]
