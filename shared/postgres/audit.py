"""The trail of decisions: who, when, what, why."""

from datetime import datetime

from shared.identity import Person
from shared.postgres.pool import Connection


async def record(
    connection: Connection,
    person: Person,
    action: str,
    object_: str,
    *,
    at: datetime,
    reason: str = "",
) -> None:
    """Write one decision in the transaction that takes it.

    `action` is the use case (`round.opened`), `object_` what it is about.
    """
    await connection.execute(
        "INSERT INTO public.audit (at, subject, roles, action, object, reason) VALUES ($1, $2, $3, $4, $5, $6)",
        at,
        person.subject,
        sorted(person.roles),
        action,
        object_,
        reason,
    )


async def record_many(
    connection: Connection,
    person: Person,
    action: str,
    objects: list[str],
    *,
    at: datetime,
    reason: str = "",
) -> None:
    """The same for many objects of one decision, in one statement."""
    await connection.execute(
        "INSERT INTO public.audit (at, subject, roles, action, object, reason)"
        " SELECT $1, $2, $3, $4, object, $6 FROM unnest($5::text[]) object",
        at,
        person.subject,
        sorted(person.roles),
        action,
        objects,
        reason,
    )
