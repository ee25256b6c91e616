"""Other rules tried out: the changed policy is a whole policy, and ranking in memory is the
engine's ranking.
"""

from decimal import Decimal
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.merit.domain.list_cut import ListCut
from services.ranking.merit.domain.placement import Placement, placements
from services.ranking.what_if.domain import (
    Changes,
    UnknownPartError,
    changed_policy,
    difference,
    rules_for,
)
from shared.policies import Policy, PolicyError, load, read_policy

SEED = "5e" * 32


@lru_cache
def policy() -> Policy:
    return load("national-cpns-2024")


def changed(list_code: str, **changes: object) -> Policy:
    return read_policy(
        "changed", changed_policy(policy(), list_code, Changes.model_validate(changes))
    )


def sat(number: int, twk: int, tiu: int, tkp: int) -> Candidate:
    points = {"TWK": Decimal(twk), "TIU": Decimal(tiu), "TKP": Decimal(tkp)}
    return Candidate(
        f"0001-{number:06d}", verified=True, results={"skd": StageResult(Outcome.SCORED, points)}
    )


def lists(law: Policy, seats: int, candidates: list[Candidate]) -> dict[str, Placement]:
    return placements(ListCut.of(rules_for(law, "skd", "UMUM", SEED), seats), candidates)


def test_no_change_is_no_difference() -> None:
    """The policy that nothing is changed in is the same policy, to its hash."""
    assert changed("skd").hash() == policy().hash()
    assert changed("final").hash() == policy().hash()


def test_equals_share_a_rank_and_all_go_on_together() -> None:
    """1, 2, 2, 4: with one seat the cut has room for 3; of two who are equal at it both go on."""
    candidates = [
        sat(1, 100, 100, 200),
        sat(2, 100, 100, 190),
        sat(3, 100, 100, 190),
        sat(4, 60, 100, 225),
    ]
    found = lists(
        policy(), 1, [*candidates, sat(5, 100, 100, 180), Candidate("0001-000006", verified=True)]
    )
    assert [
        (place.rank, place.score, place.code, place.within) for _, place in sorted(found.items())
    ] == [
        (1, "400", "P/L", True),
        (2, "390", "P/L", True),
        (2, "390", "P/L", True),
        (None, None, "TL", False),
        (4, "380", "P", False),
        (None, None, "WAIT", False),
    ]


def test_a_higher_threshold_takes_somebody_out_and_lets_somebody_in() -> None:
    """TIU 105 in place of 80: who has 100 falls, and the fourth comes within the cut of three."""
    candidates = [
        sat(1, 150, 100, 225),
        sat(2, 100, 110, 200),
        sat(3, 100, 110, 199),
        sat(4, 100, 110, 198),
    ]
    other = changed("skd", thresholds=[{"of": "TIU", "minimum": "105", "needs": ["UMUM"]}])
    found = difference(lists(policy(), 1, candidates), lists(other, 1, candidates))
    assert [
        (move.participant_no[-1], move.way, move.now.code, move.then.code) for move in found.moves
    ] == [
        ("1", "out", "P/L", "TL"),
        ("2", "moved", "P/L", "P/L"),
        ("3", "moved", "P/L", "P/L"),
        ("4", "in", "P", "P/L"),
    ]
    assert found.codes_now == {"P/L": 3, "P": 1}
    assert found.codes_then == {"P/L": 3, "TL": 1}
    assert other.stages[0].thresholds[-1].minimum == 105
    assert len(other.stages[0].thresholds) == len(policy().stages[0].thresholds)


def test_another_order_of_ties() -> None:
    """Equal totals: by TIU first, where the policy goes by TKP."""
    candidates = [sat(1, 100, 100, 200), sat(2, 100, 105, 195)]
    other = changed("skd", ties=[{"by": "TIU", "order": "highest-first"}])
    assert [place.rank for _, place in sorted(lists(policy(), 1, candidates).items())] == [1, 2]
    assert [place.rank for _, place in sorted(lists(other, 1, candidates).items())] == [2, 1]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"weights": {"skd": "50"}}, "the weights sum to 110 %"),
        ({"ties": [{"by": "luck", "order": "highest-first"}]}, "nothing is called luck"),
        ({"thresholds": [{"of": "TWK", "minimum": "151"}]}, "151 is above the maximum 150"),
        (
            {"thresholds": [{"of": "TWK", "minimum": "50", "needs": ["NOBODY"]}]},
            "no kind of need NOBODY",
        ),
    ],
)
def test_changes_that_do_not_hold_together_are_refused(
    changes: dict[str, object], says: str
) -> None:
    """The whole policy is checked, as if it came from a file."""
    with pytest.raises(PolicyError) as refused:
        changed("final", **changes)
    assert any(says in fault.says for fault in refused.value.faults)


@pytest.mark.parametrize(
    "changes", [{"weights": {"interview": "10"}}, {"thresholds": [{"of": "ABC", "minimum": "1"}]}]
)
def test_changes_of_what_is_not_there_are_refused(changes: dict[str, object]) -> None:
    """A weight or threshold that would change nothing is no answer."""
    with pytest.raises(UnknownPartError):
        changed("final", **changes)


@given(
    points=st.lists(
        st.tuples(st.integers(13, 16), st.integers(16, 19), st.integers(165, 169)),
        min_size=1,
        max_size=12,
    ),
    seats=st.integers(1, 3),
    shuffled=st.randoms(use_true_random=False),
)
def test_ranks_in_memory_count_who_is_better(
    points: list[tuple[int, int, int]], seats: int, shuffled: object
) -> None:
    """A rank is one more than those with a better key by the article's order; whoever is within
    never has someone better outside; the order of reading changes nothing.
    """
    people = [
        sat(number, 5 * twk, 5 * tiu, tkp) for number, (twk, tiu, tkp) in enumerate(points, 1)
    ]
    found = lists(policy(), seats, people)
    passing = {number: sat for number, sat in enumerate(points, 1) if sat[2] >= 166}
    keys = {number: (5 * a + 5 * b + c, c, b, a) for number, (a, b, c) in passing.items()}
    for number in range(1, len(points) + 1):
        place = found[f"0001-{number:06d}"]
        if number not in keys:
            assert (place.rank, place.code) == (None, "TL")
            continue
        better = sum(other > keys[number] for other in keys.values())
        assert place.rank == better + 1
        assert place.within == (better < 3 * seats)
    shuffled.shuffle(people)  # type: ignore[attr-defined]
    assert lists(policy(), seats, people) == found
