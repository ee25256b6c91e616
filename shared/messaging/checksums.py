"""Sums of event ids by which an owner and the consumers of a partition are compared (rule 25).

Each keeps, beside its number, the sum of the low 48 bits of the ids of all events up to it, modulo
2^48: exact in Prometheus's numbers. Where the numbers are equal and the sums are not, one of them
took an event that the other did not state. Where a sum is unknown (after an upgrade or a recovery),
it is counted on the log.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.log_reader import (
    OffsetRange,
    offset_ranges,
    open_reader,
    published_events,
)
from shared.messaging.origins import RecordReader
from shared.messaging.position import MODULUS, Position, sum_of
from shared.observability import metrics
from shared.postgres import queries
from shared.postgres.pool import Connection, Pool

SQL = queries.load(Path(__file__).with_name("checksums.sql"))

TRIES = 100
"""How often counting follows a position that moves meanwhile; each time it has less to read."""


async def show_owned(connection: Connection) -> None:
    """Shows in metrics how far what this service states is published."""
    counts = [row async for row in SQL.owned_counts(connection)]
    forget_owned()
    for row in counts:
        place = row["topic"], str(row["partition"])
        metrics.OUTBOX_PUBLISHED.labels(*place).set(row["sequence"])
        if row["checksum"] is not None:
            metrics.OUTBOX_CHECKSUM.labels(*place).set(row["checksum"])


def forget_owned() -> None:
    """Another process may lead now: this one says nothing more of what is published."""
    metrics.OUTBOX_PUBLISHED.clear()
    metrics.OUTBOX_CHECKSUM.clear()


def show_consumed(positions: Iterable[Position]) -> None:
    """Shows in metrics how far these partitions have been taken; says nothing of others."""
    metrics.CONSUMER_SEQUENCE.clear()
    metrics.CONSUMER_CHECKSUM.clear()
    for position in positions:
        place = position.partition.topic, str(position.partition.partition)
        metrics.CONSUMER_SEQUENCE.labels(*place).set(position.sequence)
        if position.checksum is not None:
            metrics.CONSUMER_CHECKSUM.labels(*place).set(position.checksum)


async def fill_unknown(pool: Pool, bootstrap_servers: str, records: RecordReader) -> None:
    """Counts on the log what is unknown of this database's sums.

    A log that no longer holds its beginning can't tell. Raises what the servers raise.
    """
    unknown = [row async for row in SQL.unknown_checksums(pool)]
    if not unknown:
        return
    async with open_reader(bootstrap_servers) as reader:
        held = await offset_ranges(reader, {_partition(row) for row in unknown})
        for row in unknown:
            if held[_partition(row)].start == 0:
                await _Filling(pool, reader, records, _partition(row), row["owned"]).run()


def _partition(row: Mapping[str, Any]) -> TopicPartition:
    return TopicPartition(row["topic"], row["partition"])


@dataclass
class _Filling:
    """Counts one partition: what this service states there (`owned`), or takes from it."""

    pool: Pool
    reader: AIOKafkaConsumer
    records: RecordReader
    partition: TopicPartition
    owned: bool
    sequence: int = 0
    checksum: int = 0
    next_offset: int = 0

    async def run(self) -> None:
        """Reads up to the number at hand, again and again until that stood still meanwhile."""
        topic, number = self.partition
        for _ in range(TRIES):
            stands = await SQL.counted(self.pool, topic=topic, partition=number, owned=self.owned)
            if stands is None or stands["checksum"] is not None:
                return
            await self._read(stands["at_offset"] + 1)
            if self.sequence != stands["sequence"]:
                return  # another log, or one without its beginning: it stays unknown
            if await SQL.set_checksum(
                self.pool,
                topic=topic,
                partition=number,
                owned=self.owned,
                sequence=self.sequence,
                checksum=self.checksum,
            ):
                return

    async def _read(self, end: int) -> None:
        wanted = {self.partition: OffsetRange(self.next_offset, end)}
        async for _, event, _ in published_events(self.reader, wanted, self.records):
            # else a repeat; or the log begins after events that it can't tell of
            if event.sequence == self.sequence + 1:
                self.sequence = event.sequence
                self.checksum = (self.checksum + sum_of([event.event_id])) % MODULUS
        self.next_offset = end
