"""Where the product decides, the simulator asks the product: its pure functions in the shapes of
this model.

shared/messaging/position.py is called by consumer.py directly.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from aiokafka import TopicPartition

from shared.messaging import leadership, recovery
from shared.messaging.position import LogSnapshot, Position, RecordIdentity, why_another_log
from tests.fault.simulator.kafka import Log
from tests.fault.simulator.platform import Sent


def known_to_hold(
    partition: TopicPartition, sent: Sent, rows: Mapping[int, int], log: Log, remedy: str
) -> Sent:
    """Rule 7, by shared/messaging/leadership.py.

    `rows` are event ids by number. Raises OperatorNeeded.
    """
    stored = _stored(partition, sent)
    scan_start = leadership.scan_start(
        stored,
        leadership.OffsetRange(log.start, log.end),
        _own(log.mark(sent.offset)),
        remedy=remedy,
    )
    count = leadership.SequenceScan(stored, scan_start, rows, remedy=remedy)  # type: ignore[arg-type]
    for own in _owns(log, scan_start.offset):
        count.see(own)
    last = count.last()
    if last is None:
        return Sent(sent.numbered)
    return Sent(sent.numbered, last.sequence, last.offset, event_of(last))


def another_log(position: Position, log: Log) -> str | None:
    """Rule 15, by shared/messaging/position.py."""
    evidence = LogSnapshot(
        log.start, log.end, log.mark(position.sequence_offset), log.before(position.next_offset)
    )
    return why_another_log(position, evidence)


def plan_of_recovery(
    partition: TopicPartition,
    sent: Sent,
    rows: Sequence[tuple[int, int | None]],
    log: Log,
    remedy: str,
) -> recovery.PartitionPlan:
    """Rule 21, by shared/messaging/recovery.py.

    `rows` are (event id, number) in the order of the outbox. Raises OperatorNeeded.
    """
    stored, anchor = _stored(partition, sent), _own(log.mark(sent.offset))
    start = recovery.recovery_start(stored, leadership.OffsetRange(log.start, log.end), anchor)
    above = [
        recovery.OutboxRow(event, n) for event, n in rows if n is None or n > (start.sequence or 0)
    ]  # type: ignore[arg-type]
    return recovery.plan_partition(stored, start, _owns(log, start.offset), above, remedy=remedy)


def event_of(own: leadership.PublishedEvent) -> int:
    """Its id, which is a number here."""
    return cast("int", own.event_id)


def _stored(partition: TopicPartition, sent: Sent) -> leadership.StoredPartition:
    known = (
        None
        if sent.offset is None
        else leadership.PublishedEvent(sent.offset, sent.acknowledged, sent.event)
    )  # type: ignore[arg-type]
    return leadership.StoredPartition(partition.topic, partition.partition, sent.numbered, known)


def _own(mark: RecordIdentity | None) -> leadership.PublishedEvent | None:
    if mark is None or mark.sequence is None or mark.event is None:
        return None
    return leadership.PublishedEvent(mark.offset, mark.sequence, mark.event)


def _owns(log: Log, offset: int) -> list[leadership.PublishedEvent]:
    return [
        leadership.PublishedEvent(at, record.sequence, record.event)  # type: ignore[arg-type]
        for at, record in log.read(offset)
        if record.sequence is not None
    ]
