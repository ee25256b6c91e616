"""What the next record means, and whether the log is still the one it was."""

from dataclasses import replace
from uuid import UUID

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.position import (
    LogSnapshot,
    Position,
    RecordIdentity,
    Verdict,
    judge,
    judge_all,
    why_another_log,
)

PLACE = TopicPartition("topic", 3)


def event(number: int) -> UUID:
    return UUID(int=number)


def at(next_offset: int, sequence: int, sequence_offset: int | None = None) -> Position:
    offset = next_offset - 1 if sequence_offset is None else sequence_offset
    if sequence == 0:
        return Position(PLACE, next_offset)
    return Position(PLACE, next_offset, sequence, offset, event(sequence))


def own(offset: int, sequence: int) -> RecordIdentity:
    return RecordIdentity(offset, sequence, event(sequence))


def test_the_next_event_moves_both() -> None:
    """The next event takes effect; offset, sequence and the record that set it move."""
    verdict, moved = judge(at(7, 5), own(7, 6))
    assert verdict is Verdict.APPLY
    assert moved == at(8, 6)


@pytest.mark.parametrize("sequence", [1, 5])
def test_a_repeat_moves_the_offset_alone(sequence: int) -> None:
    """What stands twice on the log is passed by; the sequence and its record stay."""
    verdict, moved = judge(at(7, 5), own(7, sequence))
    assert verdict is Verdict.SKIP
    assert moved == at(8, 5, sequence_offset=6)


def test_a_foreign_record_moves_the_offset_alone() -> None:
    """A record without our headers has no place in the sequence."""
    verdict, moved = judge(at(7, 5), RecordIdentity(7, None, None))
    assert verdict is Verdict.FOREIGN
    assert moved == at(8, 5, sequence_offset=6)


def test_a_missing_event_moves_nothing() -> None:
    """Behind a gap nothing may take effect."""
    assert judge(at(7, 5), own(7, 7)) == (Verdict.GAP, at(7, 5))


@pytest.mark.parametrize("offset", [0, 6, 8])
def test_a_record_from_elsewhere_moves_nothing(offset: int) -> None:
    """A record at another offset than the next is not ours to take, whatever its number."""
    assert judge(at(7, 5), own(offset, 6)) == (Verdict.ELSEWHERE, at(7, 5))


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.one_of(st.none(), st.integers(1, 12))),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 3),
)
def test_many_are_judged_as_one_by_one(
    records: list[tuple[int, int | None]], sequence: int
) -> None:
    """A batch leads where its records lead one by one, whatever stands in it.

    It ends at the first that stops it.
    """
    position = at(10, sequence)
    offset, marks = 10, []
    for hole, number in records:
        offset += hole
        marks.append(RecordIdentity(offset, number, None if number is None else event(number)))
        offset += 1
    verdicts, end = judge_all(position, marks)
    expected, stands = [], position
    for mark in marks:
        verdict, stands = judge(stands, mark)
        expected.append(verdict)
        if verdict in (Verdict.GAP, Verdict.ELSEWHERE):
            break
    assert (verdicts, end) == (expected, stands)


@given(st.integers(1, 30), st.integers(0, 5))
def test_a_dense_batch_is_all_applied(count: int, sequence: int) -> None:
    """New events without a hole all take effect."""
    marks = [own(10 + i, sequence + 1 + i) for i in range(count)]
    verdicts, end = judge_all(at(10, sequence), marks)
    assert verdicts == [Verdict.APPLY] * count
    assert end == at(10 + count, sequence + count)


SAME = LogSnapshot(start=0, end=20, at_sequence=own(6, 5), before=own(6, 5))

ANOTHER = [
    pytest.param(
        at(7, 5), replace(SAME, start=8), "records are gone", id="starts above the position"
    ),
    pytest.param(
        at(7, 5),
        replace(SAME, end=6),
        "made anew or its end was lost",
        id="ends below the position",
    ),
    pytest.param(
        at(7, 5), replace(SAME, at_sequence=None), "made anew or its end", id="the record is gone"
    ),
    pytest.param(
        at(7, 5),
        replace(SAME, at_sequence=RecordIdentity(6, 5, event(99))),
        "another record now",
        id="another event",
    ),
    pytest.param(
        at(7, 5), replace(SAME, at_sequence=own(6, 4)), "another record now", id="another number"
    ),
    pytest.param(
        at(9, 5, 6),
        replace(SAME, before=own(8, 6)),
        "log was replaced",
        id="a higher number behind",
    ),
    pytest.param(
        at(3, 0),
        replace(SAME, at_sequence=None, before=own(1, 1)),
        "log was replaced",
        id="nothing taken, events behind",
    ),
]


@pytest.mark.parametrize(("position", "evidence", "words"), ANOTHER)
def test_another_log(position: Position, evidence: LogSnapshot, words: str) -> None:
    """A log that begins above, ends below, or holds another record is another one.

    It is said why.
    """
    why = why_another_log(position, evidence)
    assert why is not None
    assert words in why


SAME_STILL = [
    pytest.param(at(7, 5), SAME, id="unchanged"),
    pytest.param(at(9, 5, 6), replace(SAME, before=own(8, 3)), id="repeats behind the sequence"),
    pytest.param(at(0, 0), LogSnapshot(0, 0, None, None), id="empty, nothing taken"),
    pytest.param(at(3, 0), LogSnapshot(0, 3, None, None), id="only foreign records passed"),
    pytest.param(
        at(9, 5, 6), LogSnapshot(8, 20, None, None), id="the record expired, nothing unread did"
    ),
]


@pytest.mark.parametrize(("position", "evidence"), SAME_STILL)
def test_the_same_log(position: Position, evidence: LogSnapshot) -> None:
    """Repeats, foreign records and what expired behind the position do not make it another log."""
    assert why_another_log(position, evidence) is None
