"""`terang recover feedback` on a real topic and a restored database, as an operator runs it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from deploy.local.ports import free_port
from shared.contracts.catalogue import TOPICS
from shared.messaging.outbox import Outbox, Row, partition_of
from shared.messaging.relay import Relay
from shared.service_outbox import origins, source
from shared.settings import DEMO_PROVINCE_KEY
from tests.servers import Servers

TERANG = Path(sys.executable).with_name("terang")
PARTITIONS = {topic.name: topic.partitions for topic in TOPICS if topic.owner == "feedback"}
SOURCE = source("99", "feedback")


def row(subject: str) -> Row:
    event_id = uuid4()
    headers = (
        ("ce_id", str(event_id).encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", b"terang.UnitFlagged"),
        ("ce_subject", subject.encode()),
    )
    partition = partition_of(b"unit-1", 12)
    return Row(
        "terang.feedback", partition, b"unit-1", event_id, "terang.UnitFlagged", headers, b"{}"
    )


async def publish(dsn: str, bootstrap: str, *rows: Row) -> None:
    connection = await asyncpg.connect(dsn)
    await Outbox(
        source=SOURCE, service="feedback", contracts={}, partitions=PARTITIONS
    ).append_rows(connection, rows)
    relay = asyncio.create_task(
        Relay(
            dsn=dsn,
            bootstrap_servers=bootstrap,
            service="feedback",
            partitions=PARTITIONS,
            origins=origins("99"),
        ).run()
    )
    async with asyncio.timeout(20):
        while not await connection.fetchval(
            "SELECT (SELECT sum(acknowledged) FROM messaging.outbox_partitions) = (SELECT"
            " count(*) FROM messaging.outbox)"
        ):
            assert not relay.done()
            await asyncio.sleep(0.05)
    relay.cancel()
    await asyncio.wait([relay])
    await connection.close()


def recover(
    dsn: str, bootstrap: str, *options: str, answer: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TERANG, "recover", "feedback", *options],
        env={
            **os.environ,
            "TERANG_PROVINCE": "99",
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "DATABASE_URL_FEEDBACK": dsn,
        },
        input=answer,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
async def yesterday(servers: Servers) -> str:
    """A database that knows one published event; the log has one more."""
    await servers.fresh_topics(*PARTITIONS)
    dsn = servers.service_database("feedback")
    name = dsn.rsplit("/", 1)[1]
    await publish(dsn, servers.bootstrap, row("unit-1"))
    connection = await asyncpg.connect(servers.superuser)
    await connection.execute(f"CREATE DATABASE {name}_yesterday TEMPLATE {name} OWNER owner")
    await connection.close()
    await publish(dsn, servers.bootstrap, row("unit-1/later"))
    return f"{dsn}_yesterday"


async def test_it_shows_its_plan_asks_and_takes_the_log_over(
    servers: Servers, yesterday: str
) -> None:
    """No: nothing changes.

    Yes: the database knows the log's number, and a second run finds nothing to do.
    """
    refused = await asyncio.to_thread(recover, yesterday, servers.bootstrap, answer="n\n")
    assert refused.returncode == 0
    assert "the log holds up to 2 at offset 1; 0 rows take the log's numbers" in refused.stdout
    assert (
        "lacking: terang.UnitFlagged unit-1/later, number 2 of terang.feedback/" in refused.stdout
    )
    assert "Nothing was changed." in refused.stdout

    done = await asyncio.to_thread(recover, yesterday, servers.bootstrap, "--yes")
    assert done.returncode == 0, done.stderr
    assert (
        "Not taken in: terang.feedback/" in done.stdout
    )  # the service's own part saw the record: it has no unit
    connection = await asyncpg.connect(yesterday)
    assert (
        await connection.fetchval("SELECT max(acknowledged) FROM messaging.outbox_partitions") == 2
    )
    await connection.close()

    again = await asyncio.to_thread(recover, yesterday, servers.bootstrap, "--yes")
    assert "there is nothing to recover" in again.stdout


@contextmanager
def feedback_worker(dsn: str, bootstrap: str) -> Iterator[httpx.Client]:
    """`terang serve feedback worker` while the block runs, and a client of its health."""
    port = free_port()
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "DATABASE_URL_FEEDBACK": dsn,
        "TERANG_PROVINCE": "99",
        "TERANG_ISSUER": "http://test",
        "TERANG_AUDIENCE": "terang",
        "TERANG_PROVINCE_KEY": DEMO_PROVINCE_KEY,
    }
    child = subprocess.Popen(
        [TERANG, "serve", "feedback", "worker", "--port", str(port)],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
            yield http
    finally:
        child.terminate()
        child.wait(20)


async def metric(http: httpx.Client, line: str) -> None:
    """Returns when the worker's metrics have this line."""
    async with asyncio.timeout(30):
        while True:
            try:
                if line in http.get("/metrics").text:
                    return
            except httpx.HTTPError:  # not there yet
                pass
            await asyncio.sleep(0.1)


async def test_a_worker_that_stopped_itself_is_not_in_the_way(
    servers: Servers, yesterday: str
) -> None:
    """It names the command, which runs though it still sits there; started again it leads."""
    with feedback_worker(yesterday, servers.bootstrap) as http:
        await metric(http, 'terang_stopped{reason="outbox"} 1.0')
        ready = http.get("/ready")
        assert ready.status_code == 503
        assert (
            "holds number 2, but only 1 were given. Remedy: terang recover feedback" in ready.text
        )
        done = await asyncio.to_thread(recover, yesterday, servers.bootstrap, "--yes")
        assert done.returncode == 0, done.stderr
        assert http.get("/live").status_code == 200
    with feedback_worker(yesterday, servers.bootstrap) as http:
        await metric(http, "terang_relay_leading 1.0")
        assert 'terang_stopped{reason="outbox"} 0.0' in http.get("/metrics").text


async def test_it_refuses_while_a_worker_is_connected(servers: Servers, yesterday: str) -> None:
    """Exit status 1; the one that is connected is named, with what to do."""
    worker = await asyncpg.connect(
        yesterday, server_settings={"application_name": "terang-feedback-api"}
    )
    try:
        refused = await asyncio.to_thread(recover, yesterday, servers.bootstrap, "--yes")
    finally:
        await worker.close()
    assert refused.returncode == 1
    assert "terang-feedback-api" in refused.stderr
    assert "stop every api and worker of feedback" in refused.stderr


def test_it_says_which_setting_is_missing() -> None:
    """Exit status 2 and the names."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TERANG_PROVINCE", "KAFKA_", "DATABASE_URL"))
    }
    ran = subprocess.run(
        [TERANG, "recover", "feedback"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 2
    assert "TERANG_PROVINCE, KAFKA_BOOTSTRAP_SERVERS, DATABASE_URL_FEEDBACK not set" in ran.stderr
