"""Where the product decides, the simulator asks the product's pure functions.

They are given the shapes of this model.

shared/messaging/position.py is called by consumer.py directly.
"""

from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

from aiokafka import TopicPartition

from shared.messaging.leadership import SequenceScan, StoredPartition, scan_start
from shared.messaging.log_reader import OffsetRange, PublishedEvent
from shared.messaging.position import LogSnapshot, Position, RecordIdentity, why_another_log
from shared.messaging.recovery_plan import (
    OutboxRow,
    PartitionPlan,
    plan_partition,
    recovery_start,
)
from tests.fault.simulator.kafka import Log
from tests.fault.simulator.platform import Sent


def known_to_hold(
    partition: TopicPartition, sent: Sent, rows: Mapping[int, int], log: Log, service: str
) -> Sent:
    """Rule 7, by shared/messaging/leadership.py.

    `rows` are event ids by number. Raises OperatorNeeded.
    """
    stored = _stored(partition, sent)
    start = scan_start(
        stored,
        OffsetRange(log.start, log.end),
        _event(log.mark(sent.offset)),
        service=service,
    )
    scan = SequenceScan(stored, start, rows, service=service)  # type: ignore[arg-type]
    for event in _events(log, start.offset):
        scan.see(event)
    last = scan.last()
    if last is None:
        return Sent(sent.numbered, begins_after=sent.begins_after)
    return Sent(sent.numbered, last.sequence, last.offset, event_of(last), sent.begins_after)


def another_log(position: Position, log: Log) -> str | None:
    """Rule 15, by shared/messaging/position.py."""
    snapshot = LogSnapshot(
        log.start, log.end, log.mark(position.sequence_offset), log.before(position.next_offset)
    )
    return why_another_log(position, snapshot)


def plan_of_recovery(
    partition: TopicPartition,
    sent: Sent,
    rows: Sequence[tuple[int, int | None]],
    log: Log,
    service: str,
) -> PartitionPlan:
    """Recovery, by shared/messaging/recovery_plan.py.

    `rows` are (event id, number) in the order of the outbox. Raises OperatorNeeded.
    """
    stored, anchor = _stored(partition, sent), _event(log.mark(sent.offset))
    start = recovery_start(stored, OffsetRange(log.start, log.end), anchor)
    above = [
        OutboxRow(cast("UUID", event), number)
        for event, number in rows
        if number is None or number > (start.sequence or 0)
    ]
    return plan_partition(stored, start, _events(log, start.offset), above, service=service)


def event_of(event: PublishedEvent) -> int:
    """Its id, which is a number here."""
    return cast("int", event.event_id)


def _stored(partition: TopicPartition, sent: Sent) -> StoredPartition:
    known = None
    if sent.offset is not None:
        known = PublishedEvent(sent.offset, sent.acknowledged, cast("UUID", sent.event))
    return StoredPartition(
        partition.topic, partition.partition, sent.numbered, known, sent.begins_after
    )


def _event(mark: RecordIdentity | None) -> PublishedEvent | None:
    if mark is None or mark.sequence is None or mark.event is None:
        return None
    return PublishedEvent(mark.offset, mark.sequence, mark.event)


def _events(log: Log, offset: int) -> list[PublishedEvent]:
    return [
        PublishedEvent(at, record.sequence, record.event)  # type: ignore[arg-type]
        for at, record in log.read(offset)
        if record.sequence is not None
    ]
