"""Checks that the log is the one on which the positions were made, and what repeats are.

Reads from the log what `why_another_log` and `other_event` of position.py decide over (rules 15
and 23 in README.md).
"""

import asyncio
from collections.abc import Sequence

from aiokafka import TopicPartition

from shared.messaging.failures import Cause, OperatorNeeded
from shared.messaging.log_reader import (
    OffsetRange,
    PublishedEvent,
    events_at,
    offset_ranges,
    open_reader,
    published_events,
)
from shared.messaging.origins import RecordReader, ignore_command
from shared.messaging.position import (
    REMEDY,
    LogSnapshot,
    Position,
    RecordIdentity,
    Skipped,
    other_event,
    why_another_log,
)

SECONDS = 20.0
"""A broker that does not answer within this is away."""

LOOK_BACK = 10_000
"""Records before a position among which the nearest of ours is looked for. Only a flood of foreign
records makes it more than one."""


async def check_log(
    bootstrap_servers: str, positions: Sequence[Position], records: RecordReader
) -> dict[TopicPartition, LogSnapshot]:
    """What the log shows of each position's partition, if each was made on this log.

    Raises OperatorNeeded if one wasn't; KafkaError, OSError or TimeoutError while the broker is
    away.
    """
    snapshots = await log_snapshots(bootstrap_servers, positions, records)
    for position in positions:
        why = why_another_log(position, snapshots[position.partition])
        if why is not None:
            raise OperatorNeeded(
                f"{position.partition.topic}/{position.partition.partition}: {why}.",
                remedy=REMEDY,
                cause=Cause.OTHER_LOG,
            )
    return snapshots


async def check_repeats(
    bootstrap_servers: str,
    service: str,
    positions: Sequence[Position],
    skipped: Skipped,
    records: RecordReader,
) -> None:
    """Checks that what is to be skipped is the event that carried its number before.

    Looked for in the recent log of each partition; what stood before that is taken on trust. Raises
    OperatorNeeded for another event: one of the two was forged. KafkaError, OSError or TimeoutError
    while the broker is away.
    """
    carried = await _carried(bootstrap_servers, positions, skipped, records)
    for partition, repeats in skipped.items():
        found = other_event(repeats, carried[partition])
        if found is not None:
            raise _forged(service, partition, *found)


async def _carried(
    bootstrap_servers: str,
    positions: Sequence[Position],
    skipped: Skipped,
    records: RecordReader,
) -> dict[TopicPartition, dict[int, RecordIdentity]]:
    """The first records that the recent log holds under the numbers to be skipped."""
    wanted = {
        partition: {repeat.sequence for repeat in repeats} for partition, repeats in skipped.items()
    }
    carried: dict[TopicPartition, dict[int, RecordIdentity]] = {
        partition: {} for partition in skipped
    }
    async with asyncio.timeout(SECONDS), open_reader(bootstrap_servers) as reader:
        held = await offset_ranges(reader, list(skipped))
        recent = {
            position.partition: OffsetRange(
                max(position.next_offset - LOOK_BACK, held[position.partition].start),
                skipped[position.partition][-1].offset,
            )
            for position in positions
        }
        async for partition, event, _ in published_events(reader, recent, records):
            if event.sequence in wanted[partition]:
                carried[partition].setdefault(event.sequence, RecordIdentity(*event))
    return carried


def _forged(
    service: str, partition: TopicPartition, first: RecordIdentity, second: RecordIdentity
) -> OperatorNeeded:
    commands = [
        ignore_command(service, (*partition, record.offset), record.event)
        for record in (first, second)
    ]
    return OperatorNeeded(
        f"{partition.topic}/{partition.partition} holds two events under number {first.sequence},"
        f" at offsets {first.offset} and {second.offset}: one of them is forged. The worker of the"
        " service that writes the topic says which it did not write.",
        remedy=f"for that one, `{commands[0]}` or `{commands[1]}`; if it had taken effect here, the"
        f" command says so: then `terang rebuild {service}`",
        cause=Cause.FORGED,
    )


async def log_snapshots(
    bootstrap_servers: str, positions: Sequence[Position], records: RecordReader
) -> dict[TopicPartition, LogSnapshot]:
    """What the log shows of each position's partition.

    Raises KafkaError, OSError or TimeoutError while the broker is away.
    """
    if not positions:
        return {}
    first: dict[TopicPartition, PublishedEvent] = {}
    last: dict[TopicPartition, PublishedEvent] = {}
    async with asyncio.timeout(SECONDS), open_reader(bootstrap_servers) as reader:
        held = await offset_ranges(reader, [position.partition for position in positions])
        recent = {
            position.partition: _recent(position, held[position.partition])
            for position in positions
        }
        async for partition, event, _ in published_events(reader, recent, records):
            first.setdefault(partition, event)
            last[partition] = event
        before_recent = {
            position.partition: position.sequence_offset
            for position in positions
            if position.sequence_offset is not None
            and position.sequence_offset < recent[position.partition].start
        }
        first |= await events_at(reader, before_recent, held, records)
    return {
        position.partition: LogSnapshot(
            *held[position.partition],
            at_sequence=_at_sequence(position, first.get(position.partition)),
            before=_identity(last.get(position.partition)),
        )
        for position in positions
    }


def _recent(position: Position, held: OffsetRange) -> OffsetRange:
    """Offsets to look at: from the record that set the sequence, if it is near, to the position."""
    first = position.next_offset - LOOK_BACK
    if position.sequence_offset is not None:
        first = max(first, position.sequence_offset)
    return OffsetRange(max(first, held.start), min(position.next_offset, held.end))


def _at_sequence(position: Position, event: PublishedEvent | None) -> RecordIdentity | None:
    if event is None or event.offset != position.sequence_offset:
        return None
    return _identity(event)


def _identity(event: PublishedEvent | None) -> RecordIdentity | None:
    return None if event is None else RecordIdentity(*event)
