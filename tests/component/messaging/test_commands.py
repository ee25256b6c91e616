"""`terang dead-letters` and `terang rebuild` as an operator runs them.

On a real service's database.
"""

import os
import subprocess
import sys
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from shared.contracts.catalogue import TOPICS
from shared.settings import DEMO_PROVINCE_KEY
from tests.fault.tally import ROOT
from tests.servers import Servers, owner_address

LETTER = UUID(int=1)
SERVICE = "exams"


@pytest.fixture(scope="module")
def database(servers: Servers) -> str:
    """exams' database, with nothing in it."""
    return servers.service_database(SERVICE)


def terang(servers: Servers, database: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """One run of the command."""
    settings = {
        "TERANG_PROVINCE": "99",
        "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap,
        "DATABASE_URL_EXAMS": database,
        "TERANG_ISSUER": "http://test",
        "TERANG_AUDIENCE": "terang",
        "TERANG_PROVINCE_KEY": DEMO_PROVINCE_KEY,
        "COLUMNS": "200",
    }
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", *words],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
    )


async def test_a_dead_letter_is_listed_shown_and_replayed(servers: Servers, database: str) -> None:
    """A dead letter is listed with its reason and shown with its bytes made harmless.

    What still fails to replay says why, with status 1.
    """
    connection = await asyncpg.connect(database)
    await connection.execute(
        "INSERT INTO messaging.dead_letter (id, at, reason, detail, handler, topic, partition,"
        " record_offset, record_timestamp, headers, value)"
        " VALUES ($1, $2, 'headers-not-ours', 'no ce_ headers', 'none', 'terang.applications', 3,"
        ' 77, 0, \'[["name", "x"]]\', $3)',
        LETTER,
        datetime(2026, 8, 20, tzinfo=UTC),
        b"\x1b[31mred",
    )
    listed = terang(servers, database, "dead-letters", "list", SERVICE)
    assert str(LETTER) in listed.stdout, listed.stderr
    assert "terang.applications/3/77" in listed.stdout
    shown = terang(servers, database, "dead-letters", "show", SERVICE, str(LETTER))
    assert "header   name: x" in shown.stdout
    assert r"data     \x1b[31mred" in shown.stdout
    replayed = terang(servers, database, "dead-letters", "replay", SERVICE, str(LETTER), "--yes")
    assert replayed.returncode == 1
    assert "still fails: headers-not-ours" in replayed.stderr
    await connection.execute("UPDATE messaging.position SET failures = 0")
    assert terang(servers, database, "dead-letters", "release", SERVICE).returncode == 0
    await connection.close()


async def test_a_record_is_set_aside(servers: Servers, database: str) -> None:
    """Only one at which workers ended; it is marked, and the trail says who had it done."""
    connection = await asyncpg.connect(database)
    await connection.execute(
        "INSERT INTO messaging.deadly_record (topic, partition, record_offset, deaths, exception)"
        " VALUES ('terang.applications', 3, 77, 3, 'RuntimeError')"
    )
    words = ("dead-letters", "set-aside", SERVICE, "terang.applications/3")
    assert terang(servers, database, *words, "78").returncode == 2
    done = terang(servers, database, *words, "77", "--by", "an operator", "--why", "a bug")
    assert done.returncode == 0, done.stderr
    assert await connection.fetchval("SELECT set_aside FROM messaging.deadly_record")
    trail = await connection.fetch(
        "SELECT subject, object, reason FROM audit WHERE action = 'dead-letters.set-aside'"
    )
    assert [tuple(row) for row in trail] == [
        ("an operator", "terang.applications/3 offset 77", "a bug")
    ]
    await connection.close()


async def test_rebuild(servers: Servers, database: str) -> None:
    """A service that has heard nothing is rebuilt to nothing, with status 0."""
    await servers.fresh_topics(*(topic.name for topic in TOPICS))
    done = terang(servers, owner_address(database), "rebuild", SERVICE)
    assert (done.returncode, "took effect anew" in done.stdout) == (0, True), done.stderr
