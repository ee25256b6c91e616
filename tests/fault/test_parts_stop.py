"""What stops where going on would be wrong: the part that met it, or all of a worker.

And what a worker says of itself while a server is away at its start.
"""

import asyncio
import contextlib
import time

import asyncpg
import pytest

from shared.messaging.failures import Cause, OperatorNeeded
from shared.messaging.recovery import refuse_if_running
from tests.fault.tally import BEATS, Added, Stage, exactly_once

OF_ANOTHER_VERSION = """
INSERT INTO messaging.outbox (topic, partition, key, event_id, type, headers, data)
VALUES ('test.later', 0, 'key', gen_random_uuid(), 'test.Later', '', '{}')
"""
YESTERDAY = "TRUNCATE messaging.outbox, messaging.outbox_partitions"
COUNT_BEATS = "SELECT count(*) FROM beat"
COUNT_SENT = "SELECT coalesce(sum(acknowledged), 0) FROM messaging.outbox_partitions"


async def rises(stage: Stage, query: str, above: int, seconds: float = 30) -> None:
    """Returns when what is counted is above that."""
    deadline = time.monotonic() + seconds
    while (await stage.fetch(query))[0][0] <= above:
        assert time.monotonic() < deadline, stage.outputs()
        await asyncio.sleep(0.05)


async def nobody_else_is_connected(stage: Stage) -> None:
    """PostgreSQL takes a moment to end a session whose connection was closed."""
    connection = await asyncpg.connect(stage.database)
    try:
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(OperatorNeeded):
                    await refuse_if_running(connection, "tally")
                    return
                await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def test_a_stopped_consumer_stops_neither_relay_nor_duties(stage: Stage) -> None:
    """With an event missing on the log, what was decided before still goes out, duties run on."""
    await stage.fetch_script(BEATS)
    worker = stage.worker(beats=True)
    await stage.log.say([Added(key="key-0", n=1)])
    await stage.drained()
    stage.log.record(Added(key="key-0", n=1))  # never written
    await stage.log.say([Added(key="key-0", n=1)])
    said = await worker.stands_still("gap")
    assert said.startswith("stopped (gap), consumer: ")
    assert await worker.metric('terang_part_stopped{part="consumer"}') == 1
    assert await worker.metric('terang_part_stopped{part="relay"}') == 0
    before = (await stage.fetch(COUNT_SENT))[0][0]
    await stage.state_noticed("key-1")
    await rises(stage, COUNT_SENT, before)
    await rises(stage, COUNT_BEATS, (await stage.fetch(COUNT_BEATS))[0][0])
    assert worker.process.poll() is None


async def test_a_stopped_relay_does_not_stop_the_consumer(stage: Stage) -> None:
    """With a record for a topic that this version doesn't write, events still take effect."""
    worker = stage.worker()
    await stage.log.add(10)
    await stage.drained()
    await stage.fetch_script(OF_ANOTHER_VERSION)
    said = await worker.stands_still("topic")
    assert said.startswith("stopped (topic), relay: ")
    assert "start the version that wrote them" in said
    await stage.log.add(20)
    exactly_once(stage.log.sent, await stage.drained())


async def test_a_database_of_yesterday_stops_all_of_a_worker(stage: Stage) -> None:
    """Where the own log is ahead of the outbox nothing goes on, and nothing is connected.

    So `terang recover` finds nobody there. No duty has run before, by what the database says.
    """
    worker = stage.worker()
    await worker.ready()
    await stage.state_noticed("key-1")
    await rises(stage, COUNT_SENT, 0)
    worker.kill()
    await stage.fetch_script(YESTERDAY + ";" + BEATS)
    worker = stage.worker(beats=True)
    said = await worker.stands_still("outbox")
    assert said.startswith("stopped (outbox), worker: ")
    await nobody_else_is_connected(stage)
    assert (await stage.fetch(COUNT_BEATS))[0][0] == 0


def test_which_stops_stop_all() -> None:
    """What concerns one log stops the part that reads or writes it; the rest stops all."""
    assert {cause for cause in Cause if cause.stops_all} == {Cause.OUTBOX, Cause.OTHER}


@pytest.mark.parametrize("server", ["Kafka", "PostgreSQL"])
async def test_a_worker_lives_while_a_server_is_away_at_its_start(
    stage: Stage, server: str
) -> None:
    """/live is 200 all the time, /ready says which server is missing, where, without a password."""
    servers = stage.servers
    stop, start = {
        "Kafka": (servers.stop_kafka, servers.start_kafka),
        "PostgreSQL": (servers.stop_postgres, servers.start_postgres),
    }[server]
    await stop()
    try:
        worker = stage.worker()
        said = await worker.says_missing(server)
        place = servers.bootstrap if server == "Kafka" else stage.database.rpartition("@")[2]
        assert f"{server} at {place}" in said
        assert stage.database.partition("@")[0] not in said + worker.output()
    finally:
        await start()
    await worker.ready(60)
