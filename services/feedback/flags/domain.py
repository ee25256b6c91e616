"""Which units need staff, training or another process: statistics over complaints, not counts.

A unit's rate of complaints is compared with the province's by exposure (what gave occasion to
complain) in a gamma-Poisson model:

    complaints ~ Poisson(rate × exposure),    rate ~ Gamma(shape = w, rate = w ÷ province's rate)
    rate | complaints ~ Gamma(shape = w + complaints, rate = w ÷ province's rate + exposure)

(A. Gelman et al., Bayesian Data Analysis, 3rd ed., §2.6–2.7: the Poisson model with exposure and
its conjugate prior.)

The prior's mean is the province's own rate. Its weight w is stated, not learnt: every unit starts
as if w complaints at the province's rate had come already. Learning it from the scatter between the
units (method of moments: R. J. Marshall, Applied Statistics 40 (1991) 283–294) was tried and left:
where 59 units are alike and one draws three times their complaints, the moments say "units hardly
differ" and so hide the one that does; with few units or rare complaints they often say variance
zero, which would flag no one at all (tests show the first). A stated weight lets anyone recompute a
flag from the figures in its event.

Floats carry the gamma tail; `figure` alone turns them into decimals, and what is decided is decided
on those, as the event shows them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from scipy.special import gammaincc, gammaincinv

from services.feedback.complaints.domain.complaint import shows_category
from shared.contracts.feedback import (
    ComplaintCategory,
    FlagFigures,
    FlagKind,
    UnitCleared,
    UnitFlagged,
)

ComplaintGroup = Literal["slow", "people", "all"]
ExposureKind = Literal["services", "staff"]

CATEGORIES: Mapping[ComplaintGroup, tuple[ComplaintCategory, ...]] = {
    "slow": ("slow-service",),
    "people": ("conduct", "competence"),
}
"""The complaints that each group of flags rests on; `all` rests on every one, with the hidden."""

KINDS: Mapping[ComplaintGroup, tuple[FlagKind, ...]] = {
    "slow": ("staff", "process"),
    "people": ("training",),
    "all": ("staff", "process"),
}
"""What each group's flag can say; at most one of them stands at a time."""

MONTHS = 12
"""Length of the window: a whole year, so that seasons (school enrolment, tax time) weigh the same
for every unit."""

RATE_PER = 1_000
"""Rates in events and on pages are complaints per so many units of exposure."""


@dataclass(frozen=True, slots=True)
class FlagLimits:
    """When a flag is raised and when it is cleared; `settings.py` says what each value means."""

    ratio: Decimal
    flag_probability: Decimal
    clear_probability: Decimal
    least_complaints: int
    prior_complaints: Decimal
    workload_flag: Decimal
    workload_clear: Decimal


@dataclass(frozen=True, slots=True)
class Window:
    """The calendar months that count: from `start`, a first day, until before `to`, another."""

    start: date
    to: date


@dataclass(frozen=True, slots=True)
class UnitYear:
    """A unit and its figures in the window, a year long.

    `services` is the sum over the `months` of the window that were reported; `complaints` by group.
    """

    unit_id: str
    staff: int
    services: int
    months: int
    complaints: Mapping[ComplaintGroup, int]


@dataclass(frozen=True, slots=True)
class ProvinceRate:
    """What all units that are judged by one kind of exposure have together."""

    group: ComplaintGroup
    exposure_kind: ExposureKind
    complaints: int
    exposure: int


@dataclass(frozen=True, slots=True)
class Norms:
    """The province's sums in one window, with which units are compared.

    `services` and `staff` are those of the units where both are known.
    """

    window: Window
    rates: tuple[ProvinceRate, ...]
    services: int
    staff: int

    def rate(self, group: ComplaintGroup, kind: ExposureKind) -> float:
        """The province's complaints per unit of exposure; 0 where it has no such unit."""
        return next(
            (
                rate.complaints / rate.exposure
                for rate in self.rates
                if (rate.group, rate.exposure_kind) == (group, kind)
            ),
            0.0,
        )


@dataclass(frozen=True, slots=True)
class OpenFlag:
    """A flag that was raised and not cleared yet."""

    unit_id: str
    kind: FlagKind


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is known of a unit's rate, in complaints per unit of exposure.

    It lies between `low` and `high` with a probability of 90 %.
    """

    mean: float
    low: float
    high: float
    probability: float


def by_group(complaints: Mapping[str, int]) -> dict[ComplaintGroup, int]:
    """Complaints by group, out of complaints by category as the public sees it.

    Those whose category is hidden count in `all` alone.
    """
    groups: dict[ComplaintGroup, int] = {"all": sum(complaints.values())}
    for group, categories in CATEGORIES.items():
        groups[group] = sum(complaints.get(category, 0) for category in categories)
    return groups


def groups_of(unit: UnitYear) -> tuple[ComplaintGroup, ...]:
    """The groups of complaints in which a unit is judged and shown.

    A unit of few people is judged by its complaints all together. Counts by category, its own or
    what it adds to the province's, would say of single complaints what they were about.
    """
    return ("slow", "people") if shows_category(unit.staff) else ("all",)


def window_of(today: date) -> Window:
    """The twelve calendar months that end with the one of `today`."""
    months = today.year * 12 + today.month - 1
    first, after = months - MONTHS + 1, months + 1
    return Window(date(first // 12, first % 12 + 1, 1), date(after // 12, after % 12 + 1, 1))


def exposure_of(unit: UnitYear) -> tuple[ExposureKind, int]:
    """What gave occasion to complain: the year's services, or the staff where none are reported.

    A month that was not reported counts as the mean of those that were. A unit without services or
    staff counts as one person: it still has a counter.
    """
    if unit.services > 0:
        return "services", max((unit.services * MONTHS + unit.months // 2) // unit.months, 1)
    return "staff", max(unit.staff, 1)


def norms_of(units: Iterable[UnitYear], window: Window) -> Norms:
    """The province's sums, for units judged by services and units judged by staff apart.

    Those of `slow` and `people` hold no unit of few people: less what all others show, they would
    tell its categories.
    """
    sums: dict[tuple[ComplaintGroup, ExposureKind], tuple[int, int]] = {}
    services = staff = 0
    for unit in units:
        kind, exposure = exposure_of(unit)
        for group in dict.fromkeys((*groups_of(unit), "all")):
            complaints, exposed = sums.get((group, kind), (0, 0))
            sums[group, kind] = complaints + unit.complaints.get(group, 0), exposed + exposure
        if kind == "services" and unit.staff > 0:
            services, staff = services + exposure, staff + unit.staff
    return Norms(
        window, tuple(ProvinceRate(*of, *sum_) for of, sum_ in sums.items()), services, staff
    )


def posterior(
    complaints: int, exposure: int, province_rate: float, *, weight: float, ratio: float
) -> Posterior:
    """The rate of a unit with so many complaints over so much exposure.

    `probability` is that of a rate above `ratio` × the province's. Where the whole province has no
    complaint all figures are zero.
    """
    if province_rate <= 0:
        return Posterior(0.0, 0.0, 0.0, 0.0)
    shape, inverse_scale = weight + complaints, weight / province_rate + exposure
    return Posterior(
        mean=shape / inverse_scale,
        low=float(gammaincinv(shape, 0.05)) / inverse_scale,
        high=float(gammaincinv(shape, 0.95)) / inverse_scale,
        probability=float(gammaincc(shape, ratio * province_rate * inverse_scale)),
    )


@dataclass(frozen=True, slots=True)
class Assessment:
    """A unit in one group: the figures of an event, and the interval of its rate.

    `low` and `high` are in complaints per 1,000 of exposure.
    """

    figures: FlagFigures
    low: Decimal
    high: Decimal


def assess(unit: UnitYear, group: ComplaintGroup, norms: Norms, limits: FlagLimits) -> Assessment:
    """Compares a unit with the province in one group of complaints."""
    kind, exposure = exposure_of(unit)
    complaints = unit.complaints.get(group, 0)
    province_rate = norms.rate(group, kind)
    known = posterior(
        complaints,
        exposure,
        province_rate,
        weight=float(limits.prior_complaints),
        ratio=float(limits.ratio),
    )
    figures = FlagFigures(
        complaints=complaints,
        exposure=exposure,
        exposure_kind=kind,
        window_from=norms.window.start,
        window_to=norms.window.to,
        province_rate=figure(province_rate * RATE_PER),
        unit_rate=figure(known.mean * RATE_PER),
        probability=figure(known.probability),
        ratio=limits.ratio,
        prior_complaints=limits.prior_complaints,
        workload_ratio=workload_ratio(unit, norms),
    )
    return Assessment(figures, figure(known.low * RATE_PER), figure(known.high * RATE_PER))


def workload_ratio(unit: UnitYear, norms: Norms) -> Decimal | None:
    """Services per member of staff over the province's; none where either is unknown."""
    kind, services = exposure_of(unit)
    if kind != "services" or unit.staff < 1 or norms.services < 1 or norms.staff < 1:
        return None
    return figure(services * norms.staff / (unit.staff * norms.services))


def decide(
    units: Sequence[UnitYear], open_flags: Iterable[OpenFlag], norms: Norms, limits: FlagLimits
) -> list[UnitFlagged | UnitCleared]:
    """The flags to clear and to raise, in the order of `units`.

    Between the two limits a flag stays as it is, and so does the kind of a slow unit's flag between
    the two workload limits: a unit at a limit must not be flagged and cleared in turn.
    """
    raised = {(flag.unit_id, flag.kind) for flag in open_flags}
    changes: list[UnitFlagged | UnitCleared] = []
    for unit in units:
        judged = groups_of(unit)
        # a flag on its people may stand from before it became small
        for group in dict.fromkeys((*judged, "people")):
            before = next((kind for kind in KINDS[group] if (unit.unit_id, kind) in raised), None)
            figures = assess(unit, group, norms, limits).figures
            after = _kind(group, figures, before, limits) if group in judged else None
            if before != after:
                if before is not None:
                    changes.append(UnitCleared(unit_id=unit.unit_id, kind=before, figures=figures))
                if after is not None:
                    changes.append(UnitFlagged(unit_id=unit.unit_id, kind=after, figures=figures))
    return changes


def _kind(
    group: ComplaintGroup, figures: FlagFigures, before: FlagKind | None, limits: FlagLimits
) -> FlagKind | None:
    """What the group's flag says from now on, if there is one; `before` is what it said."""
    if before is None and not _suffices(figures, limits):
        return None
    if before is not None and figures.probability < limits.clear_probability:
        return None
    if group == "people":
        return "training"
    limit = limits.workload_clear if before == "staff" else limits.workload_flag
    return (
        "staff"
        if figures.workload_ratio is not None and figures.workload_ratio > limit
        else "process"
    )


def _suffices(figures: FlagFigures, limits: FlagLimits) -> bool:
    """Whether a flag is raised on these figures where none stands."""
    return (
        figures.probability >= limits.flag_probability
        and figures.complaints >= limits.least_complaints
    )


def figure(value: float) -> Decimal:
    """A float as a decimal, rounded half-even to six places.

    The last bits of a machine's floats then decide nothing.
    """
    return Decimal(value).quantize(Decimal("0.000001"))
