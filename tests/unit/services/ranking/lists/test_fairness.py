"""Pass rates by kind of need: worked figures, and that no small group can be read off them."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranking.lists.domain.fairness import (
    LEAST,
    NeedCount,
    NeedGroup,
    count_need,
    shown_groups,
)
from shared.policies import load

CODES = load("national-cpns-2024").lists[0].codes


def test_a_worked_interval() -> None:
    """Wilson's interval of 20 in 50 at 95 %.

    By hand, with z = 1.959964: (0.4 + z²/100 ± z √(0.24/50 + z²/10000)) ÷ (1 + z²/50), so 0.2761
    to 0.5382.
    """
    found = shown_groups([NeedCount(("UMUM",), 50, 20, 5)])
    assert [(group.needs, group.tested) for group in found] == [(("UMUM",), 50)]
    rate = found[0].passed
    assert (rate.count, rate.share, rate.low, rate.high) == (20, "0.4000", "0.2761", "0.5382")


def test_who_counts_as_tested() -> None:
    """Below, disqualified and passed; not absent, withdrawn or rejected."""
    lines = {"P/L": 3, "P": 4, "TL": 10, "TH": 7, "DIS": 1, "APS": 2, "TMS": 5}
    assert count_need("UMUM", CODES, lines) == NeedCount(("UMUM",), 18, 7, 3)


@pytest.mark.parametrize(
    ("tested", "shown"),
    [
        ({"UMUM": 100, "PAPUA": 5}, [("UMUM",), ("PAPUA",)]),
        ({"UMUM": 100, "PAPUA": 4}, [("PAPUA", "UMUM")]),
        ({"UMUM": 100, "PAPUA": 4, "DIASPORA": 3}, [("UMUM",), ("DIASPORA", "PAPUA")]),
        ({"UMUM": 100, "CUMLAUDE": 20, "DIASPORA": 3}, [("UMUM",), ("CUMLAUDE", "DIASPORA")]),
        ({"UMUM": 3, "PAPUA": 3, "DIASPORA": 2}, [("DIASPORA", "PAPUA", "UMUM")]),
        ({"UMUM": 2, "PAPUA": 2}, []),
        ({"UMUM": 9, "PAPUA": 0}, [("UMUM",)]),
        ({}, []),
    ],
)
def test_small_groups_go_together(tested: dict[str, int], shown: list[tuple[str, ...]]) -> None:
    """Never one that is hidden beside a total from which it would follow.

    The next larger joins it.
    """
    assert [
        group.needs
        for group in shown_groups(
            [NeedCount((need,), many, 1, 0) for need, many in tested.items() if many]
        )
    ] == shown


counts = st.lists(
    st.tuples(
        st.sampled_from("ABCDEFG"), st.integers(0, 12), st.integers(0, 12), st.integers(0, 12)
    ).map(lambda drawn: NeedCount((drawn[0],), *sorted(drawn[1:], reverse=True))),
    max_size=12,
)


@given(counts)
def test_no_group_tells_of_a_few(given_counts: list[NeedCount]) -> None:
    """Each shown group has enough people.

    All groups together are everyone, so that none follows by subtraction; each need is in one
    group.
    """
    found: list[NeedGroup] = shown_groups(given_counts)
    everyone = sum(group.tested for group in given_counts)
    assert all(group.tested >= LEAST for group in found)
    assert bool(found) == (everyone >= LEAST)
    if found:
        assert sum(group.tested for group in found) == everyone
        assert sum(group.passed.count for group in found) == sum(
            group.passed for group in given_counts if group.tested
        )
    names = Counter(need for group in found for need in group.needs)
    assert set(names.values()) <= {1}
    for group in found:
        for rate in (group.passed, group.within):
            assert 0 <= float(rate.low) <= float(rate.share) + 0.0001
            assert float(rate.share) <= float(rate.high) + 0.0001 <= 1.0001
