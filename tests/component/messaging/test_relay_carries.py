"""One relay, a real Kafka and a real PostgreSQL, nothing failing.

What arrives, in which order, and what is kept.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.messaging import relay
from shared.messaging.failures import OperatorNeeded
from shared.messaging.one_try_producer import BATCH_BYTES
from shared.messaging.outbox import Row, Statement, partition_of
from shared.messaging.relay import Relay
from tests.fault.test_relay_logs import recovered
from tests.servers import Servers
from tests.small_service import NOON, Small, StepTaken, new, outbox

NewSmall = Callable[..., Awaitable[Small]]


@pytest.fixture
async def new_small(servers: Servers, request: pytest.FixtureRequest) -> NewSmall:
    """`await new_small()`: the small service with a database and a topic of its own."""
    return lambda partitions=3: new(servers, request.node.name, partitions)


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[asyncio.Task[None]]:
    """The relay at work while the block runs; a failure of it fails the block."""
    task = asyncio.create_task(relay.run())
    try:
        yield task
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_everything_arrives_once_in_order_with_dense_numbers(new_small: NewSmall) -> None:
    """Rows committed before and while the relay runs.

    Numbers dense from 1 in each partition, each path in its order, no repeat.
    """
    small = await new_small()
    await small.walk(3000, paths=40)
    async with running(small.relay()):
        await small.drained()
        for _ in range(20):
            await small.walk(7, paths=40)
        await small.drained()
    await small.check_effect(repeats_allowed=False)


async def test_a_record_stands_where_its_key_belongs(new_small: NewSmall) -> None:
    """The partition is the one that Kafka's partitioner gives the key.

    An independent producer agrees.
    """
    small = await new_small(partitions=12)
    await small.walk(30, paths=30)
    async with running(small.relay()):
        await small.drained()
    producer = AIOKafkaProducer(bootstrap_servers=small.bootstrap)
    await producer.start()
    try:
        for record in await small.log():
            assert record.partition == partition_of(record.key, 12)
            theirs = await producer.send_and_wait(small.topic, b"{}", key=record.key)
            assert theirs.partition == record.partition
    finally:
        await producer.stop()


async def test_two_transactions_on_one_aggregate_keep_its_order(new_small: NewSmall) -> None:
    """Writers are numbered in the order in which they held the aggregate's lock.

    They lock it first and append last.
    """
    small = await new_small()
    pool = await asyncpg.create_pool(small.dsn, min_size=8, max_size=8)
    await pool.execute("CREATE TABLE path (name text PRIMARY KEY, steps int NOT NULL)")
    await pool.execute("INSERT INTO path SELECT 'path-' || n, 0 FROM generate_series(0, 4) AS n")
    way_out = outbox(small.topic, 3)

    async def step(path: str) -> None:
        async with pool.acquire() as connection, connection.transaction():
            n = await connection.fetchval(
                "UPDATE path SET steps = steps + 1 WHERE name = $1 RETURNING steps", path
            )
            small.stated += await way_out.append(
                connection, [Statement(StepTaken(path=path, n=n), NOON)]
            )

    async with running(small.relay()):
        await asyncio.gather(*(step(f"path-{turn % 5}") for turn in range(400)))
        await small.drained()
    await pool.close()
    await small.check_effect(repeats_allowed=False)


async def test_large_records_go_alone_and_in_turn(new_small: NewSmall) -> None:
    """A record larger than a batch goes in a batch of its own; its neighbours keep their order."""
    small = await new_small(partitions=1)
    for size in (10, BATCH_BYTES + 1, 10, BATCH_BYTES - 100, BATCH_BYTES - 100, 10):
        await small.walk(1, paths=1, note="x" * size)
    async with running(small.relay()):
        await small.drained()
    await small.check_effect(repeats_allowed=False)


async def test_a_row_appended_to_an_idle_relay_leaves_at_once(
    new_small: NewSmall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notification wakes a relay that would not look again by itself for an hour."""
    small = await new_small()
    async with running(small.relay()):
        await small.walk(1)
        await small.drained()
        monkeypatch.setattr(relay, "POLL_SECONDS", 3600.0)
        await asyncio.sleep(1)  # the look that it is at now is over
        for _ in range(10):
            await small.walk(1)
            await small.drained()


async def test_one_of_two_leads_and_the_other_takes_over(new_small: NewSmall) -> None:
    """Of two relays one leads; when it ends, the other does; nothing is lost or repeated."""
    small = await new_small()
    first, second = small.relay(), small.relay()
    async with running(second):
        async with running(first):
            await small.walk(50)
            await small.drained()
            assert Counter([first.leading, second.leading]) == {True: 1, False: 1}
        await small.walk(50)
        await small.drained()
        assert second.leading
    await small.check_effect(repeats_allowed=False)


async def test_published_rows_are_removed_when_their_time_is_over(
    new_small: NewSmall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A published row past its time goes, a younger one stays, and counting goes on."""
    monkeypatch.setattr("shared.messaging.relay.UPKEEP_SECONDS", 0.1)
    small = await new_small()
    await small.walk(2500)
    async with running(small.relay()):
        await small.drained()
        await small.rows("UPDATE messaging.outbox SET numbered_at = now() - interval '8 days'")
        await small.walk(10)
        async with asyncio.timeout(10):
            while (await small.rows("SELECT count(*) FROM messaging.outbox"))[0][0] > 10:
                await asyncio.sleep(0.05)
    async with running(small.relay()):
        await small.walk(10)
        await small.drained()
    await small.check_effect(repeats_allowed=False)


async def test_a_topic_with_another_number_of_partitions_stops_the_relay(
    new_small: NewSmall, servers: Servers
) -> None:
    """Keys were placed by another count: one aggregate's events would go two ways.

    Made anew with the right count and recovered, it takes all.
    """
    small = await new_small(partitions=3)
    small.partitions = 12
    await small.walk(1)
    with pytest.raises(OperatorNeeded, match="3 partitions") as stopped:
        await asyncio.wait_for(small.relay().run(), 20)
    assert stopped.value.remedy == (
        "make the topic anew with 12 partitions, then terang recover small"
    )
    await servers.fresh_topics(small.topic, partitions=12)
    await recovered(small)
    async with running(small.relay()):
        await small.drained()
    await small.check_effect(repeats_allowed=False)


async def test_a_topic_that_takes_less_than_a_row_stops_the_relay(new_small: NewSmall) -> None:
    """A record that Kafka refuses as too large needs an operator, who raises the limit.

    Tried again it would be refused again, and hold up its partition. Once it is raised, all is
    carried.
    """
    small = await new_small()
    await limited(small, 2_000)
    await small.walk(1, note="x" * 3000)
    with pytest.raises(OperatorNeeded, match="too large") as stopped:
        await asyncio.wait_for(small.relay().run(), 20)
    assert f"max.message.bytes of {small.topic}" in stopped.value.remedy
    await limited(small, 1_000_000)
    async with running(small.relay()):
        await small.drained()
    await small.check_effect(repeats_allowed=False)


async def limited(small: Small, most: int) -> None:
    """The topic takes batches of so many bytes at most."""
    admin = AIOKafkaAdminClient(bootstrap_servers=small.bootstrap)
    await admin.start()
    try:
        await admin.alter_configs(
            [
                ConfigResource(
                    ConfigResourceType.TOPIC, small.topic, {"max.message.bytes": str(most)}
                )
            ]
        )
    finally:
        await admin.close()


async def test_a_missing_topic_is_waited_for(new_small: NewSmall, servers: Servers) -> None:
    """The relay starts before `terang topics` has run.

    It waits, and carries when the topic is there.
    """
    small = await new_small()
    small.topic = f"{small.topic}.late"
    await small.walk(10)
    async with running(small.relay()) as task:
        await asyncio.sleep(1)
        assert not task.done()
        await servers.fresh_topics(small.topic, partitions=3)
        await small.drained()
    await small.check_effect(repeats_allowed=False)


async def test_rows_for_a_topic_that_this_version_does_not_write_stop_it(
    new_small: NewSmall, servers: Servers
) -> None:
    """A newer version's rows must not be passed over by an older one that was started again.

    The newer one, started again, carries them.
    """
    small = await new_small()
    connection = await asyncpg.connect(small.dsn)
    await outbox("small.newer", 3).append_rows(
        connection, [Row("small.newer", 0, b"k", uuid4(), "terang.StepTaken", (), b"{}")]
    )
    await connection.close()
    with pytest.raises(OperatorNeeded, match=r"small\.newer") as stopped:
        await asyncio.wait_for(small.relay().run(), 20)
    assert stopped.value.remedy == "start the version that wrote them, or a newer one"
    await servers.fresh_topics("small.newer", partitions=3)
    newer = Relay(
        dsn=small.dsn,
        bootstrap_servers=small.bootstrap,
        service="small",
        partitions={small.topic: small.partitions, "small.newer": 3},
        origins=small.origins,
    )
    async with running(newer):
        await small.drained()
