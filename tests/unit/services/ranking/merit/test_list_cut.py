"""Ranks, codes and the cut, line by line."""

from functools import lru_cache
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranking.merit.domain.list_cut import UNDECIDED, ListCut, ListSummary
from services.ranking.merit.domain.list_lines import ListLine, SortedRow, list_line
from services.ranking.merit.domain.list_rules import ListRules, rules_of
from services.ranking.merit.domain.standing import Gate
from shared.policies import load


@lru_cache
def rules(list_code: str) -> ListRules:
    return rules_of(load("national-cpns-2024").model_dump_json(), "UMUM", "5e" * 32)[list_code]


def lines(groups: list[int], decided: frozenset[int] = frozenset()) -> list[ListLine]:
    """Ranked lines of groups of equals; an officer ordered the groups in `decided` (indices)."""
    made = []
    place = 0
    for index, alike in enumerate(groups):
        shared = place + 1
        for _ in range(alike):
            place += 1
            told = alike if index in decided else 0
            made.append(
                list_line(
                    SortedRow(
                        place, f"0001-{place:06d}", Gate.RANKED, 500 - index, shared, alike, told
                    )
                )
            )
    return made


def codes(list_code: str, seats: int, made: list[ListLine]) -> list[str]:
    cut = ListCut.of(rules(list_code), seats)
    return [cut.code(line.gate, line.rank, line.equals) for line in made]


def test_equals_share_a_rank() -> None:
    """1, 2, 2, 4."""
    assert [line.rank for line in lines([1, 2, 1])] == [1, 2, 2, 4]


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([1, 1, 1, 1], ["P/L", "P/L", "P/L", "P"]),
        (
            [1, 1, 2, 1],
            ["P/L", "P/L", "P/L", "P/L", "P"],
        ),  # two equal at the third place: both go on, 4 > 3 x 1
        ([5], ["P/L"] * 5),
        ([1, 2], ["P/L"] * 3),
        ([3, 2], ["P/L", "P/L", "P/L", "P", "P"]),
    ],
)
def test_equals_at_the_limit_of_the_first_list_all_go_on(
    groups: list[int], expected: list[str]
) -> None:
    """PermenPANRB 6/2024: three times the seats; who is equal at the limit goes on too."""
    assert codes("skd", 1, lines(groups)) == expected


@pytest.mark.parametrize(
    ("groups", "decided", "expected"),
    [
        ([1, 1, 1], frozenset(), ["L", "L", "P"]),
        ([1, 2, 1], frozenset(), ["L", UNDECIDED, UNDECIDED, "P"]),
        ([1, 2, 1], frozenset({1}), ["L", "L", "P", "P"]),
        ([2, 2], frozenset(), ["L", "L", "P", "P"]),
        ([3], frozenset(), [UNDECIDED] * 3),
        ([3], frozenset({0}), ["L", "L", "P"]),
    ],
)
def test_equals_at_the_last_seat_wait_for_an_officer(
    groups: list[int], decided: frozenset[int], expected: list[str]
) -> None:
    """Two seats: the machine never chooses between people who are equal in everything; once an
    officer did, the order is theirs.
    """
    assert codes("final", 2, lines(groups, decided)) == expected


def test_a_decision_that_leaves_someone_out_decides_nothing() -> None:
    """A newcomer among the equals makes them undecided again."""
    made = [
        list_line(SortedRow(place, f"0001-{place:06d}", Gate.RANKED, 500, 1, 3, 2))
        for place in (1, 2, 3)
    ]
    assert codes("final", 2, made) == [UNDECIDED] * 3


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=12),
    st.integers(1, 10),
    st.sampled_from(["skd", "final"]),
)
def test_a_cut_never_splits_equals_and_never_exceeds_without_reason(
    groups: list[int], seats: int, list_code: str
) -> None:
    """Equals always have one code.

    Seats are never exceeded; the first list's limit only by those equal at it.
    """
    made = lines(groups)
    got = codes(list_code, seats, made)
    by_score: dict[int | None, set[str]] = {}
    for line, code in zip(made, got, strict=True):
        by_score.setdefault(line.score, set()).add(code)
    assert all(len(together) == 1 for together in by_score.values())
    within = rules(list_code).codes.within
    limit = ListCut.of(rules(list_code), seats).limit
    assert limit is not None
    admitted = [line for line, code in zip(made, got, strict=True) if code == within]
    if list_code == "final":
        assert len(admitted) <= seats
    else:
        last = [line for line in made if line.score == admitted[-1].score]
        assert len(admitted) - len(last) < limit
        assert len(admitted) >= min(limit, len(made))


def test_the_digest_is_of_all_lines_as_the_contract_writes_them() -> None:
    """participant_no,rank,score,code and a line feed each, in order of participant number; rank and
    score empty where there are none.
    """
    summary = ListSummary(ListCut.of(rules("skd"), 1))
    summary.add(lines([1, 1]))
    summary.add(
        [
            ListLine(3, "0001-000003", Gate.ABSENT, None, 1, None),
            ListLine(4, "0001-000004", Gate.WAITING, None, 1, None),
        ]
    )
    text = "0001-000001,1,500,P/L\n0001-000002,2,499,P/L\n0001-000003,,,TH\n0001-000004,,,WAIT\n"
    assert summary.digest == sha256(text.encode()).hexdigest()
    assert dict(summary.codes) == {"P/L": 2, "TH": 1, "WAIT": 1}
    assert (summary.candidates, summary.within, summary.cut_score) == (4, 2, 499)
