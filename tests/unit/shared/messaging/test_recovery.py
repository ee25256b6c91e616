"""The plan of a recovery for one partition, as a pure function."""

from uuid import UUID

import pytest

from shared.messaging.failures import OperatorNeeded
from shared.messaging.leadership import PublishedEvent, ScanStart, StoredPartition
from shared.messaging.recovery import OutboxRow, plan_partition


def event(n: int) -> UUID:
    return UUID(int=n)


def own(sequence: int, of: int | None = None) -> PublishedEvent:
    return PublishedEvent(sequence - 1, sequence, event(of or sequence))


def test_a_database_that_agrees_needs_nothing() -> None:
    """Marked up to the log's end, one row waiting: no change."""
    lane = plan_partition(
        StoredPartition("t", 0, 3, own(3)),
        ScanStart(3, 3),
        [],
        [OutboxRow(event(4), None)],
        remedy="m",
    )
    assert not lane.changes
    assert lane.last == own(3)


def test_rows_take_the_logs_numbers_and_the_rest_is_lacking() -> None:
    """Restored to 2: rows 3 and 4 had no number then; the log has them as 4 and 3, and 5 that the
    database never saw.
    """
    log = [own(3, of=4), own(4, of=3), own(5)]
    rows = [OutboxRow(event(3), None), OutboxRow(event(4), None), OutboxRow(event(9), None)]
    lane = plan_partition(
        StoredPartition("t", 0, 2, own(2)), ScanStart(2, 2), log, rows, remedy="m"
    )
    assert lane.last == own(5)
    assert dict(lane.renumbered) == {event(3): 4, event(4): 3}
    assert lane.lacking == (own(5),)
    assert lane.sent_anew == ()


def test_a_number_that_the_log_gave_to_another_event_is_given_up() -> None:
    """Rows numbered in yesterday's database and sent again since under the same numbers as others:
    they get new numbers above.
    """
    log = [own(3, of=77), own(4, of=78)]
    rows = [OutboxRow(event(3), 3), OutboxRow(event(4), 4)]
    lane = plan_partition(
        StoredPartition("t", 0, 4, own(2)), ScanStart(2, 2), log, rows, remedy="m"
    )
    assert lane.sent_anew == (event(3), event(4))
    assert [each.event_id for each in lane.lacking] == [event(77), event(78)]


def test_repeats_are_passed_over() -> None:
    """A zombie's repeat behind the end changes nothing."""
    log = [own(3), PublishedEvent(3, 3, event(3)), PublishedEvent(4, 2, event(2))]
    lane = plan_partition(
        StoredPartition("t", 0, 3, own(2)),
        ScanStart(2, 2),
        log,
        [OutboxRow(event(3), 3)],
        remedy="m",
    )
    assert lane.last == own(3)
    assert not lane.changes


def test_numbers_that_neither_side_has_are_counted() -> None:
    """The topic is made anew and the outbox has removed 1 to 3: three are lost, the others are sent
    under new numbers.
    """
    rows = [OutboxRow(event(4), 4), OutboxRow(event(5), 5)]
    lane = plan_partition(StoredPartition("t", 0, 5, own(5)), ScanStart(0, 0), [], rows, remedy="m")
    assert (lane.last, lane.lost) == (None, 3)
    assert lane.sent_anew == (event(4), event(5))


def test_a_log_that_jumps_is_beyond_a_plan() -> None:
    """No consumer can pass a missing number, whatever the database says."""
    with pytest.raises(OperatorNeeded, match="jumps from number 2 to 4"):
        plan_partition(
            StoredPartition("t", 0, 4, own(2)), ScanStart(2, 2), [own(4)], [], remedy="m"
        )
