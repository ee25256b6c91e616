"""Reading another person's data leaves a line in the audit trail."""

from collections.abc import Sequence

from shared.identity import Person, Role
from shared.postgres import audit
from shared.web.dependencies import Resources


async def audit_reading(
    resources: Resources,
    person: Person | None,
    readers: frozenset[Role],
    action: str,
    objects: Sequence[str],
) -> None:
    """Records that a person with a role of `readers` reads these objects, before the answer goes.

    Whoever has no such role sees their own data or nothing personal: nothing is recorded.
    `action` names what is read (`application.read`). Raises what PostgreSQL raises: then nothing
    is shown.
    """
    if person is None or person.roles.isdisjoint(readers) or not objects:
        return
    async with resources.pool.acquire() as connection:
        await audit.record_many(connection, person, action, objects, at=resources.clock())
