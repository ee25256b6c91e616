"""The table messaging.unheard_type: types that passed without a subscription. (rule 19)"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg
from aiokafka import TopicPartition

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


async def heard_late(pool: Pool, types: Sequence[str]) -> list[asyncpg.Record]:
    """Those of these types that passed before: rows of type, topic and number of events."""
    return [row async for row in SQL.heard_late(pool, types=types)]


async def forget_unheard(connection: Connection, types: Sequence[str]) -> None:
    """Forgets these types, which a rebuild has read from the start."""
    await SQL.forget_unheard(connection, types=types)
