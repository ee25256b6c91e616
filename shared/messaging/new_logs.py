"""Finds the topics that were made anew under a consumer, and moves its positions to them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.log_check import log_snapshots
from shared.messaging.log_reader import (
    OffsetRange,
    PublishedEvent,
    check_partitions,
    offset_ranges,
    open_reader,
    published_events,
)
from shared.messaging.origins import RecordReader
from shared.messaging.position import LogSnapshot, Position, why_another_log
from shared.messaging.positions import partition_columns, position_of
from shared.messaging.take_up import NewLog, TakenUp, from_start, take_up
from shared.postgres import queries
from shared.postgres.pool import Connection

SQL = queries.load(Path(__file__).with_name("new_logs.sql"))


async def find_new_logs(
    connection: Connection,
    *,
    bootstrap_servers: str,
    service: str,
    topics: Mapping[str, int],
    owners: Mapping[str, str],
    records: RecordReader,
) -> list[TakenUp]:
    """Where each position whose log is another one is to stand on it.

    `topics` are all topics with their counts of partitions, `owners` the services that write them.
    Raises OperatorNeeded where that can't be told, Unavailable for a missing topic.
    """
    positions = [position_of(row) async for row in SQL.all_positions(connection)]
    read = {position.partition.topic for position in positions}
    await check_partitions(
        bootstrap_servers,
        dict(filter(lambda topic: topic[0] in read, topics.items())),
        remedy=f"`terang recover {service}`",
    )
    snapshots = await log_snapshots(bootstrap_servers, positions, records)
    elsewhere = [one for one in positions if why_another_log(one, snapshots[one.partition])]
    unread = [one for one in positions if _stands_before_all(one, snapshots[one.partition])]
    async with open_reader(bootstrap_servers) as reader:
        logs = await _new_logs(reader, [*elsewhere, *unread], records)
    moved = [
        take_up(one, logs[one.partition], service=service, owner=owners[one.partition.topic])
        for one in elsewhere
    ]
    return moved + _begun_later(unread, logs)


def _begun_later(
    unread: Sequence[Position], logs: Mapping[TopicPartition, NewLog]
) -> list[TakenUp]:
    """Positions before the start of logs that begin above what comes next for them."""
    first = [
        from_start(one, logs[one.partition]) for one in unread if not logs[one.partition].last_taken
    ]
    return [one for one in first if one.lost]


def _stands_before_all(position: Position, snapshot: LogSnapshot) -> bool:
    """Whether it fits a log of which nothing was read: that may begin above what comes next."""
    fits = why_another_log(position, snapshot) is None
    return fits and snapshot.before is None and snapshot.end > position.next_offset


async def move_to_new_logs(connection: Connection, taken: Sequence[TakenUp]) -> None:
    """Moves the positions, in the caller's transaction."""
    positions = [one.position for one in taken]
    topics, numbers = partition_columns([position.partition for position in positions])
    await SQL.take_up(
        connection,
        topics=topics,
        partitions=numbers,
        next_offsets=[position.next_offset for position in positions],
        sequences=[position.sequence for position in positions],
        set_at=[position.sequence_offset for position in positions],
        set_by=[position.sequence_event for position in positions],
    )


async def _new_logs(
    reader: AIOKafkaConsumer, positions: Sequence[Position], records: RecordReader
) -> dict[TopicPartition, NewLog]:
    """What the logs of these partitions show; each is read from its start."""
    if not positions:
        return {}
    sequences = {position.partition: position.sequence for position in positions}
    ranges: dict[TopicPartition, OffsetRange] = await offset_ranges(reader, sequences)
    first: dict[TopicPartition, PublishedEvent] = {}
    last_taken: dict[TopicPartition, PublishedEvent] = {}
    async for partition, event, _ in published_events(reader, ranges, records):
        first.setdefault(partition, event)
        known = last_taken.get(partition)
        if event.sequence <= sequences[partition] and (
            known is None or event.sequence > known.sequence
        ):
            last_taken[partition] = event
    return {
        partition: NewLog(held.start, first.get(partition), last_taken.get(partition))
        for partition, held in ranges.items()
    }
