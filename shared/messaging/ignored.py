"""Records that are ignored: forged ones, which a person has this service pass over. (rule 24)

The table messaging.ignored_record says which; every reader of a log in this service goes by it.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.failures import Permanent
from shared.messaging.log_reader import (
    OffsetRange,
    PublishedEvent,
    offset_ranges,
    open_reader,
    published_events,
)
from shared.messaging.origins import Ignored, Origins, RecordReader
from shared.messaging.parser import RawRecord
from shared.messaging.position import Position, RecordIdentity, Verdict, judge
from shared.messaging.positions import lock_positions, move_positions
from shared.postgres import queries
from shared.postgres.pool import Connection, Pool

SQL = queries.load(Path(__file__).with_name("ignored.sql"))

MOST = 10_000
"""Records of one command: a command's memory, and what a person answers for at once."""


@dataclass(frozen=True, slots=True)
class Ignoring:
    """What an `ignore` does, or would do.

    `records` are the events of that partition that are passed over, with what stands on the log.
    `begin` is the position before and `end` that after, the same where none of them had taken
    effect; None for a partition that this service doesn't read.
    """

    records: tuple[tuple[PublishedEvent, RawRecord], ...]
    begin: Position | None
    end: Position | None

    @property
    def took_effect(self) -> bool:
        """Whether this service had taken any of them for an event."""
        return self.begin != self.end


async def read_ignored(connection: "Connection | Pool") -> Ignored:
    """All records that this service ignores."""
    return {
        (row["topic"], row["partition"], row["record_offset"]): row["event_id"]
        async for row in SQL.ignored_records(connection)
    }


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants ignored: the events in these offsets, the first of which is `event_id`.

    `reason`, `who` and `at` are kept with each.
    """

    partition: TopicPartition
    offsets: OffsetRange
    event_id: UUID
    reason: str
    who: str
    at: datetime


class _DryRunError(Exception):
    """Takes back what was only to be shown."""


async def ignore(
    connection: Connection,
    wanted: Wanted,
    *,
    bootstrap_servers: str,
    origins: Origins,
    dry_run: bool,
) -> Ignoring:
    """Has this service pass over these records.

    Where one of them had taken effect, the position goes back to where the log leads without it:
    the true event under that number comes next. In one transaction, which `dry_run` takes back.
    Raises Permanent where another record stands there.
    """
    async with open_reader(bootstrap_servers) as reader:
        held = (await offset_ranges(reader, [wanted.partition]))[wanted.partition]
        before = RecordReader(origins, await read_ignored(connection))
        records = await _records(reader, wanted, held, before)
        _refuse_another(wanted, records)
        done = Ignoring(tuple(records), None, None)
        with suppress(_DryRunError):
            async with connection.transaction():
                await _insert(connection, wanted, [event for event, _ in records])
                after = RecordReader(origins, await read_ignored(connection))
                begin, end = await _move_position(connection, reader, wanted, held, after)
                done = replace(done, begin=begin, end=end)
                if dry_run:
                    raise _DryRunError
    return done


async def _records(
    reader: AIOKafkaConsumer, wanted: Wanted, held: OffsetRange, records: RecordReader
) -> list[tuple[PublishedEvent, RawRecord]]:
    """What counts for an event in the offsets that are wanted."""
    start, end = max(wanted.offsets.start, held.start), min(wanted.offsets.end, held.end)
    found = published_events(reader, {wanted.partition: OffsetRange(start, end)}, records)
    return [(event, raw) async for _, event, raw in found]


def _refuse_another(wanted: Wanted, records: Sequence[tuple[PublishedEvent, RawRecord]]) -> None:
    """Raises Permanent unless the first of the records is the one that is meant."""
    place = f"{wanted.partition.topic}/{wanted.partition.partition}"
    if len(records) > MOST:
        raise Permanent(f"{len(records)} records are too many at once; {MOST} is the most")
    first = records[0][0] if records else None
    if first is None or first.offset != wanted.offsets.start:
        raise Permanent(
            f"{place} holds no event at offset {wanted.offsets.start} that counts here: it is"
            " foreign, or not there, or ignored already (after a command whose end was not seen,"
            " rebuild: that does no harm)"
        )
    if first.event_id != wanted.event_id:
        raise Permanent(
            f"{place} holds event {first.event_id} at offset {first.offset}, not {wanted.event_id}"
        )


async def _insert(connection: Connection, wanted: Wanted, events: Sequence[PublishedEvent]) -> None:
    await SQL.insert_ignored(
        connection,
        topic=wanted.partition.topic,
        partition=wanted.partition.partition,
        offsets=[event.offset for event in events],
        event_ids=[event.event_id for event in events],
        sequences=[event.sequence for event in events],
        reason=wanted.reason,
        who=wanted.who,
        at=wanted.at,
    )


async def _move_position(
    connection: Connection,
    reader: AIOKafkaConsumer,
    wanted: Wanted,
    held: OffsetRange,
    records: RecordReader,
) -> tuple[Position | None, Position | None]:
    """Where this service stands in the partition, and where it stands from now on.

    None for a partition that it doesn't read.
    """
    begin = (await lock_positions(connection, [wanted.partition])).get(wanted.partition)
    if begin is None or begin.next_offset <= wanted.offsets.start:
        return begin, begin
    end = await _retrace(reader, begin, held, records)
    if end != begin:
        await move_positions(connection, {begin.partition: begin}, [end])
    return begin, end


async def _retrace(
    reader: AIOKafkaConsumer, begin: Position, held: OffsetRange, records: RecordReader
) -> Position:
    """Where a consumer stands that reads the log from its start to `begin`, or to a gap before."""
    position = replace(
        begin,
        next_offset=0,
        sequence=0,
        sequence_offset=None,
        sequence_event=None,
        checksum=0 if held.start == 0 else None,
    )
    unsure = held.start > 0
    read = {begin.partition: OffsetRange(held.start, begin.next_offset)}
    async for _, event, _ in published_events(reader, read, records):
        if unsure:  # what came before has expired
            position, unsure = replace(position, sequence=event.sequence - 1), False
        verdict, after = judge(replace(position, next_offset=event.offset), RecordIdentity(*event))
        if verdict is Verdict.GAP:
            return after
        position = after
    if unsure:
        raise Permanent("the log no longer holds an event from which to count")
    return replace(position, next_offset=begin.next_offset)
