"""Compares what an owner stated with what a consumer took, partition by partition. (rule 25)

`count_owned` and `count_consumed` read a database; `differences` decides, and is pure.
"""

from collections.abc import AsyncIterable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from shared.messaging.checksums import SQL
from shared.postgres.pool import Connection


class Count(NamedTuple):
    """The number of a partition's last event, and the sum of all ids up to it (None: unknown)."""

    sequence: int
    checksum: int | None


Counts = Mapping[TopicPartition, Count]


class Counted(NamedTuple):
    """What both sides said at one moment, the consumer before the owner."""

    consumer: Counts
    owner: Counts


class Kind(Enum):
    """How a consumer doesn't fit its owner."""

    AHEAD = "ahead"
    BEHIND = "behind"
    OTHER = "other"


class Difference(NamedTuple):
    """One partition in which the two don't fit, and how, in words."""

    partition: TopicPartition
    kind: Kind
    fault: str


async def count_owned(connection: Connection) -> Counts:
    """How far the log is known to hold what this service states."""
    return await _counts(SQL.owned_counts(connection))


async def count_consumed(connection: Connection) -> Counts:
    """How far this service has taken what others state."""
    return await _counts(SQL.consumed_counts(connection))


async def _counts(rows: AsyncIterable[Mapping[str, Any]]) -> Counts:
    return {
        TopicPartition(row["topic"], row["partition"]): Count(row["sequence"], row["checksum"])
        async for row in rows
    }


def differences(earlier: Counted, later: Counted) -> list[Difference]:
    """Where the consumer is behind and stands still, is ahead, or differs at the same number.

    Two looks some seconds apart, since either side moves meanwhile: what was taken by the first
    must be stated by the second, and what was stated by the first, or part of it, taken.
    """
    return [
        Difference(partition, *found)
        for partition in sorted(later.consumer.keys() & later.owner.keys())
        if (found := _fault(partition, earlier, later))
    ]


def _fault(partition: TopicPartition, earlier: Counted, later: Counted) -> tuple[Kind, str] | None:
    taken, stated = later.consumer[partition], later.owner[partition]
    before = earlier.consumer.get(partition, taken).sequence
    stated_before = earlier.owner.get(partition, stated).sequence
    if before > stated.sequence:
        return Kind.AHEAD, f"{before} events were taken, and only {stated.sequence} stated"
    if taken.sequence == before < stated_before:
        return (
            Kind.BEHIND,
            f"{taken.sequence} of {stated_before} events were taken, and none meanwhile",
        )
    if taken.sequence == stated.sequence and _known(taken, stated):
        return (
            Kind.OTHER,
            f"{taken.sequence} events were taken, and as many stated, but not the same ones",
        )
    return None


def _known(taken: Count, stated: Count) -> bool:
    """Whether both sums are known, and differ."""
    return None not in (taken.checksum, stated.checksum) and taken.checksum != stated.checksum
