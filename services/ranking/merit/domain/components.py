"""Points of a stage's components in integer units: stated, from evidence, raised by a bonus."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from math import ceil

from typing_extensions import override

from services.ranking.merit.domain.candidate import Candidate, Points
from services.ranking.merit.domain.facts import FactOrder
from shared.policies import FACTS, Bonus, Component, EvidenceScale

NOT_ALLOWED = -1
"""Units of points that the policy does not allow."""


class UnitsCache(dict[Points, int]):
    """Units of the points seen so far.

    A test has few different results, and counting them anew costs more than all the rest.
    """

    MOST = 2**17

    @override
    def __setitem__(self, value: Points, units: int) -> None:
        if len(self) >= self.MOST:
            self.clear()
        super().__setitem__(value, units)


@dataclass(slots=True)
class StatedComponent:
    """A component whose points are stated, with its maximum and step in units."""

    code: str
    scale: int
    most: int
    step: int
    known: UnitsCache = field(default_factory=UnitsCache)

    @classmethod
    def of(cls, component: Component, scale: int) -> "StatedComponent":
        return cls(
            component.code, scale, int(component.maximum * scale), int(component.step * scale)
        )

    def units(self, value: Points) -> int:
        """Stated points in units; NOT_ALLOWED outside the policy's maximum and step."""
        try:
            scaled = Decimal(value) * self.scale
            units = int(scaled)
        except (InvalidOperation, ValueError, OverflowError):
            return NOT_ALLOWED
        allowed = units == scaled and 0 <= units <= self.most and not units % self.step
        return units if allowed else NOT_ALLOWED


def points_of_evidence(
    evidence: EvidenceScale, scale: int, facts: FactOrder
) -> Callable[[Candidate], int]:
    """A function that gives the units which a candidate's fact earns."""
    value_of = facts.value_of(evidence.of)
    highest_first = [
        (facts.least(evidence.of, step.at_least), int(step.points * scale))
        for step in reversed(evidence.steps)
    ]

    def points(candidate: Candidate) -> int:
        value = value_of(candidate)
        if value is None:
            return 0
        return next((points for least, points in highest_first if value >= least), 0)

    return points


ApplyBonus = Callable[[list[int], int, Candidate], None]
"""Raises a component in the row (all units, where the stage's units start, the candidate)."""


def apply_bonus(
    bonus: Bonus, scale: int, index_of: Mapping[str, int], facts: FactOrder
) -> ApplyBonus:
    """A function that applies a bonus, to everyone or to whoever meets its condition.

    `index_of`: where each component stands among the stage's own units.
    """
    index = index_of[bonus.component]
    more, ceiling = int(bonus.points * scale), int(bonus.ceiling * scale)

    def apply(row: list[int], start: int, _: Candidate) -> None:
        row[start + index] = max(row[start + index], min(row[start + index] + more, ceiling))

    if bonus.of is None or bonus.at_least is None:
        return apply
    if bonus.of in FACTS:
        return _for_fact(apply, facts.value_of(bonus.of), facts.least(bonus.of, bonus.at_least))
    enough = ceil(Decimal(bonus.at_least) * scale)
    return _for_points(apply, index_of.get(bonus.of), enough)


def _for_fact(
    apply: ApplyBonus, value_of: Callable[[Candidate], int | None], least: int
) -> ApplyBonus:
    def apply_for_fact(row: list[int], start: int, candidate: Candidate) -> None:
        value = value_of(candidate)
        if value is not None and value >= least:
            apply(row, start, candidate)

    return apply_for_fact


def _for_points(apply: ApplyBonus, index: int | None, enough: int) -> ApplyBonus:
    def apply_for_points(row: list[int], start: int, candidate: Candidate) -> None:
        if index is not None and row[start + index] >= enough:
            apply(row, start, candidate)

    return apply_for_points
