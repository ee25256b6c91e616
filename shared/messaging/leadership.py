"""Taking the lead: what does the log hold of what this service numbered? (rule 7 in README.md)

The decision is pure: `base` says from where to count, a `Count` is shown each of our records from
there to the end, and its `last` is the answer. Everything up to it is on the log and is marked,
everything above it is sent, even if it was marked before. Whatever doesn't add up is an
OperatorNeeded. `survey` gathers the evidence from PostgreSQL and Kafka.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from typing_extensions import override

from shared.messaging.failures import Cause, OperatorNeeded, Unavailable
from shared.messaging.parser import Raw, read_headers
from shared.postgres.pool import Connection

RELAY_LOCK = "hashtextextended('messaging.relay', 0)"
"""Who holds this advisory lock of the service's database leads; an expression of SQL."""


class PublishedEvent(NamedTuple):
    """One record of ours as it stands in the log."""

    offset: int
    sequence: int
    event_id: UUID


@dataclass(frozen=True, slots=True)
class StoredPartition:
    """What the database says of one partition: the last number given, and the last record known to
    be on the log.
    """

    topic: str
    partition: int
    numbered: int
    acknowledged: PublishedEvent | None


class OffsetRange(NamedTuple):
    """Offsets of a partition: of its first record that is still there, and one past its last."""

    start: int
    end: int


class ScanStart(NamedTuple):
    """Where counting begins: the first offset to look at, and the number before it (None: unknown,
    what came before has expired).
    """

    offset: int
    sequence: int | None


def scan_start(
    stored: StoredPartition, bounds: OffsetRange, anchor: PublishedEvent | None, *, remedy: str
) -> ScanStart:
    """From where to count.

    `anchor` is our record at the stored offset, None if there is none or it isn't ours.

    Raises OperatorNeeded when the log begins above what is known of it: what was lost in between
    can't be told.
    """
    known = stored.acknowledged
    after_known = 0 if known is None else known.offset + 1
    if bounds.start > after_known:
        raise OperatorNeeded(
            f"{stored.topic}/{stored.partition} begins at offset {bounds.start}, but is known only up to {after_known}.",
            remedy=remedy,
            cause=Cause.OUTBOX,
        )
    if known is not None and (bounds.start == after_known or anchor == known):
        # A log that begins just behind the known record has lost nothing but by its retention.
        return ScanStart(after_known, known.sequence)
    # The last record alone is not the truth, nor is the stored one when another stands in its
    # place: read the whole log.
    return ScanStart(bounds.start, 0 if bounds.start == 0 else None)


class SequenceScan:
    """Counts our records from the base on.

    `rows` are the event ids of the outbox's numbered rows above the base, by sequence.
    """

    def __init__(
        self, stored: StoredPartition, start: ScanStart, rows: Mapping[int, UUID], *, remedy: str
    ) -> None:
        self._stored = stored
        self._rows = rows
        self._remedy = remedy
        self._sequence = start.sequence
        self._last = stored.acknowledged if stored.acknowledged and start.sequence else None

    def see(self, own: PublishedEvent) -> None:
        """The next of our records.

        A number already passed is a zombie's repeat, which consumers skip; else numbers must be
        dense.
        """
        if self._sequence is not None and own.sequence <= self._sequence:
            return
        if own.sequence > self._stored.numbered:
            raise self._stop(
                f"holds number {own.sequence}, but only {self._stored.numbered} were given."
            )
        if self._sequence is not None and own.sequence > self._sequence + 1:
            raise self._stop(
                f"jumps from number {self._sequence} to {own.sequence} at offset {own.offset}."
            )
        if self._rows.get(own.sequence, own.event_id) != own.event_id:
            raise self._stop(
                f"holds another event under number {own.sequence} at offset {own.offset} than the outbox."
            )
        self._sequence = own.sequence
        self._last = own

    def last(self) -> PublishedEvent | None:
        """The last number that the log holds; all above it, up to the last one given, are rows that
        can be sent.
        """
        if self._sequence is None:
            raise self._stop(
                "has lost its beginning and holds nothing of ours that would tell how far it went."
            )
        lost = next(
            (
                n
                for n in range(self._sequence + 1, self._stored.numbered + 1)
                if n not in self._rows
            ),
            None,
        )
        if lost is not None:
            raise self._stop(f"lacks number {lost}, and the outbox no longer has it.")
        return self._last

    def _stop(self, fault: str) -> OperatorNeeded:
        return OperatorNeeded(
            f"{self._stored.topic}/{self._stored.partition} {fault}",
            remedy=self._remedy,
            cause=Cause.OUTBOX,
        )


def published_event(raw: Raw) -> PublishedEvent | None:
    """The record's number and event id, None when a consumer would not count it as one of this
    platform's. Never raises.
    """
    offset, sequence, event = read_headers(raw).identity
    return (
        PublishedEvent(offset, sequence, event)
        if sequence is not None and event is not None
        else None
    )


async def survey(
    connection: Connection, *, bootstrap_servers: str, partitions: Mapping[str, int], remedy: str
) -> dict[tuple[str, int], PublishedEvent | None]:
    """Asks PostgreSQL and Kafka, and decides for each partition of `partitions` (topic: count): the
    last of ours that the log holds.

    Raises OperatorNeeded where they don't fit, Unavailable for a topic that isn't there, and
    whatever the connections raise.
    """
    await check_partitions(bootstrap_servers, partitions, remedy=remedy)
    tps = [
        TopicPartition(topic, partition)
        for topic, count in partitions.items()
        for partition in range(count)
    ]
    consumer = new_reader(bootstrap_servers)
    try:
        await consumer.start()
        stored = await stored_partitions(connection, partitions)
        starts, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
        bounds = {tp: OffsetRange(starts[tp], ends[tp]) for tp in tps}
        known = {tp: own.offset for tp in tps if (own := stored[tp].acknowledged) is not None}
        there = {
            tp: offset
            for tp, offset in known.items()
            if bounds[tp].start <= offset < bounds[tp].end
        }
        just_these = {tp: offset + 1 for tp, offset in there.items()}
        anchors = {tp: own async for tp, own, _ in published_events(consumer, there, just_these)}
        bases = {
            tp: scan_start(stored[tp], bounds[tp], anchors.get(tp), remedy=remedy) for tp in tps
        }
        rows = await _numbered_rows(connection, bases)
        counts = {tp: SequenceScan(stored[tp], bases[tp], rows[tp], remedy=remedy) for tp in tps}
        async for tp, own, _ in published_events(
            consumer, {tp: bases[tp].offset for tp in tps}, ends
        ):
            counts[tp].see(own)
        return {(tp.topic, tp.partition): counts[tp].last() for tp in tps}
    finally:
        await consumer.stop()


class _Reader(AIOKafkaConsumer):  # type: ignore[misc] # aiokafka has no types
    """Starts its inner tasks before anything else: stopping one that has not begun would look as if
    the caller had been cancelled.
    """

    @override
    async def start(self) -> None:
        await super().start()
        await asyncio.sleep(0)


def new_reader(bootstrap_servers: str, *, fetch_bytes: int = 1_048_576) -> AIOKafkaConsumer:
    """A consumer outside any group, for reading what is on the log from offset to offset;
    `fetch_bytes` of a partition at once.
    """
    return _Reader(
        bootstrap_servers=bootstrap_servers,
        enable_auto_commit=False,
        # an offset that isn't there must be an error, never another place
        auto_offset_reset="none",
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=fetch_bytes,
        request_timeout_ms=10_000,
    )


async def check_partitions(
    bootstrap_servers: str, partitions: Mapping[str, int], *, remedy: str
) -> None:
    """Each topic has as many partitions as its keys were placed by.

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
                f"Topic {topic} has {there[topic]} partitions, but its records are placed by {count}: "
                "one aggregate's events would go two ways.",
                remedy=f"make the topic anew with {count} partitions, then {remedy}",
                cause=Cause.TOPIC,
            )


async def published_events(
    consumer: AIOKafkaConsumer,
    starts: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
) -> AsyncIterator[tuple[TopicPartition, PublishedEvent, Raw]]:
    """Our records from start (included) to end (not included) of each partition, in order within
    it, also undecoded. Offsets are dense.
    """
    unread = {tp for tp, start in starts.items() if start < ends[tp]}
    consumer.assign(sorted(unread))
    for tp in unread:
        consumer.seek(tp, starts[tp])
    while unread:
        for tp, records in (
            await consumer.getmany(*unread, timeout_ms=1000, max_records=5000)
        ).items():
            for record in records:
                if record.offset < ends[tp] and (own := published_event(record)):
                    yield tp, own, record
            if records[-1].offset + 1 >= ends[tp]:
                unread.discard(tp)
                consumer.pause(tp)


async def stored_partitions(
    connection: Connection, partitions: Mapping[str, int]
) -> dict[TopicPartition, StoredPartition]:
    """What the database says of each partition; nothing yet, where it never numbered a row."""
    stored = {
        TopicPartition(topic, partition): StoredPartition(topic, partition, 0, None)
        for topic, count in partitions.items()
        for partition in range(count)
    }
    for row in await connection.fetch("SELECT * FROM messaging.outbox_partitions"):
        acknowledged = None
        if row["acknowledged"]:
            acknowledged = PublishedEvent(
                row["acknowledged_offset"], row["acknowledged"], row["acknowledged_event"]
            )
        tp = TopicPartition(row["topic"], row["partition"])
        if tp in stored:
            stored[tp] = StoredPartition(tp.topic, tp.partition, row["numbered"], acknowledged)
    return stored


async def _numbered_rows(
    connection: Connection, bases: Mapping[TopicPartition, ScanStart]
) -> dict[TopicPartition, dict[int, UUID]]:
    rows: dict[TopicPartition, dict[int, UUID]] = {tp: {} for tp in bases}
    found = await connection.fetch(
        """
        SELECT topic, partition, o.sequence, event_id
          FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS base (topic, partition, sequence)
          JOIN messaging.outbox AS o USING (topic, partition)
         WHERE o.sequence > base.sequence
        """,
        [tp.topic for tp in bases],
        [tp.partition for tp in bases],
        [start.sequence or 0 for start in bases.values()],
    )
    for row in found:
        rows[TopicPartition(row["topic"], row["partition"])][row["sequence"]] = row["event_id"]
    return rows
