"""Records at which workers end: counted in the database, stopped at, set aside by an operator.

Such an error is none that is waited out, blamed on a record or an operator's: nothing here foresees
it, so another start may well end at the same place. (rule 17 in README.md)
"""

from pathlib import Path
from typing import NamedTuple

from aiokafka import TopicPartition

from shared.messaging.failures import Cause, OperatorNeeded
from shared.messaging.parser import InboundRecord
from shared.postgres import queries
from shared.postgres.pool import Connection, Pool

SQL = queries.load(Path(__file__).with_name("deadly_records.sql"))

MOST_DEATHS = 3
"""So many ends at one record stop the worker: a cause that goes away by itself has had its time."""


class Deadly(NamedTuple):
    """How often workers ended at a record, and whether an operator has set it aside."""

    deaths: int
    set_aside: bool


async def count_death(pool: Pool, record: InboundRecord, exception: str) -> Deadly:
    """Counts that a worker ends at this record, by an exception of this name."""
    raw = record.raw
    row = await SQL.count_death(
        pool,
        topic=raw.topic,
        partition=raw.partition,
        record_offset=raw.offset,
        exception=exception,
    )
    return Deadly(row["deaths"], row["set_aside"])


async def set_aside(connection: Connection, partition: TopicPartition, offset: int) -> int | None:
    """Has this record become a dead letter, of which its place, hash and sizes are kept.

    Returns how often workers ended at it; None if none did.
    """
    deaths: int | None = await SQL.set_aside(
        connection, topic=partition.topic, partition=partition.partition, record_offset=offset
    )
    return deaths


def deadly_stop(service: str, record: InboundRecord, exception: str, deaths: int) -> OperatorNeeded:
    """What an operator is told; nothing of what the record holds."""
    raw = record.raw
    return OperatorNeeded(
        f"{service}: its worker ended {deaths} times at {raw.topic}/{raw.partition}, offset"
        f" {raw.offset}, by {exception}, which is a fault of this platform. All before it has taken"
        " effect. The log of the worker's ends before says where in the program.",
        remedy=f"repair that and start again; or terang dead-letters set-aside {service}"
        f" {raw.topic}/{raw.partition} {raw.offset} (the record becomes a dead letter), then start"
        " again",
        cause=Cause.RECORD,
    )
