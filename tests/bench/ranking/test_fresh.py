"""How soon a result on Kafka is to be seen in the live standings, on an exam day and after the
worker was killed.
"""

import asyncio
import bisect
import contextlib
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder

from deploy.local.ports import free_port
from shared.contracts.catalogue import written_by
from shared.contracts.fields import Fact
from shared.settings import DEMO_PROVINCE_KEY
from tests.bench.measure import FULL, TIMES, Report, percentile
from tests.bench.ranking.scene import PARTITIONS, Log, Scene, records, scene
from tests.bench.ranking.test_drain import side
from tests.servers import Servers

TERANG = Path(sys.executable).with_name("terang")
CANDIDATES = 150_000 if FULL else 300
VACANCIES = 2_000 if FULL else 10
MEASURED = 30_000 if FULL else 200
"""Candidates whose results come at the drain's own speed first; those of the others then come at a
third of it."""
LEAD_IN = 5 if FULL else 0.5
"""Seconds for which they come before what is measured: a worker just started, and a database whose
pages nobody has touched, are not an exam day."""
SECONDS = 15 if FULL else 1.5
"""For which they come then."""
MANY = 300_000 if FULL else 300
KILLS = 20 if FULL else 1
TICK = 0.01
"""Seconds between looks at what is to be seen; what comes in one such time is sent together."""


@contextmanager
def working(servers: Servers, database: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process, as operators start it, until the block ends."""
    environment = {
        "PATH": os.environ["PATH"],
        "TERANG_PROVINCE": "99",
        "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap,
        "DATABASE_URL_RANKING": database,
        "TERANG_ISSUER": "http://bench",
        "TERANG_AUDIENCE": "terang",
        "TERANG_PROVINCE_KEY": DEMO_PROVINCE_KEY,
    }
    command = [str(TERANG), "serve", "ranking", "worker", "--port", str(free_port())]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Seen:
    """Looks at how far the effects of each partition are to be seen; effects and positions are
    committed together.
    """

    def __init__(self, database: str, topic: str) -> None:
        self._database = database
        self._topic = topic
        self.at: dict[int, list[tuple[int, float]]] = defaultdict(lambda: [(0, 0.0)])

    async def look(self) -> None:
        connection = await asyncpg.connect(self._database)
        while True:
            rows = await connection.fetch(
                "SELECT partition, next_offset FROM messaging.position WHERE topic = $1",
                self._topic,
            )
            now = time.perf_counter()
            for partition, offset in rows:
                if self.at[partition][-1][0] < offset:
                    self.at[partition].append((offset, now))
            await asyncio.sleep(TICK)

    def when(self, partition: int, offset: int) -> float | None:
        """When the record's effect was first seen."""
        seen = self.at[partition]
        index = bisect.bisect_right(seen, offset, key=lambda one: one[0])
        return seen[index][1] if index < len(seen) else None

    async def wait(self, partition: int, offset: int, seconds: float = 120) -> float:
        deadline = time.perf_counter() + seconds
        while (at := self.when(partition, offset)) is None:
            assert time.perf_counter() < deadline, "the result was never to be seen"
            await asyncio.sleep(TICK)
        return at


@contextlib.asynccontextmanager
async def looking(database: str, topic: str) -> AsyncIterator[Seen]:
    seen = Seen(database, topic)
    task = asyncio.create_task(seen.look())
    yield seen
    assert not task.done()
    task.cancel()
    await asyncio.wait([task])


async def test_fresh_while_results_come(servers: Servers) -> None:
    """At a third of the rate at which results are drained, measured first: from the broker's word
    that it has each to the first look that shows it.
    """
    report = Report("ranking-fresh")
    p50: list[float] = []
    p99: list[float] = []
    rates: list[float] = []
    for _ in range(TIMES):
        await servers.fresh_topics(*written_by("ranking"))
        day = await scene(servers, "", vacancies=VACANCIES, candidates=CANDIDATES)
        first, later = day.places[:MEASURED], day.places[MEASURED:]
        await day.log.write(await records(day.prefix, day.results(first)))
        said = await side(
            "drain",
            bootstrap=servers.bootstrap,
            database=day.database,
            prefix=day.prefix,
            events=MEASURED,
            every=False,
        )
        rate = min(MEASURED / said["seconds"] / 3, (len(later) - 1) / (LEAD_IN + SECONDS))
        took = await sent_at(rate, day, day.results(later[: int(rate * (LEAD_IN + SECONDS))]))
        rates.append(rate)
        p50.append(statistics.median(took))
        p99.append(percentile(took, 99))
    remark = f"{', '.join(f'{rate:,.0f}' for rate in rates)} results/s"
    report.times("result on Kafka to live standings, p99", p99, "p50", p50, 8, remark)
    report.limit("result on Kafka to live standings, p99", p99, 150, remark)
    report.save()


async def sent_at(rate: float, day: Scene, facts: list[Fact]) -> list[float]:
    """Milliseconds from the broker's word that it has each one until it is to be seen."""
    rows = await records(day.prefix, facts)
    topic = rows[0].topic
    sent: list[tuple[int, int, float]] = []

    def note(partition: int, offsets: list[int], _: object) -> None:
        now = time.perf_counter()
        sent.extend((partition, offset, now) for offset in offsets)

    with working(servers := day.servers, day.database):
        async with looking(day.database, topic) as seen:
            warm, rows = rows[:1], rows[1:]
            ends = await offsets(servers, topic)
            await day.log.write(warm)
            await seen.wait(warm[0].partition, ends[warm[0].partition])
            ends[warm[0].partition] += 1
            await asyncio.sleep(1)
            producer = await day.log.producer()
            began, done = time.perf_counter(), 0
            while done < len(rows):
                due = min(len(rows), int((time.perf_counter() - began) * rate))
                batches: dict[int, BatchBuilder] = defaultdict(producer.create_batch)
                offsets_of: dict[int, list[int]] = defaultdict(list)
                for row in rows[done:due]:
                    batches[row.partition].append(
                        timestamp=None, key=row.key, value=row.data, headers=day.log.headers(row)
                    )
                    offsets_of[row.partition].append(ends[row.partition])
                    ends[row.partition] += 1
                on_the_log = await asyncio.gather(
                    *(
                        producer.send_batch(batch, topic, partition=partition)
                        for partition, batch in batches.items()
                    )
                )
                for partition, future in zip(batches, on_the_log, strict=True):
                    future.add_done_callback(partial(note, partition, offsets_of[partition]))
                done = max(done, due)
                await asyncio.sleep(TICK)
            await producer.stop()
            measured = sent[int(LEAD_IN * rate) :]
            return [
                (await seen.wait(partition, offset) - at) * 1000
                for partition, offset, at in measured
            ]


async def offsets(servers: Servers, topic: str) -> dict[int, int]:
    """Where each partition ends."""
    reader = AIOKafkaConsumer(bootstrap_servers=servers.bootstrap)
    await reader.start()
    ends = await reader.end_offsets([TopicPartition(topic, number) for number in range(PARTITIONS)])
    await reader.stop()
    return {each.partition: end for each, end in ends.items()}


async def test_fresh_after_a_kill(servers: Servers) -> None:
    """The worker of 300,000 candidates is killed and started again at once; a result that came
    meanwhile is to be seen.
    """
    report = Report("ranking-killed")
    await servers.fresh_topics(*written_by("ranking"))
    day = await scene(servers, "", vacancies=VACANCIES, candidates=MANY)
    facts = day.results(random.Random(4).sample(day.places, KILLS + 1))
    rows = await records(day.prefix, facts)
    ends: dict[int, int] = defaultdict(int)
    took: list[float] = []

    async def until_seen(log: Log, seen: Seen, index: int) -> float:
        row = rows[index]
        await log.write([row])
        at = await seen.wait(row.partition, ends[row.partition])
        ends[row.partition] += 1
        return at

    async with looking(day.database, rows[0].topic) as seen:
        running = contextlib.ExitStack()
        process = running.enter_context(working(servers, day.database))
        await until_seen(day.log, seen, 0)
        for index in range(1, KILLS + 1):
            process.send_signal(signal.SIGKILL)
            began = time.perf_counter()
            running.close()
            process = running.enter_context(working(servers, day.database))
            took.append((await until_seen(day.log, seen, index) - began) * 1000)
        running.close()
    report.limit(
        f"killed and started again, {MANY:,} candidates: first fresh standing, p99 of {KILLS}",
        [percentile(took, 99)],
        2_000,
        f"p50 {statistics.median(took):,.0f} ms, least {min(took):,.0f} ms",
    )
    report.save()
