"""Finds the last event of this service that the log holds, before a relay leads (rule 7).

The decision is pure: `scan_start` says from where to count, a `SequenceScan` sees each of our
events from there to the log's end, and its `last` is the answer. Everything up to that number is on
the log and is marked as published; everything above it is sent, even if it was marked before.
Whatever doesn't add up is an OperatorNeeded. `survey` asks PostgreSQL and Kafka.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from aiokafka import TopicPartition

from shared.messaging.failures import Cause, OperatorNeeded
from shared.messaging.ignored import read_ignored
from shared.messaging.log_reader import (
    OffsetRange,
    PublishedEvent,
    check_partitions,
    events_at,
    offset_ranges,
    open_reader,
    published_events,
)
from shared.messaging.origins import Origins, RecordReader, ignore_command
from shared.messaging.positions import partition_columns
from shared.postgres import queries
from shared.postgres.pool import Connection

REPEATS = 10_000
"""Late repeats of a partition that a survey compares with the outbox. More than a batch means that
somebody writes them."""

SQL = queries.load(Path(__file__).with_name("leadership.sql"))


@dataclass(frozen=True, slots=True)
class StoredPartition:
    """What the database says of one partition that this service writes.

    `numbered` is the last number given, `acknowledged` the last event known to be on the log, which
    begins behind the number `begins_after`.
    """

    topic: str
    partition: int
    numbered: int
    acknowledged: PublishedEvent | None
    begins_after: int = 0

    def is_known_at(self, start: "ScanStart") -> bool:
        """Whether counting from there goes on behind the event that is known to be on the log."""
        return self.acknowledged is not None and start.sequence == self.acknowledged.sequence

    def start_of(self, offsets: OffsetRange) -> "ScanStart":
        """The start of the log; the number before it is unknown where the beginning has expired."""
        return ScanStart(offsets.start, self.begins_after if offsets.start == 0 else None)


class ScanStart(NamedTuple):
    """Where counting begins: the first offset to look at, and the number before it.

    The number is None where it is unknown: what came before has expired.
    """

    offset: int
    sequence: int | None


def scan_start(
    stored: StoredPartition, offsets: OffsetRange, anchor: PublishedEvent | None, *, service: str
) -> ScanStart:
    """From where to count.

    `offsets` are what the partition holds; `anchor` is our event at the stored offset, None if
    there is none. Raises OperatorNeeded when the log begins above what is known of it: what was
    lost in between can't be told.
    """
    known = stored.acknowledged
    after_known = 0 if known is None else known.offset + 1
    if offsets.start > after_known:
        raise OperatorNeeded(
            f"{stored.topic}/{stored.partition} begins at offset {offsets.start},"
            f" but is known only up to {after_known}.",
            remedy=recover_command(service),
            cause=Cause.OUTBOX,
        )
    if known is not None and (offsets.start == after_known or anchor == known):
        # A log that begins just behind the known event has lost nothing but by its retention.
        return ScanStart(after_known, known.sequence)
    # The last record alone is not the truth, nor is the stored one when another stands in its
    # place: read the whole log.
    return stored.start_of(offsets)


def recover_command(service: str) -> str:
    """The command that takes over what the log holds."""
    return f"terang recover {service}"


class LogEnd(NamedTuple):
    """Where a partition ends.

    `last` is the last of our events that it holds, `next_offset` where the next record will stand.
    """

    last: PublishedEvent | None
    next_offset: int


class SequenceScan:
    """Counts our events of one partition from the scan's start on.

    `rows` are the event ids of the outbox's numbered rows above the start, by sequence.
    """

    def __init__(
        self, stored: StoredPartition, start: ScanStart, rows: Mapping[int, UUID], *, service: str
    ) -> None:
        self.repeats: list[PublishedEvent] = []
        """Events under numbers already passed, the first `REPEATS` of them."""
        self._stored = stored
        self._rows = rows
        self._service = service
        self._sequence = start.sequence
        self._last = stored.acknowledged if stored.is_known_at(start) else None

    def see(self, event: PublishedEvent) -> None:
        """Take the next of our events into account.

        A number already passed is a late repeat, which consumers skip (`check_repeats` looks at
        it); else numbers must be dense. Raises OperatorNeeded where they aren't, or where the
        outbox has another event.
        """
        if self._sequence is not None and event.sequence <= self._sequence:
            if len(self.repeats) < REPEATS:
                self.repeats.append(event)
            return
        if event.sequence > self._stored.numbered:
            raise self._stranger(
                event,
                f"holds number {event.sequence}, but only {self._stored.numbered} were given.",
            )
        if self._sequence is not None and event.sequence > self._sequence + 1:
            raise self._stranger(
                event,
                f"jumps from number {self._sequence} to {event.sequence} at offset {event.offset}.",
            )
        self._check_event(event, self._rows)
        self._sequence = event.sequence
        self._last = event

    def check_repeats(self, rows: Mapping[int, UUID]) -> None:
        """Checks late repeats against the outbox: `rows` are its event ids under their numbers.

        Raises OperatorNeeded where the outbox has another event.
        """
        for event in self.repeats:
            self._check_event(event, rows)

    def _check_event(self, event: PublishedEvent, rows: Mapping[int, UUID]) -> None:
        if rows.get(event.sequence, event.event_id) != event.event_id:
            raise self._stranger(
                event,
                f"holds another event under number {event.sequence} at offset {event.offset}"
                " than the outbox.",
            )

    def last(self) -> PublishedEvent | None:
        """The last event that the log holds; what is above it, up to the last number, can be sent.

        Raises OperatorNeeded when that can't be told, or a row to be sent is gone.
        """
        if self._sequence is None:
            raise self._operator_needed(
                "has lost its beginning and holds nothing of ours that would tell how far it went."
            )
        if self._last is None and self._stored.acknowledged is not None:
            raise self._operator_needed(
                f"holds none of the events that were acknowledged up to number"
                f" {self._stored.acknowledged.sequence}: the topic was made anew, or this is"
                " another cluster."
            )
        to_send = range(self._sequence + 1, self._stored.numbered + 1)
        lost = next((number for number in to_send if number not in self._rows), None)
        if lost is not None:
            raise self._operator_needed(f"lacks number {lost}, and the outbox no longer has it.")
        return self._last

    def _stranger(self, event: PublishedEvent, fault: str) -> OperatorNeeded:
        """A record that this database knows nothing of: it is of yesterday, or that is forged."""
        place = (self._stored.topic, self._stored.partition, event.offset)
        command = ignore_command(self._service, place, event.event_id)
        return self._operator_needed(
            fault,
            f" after a restored backup; or, if {self._service} never wrote the record at offset"
            f" {event.offset}, or what belongs before it is gone, `{command}`, and the same in each"
            " service that reads the topic",
        )

    def _operator_needed(self, fault: str, more: str = "") -> OperatorNeeded:
        return OperatorNeeded(
            f"{self._stored.topic}/{self._stored.partition} {fault}",
            remedy=recover_command(self._service) + more,
            cause=Cause.OUTBOX,
        )


async def try_to_lead(connection: Connection) -> bool:
    """Takes the relay's lock for this session, if no other has it; whoever holds it leads."""
    leads: bool = await SQL.try_relay_lock(connection)
    return leads


async def survey(
    connection: Connection,
    *,
    bootstrap_servers: str,
    service: str,
    partitions: Mapping[str, int],
    origins: Origins,
) -> dict[TopicPartition, LogEnd]:
    """Where the log ends, for each partition of `partitions` (topic: count).

    Raises OperatorNeeded where database and log don't fit, Unavailable for a topic that isn't
    there, and whatever the connections raise.
    """
    await check_partitions(bootstrap_servers, partitions, remedy=recover_command(service))
    records = RecordReader(origins, await read_ignored(connection))
    async with open_reader(bootstrap_servers) as reader:
        stored = await stored_partitions(connection, partitions)
        offsets = await offset_ranges(reader, stored)
        anchors = await events_at(reader, acknowledged_offsets(stored), offsets, records)
        starts = {
            partition: scan_start(
                known, offsets[partition], anchors.get(partition), service=service
            )
            for partition, known in stored.items()
        }
        rows = await _numbered_rows(connection, starts)
        scans = {
            partition: SequenceScan(known, starts[partition], rows[partition], service=service)
            for partition, known in stored.items()
        }
        unseen = {
            partition: OffsetRange(start.offset, offsets[partition].end)
            for partition, start in starts.items()
        }
        async for partition, event, _ in published_events(reader, unseen, records):
            scans[partition].see(event)
    await _check_repeats(connection, scans)
    return {
        partition: LogEnd(scan.last(), offsets[partition].end) for partition, scan in scans.items()
    }


async def _check_repeats(
    connection: Connection, scans: Mapping[TopicPartition, SequenceScan]
) -> None:
    """Raises OperatorNeeded if what looks like a late repeat is another event than the outbox's."""
    seen = [
        (partition, event.sequence) for partition, scan in scans.items() for event in scan.repeats
    ]
    if not seen:
        return
    topics, numbers = partition_columns([partition for partition, _ in seen])
    found: dict[TopicPartition, dict[int, UUID]] = {partition: {} for partition in scans}
    async for row in SQL.rows_numbered(
        connection, topics=topics, partitions=numbers, sequences=[number for _, number in seen]
    ):
        found[TopicPartition(row["topic"], row["partition"])][row["sequence"]] = row["event_id"]
    for partition, scan in scans.items():
        scan.check_repeats(found[partition])


def acknowledged_offsets(
    stored: Mapping[TopicPartition, StoredPartition],
) -> dict[TopicPartition, int]:
    """Where the last acknowledged event stands in each partition; none where there is none."""
    return {
        partition: known.acknowledged.offset
        for partition, known in stored.items()
        if known.acknowledged is not None
    }


async def stored_partitions(
    connection: Connection, partitions: Mapping[str, int]
) -> dict[TopicPartition, StoredPartition]:
    """What the database says of each partition; nothing yet, where it never numbered a row."""
    stored = {
        TopicPartition(topic, number): StoredPartition(topic, number, 0, None)
        for topic, count in partitions.items()
        for number in range(count)
    }
    async for row in SQL.outbox_partitions(connection):
        acknowledged = None
        if row["acknowledged"]:
            acknowledged = PublishedEvent(
                row["acknowledged_offset"], row["acknowledged"], row["acknowledged_event"]
            )
        partition = TopicPartition(row["topic"], row["partition"])
        if partition in stored:
            stored[partition] = StoredPartition(
                partition.topic,
                partition.partition,
                row["numbered"],
                acknowledged,
                row["begins_after"],
            )
    return stored


async def _numbered_rows(
    connection: Connection, starts: Mapping[TopicPartition, ScanStart]
) -> dict[TopicPartition, dict[int, UUID]]:
    """The event ids of the outbox's numbered rows above the starts, by sequence."""
    rows: dict[TopicPartition, dict[int, UUID]] = {partition: {} for partition in starts}
    topics, numbers = partition_columns(starts)
    found = SQL.numbered_rows(
        connection,
        topics=topics,
        partitions=numbers,
        sequences=[start.sequence or 0 for start in starts.values()],
    )
    async for row in found:
        rows[TopicPartition(row["topic"], row["partition"])][row["sequence"]] = row["event_id"]
    return rows
