"""What a list waits for before it can be fixed."""

from typing import Any

import pytest

from services.ranking.lists.domain.readiness import ArrivalCounts, missing_items

COMPLETE: dict[str, Any] = {
    "announced": 5,
    "submitted": 5,
    "undecided": 0,
    "active": 4,
    "waiting": 0,
    "without_facts": 0,
    "sittings": 1,
    "open_sittings": 0,
    "counted": 4,
    "arrived": 4,
    "need_known": True,
    "opened": True,
}


def test_a_list_is_ready_when_all_that_was_counted_has_arrived() -> None:
    """Nothing is missing of a list that is ready.

    Also where a result came after the sitting was closed, and where nobody is left to sit.
    """
    assert [*missing_items(ArrivalCounts(**COMPLETE))] == []
    assert [*missing_items(ArrivalCounts(**{**COMPLETE, "arrived": 5}))] == []
    assert [
        *missing_items(
            ArrivalCounts(**{**COMPLETE, "active": 0, "sittings": 0, "counted": 0, "arrived": 0})
        )
    ] == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"announced": None}, "RegistrationClosed has not arrived"),
        ({"submitted": 4}, "4 of 5 applications have arrived"),
        ({"undecided": 2}, "2 not verified yet"),
        ({"waiting": 1}, "results of 1 candidates are missing"),
        ({"without_facts": 3}, "facts of 3 candidates have not arrived"),
        ({"sittings": 0}, "no sitting has been scheduled"),
        ({"open_sittings": 1}, "SittingClosed has not arrived for 1 of 1 sittings"),
        ({"arrived": 3}, "3 of 4 results have arrived"),
        ({"need_known": False}, "the policy does not know its kind of need"),
        ({"opened": False}, "the list before is not closed"),
    ],
)
def test_whatever_is_missing_is_named(change: dict[str, Any], says: str) -> None:
    """Each thing that has not arrived holds the list, in both languages."""
    lacks = [*missing_items(ArrivalCounts(**{**COMPLETE, **change}))]
    assert [lack.en for lack in lacks] == [says]
    assert all(lack.id for lack in lacks)
