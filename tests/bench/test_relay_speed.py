"""How fast one relay carries rows, beside what the same producer does with no database: a ratio,
since machines differ. Nothing is asserted on time.
"""

import asyncio
import os
import time
from typing import Any

from aiokafka import AIOKafkaProducer

from shared.messaging.outbox import headers_from_text
from tests.servers import Servers
from tests.small_service import Small, new

ROWS = 200_000 if os.environ.get("TERANG_TEST_SIZE") == "full" else 4_000

NOTE = "x" * 300  # with headers, a record of some 700 bytes, as an ExamScored is


async def test_rows_a_second_through_the_relay(servers: Servers) -> None:
    """All rows are appended first; then the time from the relay's lead to the last mark, and the
    same bytes sent by a bare producer.
    """
    small = await new(servers, "bench-relay", partitions=12)
    for _ in range(0, ROWS, 20_000):
        await small.walk(min(ROWS, 20_000), paths=200, note=NOTE)
    relay = small.relay()
    task = asyncio.create_task(relay.run())
    while not relay.leading:
        await asyncio.sleep(0.005)
    began = time.perf_counter()
    while await acknowledged(small) < ROWS:
        assert not task.done()
        await asyncio.sleep(0.05)
    relayed = time.perf_counter() - began
    task.cancel()
    await asyncio.wait([task])
    assert len(await small.log()) == ROWS

    bare = await bare_seconds(small)
    print(
        f"\nrelay: {ROWS / relayed:,.0f} rows/s on one connection;"
        f" bare idempotent producer, same batches: {ROWS / bare:,.0f} rows/s; "
        f"ratio {bare / relayed:.2f}"
    )


async def acknowledged(small: Small) -> int:
    (row,) = await small.rows(
        "SELECT coalesce(sum(acknowledged), 0)::bigint FROM messaging.outbox_partitions"
    )
    count: int = row[0]
    return count


async def bare_seconds(small: Small) -> float:
    """Seconds for the same records through a producer alone, one batch a partition at a time,
    headers made as the relay makes them.
    """
    rows = await small.rows("SELECT * FROM messaging.outbox ORDER BY topic, partition, sequence")
    by_partition: dict[int, list[Any]] = {}
    for row in rows:
        by_partition.setdefault(row["partition"], []).append(row)
    producer = AIOKafkaProducer(
        bootstrap_servers=small.bootstrap,
        acks="all",
        enable_idempotence=True,
        max_batch_size=500_000,
    )
    await producer.start()

    async def send_partition(partition: int, waiting: list[Any]) -> None:
        done = 0
        while done < len(waiting):
            batch = producer.create_batch()
            while done < len(waiting):
                row = waiting[done]
                headers = headers_from_text(row["headers"])
                if (
                    batch.append(timestamp=None, key=row["key"], value=row["data"], headers=headers)
                    is None
                ):
                    break
                done += 1
            await (await producer.send_batch(batch, small.topic, partition=partition))

    began = time.perf_counter()
    await asyncio.gather(
        *(send_partition(partition, waiting) for partition, waiting in by_partition.items())
    )
    spent = time.perf_counter() - began
    await producer.stop()
    return spent
