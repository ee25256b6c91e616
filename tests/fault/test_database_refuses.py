"""A database that is there and refuses: read-only, a privilege revoked, a migration missing.

Events wait for it, none is rejected, and the worker goes on by itself.
"""

from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.fault.tally import Stage, exactly_once

END_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = $1 AND pid <> pg_backend_pid()
"""

READ_ONLY = (
    "ALTER DATABASE {database} SET default_transaction_read_only = on",
    "ALTER DATABASE {database} RESET default_transaction_read_only",
)
REVOKED = (
    "REVOKE INSERT ON projections.effect FROM owner",
    "GRANT INSERT ON projections.effect TO owner",
)
CLOSED = (
    "ALTER DATABASE {database} ALLOW_CONNECTIONS false",
    "ALTER DATABASE {database} ALLOW_CONNECTIONS true",
)
MISSING = (
    "ALTER TABLE projections.effect RENAME TO effect_of_a_later_version",
    "ALTER TABLE projections.effect_of_a_later_version RENAME TO effect",
)


async def as_superuser(stage: Stage, statement: str, *, in_database: bool) -> None:
    """Runs a statement, in the service's database or beside it, and ends the sessions there."""
    superuser = urlsplit(stage.servers.superuser)
    database = urlsplit(stage.database).path.removeprefix("/")
    place = superuser._replace(path=f"/{database}") if in_database else superuser
    connection = await asyncpg.connect(place.geturl())
    try:
        await connection.execute(statement.format(database=database))
        await connection.fetch(END_SESSIONS, database)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("refuse", "allow", "in_database"),
    [(*READ_ONLY, False), (*CLOSED, False), (*REVOKED, True), (*MISSING, True)],
    ids=["read-only", "closed", "revoked", "migration-missing"],
)
async def test_a_database_that_refuses_is_waited_out(
    stage: Stage, refuse: str, allow: str, *, in_database: bool
) -> None:
    """What comes meanwhile takes effect afterwards: no dead letter, nothing lost, no new start."""
    await stage.log.add(50)
    worker = stage.worker()
    await stage.drained()
    await as_superuser(stage, refuse, in_database=in_database)
    await stage.log.add(100)
    await worker.says_missing("PostgreSQL at ")
    await as_superuser(stage, allow, in_database=in_database)
    exactly_once(stage.log.sent, await stage.drained(seconds=60))
    assert not await stage.fetch("SELECT FROM messaging.dead_letter")
    assert worker.process.poll() is None
