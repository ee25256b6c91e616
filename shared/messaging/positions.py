"""The table messaging.position: where this service stands in each partition that it consumes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import asyncpg
from aiokafka import TopicPartition

from shared.messaging.position import ElsewhereError, Position
from shared.postgres import queries
from shared.postgres.pool import Connection, Pool

SQL = queries.load(Path(__file__).with_name("positions.sql"))


def position_of(row: asyncpg.Record) -> Position:
    """One row of messaging.position."""
    return Position(
        TopicPartition(row["topic"], row["partition"]),
        row["next_offset"],
        row["sequence"],
        row["sequence_offset"],
        row["sequence_event"],
        row["failures"],
        row["released_through"],
        row["checksum"],
    )


async def ensure_positions(pool: Pool, partitions: Sequence[TopicPartition]) -> None:
    """Makes a row for each of these partitions, where there is none yet."""
    topics, numbers = partition_columns(partitions)
    await SQL.ensure_positions(pool, topics=topics, partitions=numbers)


async def read_positions(pool: Pool, partitions: Sequence[TopicPartition]) -> list[Position]:
    """The positions of these partitions, in sorted order."""
    topics, numbers = partition_columns(partitions)
    rows = SQL.read_positions(pool, topics=topics, partitions=numbers)
    return [position_of(row) async for row in rows]


async def lock_positions(
    connection: Connection, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, Position]:
    """The positions of these partitions, locked in sorted order until the transaction ends."""
    topics, numbers = partition_columns(sorted(partitions))
    rows = SQL.lock_positions(connection, topics=topics, partitions=numbers)
    return {position.partition: position async for row in rows if (position := position_of(row))}


async def move_positions(
    connection: Connection,
    positions: Mapping[TopicPartition, Position],
    ends: Sequence[Position],
) -> None:
    """Compare-and-set of each position to its end.

    Raises ElsewhereError if any stands no longer where it was read.
    """
    if not ends:
        return
    topics, numbers = partition_columns([end.partition for end in ends])
    next_offsets, sequences, set_at, set_by, failures, checksums = zip(
        *map(_columns, ends), strict=True
    )
    moved = SQL.move_positions(
        connection,
        topics=topics,
        partitions=numbers,
        expected=[positions[end.partition].next_offset for end in ends],
        ends=next_offsets,
        sequences=sequences,
        set_at=set_at,
        set_by=set_by,
        failures=failures,
        checksums=checksums,
    )
    if len([row async for row in moved]) != len(ends):
        raise ElsewhereError


def _columns(end: Position) -> tuple[object, ...]:
    """What is kept of a position besides its partition."""
    return (
        end.next_offset,
        end.sequence,
        end.sequence_offset,
        end.sequence_event,
        end.failures,
        end.checksum,
    )


async def release_brake(connection: "Connection | Pool") -> None:
    """Forgets the dead letters in a row, so that a stopped worker may reject as many again."""
    await SQL.release_brake(connection)


async def release_through(
    connection: Connection, partition: TopicPartition, offset: int
) -> int | None:
    """Lets all that can't take effect up to this offset become dead letters, however many.

    The brake counts anew behind it. Returns the offset that comes next for this service; None if it
    does not read the partition.
    """
    row = await SQL.release_through(
        connection, topic=partition.topic, partition=partition.partition, through=offset
    )
    return None if row is None else row["next_offset"]


def partition_columns(partitions: Collection[TopicPartition]) -> tuple[list[str], list[int]]:
    return (
        [partition.topic for partition in partitions],
        [partition.partition for partition in partitions],
    )
