"""The tally of the fault tests (tests/fault/tally.py).

Its dispatch called directly, over a real PostgreSQL and without Kafka.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import TopicPartition

from shared.messaging.brake import Brake
from shared.messaging.dispatch import Dispatch
from shared.messaging.envelope import Record
from shared.messaging.origins import Origins, RecordReader
from shared.messaging.outages import Outage
from shared.messaging.outages import Servers as Addresses
from shared.messaging.position import Position
from shared.messaging.positions import ensure_positions, read_positions
from shared.postgres.pool import Pool, create_pool
from tests.fault.conftest import stage
from tests.fault.tally import PARTITIONS, ROOT, TABLES, Added, Catalogue, Log, Sent
from tests.servers import Servers

__all__ = ["stage"]  # the fixture of the fault tests: a service with topics and worker processes

NOW = datetime(2026, 8, 20, 3, tzinfo=UTC)


@dataclass
class DispatchStage:
    """A dispatch at work; `take` gives it records as the log would.

    Each stands at the next offset of its partition.
    """

    pool: Pool
    catalogue: Catalogue
    log: Log
    dispatch: Dispatch
    checked: list[Position] = field(default_factory=list)
    origins: Origins | None = None
    """In place of the catalogue's."""
    ends: dict[TopicPartition, int] = field(default_factory=dict)

    def records(self, written: Sequence[Any]) -> list[Record]:
        """What the log would give for these records (topic, partition, key, value, headers)."""
        records = []
        for topic, number, key, value, headers in written:
            partition = TopicPartition(topic, number)
            offset = self.ends.get(partition, 0)
            self.ends[partition] = offset + 1
            records.append(Record(topic, number, offset, key, value, tuple(headers), 0))
        return records

    async def take(self, records: Sequence[Record]) -> dict[TopicPartition, int]:
        reader = RecordReader(self.origins or self.catalogue.origins())
        return await self.dispatch.take([reader.read(record) for record in records])

    async def add(self, *amounts: int, key: str = "key-0") -> dict[TopicPartition, int]:
        """Events that add these amounts, as one batch."""
        return await self.take(
            self.records([self.log.record(Added(key=key, n=n)) for n in amounts])
        )

    async def effects(self) -> list[Sent]:
        rows = await self.pool.fetch(
            "SELECT topic, partition, sequence, event_id FROM effect ORDER BY place"
        )
        return [(row["topic"], row["partition"], row["sequence"], row["event_id"]) for row in rows]

    async def letters(self) -> list[asyncpg.Record]:
        return await self.pool.fetch("SELECT * FROM messaging.dead_letter ORDER BY at, id")

    async def position(self) -> Position:
        """Where key-0's partition stands."""
        partition = TopicPartition(self.catalogue.added.topic, self.partition)
        (position,) = await read_positions(self.pool, [partition])
        return position

    @property
    def partition(self) -> int:
        return next(
            iter({sent[1] for sent in self.log.sent if sent[0] == self.catalogue.added.topic})
        )


@pytest.fixture
async def dispatch_stage(servers: Servers) -> AsyncIterator[DispatchStage]:
    """A dispatch over a database of its own, that nothing has taken place in."""
    catalogue = Catalogue(f"dispatch{uuid4().hex[:8]}")
    database = servers.database("dispatch", [ROOT / "shared" / "messaging" / "migrations"])
    pool = await create_pool(database, application="dispatch", size=4)
    await pool.execute(TABLES)
    partitions = [
        TopicPartition(topic, number)
        for topic in catalogue.subscribed
        for number in range(PARTITIONS)
    ]
    await ensure_positions(pool, partitions)
    checked: list[Position] = []

    async def check_log(positions: Sequence[Position], _: object) -> None:
        checked.extend(positions)

    async def no_further(brake: Brake) -> Brake:
        return brake

    outbox = catalogue.outbox()
    dispatch = Dispatch(
        service=catalogue.service,
        pool=pool,
        subscriptions=catalogue.subscriptions(outbox),
        outbox=outbox,
        clock=lambda: NOW,
        patience=20,
        outage=Outage(Addresses.of(database, "none"), "batch waits"),
        check_log=check_log,
        look_ahead=no_further,
    )
    yield DispatchStage(pool, catalogue, Log(catalogue, ""), dispatch, checked)
    await pool.close()
