"""The trail of decisions: who, when, what, why."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from shared.identity import Person
from shared.postgres import queries
from shared.postgres.pool import Connection

SQL = queries.load(Path(__file__).with_name("audit.sql"))


async def record(
    connection: Connection,
    person: Person,
    action: str,
    object_: str,
    *,
    at: datetime,
    reason: str = "",
) -> None:
    """Records one decision in the transaction that takes it.

    `action` names the use case (`round.opened`), `object_` what it is about.
    """
    await record_many(connection, person, action, [object_], at=at, reason=reason)


async def record_many(
    connection: Connection,
    person: Person,
    action: str,
    objects: Sequence[str],
    *,
    at: datetime,
    reason: str = "",
) -> None:
    """The same for many objects of one decision, in one statement."""
    await SQL.record_decision(
        connection,
        at=at,
        subject=person.subject,
        roles=sorted(person.roles),
        action=action,
        objects=objects,
        reason=reason,
    )
