"""What a transaction does with a batch, and which events go to a use case in one call."""

from collections import deque
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.messaging.brake import MOST_IN_A_ROW, brake_stop
from shared.messaging.envelope import Event, Record
from shared.messaging.failures import Cause, OperatorNeeded
from shared.messaging.origins import Origins, RecordReader
from shared.messaging.parser import InboundRecord, RecordFault, read_headers
from shared.messaging.plan import (
    NO_HANDLER,
    Call,
    Plan,
    make_plan,
    merge_calls,
    partitions_of,
    validate,
)
from shared.messaging.position import ElsewhereError, Position, RecordIdentity
from shared.messaging.subscription import Subscription


class Number(BaseModel):
    """The data of every event here."""

    n: int = 0


class Row:
    """A row of a catalogue."""

    model = Number
    topic = "topic"
    key = staticmethod(str)
    subject = staticmethod(str)
    day_only = False

    def __init__(self, type_: str) -> None:
        self.type = type_


async def use_case(connection: object, events: object) -> None:
    """Stands for a use case."""


SCORED, MISSED = (
    Subscription(Row("test.Scored"), use_case),
    Subscription(Row("test.Missed"), use_case),
)
SUBSCRIPTIONS = {"test.Scored": SCORED, "test.Missed": MISSED}
FIRST, SECOND = TopicPartition("topic", 0), TopicPartition("topic", 1)
HANDLER = f"{__name__}.use_case"


def inbound(
    sequence: int,
    type_: str = "test.Scored",
    *,
    partition: TopicPartition = FIRST,
    offset: int | None = None,
    value: bytes = b'{"n": 1}',
) -> InboundRecord:
    """The event with this number, by default at the offset that a clean log gives it."""
    headers = {
        "ce_id": str(UUID(int=sequence)),
        "ce_sequence": str(sequence),
        "ce_type": type_,
        "ce_source": "/test",
        "ce_subject": "a subject",
        "ce_time": "2026-08-20T10:00:00+07:00",
    }
    encoded = tuple((name, text.encode()) for name, text in headers.items())
    at = sequence - 1 if offset is None else offset
    return read_headers(Record(partition.topic, partition.partition, at, b"key", value, encoded, 0))


def foreign(offset: int) -> InboundRecord:
    """A record that no relay wrote."""
    return read_headers(Record("topic", 0, offset, b"key", b"{}", (), 0))


def plan_of(
    batch: Sequence[InboundRecord], position: Position | None = None, **options: Any
) -> Plan:
    """The plan for a batch of a service that begins, or stands at this position."""
    positions = {FIRST: position or Position(FIRST), SECOND: Position(SECOND)}
    return make_plan(positions, batch, SUBSCRIPTIONS, service="test", **options)


def sequences(calls: list[Call]) -> list[tuple[str, list[int]]]:
    return [
        (subscription.contract.type, [event.sequence for event in events])
        for subscription, events in calls
    ]


def test_consecutive_events_of_a_type_go_together() -> None:
    """Each run of one type is a call; the position ends behind the last record."""
    batch = [inbound(1), inbound(2), inbound(3, "test.Missed"), inbound(4)]
    plan = plan_of(batch)
    assert sequences(plan.calls) == [
        ("test.Scored", [1, 2]),
        ("test.Missed", [3]),
        ("test.Scored", [4]),
    ]
    assert plan.ends == [Position(FIRST, 4, 4, 3, UUID(int=4))]


def test_partitions_share_a_call() -> None:
    """Events of one type that come next in two partitions are one call; both positions move."""
    plan = plan_of([inbound(1, partition=SECOND), inbound(1), inbound(2)])
    assert sequences(plan.calls) == [("test.Scored", [1, 2, 1])]
    assert [end.partition for end in plan.ends] == [FIRST, SECOND]


def test_repeats_are_skipped() -> None:
    """What stood on the log twice moves the offset and has no effect."""
    plan = plan_of(
        [inbound(2, offset=5), inbound(4, offset=6)], Position(FIRST, 5, 3, 4, UUID(int=3))
    )
    assert plan.skipped == {FIRST: [RecordIdentity(5, 2, UUID(int=2))]}
    assert sequences(plan.calls) == [("test.Scored", [4])]
    assert plan.ends == [Position(FIRST, 7, 4, 6, UUID(int=4))]


def test_an_ignored_record_moves_the_offset_alone() -> None:
    """It takes no number, and is neither a dead letter nor one in a row of them."""
    reader = RecordReader(Origins({"topic": "/test"}), {("topic", 0, 1): UUID(int=2)})
    batch = [reader.read(inbound(n).raw) for n in (1, 2)]
    plan = plan_of([*batch, inbound(2, offset=2)])
    assert sequences(plan.calls) == [("test.Scored", [1, 2])]
    assert plan.rejected == []
    assert plan.ends == [Position(FIRST, 3, 2, 2, UUID(int=2))]


def test_types_without_a_subscription_are_counted() -> None:
    """Each with its first offset; they take their numbers."""
    plan = plan_of([inbound(1, "test.New"), inbound(2), inbound(3, "test.New")])
    assert plan.unheard == {(FIRST, "test.New"): (0, 2)}
    assert sequences(plan.calls) == [("test.Scored", [2])]
    assert plan.ends[0].sequence == 3


def test_what_cannot_take_effect_is_rejected() -> None:
    """A foreign record takes no number, an unreadable event takes its own."""
    batch = [foreign(0), inbound(1, offset=1, value=b"no JSON"), inbound(2, offset=2)]
    plan = plan_of(batch)
    assert [(rejected.fault.code, rejected.handler) for rejected in plan.rejected] == [
        ("headers-not-ours", NO_HANDLER),
        ("not-json", HANDLER),
    ]
    assert sequences(plan.calls) == [("test.Scored", [2])]
    assert plan.ends == [Position(FIRST, 3, 2, 2, UUID(int=2))]


def test_failures_in_a_row_are_remembered() -> None:
    """The position counts dead letters since the last success, over batches."""
    broken = [inbound(1, value=b"no JSON"), inbound(2, value=b"no JSON")]
    assert plan_of(broken, Position(FIRST, failures=3)).ends[0].failures == 5
    assert plan_of([*broken, inbound(3)]).ends[0].failures == 0


def test_an_event_can_be_rejected_for_a_reason_given() -> None:
    """A use case refused it: it becomes a dead letter and has no effect."""
    fault = RecordFault("refused", "unlucky")
    plan = plan_of([inbound(1)], reject_as=fault)
    assert [(rejected.fault, rejected.handler) for rejected in plan.rejected] == [(fault, HANDLER)]
    assert plan.calls == []
    assert plan.ends[0].sequence == 1


def test_a_gap_needs_an_operator() -> None:
    """An event is missing on the log."""
    with pytest.raises(
        OperatorNeeded, match="holds sequence 3 at offset 1, but 2 comes next"
    ) as gap:
        plan_of([inbound(1), inbound(3, offset=1)])
    assert gap.value.cause is Cause.GAP


def test_a_partition_ends_before_one_dead_letter_too_many() -> None:
    """The brake counts those of earlier batches; a rebuild has none."""
    broken, almost = [inbound(1, value=b"no JSON")], Position(FIRST, failures=20)
    (brake,) = plan_of(broken, almost).brakes
    assert (brake.partition, brake.first, brake.last, brake.ended) == (FIRST, 0, 0, False)
    assert plan_of(broken, almost).ends == []
    assert len(plan_of(broken, almost, most_in_a_row=None).rejected) == 1


def test_what_stands_before_the_brake_takes_effect() -> None:
    """Twenty are set aside, and other partitions go on; the run is known up to a sound event."""
    foreigners = [foreign(offset) for offset in range(1, 31)]
    batch = [inbound(1), *foreigners, inbound(2, offset=31), inbound(1, partition=SECOND)]
    plan = plan_of(batch)
    assert len(plan.rejected) == MOST_IN_A_ROW
    assert [(end.partition, end.next_offset, end.failures) for end in plan.ends] == [
        (FIRST, 21, 20),
        (SECOND, 1, 0),
    ]
    (brake,) = plan.brakes
    assert (brake.first, brake.last, brake.ended) == (21, 30, True)
    assert brake.reasons == {"headers-not-ours": 10}


def test_what_was_released_is_not_counted() -> None:
    """Up to the offset; behind it the brake counts from the start."""
    position = Position(FIRST, released_through=99)
    foreigners = [foreign(offset) for offset in range(130)]
    assert plan_of(foreigners[:110], position).ends[0].failures == 10
    (brake,) = plan_of(foreigners, position).brakes
    assert brake.first == 120


def test_the_stop_says_what_lets_the_run_pass() -> None:
    """The command with topic, partition and the last offset that is known."""
    (brake,) = plan_of([foreign(offset) for offset in range(30)]).brakes
    stop = brake_stop("test", [brake])
    assert stop.cause is Cause.BRAKE
    assert "20 records in a row of topic/0" in stop.reason
    assert "10 headers-not-ours; no further than offset 30" in stop.reason
    assert stop.remedy.startswith("terang dead-letters release test topic/0 --through 29 (only if")


@pytest.mark.parametrize(
    "batch",
    [
        [inbound(2)],
        [inbound(1), inbound(3, offset=4)],
        [inbound(1, partition=TopicPartition("topic", 9))],
    ],
)
def test_a_batch_that_is_not_next_goes_back(batch: list[InboundRecord]) -> None:
    """It begins elsewhere, leaves offsets out, or is of a partition without a position."""
    with pytest.raises(ElsewhereError):
        plan_of(batch)


def test_what_was_validated_ahead_is_not_read_again() -> None:
    """Events come from `validated`, whatever the records' data are by now."""
    record = inbound(1)
    (event,) = validate([record], SUBSCRIPTIONS).values()
    other = cast("Event[Any]", event)._replace(data=Number(n=7))
    plan = plan_of([record], validated={id(record): other})
    assert plan.calls == [(SCORED, [other])]


def test_only_subscribed_types_are_validated() -> None:
    """Of a type that nobody here consumes, nothing is read."""
    known, unknown = inbound(1), inbound(2, "test.New")
    assert list(validate([known, unknown, foreign(2)], SUBSCRIPTIONS)) == [id(known)]


def test_the_partitions_of_a_batch() -> None:
    """Each once."""
    batch = [inbound(1), inbound(2), inbound(1, partition=SECOND)]
    assert partitions_of(batch) == {FIRST, SECOND}


def _calls(partitions: list[list[Subscription]]) -> list[deque[Any]]:
    """A call of one event for each of these; the event says its partition and place."""
    return [
        deque((kind, [(number, place)]) for place, kind in enumerate(kinds))
        for number, kinds in enumerate(partitions)
    ]


def test_one_type_in_several_partitions_is_one_call() -> None:
    """Twelve partitions that begin with scores make one call of scores."""
    calls: list[Any] = merge_calls(_calls([[SCORED]] * 12))
    assert calls == [(SCORED, [(number, 0) for number in range(12)])]


def test_a_partition_keeps_its_order_of_types() -> None:
    """An absence between two scores of one partition is taken between them.

    Whatever the others hold.
    """
    calls: list[Any] = merge_calls(_calls([[SCORED, MISSED, SCORED], [MISSED]]))
    assert calls == [(SCORED, [(0, 0)]), (MISSED, [(0, 1), (1, 0)]), (SCORED, [(0, 2)])]


@given(st.lists(st.lists(st.sampled_from([SCORED, MISSED]), max_size=6), max_size=6))
def test_nothing_is_lost_and_each_partition_keeps_its_order(
    partitions: list[list[Subscription]],
) -> None:
    """All events come once, to the use case of their type, those of a partition in its order."""
    merged: list[Any] = merge_calls(_calls(partitions))
    taken = [(number, place, kind) for kind, events in merged for number, place in events]
    expected = [
        [(number, place, kind) for place, kind in enumerate(kinds)]
        for number, kinds in enumerate(partitions)
    ]
    assert [
        [call for call in taken if call[0] == number] for number in range(len(partitions))
    ] == expected
    assert len(taken) == sum(map(len, partitions))
