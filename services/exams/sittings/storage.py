"""Sittings and the policies of their rounds, read from and written to PostgreSQL."""

from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from services.exams.sittings.domain import Sitting
from shared.phrases import Phrase
from shared.policies import Policy
from shared.postgres import queries
from shared.postgres.pool import Connection
from shared.refusals import Refusal

SITTINGS = queries.load(Path(__file__).with_name("queries.sql"))


@lru_cache(maxsize=64)
def _policy(text: str) -> Policy:
    return Policy.model_validate_json(text)


async def policy_of_round(connection: Connection, round_id: str) -> Policy:
    """The policy of a round. Raises Refusal `round-not-known` until RoundOpened has arrived."""
    text: str | None = await SITTINGS.policy_of_round(connection, round_id=round_id)
    if text is None:
        raise Refusal("round-not-known", round=round_id)
    return _policy(text)


async def find(connection: Connection, sitting_id: UUID) -> Sitting:
    """A sitting as it is now. Raises Refusal `not-found` or `round-not-known`."""
    return _sitting(await SITTINGS.sitting(connection, sitting_id=sitting_id))


async def lock_shared(connection: Connection, sitting_id: UUID) -> Sitting:
    """A sitting that nobody closes until the transaction ends. Raises as `find` does."""
    return _sitting(await SITTINGS.lock_sitting_shared(connection, sitting_id=sitting_id))


async def lock(connection: Connection, sitting_id: UUID) -> Sitting:
    """A sitting in which nobody records until the transaction ends. Raises as `find` does."""
    return _sitting(await SITTINGS.lock_sitting(connection, sitting_id=sitting_id))


def _sitting(row: Any) -> Sitting:
    if row is None:
        raise Refusal("not-found", what=Phrase("sitting"))
    if row["policy"] is None:  # while its projections are rebuilt, for example
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
