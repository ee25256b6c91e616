"""Reads a log from offset to offset, outside of any consumer group."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from typing_extensions import override

from shared.messaging.failures import Cause, OperatorNeeded, Unavailable
from shared.messaging.origins import RecordReader
from shared.messaging.parser import RawRecord


class PublishedEvent(NamedTuple):
    """One event of this platform as it stands in the log."""

    offset: int
    sequence: int
    event_id: UUID


class OffsetRange(NamedTuple):
    """Offsets of a partition, from `start` (included) to `end` (not included)."""

    start: int
    end: int


class _Reader(AIOKafkaConsumer):  # type: ignore[misc] # aiokafka has no types
    """A consumer that starts its inner tasks at once.

    Stopping a task that has not begun would look as if the caller had been cancelled.
    """

    @override
    async def start(self) -> None:
        await super().start()
        await asyncio.sleep(0)


@asynccontextmanager
async def open_reader(
    bootstrap_servers: str, *, fetch_bytes: int = 1_048_576
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group, which fetches `fetch_bytes` of a partition at once."""
    reader = _Reader(
        bootstrap_servers=bootstrap_servers,
        enable_auto_commit=False,
        # an offset that isn't there must be an error, never another place
        auto_offset_reset="none",
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=fetch_bytes,
        request_timeout_ms=10_000,
    )
    try:
        await reader.start()
        yield reader
    finally:
        await reader.stop()


async def offset_ranges(
    reader: AIOKafkaConsumer, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, OffsetRange]:
    """What each partition holds now: from its first record that is still there to its end."""
    wanted = list(partitions)
    starts = await reader.beginning_offsets(wanted)
    ends = await reader.end_offsets(wanted)
    return {partition: OffsetRange(starts[partition], ends[partition]) for partition in wanted}


def published_event(raw: RawRecord, records: RecordReader) -> PublishedEvent | None:
    """The record as an event of this platform; None when a consumer would not count it as one."""
    offset, sequence, event = records.read(raw).identity
    if sequence is None or event is None:
        return None
    return PublishedEvent(offset, sequence, event)


async def published_events(
    reader: AIOKafkaConsumer,
    ranges: Mapping[TopicPartition, OffsetRange],
    records: RecordReader,
) -> AsyncIterator[tuple[TopicPartition, PublishedEvent, RawRecord]]:
    """The events of this platform in these offsets, in order within a partition; also undecoded.

    Offsets are dense.
    """
    unread = {partition for partition, wanted in ranges.items() if wanted.start < wanted.end}
    reader.assign(sorted(unread))
    for partition in unread:
        reader.seek(partition, ranges[partition].start)
    while unread:
        fetched = await reader.getmany(*unread, timeout_ms=1000, max_records=5000)
        for partition, found in fetched.items():
            end = ranges[partition].end
            for raw in found:
                if raw.offset < end and (event := published_event(raw, records)):
                    yield partition, event, raw
            if found[-1].offset + 1 >= end:
                unread.discard(partition)
                reader.pause(partition)


async def events_at(
    reader: AIOKafkaConsumer,
    offsets: Mapping[TopicPartition, int],
    ranges: Mapping[TopicPartition, OffsetRange],
    records: RecordReader,
) -> dict[TopicPartition, PublishedEvent]:
    """The event at one offset of each partition; none where the offset holds none of ours.

    `ranges` are what the partitions hold: an offset outside is not asked for.
    """
    wanted = {
        partition: OffsetRange(offset, offset + 1)
        for partition, offset in offsets.items()
        if ranges[partition].start <= offset < ranges[partition].end
    }
    found = published_events(reader, wanted, records)
    return {partition: event async for partition, event, _ in found}


async def check_partitions(
    bootstrap_servers: str, partitions: Mapping[str, int], *, remedy: str
) -> None:
    """Checks that each topic has as many partitions as its keys were placed by.

    Raises Unavailable for a missing topic, OperatorNeeded for another count.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=10_000)
    try:
        await admin.start()
        there = {row["topic"]: len(row["partitions"]) for row in await admin.describe_topics()}
    finally:
        await admin.close()
    for topic, count in partitions.items():
        if topic not in there:
            raise Unavailable(f"Topic {topic} is not there; `terang topics` makes it.")
        if there[topic] != count:
            raise OperatorNeeded(
                f"Topic {topic} has {there[topic]} partitions, but its records are placed by"
                f" {count}: one aggregate's events would go two ways.",
                remedy=f"make the topic anew with {count} partitions, then {remedy}",
                cause=Cause.TOPIC,
            )
