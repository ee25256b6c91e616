"""Is it still the log on which these positions were made?

Gathers what position.why_another_log decides over. (rule 15 in README.md)
"""

import asyncio
from collections.abc import Mapping, Sequence

from aiokafka import TopicPartition

from shared.messaging.failures import Cause, OperatorNeeded
from shared.messaging.leadership import PublishedEvent, new_reader, published_events
from shared.messaging.position import LogSnapshot, Position, RecordIdentity, why_another_log

REMEDY = "put the log back as it was, or see 'The log is another one' in shared/messaging/README.md"

SECONDS = 20.0
"""A broker that does not answer within this is away."""

LOOK_BACK = 10_000
"""Records before a position among which the nearest of ours is looked for. Only a flood of foreign
records makes it more than one."""


async def check_log(
    bootstrap_servers: str, positions: Sequence[Position]
) -> dict[TopicPartition, LogSnapshot]:
    """What the log shows of each position's partition, if each was made on the log that is there
    now.

    Raises OperatorNeeded if one wasn't; KafkaError, OSError or TimeoutError while the broker is
    away.
    """
    found = await evidence(bootstrap_servers, positions)
    for position in positions:
        why = why_another_log(position, found[position.partition])
        if why is not None:
            raise OperatorNeeded(
                f"{position.partition.topic}/{position.partition.partition}: {why}.",
                remedy=REMEDY,
                cause=Cause.OTHER_LOG,
            )
    return found


async def evidence(
    bootstrap_servers: str, positions: Sequence[Position]
) -> dict[TopicPartition, LogSnapshot]:
    """What the log shows of each position's partition."""
    if not positions:
        return {}
    reader = new_reader(bootstrap_servers)
    async with asyncio.timeout(SECONDS):
        try:
            await reader.start()
            partitions = {position.partition: position.partition for position in positions}
            starts = await reader.beginning_offsets(list(partitions.values()))
            ends = await reader.end_offsets(list(partitions.values()))
            at: dict[TopicPartition, PublishedEvent] = {}
            before: dict[TopicPartition, PublishedEvent] = {}
            spans = {
                partitions[each.partition]: _span(each, starts[partitions[each.partition]])
                for each in positions
            }
            last = {tp: min(span[1], ends[tp]) for tp, span in spans.items()}
            async for tp, own, _ in published_events(
                reader, {tp: span[0] for tp, span in spans.items()}, last
            ):
                before[tp] = own
                at.setdefault(tp, own)
            far = {
                tp: each.sequence_offset
                for each in positions
                if each.sequence_offset is not None
                and starts[tp := partitions[each.partition]]
                <= each.sequence_offset
                < min(spans[tp][0], ends[tp])
            }
            just_these = {tp: offset + 1 for tp, offset in far.items()}
            at |= {tp: own async for tp, own, _ in published_events(reader, far, just_these)}
        finally:
            await reader.stop()
    return {
        each.partition: LogSnapshot(starts[tp], ends[tp], _at(each, at, tp), _mark(before.get(tp)))
        for each in positions
        if (tp := partitions[each.partition])
    }


def _span(position: Position, start: int) -> tuple[int, int]:
    """Offsets to look at: from the record that set the sequence, if it is near, to the position."""
    first = position.next_offset - LOOK_BACK
    if position.sequence_offset is not None:
        first = max(first, position.sequence_offset)
    return max(first, start), position.next_offset


def _at(
    position: Position, at: Mapping[TopicPartition, PublishedEvent], tp: TopicPartition
) -> RecordIdentity | None:
    own = at.get(tp)
    return _mark(own) if own is not None and own.offset == position.sequence_offset else None


def _mark(own: PublishedEvent | None) -> RecordIdentity | None:
    return None if own is None else RecordIdentity(own.offset, own.sequence, own.event_id)
