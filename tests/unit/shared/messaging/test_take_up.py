"""Where a consumer reads on in a log that was made anew."""

from uuid import UUID

import pytest
from aiokafka import TopicPartition

from shared.messaging.failures import OperatorNeeded
from shared.messaging.log_reader import PublishedEvent
from shared.messaging.position import LogSnapshot, Position, Verdict, judge, why_another_log
from shared.messaging.position import RecordIdentity as Identity
from shared.messaging.take_up import BEFORE_THE_LOG, NewLog, TakenUp, take_up

PARTITION = TopicPartition("t", 0)
NEW = Position(PARTITION)


def event(n: int) -> UUID:
    return UUID(int=n)


WAS = Position(PARTITION, 70, 50, 69, event(50))


def at(offset: int, sequence: int, of: int | None = None) -> PublishedEvent:
    return PublishedEvent(offset, sequence, event(of or sequence))


def taken(was: Position, log: NewLog) -> TakenUp:
    return take_up(was, log, service="exams", owner="ranking")


def test_behind_the_event_that_it_knows() -> None:
    """The log was filled with 41 to 60: it reads on behind 50, and nothing is lost."""
    found = taken(WAS, NewLog(0, at(0, 41), at(9, 50)))
    assert found.position == Position(PARTITION, 10, 50, 9, event(50))
    assert found.lost == 0


def test_an_empty_log_is_read_from_its_start_and_what_was_taken_is_passed_over() -> None:
    """Whatever its owner still sends of the past is a repeat by its number."""
    found = taken(WAS, NewLog(0, None, None))
    here = found.position
    assert (here.next_offset, here.sequence, here.sequence_offset) == (0, 50, BEFORE_THE_LOG)
    assert why_another_log(here, LogSnapshot(0, 0, None, None)) is None
    verdict, here = judge(here, Identity(0, 50, event(50)))
    assert verdict is Verdict.SKIP
    verdict, here = judge(here, Identity(1, 51, event(51)))
    assert verdict is Verdict.APPLY
    assert found.lost == 0


def test_a_log_that_begins_right_behind_it_loses_nothing() -> None:
    """The outbox had removed all that was read."""
    found = taken(WAS, NewLog(0, at(0, 51), None))
    assert (found.position.sequence, found.lost) == (50, 0)


def test_what_was_never_read_and_is_on_no_log_is_counted() -> None:
    """The log begins with 61; 51 to 60 are lost. A partition never read lost all up to it."""
    found = taken(WAS, NewLog(0, at(0, 61), None))
    assert (found.position.sequence, found.lost) == (60, 10)
    found = taken(NEW, NewLog(0, at(0, 4), None))
    assert (found.position.sequence, found.lost) == (3, 3)
    assert found.position.sequence_event is not None  # as the table wants it beside a number


def test_a_partition_without_anything_stays_at_its_start() -> None:
    assert taken(NEW, NewLog(0, None, None)).position == NEW


def test_a_log_that_is_not_filled_yet_waits_for_its_owner() -> None:
    """Number 50 may still come, and under it another event."""
    with pytest.raises(OperatorNeeded, match="up to number 40; exams has read up to 50") as stop:
        taken(WAS, NewLog(0, at(0, 1), at(39, 40)))
    assert "`terang recover ranking`, start ranking" in stop.value.remedy


def test_another_history_is_refused() -> None:
    """The owner gave the number to another event: its database was restored from before."""
    with pytest.raises(OperatorNeeded, match="what took effect is not what ranking decided"):
        taken(WAS, NewLog(0, at(0, 1), at(49, 50, of=77)))
