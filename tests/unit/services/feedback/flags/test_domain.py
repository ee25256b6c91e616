"""When complaints say that a unit is in trouble, and when they don't say enough."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from math import exp, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.feedback.flags.domain import (
    ComplaintGroup,
    FlagLimits,
    Norms,
    OpenFlag,
    ProvinceRate,
    UnitYear,
    Window,
    assess,
    decide,
    exposure_of,
    figure,
    norms_of,
    posterior,
    window_of,
    workload_ratio,
)
from shared.contracts.feedback import FlagKind, UnitCleared, UnitFlagged

LIMITS = FlagLimits(
    ratio=Decimal("1.5"),
    flag_probability=Decimal("0.95"),
    clear_probability=Decimal("0.80"),
    least_complaints=5,
    prior_complaints=Decimal(2),
    workload_flag=Decimal("1.1"),
    workload_clear=Decimal("1.0"),
)
WINDOW = Window(date(2025, 9, 1), date(2026, 9, 1))
NORMS = Norms(
    WINDOW,
    (
        ProvinceRate("slow", "services", 200, 200_000),
        ProvinceRate("people", "services", 200, 200_000),
        ProvinceRate("all", "services", 200, 200_000),
        ProvinceRate("slow", "staff", 100, 1_000),
        ProvinceRate("people", "staff", 100, 1_000),
    ),
    services=200_000,
    staff=1_000,
)
"""1 complaint per 1,000 services, 0.1 per member of staff, 200 services per member of staff."""


def unit(
    unit_id: str = "U", *, staff: int = 20, services: int = 4_000, slow: int = 0, people: int = 0
) -> UnitYear:
    complaints: dict[ComplaintGroup, int] = {"slow": slow, "people": people, "all": slow + people}
    return UnitYear(unit_id, staff, services, 12 if services else 0, complaints)


def kinds(changes: Sequence[UnitFlagged | UnitCleared]) -> list[tuple[str, str]]:
    return [(type(change).__name__, change.kind) for change in changes]


def test_the_posterior_is_the_one_of_the_textbook() -> None:
    """Prior Gamma(2, 2/0.001) and 6 complaints in 4,000 services: Gamma(8, 6,000).

    Its mean is 8/6,000; its tail over 1.5/1,000 is the chance of fewer than 8 Poisson arrivals with
    mean 9, summed here by hand (the gamma tail's identity for whole shapes).
    """
    known = posterior(6, 4_000, 0.001, weight=2, ratio=1.5)
    assert known.mean == pytest.approx(8 / 6_000)
    assert known.probability == pytest.approx(sum(exp(-9) * 9**k / factorial(k) for k in range(8)))
    assert figure(known.probability) == Decimal("0.323897")


def test_the_interval_holds_nine_tenths() -> None:
    """χ² with 16 degrees of freedom has its 5 % and 95 % points at 7.962 and 26.296 (any table);
    Gamma(8) is half of it.
    """
    known = posterior(6, 4_000, 0.001, weight=2, ratio=1.5)
    assert known.low * 6_000 == pytest.approx(7.962 / 2, abs=1e-3)
    assert known.high * 6_000 == pytest.approx(26.296 / 2, abs=1e-3)


def test_without_any_complaint_in_the_province_nothing_is_known() -> None:
    """No complaint anywhere: probability 0 for every unit, and no division by zero."""
    units = [unit("A"), unit("B", services=0)]
    norms = norms_of(units, WINDOW)
    assert [assess(each, "slow", norms, LIMITS).figures.probability for each in units] == [0, 0]
    assert decide(units, [], norms, LIMITS) == []


def test_a_small_unit_with_three_complaints_is_not_flagged() -> None:
    """Three complaints where 0.3 were expected are ten times the province's rate, and still not
    evidence.
    """
    small = unit(services=300, slow=3)
    assert assess(small, "slow", NORMS, LIMITS).figures.probability < LIMITS.flag_probability
    assert decide([small], [], NORMS, LIMITS) == []


def test_with_fewer_complaints_than_the_limit_no_flag_rises_however_sure() -> None:
    """Four complaints where almost none were expected reach the probability with a light prior; the
    floor still holds.
    """
    sure = replace(LIMITS, prior_complaints=Decimal("0.5"))
    few = unit(services=100, slow=4)
    assert assess(few, "slow", NORMS, sure).figures.probability >= sure.flag_probability
    assert decide([few], [], NORMS, sure) == []
    assert kinds(decide([unit(services=100, slow=5)], [], NORMS, sure)) == [
        ("UnitFlagged", "process")
    ]


def test_a_large_unit_in_plain_trouble_is_flagged_with_its_figures() -> None:
    """Sixteen complaints where four were expected; the event holds everything that the probability
    was made of.
    """
    (flagged,) = decide([unit(slow=16)], [], NORMS, LIMITS)
    assert isinstance(flagged, UnitFlagged)
    figures = flagged.figures
    assert (figures.complaints, figures.exposure, figures.exposure_kind) == (16, 4_000, "services")
    assert (figures.window_from, figures.window_to) == (WINDOW.start, WINDOW.to)
    assert (figures.province_rate, figures.unit_rate) == (Decimal("1.000000"), Decimal("3.000000"))
    assert figures.probability >= Decimal("0.95")
    again = posterior(
        figures.complaints,
        figures.exposure,
        float(figures.province_rate) / 1_000,
        weight=float(figures.prior_complaints),
        ratio=float(figures.ratio),
    )
    assert figure(again.probability) == figures.probability


@pytest.mark.parametrize(
    ("staff", "kind"),
    [
        pytest.param(10, "staff", id="twice the province's workload"),
        pytest.param(20, "process", id="the province's workload"),
        pytest.param(0, "process", id="workload unknown"),
    ],
)
def test_a_slow_unit_needs_staff_only_where_its_workload_is_above_the_norm(
    staff: int, kind: str
) -> None:
    """Slow with too much work for its people: staff; slow without: the process itself is the
    finding.
    """
    assert kinds(decide([unit(staff=staff, slow=20)], [], NORMS, LIMITS)) == [("UnitFlagged", kind)]


def test_conduct_and_competence_ask_for_training() -> None:
    """The people group has its own flag, whatever the workload."""
    assert kinds(decide([unit(people=20)], [], NORMS, LIMITS)) == [("UnitFlagged", "training")]
    assert kinds(decide([unit(people=20, slow=20)], [], NORMS, LIMITS)) == [
        ("UnitFlagged", "process"),
        ("UnitFlagged", "training"),
    ]


def test_a_unit_with_fewer_than_five_people_is_not_judged_by_them() -> None:
    """A flag for training of four people would point at persons; one that stood is cleared when the
    unit shrinks. It is judged by its complaints together.
    """
    assert decide([unit(staff=4, people=4)], [], NORMS, LIMITS) == []
    for small in (
        unit(staff=4, people=20),
        unit(staff=4, slow=20),
        unit(staff=4, slow=9, people=11),
    ):
        assert kinds(decide([small], [], NORMS, LIMITS)) == [("UnitFlagged", "staff")]
    assert kinds(decide([unit(staff=5, people=20)], [], NORMS, LIMITS)) == [
        ("UnitFlagged", "training")
    ]
    assert kinds(decide([unit(staff=4, people=4)], [OpenFlag("U", "training")], NORMS, LIMITS)) == [
        ("UnitCleared", "training")
    ]


def test_between_the_limits_a_flag_stays_as_it_is() -> None:
    """Hysteresis: what would not be flagged now stays flagged until the probability falls below the
    lower limit.
    """
    between, below = unit(slow=11), unit(slow=8)
    probability = assess(between, "slow", NORMS, LIMITS).figures.probability
    assert LIMITS.clear_probability <= probability < LIMITS.flag_probability
    standing = [OpenFlag("U", "process")]
    assert decide([between], [], NORMS, LIMITS) == []
    assert decide([between], standing, NORMS, LIMITS) == []
    assert kinds(decide([below], standing, NORMS, LIMITS)) == [("UnitCleared", "process")]


def test_a_slow_units_flag_changes_its_kind_only_past_the_other_workload_limit() -> None:
    """At 1.05 of the norm a flag keeps its kind, whichever it is; past a limit it is cleared and
    raised anew, once.
    """
    at_the_norm = unit(staff=20, services=4_200, slow=20)
    assert workload_ratio(at_the_norm, NORMS) == Decimal("1.05")
    for kind in ("staff", "process"):
        assert decide([at_the_norm], [OpenFlag("U", kind)], NORMS, LIMITS) == []
    relieved = unit(staff=30, slow=20)
    assert kinds(decide([relieved], [OpenFlag("U", "staff")], NORMS, LIMITS)) == [
        ("UnitCleared", "staff"),
        ("UnitFlagged", "process"),
    ]


def test_what_was_decided_once_is_not_decided_again() -> None:
    """Assessed again with its own flags standing, nothing changes."""
    units = [unit("A", slow=16), unit("B", people=30), unit("C"), unit("D", staff=10, slow=30)]
    changes = decide(units, [], NORMS, LIMITS)
    assert len(changes) == 3
    assert (
        decide(units, [OpenFlag(change.unit_id, change.kind) for change in changes], NORMS, LIMITS)
        == []
    )


def test_units_by_services_and_units_by_staff_are_compared_each_with_their_own() -> None:
    """One complaint per thousand services and one per ten people are both the norm: neither kind of
    unit stands out.
    """
    by_services, by_staff = (
        unit("A", services=4_000, slow=4),
        unit("B", services=0, staff=40, slow=4),
    )
    norms = norms_of([by_services, by_staff], WINDOW)
    assert (norms.rate("slow", "services"), norms.rate("slow", "staff")) == (4 / 4_000, 4 / 40)
    assert assess(by_services, "slow", norms, LIMITS).figures.unit_rate == Decimal("1.000000")
    assert assess(by_staff, "slow", norms, LIMITS).figures.unit_rate == Decimal("100.000000")


def test_months_not_reported_count_as_the_mean_of_those_reported() -> None:
    """Who reported three months is not four times as bad; nobody at all counts as one person; no
    services as staff.
    """
    assert exposure_of(UnitYear("U", 9, 900, 3, {})) == ("services", 3_600)
    assert exposure_of(UnitYear("U", 9, 0, 12, {})) == ("staff", 9)
    assert exposure_of(UnitYear("U", 0, 0, 0, {})) == ("staff", 1)


@pytest.mark.parametrize(
    ("today", "start", "to"),
    [
        (date(2026, 8, 20), date(2025, 9, 1), date(2026, 9, 1)),
        (date(2026, 12, 31), date(2026, 1, 1), date(2027, 1, 1)),
        (date(2026, 1, 1), date(2025, 2, 1), date(2026, 2, 1)),
    ],
)
def test_the_window_is_twelve_calendar_months_with_the_present_one(
    today: date, start: date, to: date
) -> None:
    """It moves with the month, also over the turn of the year."""
    assert window_of(today) == Window(start, to)


def test_a_learnt_prior_would_hide_the_one_unit_that_is_different() -> None:
    """Why the weight is stated: 59 units alike and one three times as bad.

    The method of moments (Marshall 1991) calls the units nearly equal and the one unit is not
    flagged; the stated weight flags it, and no other.
    """
    units = [unit(f"U{n:02d}", services=10_000, slow=10) for n in range(59)]
    units.append(unit("U59", services=10_000, slow=30))
    norms = norms_of(units, WINDOW)
    mean = norms.rate("slow", "services")
    scatter = sum((each.complaints["slow"] / 10_000 - mean) ** 2 for each in units) / len(units)
    variance = scatter - mean / 10_000
    assert (
        variance < 0
    )  # less scatter than chance alone would make: the moments' weight is then without bound
    learnt = posterior(30, 10_000, mean, weight=1_000, ratio=1.5)
    assert learnt.probability < 0.01
    assert [(change.unit_id, change.kind) for change in decide(units, [], norms, LIMITS)] == [
        ("U59", "process")
    ]


counts = st.integers(0, 500)
exposures = st.integers(1, 1_000_000)
rates = st.floats(1e-6, 1.0)
weights = st.floats(0.5, 100)
ratios = st.floats(1, 10)


@given(counts, exposures, rates, weights, ratios)
def test_more_complaints_never_lower_the_probability(
    complaints: int, exposure: int, rate: float, weight: float, ratio: float
) -> None:
    """One complaint more, all else equal, makes trouble at least as probable."""
    one, two = (
        posterior(n, exposure, rate, weight=weight, ratio=ratio)
        for n in (complaints, complaints + 1)
    )
    assert figure(two.probability) >= figure(one.probability)
    assert two.mean > one.mean


@given(counts, exposures, exposures, rates, weights, ratios)
def test_more_exposure_never_raises_the_probability(
    complaints: int, exposure: int, more: int, rate: float, weight: float, ratio: float
) -> None:
    """The same complaints over more services make trouble at most as probable."""
    one, two = (
        posterior(complaints, e, rate, weight=weight, ratio=ratio)
        for e in (exposure, exposure + more)
    )
    assert figure(two.probability) <= figure(one.probability)
    assert two.mean <= one.mean


@given(counts, exposures, rates, weights, ratios)
def test_a_probability_is_one_and_the_interval_holds_the_middle(
    complaints: int, exposure: int, rate: float, weight: float, ratio: float
) -> None:
    """0 ≤ probability ≤ 1, and low < high; every figure fits its decimals."""
    known = posterior(complaints, exposure, rate, weight=weight, ratio=ratio)
    assert 0 <= figure(known.probability) <= 1
    assert known.low < known.high


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 100_000), counts, counts),
        min_size=1,
        max_size=30,
    ),
    st.data(),
)
def test_a_settled_province_stays_settled(
    of: list[tuple[int, int, int, int]], data: st.DataObject
) -> None:
    """Whatever the units and whatever flags stood: after the changes a second assessment finds
    nothing to change, and no unit has both kinds of the slow group.
    """
    units = [
        unit(f"U{n}", staff=a, services=b, slow=c, people=d) for n, (a, b, c, d) in enumerate(of)
    ]
    norms = norms_of(units, WINDOW)
    standing: set[tuple[str, FlagKind]] = set()
    slow_kinds: list[FlagKind | None] = [None, "staff", "process"]
    for judged in units:
        slow = data.draw(st.sampled_from(slow_kinds))
        standing |= {(judged.unit_id, slow)} if slow else set()
        standing |= {(judged.unit_id, "training")} if data.draw(st.booleans()) else set()
    for change in decide(units, [OpenFlag(*flag) for flag in standing], norms, LIMITS):
        flag = (change.unit_id, change.kind)
        assert (flag in standing) == isinstance(change, UnitCleared)
        standing ^= {flag}
    assert decide(units, [OpenFlag(*flag) for flag in standing], norms, LIMITS) == []
    assert not {u for u, kind in standing if kind == "staff"} & {
        u for u, kind in standing if kind == "process"
    }
