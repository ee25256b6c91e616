"""`terang ignore feedback` against a record that feedback never wrote, as an operator runs it."""

import asyncio
import os
import re
import subprocess
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaProducer

from shared.messaging.outbox import partition_of
from shared.settings import DEMO_PROVINCE_KEY
from tests.component.messaging.test_recover_command import (
    PARTITIONS,
    SOURCE,
    TERANG,
    feedback_worker,
    metric,
    publish,
    row,
)
from tests.servers import Servers

DATA = b'{"words":"a stranger\'s"}'


async def forge(servers: Servers, sequence: int) -> str:
    """Writes an event of feedback that feedback never stated; returns its id."""
    event_id = str(uuid4())
    said = {
        "ce_id": event_id,
        "ce_source": SOURCE,
        "ce_type": "terang.UnitFlagged",
        "ce_subject": "unit-1\x1b[2J",
        "ce_sequence": str(sequence),
    }
    headers = [(name, text.encode()) for name, text in said.items()]
    producer = AIOKafkaProducer(bootstrap_servers=servers.bootstrap)
    await producer.start()
    try:
        await producer.send_and_wait(
            "terang.feedback", DATA, partition=partition_of(b"unit-1", 12), headers=headers
        )
    finally:
        await producer.stop()
    return event_id


def terang(command: list[str], servers: Servers, dsn: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap,
        "DATABASE_URL_FEEDBACK": dsn,
        "TERANG_PROVINCE": "99",
        "TERANG_ISSUER": "http://test",
        "TERANG_AUDIENCE": "terang",
        "TERANG_PROVINCE_KEY": DEMO_PROVINCE_KEY,
    }
    return subprocess.run(
        [TERANG, *command[1:]],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


async def test_the_command_that_a_stop_names_lets_the_worker_go_on(servers: Servers) -> None:
    """Without --yes it shows headers, no data, and changes nothing; with it the relay leads."""
    await servers.fresh_topics(*PARTITIONS)
    dsn = servers.service_database("feedback")
    await publish(dsn, servers.bootstrap, row("unit-1"))
    event_id = await forge(servers, 2)
    with feedback_worker(dsn, servers.bootstrap) as http:
        await metric(http, 'terang_stopped{reason="outbox"} 1.0')
        named = re.search(r"`(terang ignore [^`]+)`", http.get("/ready").text)
        assert named is not None
    command = [*named[1].split(), "--who", "the operator on duty"]

    dry = await asyncio.to_thread(terang, command, servers, dsn)
    assert dry.returncode == 0, dry.stderr
    assert f"number 2, event {event_id}" in dry.stdout
    assert "  ce_subject: unit-1\\x1b[2J" in dry.stdout
    assert "stranger" not in dry.stdout
    assert "That was a dry run" in dry.stdout
    done = await asyncio.to_thread(terang, [*command, "--yes"], servers, dsn)
    assert done.returncode == 0, done.stderr
    assert "It has had no effect here. Start the worker of feedback again." in done.stdout

    connection = await asyncpg.connect(dsn)
    (kept,) = await connection.fetch("SELECT * FROM messaging.ignored_record")
    assert (str(kept["event_id"]), kept["sequence"]) == (event_id, 2)
    assert (kept["reason"], kept["who"]) == ("TEXT", "the operator on duty")
    await connection.close()
    await publish(dsn, servers.bootstrap, row("unit-1/later"))
    with feedback_worker(dsn, servers.bootstrap) as http:
        await metric(http, "terang_relay_leading 1.0")

    again = await asyncio.to_thread(terang, [*command, "--yes"], servers, dsn)
    assert again.returncode == 1
    assert "holds no event at offset 1 that counts here" in again.stderr


async def test_it_refuses_what_it_cannot_read(servers: Servers) -> None:
    """Exit status 2 for a place that is none, and for an end before the start."""
    for words in (["terang.feedback", "5"], ["terang.feedback/0", "5", "--through", "4"]):
        command = ["terang", "ignore", "feedback", *words]
        command += ["--event-id", str(uuid4()), "--reason", "x"]
        refused = await asyncio.to_thread(terang, command, servers, "postgresql://nowhere")
        assert refused.returncode == 2
        assert "say TOPIC/PARTITION" in refused.stderr
