"""The order of candidates: worked cases from the articles, and what must hold for any points."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from math import floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.merit.domain.list_rules import ListRules, rules_of
from services.ranking.merit.domain.merit_key import LAST_RESORT_BYTES, before_decision
from services.ranking.merit.domain.score import decimal_text, half_up
from services.ranking.merit.domain.standing import Gate
from shared.policies import Policy, load

SEED = "5e" * 32


@lru_cache
def policy_json() -> str:
    return load("national-cpns-2024").model_dump_json()


def rules(list_code: str, need: str = "UMUM") -> ListRules:
    return rules_of(policy_json(), need, SEED)[list_code]


def equals_of(merit_key: bytes) -> bytes:
    """The first bytes that true equals share."""
    return merit_key[:-LAST_RESORT_BYTES]


def skd(twk: int, tiu: int, tkp: int) -> StageResult:
    return StageResult(
        Outcome.SCORED, {"TWK": Decimal(twk), "TIU": Decimal(tiu), "TKP": Decimal(tkp)}
    )


def person(number: int = 1, **known: Any) -> Candidate:
    """A verified candidate."""
    return Candidate(f"0001-{number:06d}", verified=True, **known)


def finalist(number: int, points: StageResult, skb: str, **known: Any) -> Candidate:
    """A candidate whom the first list admitted."""
    results = {"skd": points, "skb": StageResult(Outcome.SCORED, {"SKB": Decimal(skb)})}
    return person(number, results=results, admitted_by=frozenset({"skd"}), **known)


def in_order(list_code: str, *candidates: Candidate) -> list[int]:
    """Numbers of the candidates, best first."""
    keyed = []
    for candidate in candidates:
        standing = rules(list_code).standing_of(candidate)
        assert standing is not None
        keyed.append((standing.merit_key, int(candidate.participant_no[-6:])))
    return [number for _, number in sorted(keyed)]


@pytest.mark.parametrize(
    ("need", "points", "gate"),
    [
        ("UMUM", (65, 80, 166), Gate.RANKED),
        ("UMUM", (60, 80, 225), Gate.BELOW),
        ("UMUM", (65, 75, 225), Gate.BELOW),
        ("UMUM", (150, 175, 165), Gate.BELOW),
        ("KALIMANTAN", (65, 80, 166), Gate.RANKED),
        ("KALIMANTAN", (60, 175, 225), Gate.BELOW),
        ("CUMLAUDE", (0, 85, 226 - 1), Gate.BELOW),  # 310
        ("CUMLAUDE", (5, 85, 221), Gate.RANKED),  # 311
        ("CUMLAUDE", (150, 80, 225), Gate.BELOW),  # TIU
        ("DIASPORA", (5, 85, 221), Gate.RANKED),
        ("DISABILITAS", (5, 60, 221), Gate.RANKED),  # 286
        ("DISABILITAS", (5, 60, 220), Gate.BELOW),
        ("DISABILITAS", (150, 55, 225), Gate.BELOW),  # TIU
        ("PAPUA", (5, 60, 221), Gate.RANKED),
        ("DAERAH_TERTINGGAL", (0, 60, 225), Gate.BELOW),  # 285
    ],
)
def test_thresholds_gate_each_kind_of_need(
    need: str, points: tuple[int, int, int], gate: Gate
) -> None:
    """KepmenPANRB 321/2024: who is below one of the passing grades of the vacancy's kind of need is
    out, whatever the rest.
    """
    standing = rules("skd", need).standing_of(person(results={"skd": skd(*points)}))
    assert standing is not None
    assert standing.gate is gate
    assert standing.score == (sum(points) if gate is Gate.RANKED else None)


@pytest.mark.parametrize(
    ("total", "skb", "score"),
    [
        # r3(r3(SKD / 5.5) x 0.4) + r3(SKB x 0.6), by hand
        ((65, 80, 166), "0", "22.618"),  # 311 / 5.5 = 56.54545 -> 56.545; x 0.4 = 22.618
        ((150, 175, 225), "100", "100.000"),
        ((100, 100, 170), "80.5", "75.209"),  # 67.27272 -> 67.273 -> 26.9092 -> 26.909; 48.3
        ((100, 100, 171), "70", "68.982"),  # 67.45454 -> 67.455 -> 26.982; 42
        (
            (65, 80, 167),
            "0.001",
            "22.692",
        ),  # 56.72727 -> 56.727 -> 22.6908 -> 22.691; 0.0006 -> 0.001
        ((70, 80, 166), "66.666", "62.982"),  # 57.45454 -> 57.455 -> 22.982; 39.9996 -> 40.000
    ],
)
def test_both_tests_are_integrated_in_the_published_steps(
    total: tuple[int, int, int], skb: str, score: str
) -> None:
    """Each division and each multiplication is rounded half-up to three digits; rounding once at
    the end would differ.
    """
    standing = rules("final").standing_of(finalist(1, skd(*total), skb))
    assert standing is not None
    assert standing.score is not None
    assert decimal_text(standing.score, 3) == score


def test_rounding_once_at_the_end_is_another_rule() -> None:
    """311 and 80.004: step by step 22.618 + 48.002; at once 70.62058 would be 70.621.

    A policy may say so, this one does not.
    """
    candidate = finalist(1, skd(65, 80, 166), "80.004")
    national = load("national-cpns-2024")
    final = national.lists[1]
    at_once = final.model_copy(update={"score": final.score.model_copy(update={"rounding": "end"})})
    scores = [
        ListRules(national, one, "UMUM", SEED).standing_of(candidate) for one in (final, at_once)
    ]
    assert [standing and standing.score for standing in scores] == [70_620, 70_621]


def test_equal_totals_go_by_tkp_then_tiu_then_twk() -> None:
    """At the first list: higher TKP first, then higher TIU, then higher TWK."""
    order = in_order(
        "skd",
        person(1, results={"skd": skd(100, 100, 200)}),
        person(2, results={"skd": skd(100, 95, 205)}),
        person(3, results={"skd": skd(95, 105, 200)}),
        person(4, results={"skd": skd(100, 100, 201)}),
    )
    assert order == [4, 2, 3, 1]


def test_equal_final_scores_go_by_the_six_steps() -> None:
    """SKD total, TKP, TIU, TWK, then grade point average, then the oldest; what is unknown goes
    last.
    """
    same = skd(100, 100, 200)
    order = in_order(
        "final",
        finalist(1, same, "80", gpa=Decimal("3.5"), birth_date=date(1999, 1, 1)),
        finalist(2, same, "80", gpa=Decimal("3.51"), birth_date=date(2001, 1, 1)),
        finalist(3, same, "80", gpa=Decimal("3.5"), birth_date=date(1998, 12, 31)),
        finalist(4, same, "80", gpa=None, birth_date=date(1970, 1, 1)),
        finalist(5, same, "80", gpa=Decimal("3.5"), birth_date=None),
        finalist(6, same, "80", gpa=Decimal(0), birth_date=None),
        finalist(7, skd(95, 100, 205), "80"),
        finalist(8, skd(100, 100, 200), "80.001"),
    )
    assert order == [8, 7, 2, 3, 1, 5, 6, 4]


@lru_cache
def across_stages() -> str:
    """The national rules, with a tie by points of both tests: those of the SKB count in
    thousandths.
    """
    values = load("national-cpns-2024").model_dump(mode="json")
    values["lists"][1]["ties"] = [
        {"by": "TKP+SKB", "order": "highest-first"},
        {"by": "birth_date", "order": "lowest-first"},
    ]
    return Policy.model_validate(values).model_dump_json()


def test_a_tie_by_points_of_two_stages_counts_both_in_the_same_units() -> None:
    """Both have 77.091; 200 + 80 = 280 comes after 201 + 79.878 = 280.878."""
    one = rules_of(across_stages(), "UMUM", SEED)["final"]
    first, second = (
        one.standing_of(finalist(1, skd(95, 105, 201), "79.878")),
        one.standing_of(finalist(2, skd(100, 100, 200), "80")),
    )
    assert first is not None
    assert second is not None
    assert (first.score, second.score) == (77091, 77091)
    assert first.merit_key < second.merit_key
    assert one.deciding_field(first.merit_key, second.merit_key) == "TKP+SKB"


def test_who_is_equal_in_everything_differs_by_the_last_resort_alone() -> None:
    """The hash of number and seed orders lines, and nothing more: true equality stays visible.

    Another round's seed orders them otherwise.
    """
    one, other = (
        rules("skd").standing_of(person(number, results={"skd": skd(100, 100, 200)}))
        for number in (1, 2)
    )
    assert one is not None
    assert other is not None
    assert one.merit_key != other.merit_key
    assert equals_of(one.merit_key) == equals_of(other.merit_key)
    elsewhere = rules_of(policy_json(), "UMUM", "aa" * 32)["skd"].standing_of(
        person(1, results={"skd": skd(100, 100, 200)})
    )
    assert elsewhere is not None
    assert elsewhere.merit_key != one.merit_key


def test_an_officers_decision_comes_after_every_tie_and_before_the_last_resort() -> None:
    """Decided equals are told apart in the decided order; whoever was not decided on comes after
    them.
    """
    same = skd(100, 100, 200)
    candidates = [finalist(number, same, "80") for number in (1, 2, 3)]
    decided = [
        replace(candidates[0], decided={"final": 2}),
        replace(candidates[1], decided={"final": 1}),
        candidates[2],
    ]
    assert in_order("final", *decided) == [2, 1, 3]
    standings = [rules("final").standing_of(candidate) for candidate in decided]
    assert len({before_decision(standing.merit_key) for standing in standings if standing}) == 1


@pytest.mark.parametrize(
    ("change", "gate"),
    [
        ({"verified": False}, Gate.REJECTED),
        ({"withdrawn": True}, Gate.WITHDRAWN),
        ({"results": {"skd": StageResult(Outcome.DISQUALIFIED, {})}}, Gate.DISQUALIFIED),
        (
            {"results": {"skd": skd(100, 100, 200), "skb": StageResult(Outcome.MISSED, {})}},
            Gate.ABSENT,
        ),
        ({"results": {"skd": skd(100, 100, 200)}}, Gate.WAITING),
        (
            {
                "results": {
                    "skd": skd(0, 0, 0),
                    "skb": StageResult(Outcome.SCORED, {"SKB": Decimal(1)}),
                }
            },
            Gate.BELOW,
        ),
        (
            {
                "results": {
                    "skd": skd(100, 100, 200),
                    "skb": StageResult(Outcome.SCORED, {"SKB": Decimal(101)}),
                }
            },
            Gate.WAITING,
        ),
    ],
)
def test_gates_of_the_final_list(change: dict[str, Any], gate: Gate) -> None:
    """Whoever is out has a gate and no score; points that are not allowed are no result."""
    standing = rules("final").standing_of(replace(finalist(1, skd(100, 100, 200), "80"), **change))
    assert standing is not None
    assert (standing.gate, standing.score) == (gate, None)


@pytest.mark.parametrize("known", [{"verified": None}, {"verified": False}])
def test_only_the_verified_stand_on_the_first_list(known: dict[str, Any]) -> None:
    """Undecided applications and those that do not meet the requirements are not on it."""
    assert (
        rules("skd").standing_of(
            Candidate("0001-000001", results={"skd": skd(100, 100, 200)}, **known)
        )
        is None
    )


def test_only_the_shortlisted_stand_on_the_final_list() -> None:
    """Without a closed first list that admitted them, nobody is."""
    assert rules("final").standing_of(person(results={"skd": skd(150, 175, 225)})) is None


def test_a_kind_of_need_without_rules_ranks_nobody() -> None:
    """The policy's thresholds must name the need: none are made up."""
    assert rules_of(policy_json(), "OAP", SEED) == {}


POINTS = st.builds(
    lambda twk, tiu, tkp: (5 * twk, 5 * tiu, tkp),
    st.integers(0, 30),
    st.integers(0, 35),
    st.integers(0, 225),
)
FEW_POINTS = st.sampled_from(
    [(100, 100, 200), (100, 95, 205), (95, 105, 200), (65, 80, 166), (0, 0, 0), (150, 175, 225)]
)
FACTS = st.fixed_dictionaries(
    {
        "gpa": st.none()
        | st.sampled_from([Decimal("3.5"), Decimal("3.51"), Decimal(0), Decimal("98.25")]),
        "birth_date": st.none() | st.dates(date(1960, 1, 1), date(2008, 1, 1)),
    }
)
SKB = st.integers(0, 100_000).map(lambda thousandths: decimal_text(thousandths, 3))


@st.composite
def crowds(draw: Callable[..., Any]) -> list[Candidate]:
    """Candidates of whom many share points."""
    size = draw(st.integers(2, 12))
    return [
        finalist(
            number,
            skd(*draw(FEW_POINTS | POINTS)),
            draw(st.sampled_from(["80", "80.001"]) | SKB),
            **draw(FACTS),
        )
        for number in range(size)
    ]


def r3(value: Decimal) -> Decimal:
    """Half up to 3 decimals."""
    return value.quantize(Decimal("0.001"), ROUND_HALF_UP)


def plain_final_key(candidate: Candidate) -> tuple[object, ...]:
    """The same order, said plainly with decimals."""
    points = {code: Decimal(value) for code, value in candidate.results["skd"].points.items()}
    total = sum(points.values(), Decimal(0))
    skb = Decimal(candidate.results["skb"].points["SKB"])
    score = r3(r3(total / Decimal("5.5")) * Decimal("0.4")) + r3(skb * Decimal("0.6"))
    return (
        -score,
        -total,
        -points["TKP"],
        -points["TIU"],
        -points["TWK"],
        (candidate.gpa is None, -(candidate.gpa or 0)),
        (candidate.birth_date is None, candidate.birth_date or date.min),
    )


@given(crowds())
def test_the_keys_order_is_the_articles_order(crowd: list[Candidate]) -> None:
    """Bytes sort like the ties of the articles, said plainly; being bytes, the order is total and
    transitive, and equals are exactly the equals.
    """
    passed = []
    for candidate in crowd:
        standing = rules("final").standing_of(candidate)
        assert standing is not None
        if standing.gate is Gate.RANKED:
            passed.append((standing.merit_key, candidate))
    for key, candidate in passed:
        for other_key, other in passed:
            if plain_final_key(candidate) < plain_final_key(other):
                assert key < other_key
            same = plain_final_key(candidate) == plain_final_key(other)
            assert (equals_of(key) == equals_of(other_key)) is same
    assert len({key for key, _ in passed}) == len(passed)


@given(
    POINTS,
    st.sampled_from(["TWK", "TIU", "TKP"]),
    st.integers(1, 30),
    st.sampled_from(["UMUM", "CUMLAUDE", "PAPUA"]),
)
def test_a_higher_score_never_lowers_a_place(
    points: tuple[int, int, int], component: str, more: int, need: str
) -> None:
    """More points in any component, all else equal, never put a candidate after where they stood,
    and never out.
    """
    stage = load("national-cpns-2024").stage("skd")
    assert stage is not None
    part = stage.component(component)
    assert part is not None
    result = skd(*points)
    raised = {
        **result.points,
        component: min(Decimal(result.points[component]) + more * part.step, part.maximum),
    }
    before = rules("skd", need).standing_of(person(results={"skd": result}))
    after = rules("skd", need).standing_of(
        person(results={"skd": StageResult(Outcome.SCORED, raised)})
    )
    assert before is not None
    assert after is not None
    assert after.merit_key <= before.merit_key


@given(SKB, SKB)
def test_more_skb_never_lowers_a_final_place(one: str, other: str) -> None:
    """The same for the second test."""
    low, high = sorted((Decimal(one), Decimal(other)))
    before = rules("final").standing_of(finalist(1, skd(100, 100, 200), str(low)))
    after = rules("final").standing_of(finalist(1, skd(100, 100, 200), str(high)))
    assert before is not None
    assert after is not None
    assert after.merit_key <= before.merit_key


@given(st.integers(0, 10**12), st.integers(1, 10**6))
def test_half_up_is_exact(numerator: int, denominator: int) -> None:
    """The nearest integer, and of two equally near the greater."""
    assert half_up(numerator, denominator) == floor(
        Fraction(numerator, denominator) + Fraction(1, 2)
    )


def test_the_same_facts_give_the_same_bytes_everywhere() -> None:
    """A fixed key of a fixed candidate: it may not change between versions of Python or of the
    code, or every stored key would be wrong.
    """
    standing = rules("final").standing_of(
        finalist(7, skd(100, 105, 201), "77.777", gpa=Decimal("3.25"), birth_date=date(1999, 5, 17))
    )
    assert standing is not None
    assert standing.merit_key.hex() == (
        "00005cff009018463200ffffffce68af000000000b2323ffffab9c7feed6e7ae6a3dffaf913c1046d9"
    )
