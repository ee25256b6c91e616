"""A service's role of PostgreSQL reads and writes rows, and can only add to the trail."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from deploy.local.postgres import make_database
from shared.contracts.catalogue import SERVICES
from tests.servers import PASSWORD, Servers

WRITE = """
INSERT INTO public.audit (at, subject, roles, action, object)
VALUES (now(), 'officer-1', '{officer}', 'round.opened', '2026') RETURNING id
"""
DENIED = asyncpg.InsufficientPrivilegeError


@pytest.fixture(params=SERVICES)
async def address(servers: Servers, request: pytest.FixtureRequest) -> str:
    """A service's database, for the service's own role."""
    return servers.service_database(request.param)


@pytest.fixture
async def service(address: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection as the service's processes have it."""
    connection = await asyncpg.connect(address)
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET subject = 'nobody'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "DROP TABLE audit",
    ],
)
async def test_the_audit_trail_cannot_be_changed_by_the_service(
    service: "asyncpg.Connection[asyncpg.Record]", change: str
) -> None:
    """The service adds to the trail and reads it; it neither changes nor removes a line."""
    assert await service.fetchval(WRITE) == 1
    with pytest.raises(DENIED):
        await service.execute(change)
    assert await service.fetchval("SELECT subject FROM audit") == "officer-1"


async def test_a_service_makes_and_drops_nothing(
    service: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    """Tables and schemas are made and dropped by the owner alone."""
    for statement in (
        "CREATE TABLE public.own (n int)",
        "CREATE SCHEMA own",
        "DROP TABLE messaging.outbox",
        "ALTER TABLE messaging.outbox ADD COLUMN own int",
    ):
        with pytest.raises(DENIED):
            await service.execute(statement)


async def test_a_service_reads_and_writes_every_other_table(
    service: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    """Every table but the trail and the list of migrations can be read, written and cleared."""
    tables = await service.fetch(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    assert len(tables) > 5
    for table in tables:
        rights = await service.fetchval(
            "SELECT array_agg(has_table_privilege($1, kind)"
            " ORDER BY kind) FROM unnest(ARRAY['DELETE', 'INSERT', 'SELECT', 'UPDATE']) AS kind",
            table["name"],
        )
        # those of DELETE, INSERT, SELECT, UPDATE
        own = {
            "public.audit": [False, True, True, False],
            "public.schema_migrations": [False, False, True, False],
        }
        assert rights == own.get(table["name"], [True] * 4), table["name"]


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO schema_migrations (version) VALUES ('9999')",
        "UPDATE schema_migrations SET version = '9999'",
        "DELETE FROM schema_migrations",
        "TRUNCATE schema_migrations",
    ],
)
async def test_the_list_of_migrations_is_not_written_by_the_service(
    service: "asyncpg.Connection[asyncpg.Record]", change: str
) -> None:
    """A service could name a migration that was never applied, which was then left out."""
    with pytest.raises(DENIED):
        await service.execute(change)
    assert await service.fetchval("SELECT count(*) FROM schema_migrations") > 0


async def test_a_database_of_before_gets_the_same_roles(servers: Servers) -> None:
    """A database whose tables belong to the service's role passes to the owner, the trail too."""
    address = servers.service_database("exams")
    name = address.rpartition("/")[2]
    superuser = await asyncpg.connect(servers.superuser.rpartition("/")[0] + "/" + name)
    await superuser.execute(f'ALTER DATABASE "{name}" OWNER TO "{name}"')
    await superuser.execute(f'ALTER SCHEMA messaging OWNER TO "{name}"')
    await superuser.execute(f'ALTER TABLE public.audit OWNER TO "{name}"')
    await superuser.close()
    make_database(servers.superuser, name=name, password=PASSWORD, owner_password=PASSWORD)
    connection = await asyncpg.connect(address)
    try:
        assert await connection.fetchval(WRITE) == 1
        with pytest.raises(DENIED):
            await connection.execute("DELETE FROM audit")
        with pytest.raises(DENIED):
            await connection.execute("DROP TABLE audit")
        with pytest.raises(DENIED):
            await connection.execute("INSERT INTO schema_migrations (version) VALUES ('9999')")
    finally:
        await connection.close()
