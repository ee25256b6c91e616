"""The sides of ranking's benches, each a process of its own: `python -m tests.bench.ranking.sides
SIDE JSON` prints its figure as JSON.

`drain` is the worker's consumer; `single` what one writes first with FastStream, an event and a
transaction at a time, with the same effects; `bare` the same batches with neither Kafka nor
decoding; `rebuild` is `terang rebuild`.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from services.ranking.settings import Settings
from shared.clock import utc_now
from shared.contracts.exams import ExamScored
from shared.messaging.consumer import BATCH_RECORDS, FETCH_BYTES, Consumer
from shared.messaging.envelope import Event
from shared.messaging.origins import Origins, RecordReader
from shared.messaging.outages import Servers
from shared.messaging.plan import make_plan
from shared.messaging.position import Position
from shared.messaging.positions import lock_positions, move_positions
from shared.messaging.rebuild import rebuild
from shared.messaging.rebuild_processes import helper_processes, processors
from shared.messaging.rebuild_share import Projections
from shared.messaging.subscription import Subscription
from shared.postgres.pool import Connection, create_pool
from shared.service_outbox import outbox
from shared.settings import DEMO_PROVINCE_KEY
from tests.bench.ranking.scene import PARTITIONS, sources, subscriptions_to

SECONDS = 600
READ = "SELECT coalesce(sum(next_offset), 0)::bigint FROM messaging.position WHERE topic = ANY ($1)"


def settings(bootstrap: str, database: str) -> Settings:
    return Settings.model_validate(
        {
            "TERANG_PROVINCE": "99",
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "DATABASE_URL": database,
            "TERANG_ISSUER": "http://bench",
            "TERANG_AUDIENCE": "terang",
            "TERANG_PROVINCE_KEY": DEMO_PROVINCE_KEY,
        }
    )


class Watch:
    """Starts when a use case is first called."""

    def __init__(self) -> None:
        self.began = 0.0
        self.cpu = 0.0

    def on(self, subscriptions: list[Subscription]) -> list[Subscription]:
        return [
            Subscription(
                subscription.contract,
                *(self._started(use_case) for use_case in subscription.use_cases),
                derived=subscription.derived,
            )
            for subscription in subscriptions
        ]

    def _started(self, use_case: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def started(connection: Connection, events: list[Event[Any]]) -> Any:
            if not self.began:
                self.began, self.cpu = time.perf_counter(), time.process_time()
            return await use_case(connection, events)

        return started

    def said(self) -> dict[str, float]:
        return {"seconds": time.perf_counter() - self.began, "cpu": time.process_time() - self.cpu}


async def drain(
    bootstrap: str, database: str, prefix: str, events: int, every: bool
) -> dict[str, float]:
    """Until all has taken effect: ExamScored alone, or all that ranking hears."""
    watch = Watch()
    subscriptions = subscriptions_to(prefix) if every else subscriptions_to(prefix, ExamScored)
    pool = await create_pool(database, application="bench", size=4)
    consumer = Consumer(
        service=f"bench-{uuid4().hex}",
        member="bench",
        bootstrap_servers=bootstrap,
        servers=Servers.of(database, bootstrap),
        pool=pool,
        subscriptions=watch.on(subscriptions),
        outbox=outbox("ranking", settings(bootstrap, database)),
        origins=Origins(sources(prefix)),
        clock=utc_now,
        check_seconds=60,
        session_seconds=10,
    )
    running = asyncio.create_task(consumer.run())
    names = sorted({one.contract.topic for one in subscriptions})
    async with asyncio.timeout(SECONDS):
        while await pool.fetchval(READ, names) < events:
            if running.done():
                running.result()
            await asyncio.sleep(0.02)
    said = watch.said()
    running.cancel()
    await asyncio.wait([running])
    await pool.close()
    return said


async def single(bootstrap: str, database: str, prefix: str, events: int) -> dict[str, float]:
    """The first so many events, one by one."""
    [subscription] = subscriptions_to(prefix, ExamScored)
    pool = await create_pool(database, application="bench", size=1)
    broker = KafkaBroker(bootstrap, logger=None)
    done, began = 0, 0.0
    over = asyncio.Event()

    @broker.subscriber(
        subscription.contract.topic,
        group_id=f"bench-{uuid4().hex}",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.ACK,
    )
    async def score(data: ExamScored) -> None:
        nonlocal done, began
        began = began or time.perf_counter()
        event: Event[Any] = Event(
            uuid4(), "ExamScored", "", "", utc_now(), done + 1, "", 0, done, None, data
        )
        async with pool.acquire() as connection, connection.transaction():
            await subscription.take(connection, [event])
        done += 1
        if done == events:
            over.set()

    async with asyncio.timeout(SECONDS), broker:
        await broker.start()
        await over.wait()
        seconds = time.perf_counter() - began
    await pool.close()
    return {"seconds": seconds}


async def bare(bootstrap: str, database: str, prefix: str, events: int) -> dict[str, float]:
    """The same batches, read and decoded before the clock starts: positions and effects, a
    transaction each.
    """
    [subscription] = subscriptions_to(prefix, ExamScored)
    topic = subscription.contract.topic
    positions = {
        TopicPartition(topic, number): Position(TopicPartition(topic, number))
        for number in range(PARTITIONS)
    }
    reader = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    await reader.start()
    reader.assign(list(positions))
    plans = []
    headers = RecordReader(Origins(sources(prefix)))
    read = 0
    while read < events:
        found = await reader.getmany(timeout_ms=1000, max_records=BATCH_RECORDS)
        batch = [headers.read(record) for records in found.values() for record in records]
        if batch:
            before = dict(positions)
            plan = make_plan(
                positions, batch, {subscription.contract.type: subscription}, service="bench"
            )
            positions.update((end.partition, end) for end in plan.ends)
            plans.append((before, plan))
            read += len(batch)
    await reader.stop()
    pool = await create_pool(database, application="bench", size=1)
    async with pool.acquire() as connection:
        await connection.executemany(
            "INSERT INTO messaging.position (topic, partition) VALUES ($1, $2)",
            [tuple(partition) for partition in positions],
        )
    began, cpu = time.perf_counter(), time.process_time()
    for before, plan in plans:
        async with pool.acquire() as connection, connection.transaction():
            await lock_positions(connection, [end.partition for end in plan.ends])
            await move_positions(connection, before, plan.ends)
            for _, run in plan.calls:
                await subscription.take(connection, run)
    said = {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "batches": float(len(plans)),
    }
    await pool.close()
    return said


def rebuilt(bootstrap: str, database: str, prefix: str) -> dict[str, float]:
    """Everything made anew from the whole log, up to the swap, as `terang rebuild` does it."""
    anew = Projections(
        service="ranking",
        connect=lambda: create_pool(database, application="bench", size=2),
        outbox=outbox("ranking", settings(bootstrap, database)),
        origins=Origins(sources(prefix)),
        subscriptions=lambda _: subscriptions_to(prefix),
        bootstrap_servers=bootstrap,
    )
    began, cpu = time.perf_counter(), time.process_time()
    with helper_processes(anew, processors() - 1) as helpers:
        done = asyncio.run(rebuild(anew, helpers))
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "cpu": time.process_time() - cpu, "events": float(done.events)}


SIDES: dict[str, Callable[..., Any]] = {
    "drain": lambda **arguments: asyncio.run(drain(**arguments)),
    "single": lambda **arguments: asyncio.run(single(**arguments)),
    "bare": lambda **arguments: asyncio.run(bare(**arguments)),
    "rebuild": rebuilt,
}

if __name__ == "__main__":
    _, side, arguments = sys.argv
    print(json.dumps(SIDES[side](**json.loads(arguments))))
