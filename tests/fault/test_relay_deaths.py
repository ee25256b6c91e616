"""The relay dies, sleeps or loses its connections between any two instructions.

Nothing is lost, repeated in effect, or swapped.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from shared.messaging.relay import ROUND_ROWS, Relay
from tests.servers import Servers
from tests.small_service import Small, new

NewSmall = Callable[..., Awaitable[Small]]


@pytest.fixture
async def new_small(servers: Servers, request: pytest.FixtureRequest) -> NewSmall:
    """`await new_small()`: the small service with a database and a topic of its own."""
    return lambda partitions=3: new(servers, request.node.name, partitions)


@pytest.fixture(autouse=True)
def small_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Relays in this process take many rounds for a few thousand rows.

    So what happens to them happens in mid flight.
    """
    monkeypatch.setattr("shared.messaging.relay.ROUND_ROWS", 300)


@asynccontextmanager
async def process(small: Small, failpoint: str = "") -> AsyncIterator[asyncio.subprocess.Process]:
    """A process whose relay works for `small`, until the block or a failpoint ends it."""
    environment = {**os.environ, **({"TERANG_FAILPOINT": failpoint} if failpoint else {})}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *(
            "-m",
            "tests.small_service",
            small.dsn,
            small.bootstrap,
            small.topic,
            str(small.partitions),
        ),
        stdout=asyncio.subprocess.PIPE,
        env=environment,
        cwd=Path(__file__).parents[2],
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[asyncio.Task[None]]:
    """The relay at work in this process while the block runs; a failure of it fails the block."""
    task = asyncio.create_task(relay.run())
    try:
        yield task
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.wait([task])


async def stopped(child: asyncio.subprocess.Process, seconds: float = 20) -> None:
    """Waits until the child has stopped itself (SIGSTOP)."""
    async with asyncio.timeout(seconds):
        while psutil.Process(child.pid).status() != psutil.STATUS_STOPPED:
            assert child.returncode is None
            await asyncio.sleep(0.02)


async def end_relays_session(dsn: str) -> None:
    """What a firewall or an operator does.

    The session of whoever leads is gone, and its lock with it.
    """
    connection = await asyncpg.connect(dsn)
    try:
        ended = await connection.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'terang-small-relay'"
        )
        assert ended == 1
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "failpoint",
    [
        "relay.surveyed",
        "relay.took-over",
        "relay.numbering",
        "relay.numbered",
        "relay.sending",
        "relay.batch-acknowledged",
        "relay.batch-acknowledged:2",
        "relay.acknowledged",
        "relay.marked",
        "relay.marked:2",
    ],
)
async def test_killed_between_two_instructions(new_small: NewSmall, failpoint: str) -> None:
    """SIGKILL at the named instant.

    The next leader finds what is on the log, sends the rest, and repeats nothing.
    """
    small = await new_small()
    await small.walk(
        ROUND_ROWS + 100 if failpoint.endswith(":2") else 600, paths=20
    )  # a second time asks for a second round
    async with process(small, failpoint) as child:
        assert await asyncio.wait_for(child.wait(), 20) == -signal.SIGKILL
    await small.walk(100, paths=20)
    async with running(small.relay()):
        await small.drained()
    await small.check_effect(repeats_allowed=False)


@pytest.mark.parametrize("instant", ["numbered", "sending", "acknowledged"])
async def test_a_leader_that_slept_while_another_led(new_small: NewSmall, instant: str) -> None:
    """A leader is stopped, its session ended, and another leads; then it wakes.

    What the sleeper still sends is a repeat and no more.
    """
    small = await new_small()
    await small.walk(300)
    async with process(small, f"relay.{instant}:2:stop") as sleeper:
        await small.drained()
        await small.walk(300)
        await stopped(sleeper)
        await end_relays_session(small.dsn)
        async with running(small.relay()):
            await small.walk(300)
            await small.drained()
            sleeper.send_signal(signal.SIGCONT)
            await asyncio.sleep(0.5)  # time to send what it holds
            await small.walk(300)
            await small.drained()
        await small.walk(300)
        await small.drained()  # by the sleeper, which is the only one left
        assert sleeper.returncode is None
    await small.check_effect()
    repeats = len(await small.log()) - len(small.stated)
    assert repeats == (300 if instant in ("numbered", "sending") else 0)


async def test_the_leaders_session_is_ended_while_it_works(new_small: NewSmall) -> None:
    """The connection is cut again and again under load.

    Each time the relay takes the lead anew, in the same process.
    """
    small = await new_small()
    async with running(small.relay()) as task:
        for _ in range(3):
            await small.walk(3000, paths=30)
            async with asyncio.timeout(10):
                while await small.unsent() > 2900:
                    await asyncio.sleep(0.01)
            await end_relays_session(small.dsn)
        await small.drained()
        assert not task.done()
    await small.check_effect()


async def test_kafka_stops_during_intake(new_small: NewSmall, servers: Servers) -> None:
    """While the broker is away (killed in mid flight, then stopped), statements are committed.

    When it is back they drain in order.
    """
    small = await new_small()
    async with running(small.relay()) as task:
        for end in (servers.kill_kafka, servers.stop_kafka):
            await small.walk(4000, paths=30)
            async with asyncio.timeout(20):
                while await small.unsent() == 4000:
                    await asyncio.sleep(0.01)
            await end()
            await small.walk(200, paths=30)
            assert await small.unsent() >= 200
            await servers.start_kafka()
            await small.drained()
        assert not task.done()
    await small.check_effect()


async def test_postgresql_restarts_under_the_leader(new_small: NewSmall, servers: Servers) -> None:
    """The relay waits for the server and leads again; nothing sent is sent twice in effect."""
    small = await new_small()
    async with running(small.relay()) as task:
        await small.walk(3000, paths=30)
        await servers.stop_postgres()
        await asyncio.sleep(0.5)
        await servers.start_postgres()
        await small.walk(100, paths=30)
        await small.drained()
        assert not task.done()
    await small.check_effect()
