"""How fast one worker's consumer drains a log into PostgreSQL, beside what the same client only
reads: a ratio, since machines differ.
"""

import asyncio
import os
import time
from collections import Counter, defaultdict
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared.clock import utc_now
from shared.messaging.consumer import BATCH_RECORDS, Consumer
from shared.messaging.envelope import Event
from shared.messaging.outages import Servers
from shared.messaging.subscription import Subscription
from shared.postgres.pool import Connection, create_pool
from tests.fault.conftest import stage
from tests.fault.tally import Added, Stage

__all__ = ["stage"]

EVENTS = 200_000 if os.environ.get("TERANG_TEST_SIZE") == "full" else 4_000


async def add(connection: Connection, events: list[Event[Added]]) -> None:
    """An upsert for the whole batch."""
    sums = Counter[str]()
    for event in events:
        sums[event.data.key] += event.data.n
    await connection.execute(
        "INSERT INTO tally (key, total) SELECT * FROM unnest($1::text[], $2::bigint[])"
        " ON CONFLICT (key) DO UPDATE SET total = tally.total + excluded.total",
        list(sums),
        list(sums.values()),
    )


async def test_events_a_second_into_postgresql(stage: Stage) -> None:
    """From joining the group to the last effect: headers, data, position, one upsert a batch and
    partition. And the same records, read and dropped.
    """
    await write(stage)
    pool = await create_pool(stage.database, application="bench", size=4)
    consumer = Consumer(
        service=stage.catalogue.service,
        member="bench",
        bootstrap_servers=stage.servers.bootstrap,
        servers=Servers.of(stage.database, stage.servers.bootstrap),
        pool=pool,
        subscriptions=[Subscription(stage.catalogue.added, add)],
        outbox=stage.catalogue.outbox(),
        origins=stage.catalogue.origins(),
        clock=utc_now,
        check_seconds=60,
        session_seconds=10,
    )
    task = asyncio.create_task(consumer.run())
    while not consumer.condition.joined:
        assert not task.done()
        await asyncio.sleep(0.005)
    began, cpu, taken = time.perf_counter(), time.process_time(), 0
    while taken < EVENTS:
        await asyncio.sleep(0.05)
        assert not task.done()
        taken = await pool.fetchval("SELECT coalesce(sum(total), 0)::bigint FROM tally")
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    task.cancel()
    await asyncio.wait([task])
    await pool.close()
    rate, bare = EVENTS / seconds, await bare_rate(stage)
    print(
        f"\nconsumer: {rate:,.0f} events/s in one worker"
        f" ({cpu / EVENTS * 1e6:.1f} µs of its processor each);"
        f" the same client, reading alone: {bare:,.0f} records/s; ratio {rate / bare:.2f}"
    )


async def write(stage: Stage) -> None:
    """Fills the topic, in batches made for each partition."""
    by_partition: dict[int, list[Any]] = defaultdict(list)
    for number in range(EVENTS):
        record = stage.log.record(Added(key=f"key-{number % 500}", n=1))
        by_partition[record[1]].append(record)
    producer = AIOKafkaProducer(
        bootstrap_servers=stage.servers.bootstrap,
        acks="all",
        enable_idempotence=True,
        max_batch_size=500_000,
    )
    await producer.start()
    for partition, records in by_partition.items():
        waiting = iter(records)
        following = next(waiting, None)
        while following is not None:
            batch = producer.create_batch()
            while following is not None and batch.append(
                timestamp=None, key=following[2], value=following[3], headers=following[4]
            ):
                following = next(waiting, None)
            await (
                await producer.send_batch(batch, stage.catalogue.added.topic, partition=partition)
            )
    await producer.stop()


async def bare_rate(stage: Stage) -> float:
    """Records a second that the client library reads when nothing is done with them."""
    reader = AIOKafkaConsumer(
        stage.catalogue.added.topic,
        bootstrap_servers=stage.servers.bootstrap,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=2_000_000,
    )
    await reader.start()
    began, read = time.perf_counter(), 0
    while read < EVENTS:
        found = await reader.getmany(timeout_ms=1000, max_records=BATCH_RECORDS)
        read += sum(len(records) for records in found.values())
    seconds = time.perf_counter() - began
    await reader.stop()
    return read / seconds
