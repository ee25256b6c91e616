"""How much a worker says of an outage: which server, how it fails, and when it is back."""

import asyncio
import os
from collections.abc import Awaitable, Callable

import pytest

from tests.fault.tally import Child, Stage, exactly_once

AWAY_SECONDS = float(os.environ.get("TERANG_TEST_AWAY_SECONDS", "12"))
MOST_LINES = 30
"""Of a worker, however long the outage is; each minute more adds a line for each of its parts."""


async def lines_of_an_outage(
    stage: Stage,
    worker: Child,
    stop: Callable[[], Awaitable[None]],
    start: Callable[[], Awaitable[None]],
) -> list[str]:
    """What the worker printed while a server was away, and until it is ready again."""
    await worker.ready()
    before = len(worker.lines())
    await stop()
    await asyncio.sleep(AWAY_SECONDS)
    await start()
    await stage.log.add(20)
    exactly_once(stage.log.sent, await stage.drained(seconds=90))
    await worker.ready(60)
    return worker.lines()[before:]


@pytest.mark.parametrize("server", ["kafka", "postgres"])
async def test_an_outage_is_told_in_few_lines(stage: Stage, server: str) -> None:
    """A line says which server is away, where, and how it failed; a line, that it is back."""
    await stage.log.add(20)
    worker = stage.worker()
    servers = stage.servers
    stop, start = {
        "kafka": (servers.stop_kafka, servers.start_kafka),
        "postgres": (servers.stop_postgres, servers.start_postgres),
    }[server]
    lines = await lines_of_an_outage(stage, worker, stop, start)
    text = "\n".join(lines)
    print(f"\n{server} away for {AWAY_SECONDS} s: {len(lines)} lines\n{text}")
    assert len(lines) <= MOST_LINES
    user, _, place = stage.database.rpartition("@")
    assert (
        f"Kafka at {servers.bootstrap}" if server == "kafka" else f"PostgreSQL at {place}"
    ) in text
    assert user not in text
    assert '"goes on"' in text
