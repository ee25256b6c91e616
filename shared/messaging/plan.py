"""What a transaction does with a batch of records: pure, decided before any use case runs."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Literal, NamedTuple

from aiokafka import TopicPartition

from shared.messaging.brake import MOST_IN_A_ROW, Brake
from shared.messaging.envelope import Event
from shared.messaging.failures import Cause, OperatorNeeded
from shared.messaging.origins import IGNORED, ignore_command
from shared.messaging.parser import SET_ASIDE, InboundRecord, RecordFault, events
from shared.messaging.position import (
    REMEDY,
    ElsewhereError,
    Position,
    RecordIdentity,
    Verdict,
    judge_all,
)
from shared.messaging.subscription import Subscription

NO_HANDLER = "none"
"""Stands for the handler of a record that says too little for one to be chosen."""

Call = tuple[Subscription, list[Event[Any]]]
"""Events of one type that go to the use cases of their subscription together."""

Validated = Mapping[int, Event[Any] | RecordFault]
"""Events, or why there is none, by id() of their InboundRecord."""


Keep = Literal["whole", "beginning", "reference"]


class Rejected(NamedTuple):
    """One record to become a dead letter, why, and who could not take it.

    `keep` says whether it is to be kept whole, by reference with its beginning, or by the reference
    alone.
    """

    record: InboundRecord
    fault: RecordFault
    handler: str
    keep: Keep = "whole"


@dataclass(slots=True)
class Plan:
    """Where the partitions stand after a batch, and what happens to each record."""

    ends: list[Position] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    unheard: dict[tuple[TopicPartition, str], tuple[int, int]] = field(default_factory=dict)
    """First offset and count, by partition and type."""
    skipped: dict[TopicPartition, list[RecordIdentity]] = field(default_factory=dict)
    """Repeats, in their order."""
    brakes: list[Brake] = field(default_factory=list)
    """Partitions that end before a record which would be one dead letter in a row too many."""

    def count_unheard(self, partition: TopicPartition, record: InboundRecord) -> None:
        """Counts a record of a type without a subscription."""
        key = partition, record.type or ""
        first, count = self.unheard.get(key, (record.identity.offset, 0))
        self.unheard[key] = (first, count + 1)


def make_plan(
    positions: Mapping[TopicPartition, Position],
    batch: Sequence[InboundRecord],
    subscriptions: Mapping[str, Subscription],
    *,
    service: str,
    validated: Validated | None = None,
    reject_as: RecordFault | None = None,
    most_in_a_row: int | None = MOST_IN_A_ROW,
) -> Plan:
    """Judge each record against the positions and decide what becomes of it.

    `validated` is what `validate` says of the batch. With `reject_as` every event that would take
    effect is rejected for that reason instead. A partition in which more than `most_in_a_row` dead
    letters in a row would stand ends before the one too many (`Plan.brakes`). Raises ElsewhereError
    if the batch is not what comes next; OperatorNeeded on a gap.
    """
    judged = [
        _judge(service, positions, partition, records)
        for partition, records in _by_partition(batch)
    ]
    planner = _Planner(
        subscriptions=subscriptions,
        validated=validate(batch, subscriptions) if validated is None else validated,
        reject_as=reject_as,
        most_in_a_row=most_in_a_row,
    )
    calls = [planner.take(part) for part in judged]
    planner.plan.calls = merge_calls(calls)
    return planner.plan


class _Judged(NamedTuple):
    """Consecutive records of one partition, and what each means there."""

    begin: Position
    end: Position
    records: list[InboundRecord]
    verdicts: list[Verdict]


def _judge(
    service: str,
    positions: Mapping[TopicPartition, Position],
    partition: TopicPartition,
    records: list[InboundRecord],
) -> _Judged:
    if partition not in positions:
        raise ElsewhereError
    begin = positions[partition]
    verdicts, end = judge_all(begin, [record.identity for record in records])
    if verdicts[-1] is Verdict.ELSEWHERE:
        raise ElsewhereError
    if verdicts[-1] is Verdict.GAP:
        raise _gap(service, end, records[len(verdicts) - 1])
    return _Judged(begin, end, records, verdicts)


@dataclass(slots=True, kw_only=True)
class _Planner:
    """Fills a plan, partition by partition."""

    subscriptions: Mapping[str, Subscription]
    validated: Validated
    reject_as: RecordFault | None
    most_in_a_row: int | None
    plan: Plan = field(default_factory=Plan)

    def take(self, part: _Judged) -> deque[Call]:
        """The calls for one partition, in its order; what else happens there goes into the plan."""
        calls: deque[Call] = deque()
        together: list[Event[Any]] = []
        type_: str | None = None
        failures = part.begin.failures
        partition = part.end.partition
        for place, (record, verdict) in enumerate(zip(part.records, part.verdicts, strict=True)):
            if self._passed_over(partition, record, verdict):
                continue
            subscription = self.subscriptions.get(record.type or "")
            outcome = self._outcome(record, subscription)
            if isinstance(outcome, RecordFault):
                passes = _let_pass(part.begin, record)
                failures = 0 if passes else failures + 1
                if self.most_in_a_row is not None and failures > self.most_in_a_row:
                    self._stop_before(part, place)
                    return calls
                self._reject(record, outcome, subscription, passes=passes)
                continue
            if outcome is None:
                self.plan.count_unheard(partition, record)
                continue
            assert subscription is not None  # without one, there is no event
            failures = 0
            if record.type != type_:
                together, type_ = [], record.type
                calls.append((subscription, together))
            together.append(outcome)
        self.plan.ends.append(replace(part.end, failures=failures))
        return calls

    def _passed_over(
        self, partition: TopicPartition, record: InboundRecord, verdict: Verdict
    ) -> bool:
        """Whether the record moves the offset and no more: a repeat, or one that is ignored."""
        if verdict is Verdict.SKIP:
            self.plan.skipped.setdefault(partition, []).append(record.identity)
            return True
        return record.fault is IGNORED

    def _outcome(
        self, record: InboundRecord, subscription: Subscription | None
    ) -> Event[Any] | RecordFault | None:
        """The record's event, or why there is none; None for a type that nobody here hears."""
        if record.fault is not None:
            return record.fault
        if subscription is None:
            return None
        return self.reject_as or self.validated[id(record)]

    def _reject(
        self,
        record: InboundRecord,
        fault: RecordFault,
        subscription: Subscription | None,
        *,
        passes: bool,
    ) -> None:
        """The record becomes a dead letter.

        Of a foreign one that an operator lets pass, the beginning is kept: no flood is kept twice.
        """
        handler = NO_HANDLER if subscription is None else subscription.handler
        keep: Keep = "whole"
        if fault.code == SET_ASIDE:
            keep = "reference"
        elif passes and record.identity.sequence is None:
            keep = "beginning"
        self.plan.rejected.append(Rejected(record, fault, handler, keep))

    def _stop_before(self, part: _Judged, place: int) -> None:
        """The brake: the partition ends before the record at this place, and others go on."""
        held = part.records[place:]
        brake = Brake.at(part.begin.partition, held[0].identity.offset)
        self.plan.brakes.append(
            brake.followed(
                (
                    record.identity.offset,
                    self._outcome(record, self.subscriptions.get(record.type or "")),
                )
                for record in held
            )
        )
        if place > 0:
            _, end = judge_all(part.begin, [record.identity for record in part.records[:place]])
            self.plan.ends.append(replace(end, failures=self.most_in_a_row or 0))


def _let_pass(begin: Position, record: InboundRecord) -> bool:
    """Whether an operator has let this record pass the brake."""
    return begin.released_through is not None and record.identity.offset <= begin.released_through


def merge_calls(partitions: Iterable[deque[Call]]) -> list[Call]:
    """The calls of all partitions, as few as can be.

    Calls of one type that come next in several partitions are one. A partition keeps its order;
    between partitions there is none.
    """
    waiting = [calls for calls in partitions if calls]
    merged: list[Call] = []
    while waiting:
        subscription = waiting[0][0][0]
        alike = [calls.popleft()[1] for calls in waiting if calls[0][0] is subscription]
        merged.append((subscription, [event for together in alike for event in together]))
        waiting = [calls for calls in waiting if calls]
    return merged


def _gap(service: str, position: Position, record: InboundRecord) -> OperatorNeeded:
    raw = record.raw
    place = (raw.topic, raw.partition, raw.offset)
    return OperatorNeeded(
        f"{service}: {raw.topic}/{raw.partition} holds sequence {record.identity.sequence} at"
        f" offset {raw.offset}, but {position.sequence + 1} comes next: an event is missing on the"
        " log.",
        remedy=f"{REMEDY}; or, if the service of that topic never wrote this record,"
        f" {ignore_command(service, place, record.identity.event)}",
        cause=Cause.GAP,
    )


def _by_partition(
    batch: Sequence[InboundRecord],
) -> list[tuple[TopicPartition, list[InboundRecord]]]:
    """The batch by partition, in sorted order."""
    parts: dict[TopicPartition, list[InboundRecord]] = {}
    for (topic, number), records in groupby(
        batch, key=lambda record: (record.raw.topic, record.raw.partition)
    ):
        parts.setdefault(TopicPartition(topic, number), []).extend(records)
    return sorted(parts.items())


def partitions_of(batch: Sequence[InboundRecord]) -> set[TopicPartition]:
    """The partitions that a batch's records stand in."""
    found = {(record.raw.topic, record.raw.partition) for record in batch}
    return {TopicPartition(*partition) for partition in found}


def validate(
    batch: Iterable[InboundRecord], subscriptions: Mapping[str, Subscription]
) -> Validated:
    """The events of these records, or why they are none; of a type unheard, nothing."""
    by_type: dict[str, list[InboundRecord]] = {}
    for record in batch:
        if record.fault is None and record.type in subscriptions:
            by_type.setdefault(record.type or "", []).append(record)
    validated: dict[int, Event[Any] | RecordFault] = {}
    for type_, records in by_type.items():
        found = events(subscriptions[type_].contract, records)
        validated.update(zip(map(id, records), found, strict=True))
    return validated
