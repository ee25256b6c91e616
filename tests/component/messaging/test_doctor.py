"""`terang doctor` as an operator or a timer runs it, on real services' databases."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from deploy.cli import doctor
from deploy.cli.main import app
from tests.servers import Servers

EVENT = UUID(int=5)


async def run(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["doctor", *words])


async def test_counts_that_differ_are_named(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 0 while all is well, 1 with partition and remedy where it isn't."""
    monkeypatch.setattr(doctor, "BETWEEN_LOOKS", 0.1)
    addresses = {service: servers.service_database(service) for service in ("exams", "ranking")}
    for service, address in addresses.items():
        monkeypatch.setenv(f"DATABASE_URL_{service.upper()}", address)
    exams = await asyncpg.connect(addresses["exams"])
    ranking = await asyncpg.connect(addresses["ranking"])
    try:
        await exams.execute(
            "INSERT INTO messaging.outbox_partitions (topic, partition, numbered, acknowledged,"
            " acknowledged_offset, acknowledged_event, checksum)"
            " VALUES ('terang.exams', 0, 5, 5, 4, $1, 70)",
            EVENT,
        )
        await ranking.execute(
            "INSERT INTO messaging.position (topic, partition, next_offset, sequence,"
            " sequence_offset, sequence_event, checksum)"
            " VALUES ('terang.exams', 0, 5, 5, 4, $1, 70)",
            EVENT,
        )
        well = await run("ranking")
        assert (well.exit_code, well.stdout.count(": yes")) == (0, len(doctor.CHECKS))
        await ranking.execute("UPDATE messaging.position SET checksum = 71")
        other = await run("ranking")
        assert other.exit_code == 1
        assert "terang.exams/0: 5 events were taken, and as many stated, but not" in other.stdout
        assert "to do: a record took a true event's number" in other.stdout
        await exams.execute("UPDATE messaging.outbox_partitions SET numbered = 9, acknowledged = 9")
        behind = await run("ranking")
        assert "terang.exams/0: 5 of 9 events were taken, and none meanwhile" in behind.stdout
        assert (await run("exams")).exit_code == 0
    finally:
        await exams.close()
        await ranking.close()


async def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 2: it could not look, which is not the same as well."""
    for service in ("APPLICATIONS", "EXAMS", "RANKING", "FEEDBACK"):
        monkeypatch.delenv(f"DATABASE_URL_{service}", raising=False)
    ran = await run("ranking")
    assert (ran.exit_code, "DATABASE_URL_RANKING" in ran.stderr) == (2, True)
