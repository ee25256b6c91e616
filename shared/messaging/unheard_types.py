"""Types that passed without a subscription, and from where each type is heard. (rule 19)

The tables messaging.unheard_type and messaging.heard_type.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.envelope import Contract
from shared.messaging.log_reader import OffsetRange, offset_ranges, open_reader, published_events
from shared.messaging.origins import RecordReader
from shared.postgres import queries
from shared.postgres.pool import Connection, Pool

SQL = queries.load(Path(__file__).with_name("unheard_types.sql"))


async def note_unheard(
    connection: Connection, unheard: Mapping[tuple[TopicPartition, str], tuple[int, int]]
) -> None:
    """Counts events by partition and type; given are the first offset and the count of each."""
    await SQL.note_unheard(
        connection,
        topics=[partition.topic for partition, _ in unheard],
        partitions=[partition.partition for partition, _ in unheard],
        types=[type_ for _, type_ in unheard],
        first_offsets=[offset for offset, _ in unheard.values()],
        events=[count for _, count in unheard.values()],
    )


async def note_heard(pool: Pool, contracts: Sequence[Contract]) -> None:
    """Keeps from where this version's types are heard; before anything of them is taken."""
    await SQL.note_heard(
        pool,
        topics=[contract.topic for contract in contracts],
        types=[contract.type for contract in contracts],
    )


async def count_missed(pool: Pool, bootstrap_servers: str, records: RecordReader) -> None:
    """Looks on the log for what passed before newly heard types were heard.

    What was counted in passing may be less: a database may have been restored. Raises what the
    servers raise.
    """
    rows = [row async for row in SQL.uncounted(pool)]
    if not rows:
        return
    async with open_reader(bootstrap_servers) as reader:
        for place, group in groupby(rows, key=itemgetter("topic", "partition")):
            heard_from = {row["type"]: row["from_offset"] for row in group}
            partition = TopicPartition(*place)
            found = await _past_of(reader, records, partition, heard_from)
            first, events = found
            await SQL.keep_counted(
                pool,
                topic=partition.topic,
                partition=partition.partition,
                types=list(heard_from),
                first_offsets=[first.get(type_, 0) for type_ in heard_from],
                events=[events[type_] for type_ in heard_from],
            )


async def _past_of(
    reader: AIOKafkaConsumer,
    records: RecordReader,
    partition: TopicPartition,
    heard_from: Mapping[str, int],
) -> tuple[dict[str, int], Counter[str]]:
    """The first offset and the number of events of each type before its hearing begins."""
    first: dict[str, int] = {}
    events = Counter[str]()
    held = (await offset_ranges(reader, [partition]))[partition]
    wanted = OffsetRange(held.start, min(held.end, max(heard_from.values())))
    async for _, event, raw in published_events(reader, {partition: wanted}, records):
        type_ = records.read(raw).type or ""
        if event.offset < heard_from.get(type_, 0):
            first.setdefault(type_, event.offset)
            events[type_] += 1
    return first, events


async def heard_late(pool: "Pool | Connection", types: Sequence[str]) -> list[asyncpg.Record]:
    """Those of these types that passed before: rows of type, topic and number of events."""
    return [row async for row in SQL.heard_late(pool, types=types)]


async def forget_unheard(connection: Connection, types: Sequence[str]) -> None:
    """Forgets these types, which a rebuild has read from the start."""
    await SQL.forget_unheard(connection, types=types)
