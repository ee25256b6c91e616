"""Migrations bring a database to what the code expects, once, and say what went wrong."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from deploy.postgres.migrate import MigrationError, folders, migrate
from shared.contracts.catalogue import SERVICES
from tests.servers import Servers, owner_address


@pytest.mark.parametrize("service", SERVICES)
async def test_each_service_has_its_tables(servers: Servers, service: str) -> None:
    """A new database gets the tables of messaging and its own; a second run has nothing to do."""
    address = servers.service_database(service)
    assert migrate(owner_address(address), folders(service)) == ""
    connection = await asyncpg.connect(address)
    try:
        schemas = {
            row["schema"]
            for row in await connection.fetch(
                "SELECT DISTINCT table_schema AS schema FROM information_schema.tables"
            )
        }
        assert {"messaging", "public"} <= schemas
        assert await connection.fetchval("SELECT count(*) FROM schema_migrations") == sum(
            len(list(folder.glob("*.sql"))) for folder in folders(service)
        )
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
def test_numbers_are_unique(service: str) -> None:
    """No two migrations of a database have one number: the second would never be applied."""
    numbers = [
        file.name.split("_")[0] for folder in folders(service) for file in folder.glob("*.sql")
    ]
    assert len(numbers) == len(set(numbers))


async def test_a_migration_that_fails_is_undone_and_named(servers: Servers, tmp_path: Path) -> None:
    """The file and the reason are named; it is rolled back, what was before it stays."""
    (tmp_path / "0001_good.sql").write_text(
        "-- migrate:up\nCREATE TABLE good (n int);\n\n-- migrate:down\n"
    )
    (tmp_path / "0002_bad.sql").write_text(
        "-- migrate:up\nCREATE TABLE half (n int);\nCREATE TABLE half (n int);\n\n-- migrate:down\n"
    )
    address = servers.database("failing")
    with pytest.raises(MigrationError, match=r"(?s)0002_bad.*already exists"):
        migrate(address, [tmp_path])
    connection = await asyncpg.connect(address)
    try:
        assert await connection.fetchval("SELECT to_regclass('good')") is not None
        assert await connection.fetchval("SELECT to_regclass('half')") is None
    finally:
        await connection.close()


async def test_old_lines_of_the_trail_are_removed_by_the_owner(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`terang migrate` removes what is older than the setting says, and nothing younger.

    The setting has a floor: a year of decisions always stays.
    """
    address = servers.service_database("exams")
    service = await asyncpg.connect(address)
    for days in (0, 300, 364, 366, 4_000):
        await service.execute(
            "INSERT INTO public.audit (at, subject, roles, action, object)"
            " VALUES (now() - $1 * interval '1 day', 'officer-1', '{officer}', 'told', $2)",
            days,
            str(days),
        )
    monkeypatch.setenv("DATABASE_URL_EXAMS", owner_address(address))
    monkeypatch.setenv("TERANG_AUDIT_KEPT_DAYS", "30")
    refused = await asyncio.to_thread(CliRunner().invoke, app, ["migrate", "exams"])
    assert (refused.exit_code, "TERANG_AUDIT_KEPT_DAYS" in refused.stderr) == (2, True)
    monkeypatch.setenv("TERANG_AUDIT_KEPT_DAYS", "365")
    ran = await asyncio.to_thread(CliRunner().invoke, app, ["migrate", "exams"])
    assert "2 lines of the trail older than 365 days are removed" in ran.stdout
    kept = await service.fetch("SELECT object FROM public.audit ORDER BY id")
    assert [row["object"] for row in kept] == ["0", "300", "364"]
    await service.close()


def test_the_command_names_what_is_not_set(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`terang migrate` needs all four addresses, or one for one service; names what is missing."""
    for service in SERVICES:
        monkeypatch.delenv(f"DATABASE_URL_{service.upper()}", raising=False)
    monkeypatch.setenv("DATABASE_URL_EXAMS", servers.database("exams"))
    all_services = CliRunner().invoke(app, ["migrate"])
    assert all_services.exit_code == 2
    assert "DATABASE_URL_RANKING" in all_services.stderr
    assert "DATABASE_URL_EXAMS" not in all_services.stderr
    exams = CliRunner().invoke(app, ["migrate", "exams"])
    assert exams.exit_code == 0, exams.output
    assert "Applied" in exams.stdout
