"""Which events go to a use case in one call."""

from collections import deque
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.catalogue import BY_MODEL
from shared.contracts.exams import ExamMissed, ExamScored
from shared.messaging.dispatch import side_by_side
from shared.messaging.subscription import Subscription


async def _nothing(_connection: object, _events: object) -> None:
    """Stands for a use case."""


SCORED, MISSED = (Subscription(BY_MODEL[model], _nothing) for model in (ExamScored, ExamMissed))  # type: ignore[type-abstract]


def _lanes(kinds: list[list[Subscription]]) -> list[deque[Any]]:
    """Runs of one event each, which says its partition and place."""
    return [
        deque((kind, [(lane, place)]) for place, kind in enumerate(each))
        for lane, each in enumerate(kinds)
    ]


def test_one_type_in_several_partitions_is_one_call() -> None:
    """Twelve partitions that begin with scores make one call of scores."""
    runs: list[Any] = side_by_side(_lanes([[SCORED]] * 12))
    assert runs == [(SCORED, [(lane, 0) for lane in range(12)])]


def test_a_partition_keeps_its_order_of_types() -> None:
    """An absence between two scores of one partition is taken between them, whatever the others
    hold.
    """
    runs: list[Any] = side_by_side(_lanes([[SCORED, MISSED, SCORED], [MISSED]]))
    assert runs == [(SCORED, [(0, 0)]), (MISSED, [(0, 1), (1, 0)]), (SCORED, [(0, 2)])]


@given(st.lists(st.lists(st.sampled_from([SCORED, MISSED]), max_size=6), max_size=6))
def test_nothing_is_lost_and_each_partition_keeps_its_order(
    kinds: list[list[Subscription]],
) -> None:
    """All events come once, to the use case of their type, those of a partition in its order."""
    taken: list[Any] = [
        (lane, place, kind) for kind, run in side_by_side(_lanes(kinds)) for lane, place in run
    ]  # type: ignore[has-type, misc]
    expected = [
        [(lane, place, kind) for place, kind in enumerate(each)] for lane, each in enumerate(kinds)
    ]
    assert [[one for one in taken if one[0] == lane] for lane in range(len(kinds))] == expected
    assert len(taken) == sum(map(len, kinds))
