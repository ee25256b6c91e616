"""What an owner counts is compared with what a consumer counts: in metrics, and by two looks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from prometheus_client import REGISTRY

from shared.clock import utc_now
from shared.messaging import outages
from shared.messaging.consumer import Consumer
from shared.messaging.envelope import Event
from shared.messaging.failures import OperatorNeeded
from shared.messaging.reconciliation import (
    Counted,
    Difference,
    Kind,
    count_consumed,
    count_owned,
    differences,
)
from shared.messaging.subscription import Subscription
from shared.postgres.pool import Connection, create_pool
from tests.servers import Servers
from tests.small_service import (
    MIGRATIONS,
    NOON,
    SOURCE,
    OneContract,
    Small,
    StepTaken,
    new,
    outbox,
)

PLACE = {"partition": "0"}
Shown = tuple[float | None, float | None]


async def ignore(_connection: Connection, _events: list[Event[StepTaken]]) -> None:
    """A use case without an effect."""


@dataclass
class Pair:
    """An owner with its topic of one partition, and a consumer with a database of its own."""

    owner: Small
    database: str

    def place(self) -> TopicPartition:
        return TopicPartition(self.owner.topic, 0)

    @asynccontextmanager
    async def consuming(self) -> AsyncIterator["asyncio.Task[Any]"]:
        """The consumer at work, until the block ends or it stops by itself."""
        pool = await create_pool(self.database, application="pair", size=4)
        contract = OneContract(
            StepTaken,
            self.owner.topic,
            attrgetter("path"),
            attrgetter("path"),
            "terang.StepTaken",
        )
        consumer = Consumer(
            service=f"pair-{self.owner.topic}",
            member="pair",
            bootstrap_servers=self.owner.bootstrap,
            pool=pool,
            subscriptions=[Subscription(contract, ignore)],
            outbox=outbox(self.owner.topic, 1),
            origins=self.owner.origins,
            servers=outages.Servers.of(self.database, self.owner.bootstrap),
            clock=utc_now,
            check_seconds=60,
            session_seconds=10,
        )
        task = asyncio.create_task(consumer.run())
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, OperatorNeeded):
                await task
            await pool.close()

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[None]:
        """The owner's relay at work."""
        task = asyncio.create_task(self.owner.relay().run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def stated(self) -> Shown:
        """Number and sum that the owner shows."""
        return self._shown("terang_outbox_events_published", "terang_outbox_checksum")

    def taken(self) -> Shown:
        """Number and sum that the consumer shows."""
        return self._shown("terang_consumer_sequence", "terang_consumer_checksum")

    def _shown(self, number: str, checksum: str) -> Shown:
        labels = {"topic": self.owner.topic} | PLACE
        value = REGISTRY.get_sample_value
        return value(number, labels), value(checksum, labels)

    async def write(self, sequence: int, event_id: UUID) -> None:
        """Puts a record on the log that says of itself what an event of the owner's would."""
        headers = {
            "ce_id": str(event_id),
            "ce_source": SOURCE,
            "ce_type": "terang.StepTaken",
            "ce_subject": "a",
            "ce_time": NOON.isoformat(),
            "ce_sequence": str(sequence),
        }
        producer = AIOKafkaProducer(bootstrap_servers=self.owner.bootstrap)
        await producer.start()
        try:
            await producer.send_and_wait(
                self.owner.topic,
                StepTaken(path="a", n=sequence).model_dump_json().encode(),
                partition=0,
                headers=[(name, value.encode()) for name, value in headers.items()],
            )
        finally:
            await producer.stop()

    async def sums(self, table: str) -> Any:
        """Number and sum in one of the two databases."""
        dsn = self.owner.dsn if table == "outbox_partitions" else self.database
        number = "acknowledged" if table == "outbox_partitions" else "sequence"
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchrow(
                f"SELECT {number}, checksum FROM messaging.{table} WHERE topic = $1",
                self.owner.topic,
            )
        finally:
            await connection.close()

    async def looked(self) -> Counted:
        """What both databases say, the consumer's first."""
        consumer, owner = (
            await asyncpg.connect(self.database),
            await asyncpg.connect(self.owner.dsn),
        )
        try:
            return Counted(await count_consumed(consumer), await count_owned(owner))
        finally:
            await consumer.close()
            await owner.close()

    async def found(self) -> list[Difference]:
        """Where the two don't fit, by two looks while nothing moves."""
        return differences(await self.looked(), await self.looked())


@pytest.fixture
async def pair(servers: Servers) -> Pair:
    """Both new."""
    owner = await new(servers, f"pair-{uuid4().hex[:8]}", partitions=1)
    return Pair(owner, servers.database("pair", MIGRATIONS))


async def until(true: Callable[[], bool | Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while True:
            answer = true()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.1)


def sum_of(event_ids: list[UUID]) -> int:
    """The oracle's own way to count."""
    return sum(int(str(event_id)[-12:], 16) for event_id in event_ids) % 2**48


async def test_both_sides_show_the_same_number_and_sum(pair: Pair) -> None:
    """A record that stands twice on the log changes neither."""
    async with pair.relaying(), pair.consuming():
        await pair.owner.walk(2_500)
        expected = 2_500, sum_of(pair.owner.stated)
        await until(lambda: pair.stated() == pair.taken() == expected)
        await pair.write(2_500, pair.owner.stated[-1])
        last = await pair.owner.walk(1)
        expected = 2_501, sum_of(pair.owner.stated)
        await until(lambda: pair.taken() == expected)
        assert last[0] == pair.owner.stated[-1]
    assert await pair.found() == []


async def test_a_forged_event_shows(pair: Pair) -> None:
    """While its number is not given, the consumer is ahead; then it differs at the same number."""
    async with pair.relaying():
        await pair.owner.walk(3)
        async with pair.consuming():
            await until(lambda: pair.stated() == pair.taken() and pair.stated()[0] == 3)
            forged = uuid4()
            await pair.write(4, forged)
            await until(lambda: pair.taken()[0] == 4)
            assert pair.stated()[0] == 3
    [ahead] = await pair.found()
    assert ahead == (pair.place(), Kind.AHEAD, "4 events were taken, and only 3 stated")
    # as an owner that did not notice: its fourth event went out behind the forged one
    event = uuid4()
    await pair.owner.rows(
        "UPDATE messaging.outbox_partitions SET numbered = 4, acknowledged = 4, checksum = $1",
        (sum_of(pair.owner.stated) + sum_of([event])) % 2**48,
    )
    [other] = await pair.found()
    assert other.fault == "4 events were taken, and as many stated, but not the same ones"


async def test_a_lost_event_shows(pair: Pair) -> None:
    """The consumer stops before the gap, and stays behind what was stated."""
    ids = [uuid4() for _ in range(4)]
    for sequence in (1, 2):
        await pair.write(sequence, ids[sequence - 1])
    async with pair.consuming() as consumer:
        await until(lambda: pair.taken() == (2, sum_of(ids[:2])))
        await pair.write(4, ids[3])
        await until(consumer.done)
    assert pair.taken() == (2, sum_of(ids[:2]))
    await pair.owner.rows(
        "INSERT INTO messaging.outbox_partitions"
        " (topic, partition, numbered, acknowledged, acknowledged_offset, acknowledged_event,"
        " checksum) VALUES ($1, 0, 4, 4, 2, $2, $3)",
        pair.owner.topic,
        ids[3],
        sum_of(ids),
    )
    [behind] = await pair.found()
    assert behind.fault == "2 of 4 events were taken, and none meanwhile"


async def test_sums_that_are_unknown_are_counted_on_the_log(pair: Pair) -> None:
    """After an upgrade or a recovery neither side knows its sum; a worker counts both anew."""
    async with pair.relaying(), pair.consuming():
        await pair.owner.walk(300)
        await until(lambda: pair.stated() == pair.taken() and pair.stated()[0] == 300)
    await pair.owner.rows("UPDATE messaging.outbox_partitions SET checksum = NULL")
    connection = await asyncpg.connect(pair.database)
    await connection.execute("UPDATE messaging.position SET checksum = NULL")
    await connection.close()
    async with pair.relaying(), pair.consuming():
        await pair.owner.walk(5)
        await until(lambda: pair.taken() == (305, sum_of(pair.owner.stated)))
        assert tuple(await pair.sums("outbox_partitions")) == (305, None)
    owner = Pair(pair.owner, pair.owner.dsn)  # the owner's own worker counts what it states
    async with owner.relaying(), owner.consuming():
        await until(lambda: owner.stated() == (305, sum_of(pair.owner.stated)))


@pytest.mark.parametrize("known", [1, 2, 3])
async def test_taking_the_lead_keeps_the_sum(pair: Pair, known: int) -> None:
    """What the log is found to hold moves the sum up and down, by the rows in between."""
    async with pair.relaying():
        await pair.owner.walk(3)
        await pair.owner.drained()
    first = pair.owner.stated[:known]
    await pair.owner.rows(
        "UPDATE messaging.outbox_partitions SET acknowledged = $1, acknowledged_offset = $2,"
        " acknowledged_event = $3, checksum = $4",
        known,
        known - 1,
        first[-1],
        sum_of(first),
    )
    async with pair.relaying():  # it died before it marked what it had sent
        await until(lambda: pair.stated() == (3, sum_of(pair.owner.stated)))
