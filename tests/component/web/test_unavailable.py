"""What people are answered while the database is there and refuses."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from deploy.local.ports import free_port
from shared.contracts.catalogue import SERVICES
from tests.component.conftest import ServiceApp
from tests.servers import Servers

StartApp = Callable[..., Awaitable[ServiceApp]]

END_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = $1 AND pid <> pg_backend_pid()
"""


@asynccontextmanager
async def refusing(
    servers: Servers, running: ServiceApp, refuse: str, allow: str
) -> AsyncIterator[None]:
    """The service's database refuses within the block, and lets everything happen after it."""
    database = await running.pool.fetchval("SELECT current_database()")
    role = await running.pool.fetchval("SELECT current_user")
    address = servers.superuser.rpartition("/")[0] + f"/{database}"
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(refuse.format(database=database, role=role))
        await connection.fetch(END_SESSIONS, database)
        yield
        await connection.execute(allow.format(database=database, role=role))
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("refuse", "allow"),
    [
        (
            "ALTER DATABASE {database} SET default_transaction_read_only = on",
            "ALTER DATABASE {database} RESET default_transaction_read_only",
        ),
        ("REVOKE INSERT ON units FROM {role}", "GRANT INSERT ON units TO {role}"),
    ],
    ids=["read-only", "revoked"],
)
async def test_a_database_that_refuses_is_no_fault_of_the_request(
    servers: Servers, service_app: StartApp, refuse: str, allow: str
) -> None:
    """A change gets 503 with Retry-After, reading goes on, and afterwards the change is taken.

    Without a new start: a session that was begun in between is not kept.
    """
    running = await service_app("applications")
    officer = running.who("ana", "officer")
    content, headers = "unit_id,path,staff\nU-1,Kota Serang,3\n", {"Content-Type": "text/csv"}

    async def import_units() -> httpx.Response:
        return await running.http.post(
            "/applications/units/import", content=content, headers=officer | headers
        )

    async with refusing(servers, running, refuse, allow):
        for _ in range(3):
            refused = await import_units()
            assert refused.status_code == 503
            assert refused.json()["type"] == "/problems/applications/try-again"
            assert refused.headers["retry-after"] == "2"
            assert (await running.http.get("/applications/rounds")).status_code == 200
    assert (await import_units()).status_code == 200


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_starts_while_postgresql_is_away(
    service: str, service_app: StartApp
) -> None:
    """/live is 200, /ready says what is missing and where, people are told to try again."""
    port = free_port()
    address = f"postgresql://user:a-long-enough-secret@127.0.0.1:{port}/{service}"
    running = await service_app(service, **{f"DATABASE_URL_{service.upper()}": address})
    http = running.http
    assert (await http.get("/live")).status_code == 200
    ready = await http.get("/ready")
    assert ready.status_code == 503
    assert ready.text.startswith(f"PostgreSQL at 127.0.0.1:{port}/{service}: ")
    assert "secret" not in ready.text
    asked = await http.get(f"/{service}/operations", headers=running.who("oki", "operator"))
    assert (asked.status_code, asked.headers["retry-after"]) == (503, "2")
