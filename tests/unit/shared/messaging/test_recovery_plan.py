"""The plan of a recovery for one partition, as a pure function."""

from uuid import UUID

import pytest

from shared.messaging.failures import OperatorNeeded
from shared.messaging.leadership import ScanStart, StoredPartition
from shared.messaging.log_reader import PublishedEvent
from shared.messaging.recovery_plan import OutboxRow, plan_partition


def event(n: int) -> UUID:
    return UUID(int=n)


def published(sequence: int, of: int | None = None) -> PublishedEvent:
    return PublishedEvent(sequence - 1, sequence, event(of or sequence))


def test_a_database_that_agrees_needs_nothing() -> None:
    """Marked up to the log's end, one row waiting: no change."""
    plan = plan_partition(
        StoredPartition("t", 0, 3, published(3)),
        ScanStart(3, 3),
        [],
        [OutboxRow(event(4), None)],
        service="m",
    )
    assert not plan.changes
    assert plan.last == published(3)


def test_rows_take_the_logs_numbers_and_the_rest_is_missing() -> None:
    """Restored to 2: rows 3 and 4 had no number then.

    The log has them as 4 and 3, and 5 that the database never saw.
    """
    log = [published(3, of=4), published(4, of=3), published(5)]
    rows = [OutboxRow(event(3), None), OutboxRow(event(4), None), OutboxRow(event(9), None)]
    plan = plan_partition(
        StoredPartition("t", 0, 2, published(2)), ScanStart(2, 2), log, rows, service="m"
    )
    assert plan.last == published(5)
    assert dict(plan.renumbered) == {event(3): 4, event(4): 3}
    assert plan.missing == (published(5),)
    assert plan.resent == ()


def test_a_number_that_the_log_gave_to_another_event_is_given_up() -> None:
    """Rows whose numbers the log gave to other events get new numbers above."""
    log = [published(3, of=77), published(4, of=78)]
    rows = [OutboxRow(event(3), 3), OutboxRow(event(4), 4)]
    plan = plan_partition(
        StoredPartition("t", 0, 4, published(2)), ScanStart(2, 2), log, rows, service="m"
    )
    assert plan.resent == (event(3), event(4))
    assert [event.event_id for event in plan.missing] == [event(77), event(78)]


def test_repeats_are_passed_over() -> None:
    """A zombie's repeat behind the end changes nothing."""
    log = [published(3), PublishedEvent(3, 3, event(3)), PublishedEvent(4, 2, event(2))]
    plan = plan_partition(
        StoredPartition("t", 0, 3, published(2)),
        ScanStart(2, 2),
        log,
        [OutboxRow(event(3), 3)],
        service="m",
    )
    assert plan.last == published(3)
    assert not plan.changes


def test_a_topic_made_anew_keeps_its_numbers() -> None:
    """The outbox has removed 1 to 3: the log begins behind them, and nothing is numbered anew."""
    rows = [OutboxRow(event(5), 5), OutboxRow(event(4), 4), OutboxRow(event(9), None)]
    plan = plan_partition(
        StoredPartition("t", 0, 5, published(5)), ScanStart(0, 0), [], rows, service="m"
    )
    assert (plan.last, plan.lost, plan.kept) == (None, 3, 2)
    assert (plan.numbered, plan.begins_after) == (5, 3)
    assert plan.resent == plan.renumbered == ()
    assert plan.changes


def test_rows_left_over_below_a_hole_are_not_sent() -> None:
    """A removal was under way: 2 is there and 3 is gone. The log begins behind the hole."""
    rows = [OutboxRow(event(2), 2), OutboxRow(event(4), 4)]
    plan = plan_partition(
        StoredPartition("t", 0, 4, published(4)), ScanStart(0, 0), [], rows, service="small"
    )
    assert (plan.begins_after, plan.kept) == (3, 1)


def test_a_topic_made_anew_and_not_filled_yet_needs_nothing_more() -> None:
    """The same again before the relay has led: nothing is to be done, and nothing is counted."""
    rows = [OutboxRow(event(4), 4), OutboxRow(event(5), 5)]
    stored = StoredPartition("t", 0, 5, None, begins_after=3)
    plan = plan_partition(stored, ScanStart(0, 3), [], rows, service="small")
    assert not plan.changes
    assert (plan.numbered, plan.begins_after) == (5, 3)


def test_a_log_that_jumps_is_beyond_a_plan() -> None:
    """No consumer can pass a missing number, whatever the database says."""
    with pytest.raises(OperatorNeeded, match="jumps from number 2 to 4"):
        plan_partition(
            StoredPartition("t", 0, 4, published(2)),
            ScanStart(2, 2),
            [published(4)],
            [],
            service="m",
        )
