"""Where the product decides, the simulator asks the product's pure functions.

They are given the shapes of this model.

shared/messaging/position.py is called by consumer.py directly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast
from uuid import UUID

from aiokafka import TopicPartition

from shared.messaging.leadership import SequenceScan, StoredPartition, scan_start
from shared.messaging.log_reader import OffsetRange, PublishedEvent
from shared.messaging.position import (
    LogSnapshot,
    Position,
    RecordIdentity,
    Verdict,
    judge,
    other_event,
    why_another_log,
)
from shared.messaging.recovery_plan import (
    OutboxRow,
    PartitionPlan,
    plan_partition,
    recovery_start,
)
from tests.fault.simulator.kafka import Ignored, Log, marks_of
from tests.fault.simulator.platform import Sent


def known_to_hold(
    partition: TopicPartition,
    sent: Sent,
    rows: Mapping[int, int],
    log: Log,
    service: str,
    ignored: Ignored = (),
) -> Sent:
    """Rule 7, by shared/messaging/leadership.py.

    `rows` are event ids by number, of the whole outbox. Raises OperatorNeeded.
    """
    stored = _stored(partition, sent)
    start = scan_start(
        stored,
        OffsetRange(log.start, log.end),
        _event(log.mark(sent.offset, ignored)),
        service=service,
    )
    scan = SequenceScan(stored, start, rows, service=service)  # type: ignore[arg-type]
    for event in _events(log, start.offset, ignored):
        scan.see(event)
    scan.check_repeats(rows)  # type: ignore[arg-type]
    last = scan.last()
    if last is None:
        return Sent(sent.numbered, begins_after=sent.begins_after)
    return Sent(sent.numbered, last.sequence, last.offset, event_of(last), sent.begins_after)


def another_log(position: Position, log: Log, ignored: Ignored = ()) -> str | None:
    """Rule 15, by shared/messaging/position.py."""
    snapshot = LogSnapshot(
        log.start,
        log.end,
        log.mark(position.sequence_offset, ignored),
        log.before(position.next_offset, ignored),
    )
    return why_another_log(position, snapshot)


def two_events(
    log: Log, skipped: Sequence[RecordIdentity], ignored: Ignored
) -> tuple[RecordIdentity, RecordIdentity] | None:
    """Rule 23, by shared/messaging/position.py: another event that carried a skipped number."""
    carried: dict[int, RecordIdentity] = {}
    for mark in marks_of(log.read(log.start, skipped[-1].offset - log.start), ignored):
        if mark.sequence is not None:
            carried.setdefault(mark.sequence, mark)
    return other_event(skipped, carried)


def retraced(begin: Position, log: Log, ignored: Ignored) -> Position:
    """Rule 24: where a consumer stands that reads the log up to `begin`, or to a gap before.

    As shared/messaging/ignored.py does it.
    """
    position = replace(begin, next_offset=0, sequence=0, sequence_offset=None, sequence_event=None)
    for mark in marks_of(log.read(0, begin.next_offset), ignored):
        verdict, after = judge(replace(position, next_offset=mark.offset), mark)
        if verdict is Verdict.GAP:
            return after
        position = after
    return replace(position, next_offset=begin.next_offset)


def plan_of_recovery(
    partition: TopicPartition,
    sent: Sent,
    rows: Sequence[tuple[int, int | None]],
    log: Log,
    service: str,
    ignored: Ignored = (),
) -> PartitionPlan:
    """Recovery, by shared/messaging/recovery_plan.py.

    `rows` are (event id, number) in the order of the outbox. Raises OperatorNeeded.
    """
    stored, anchor = _stored(partition, sent), _event(log.mark(sent.offset, ignored))
    start = recovery_start(stored, OffsetRange(log.start, log.end), anchor)
    above = [
        OutboxRow(cast("UUID", event), number)
        for event, number in rows
        if number is None or number > (start.sequence or 0)
    ]
    return plan_partition(
        stored, start, _events(log, start.offset, ignored), above, service=service
    )


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


def _events(log: Log, offset: int, ignored: Ignored) -> list[PublishedEvent]:
    return [
        event for mark in marks_of(log.read(offset), ignored) if (event := _event(mark)) is not None
    ]
