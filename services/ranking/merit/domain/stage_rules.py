"""A stage's rules for one kind of need: components in integer units, bonuses, thresholds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from services.ranking.merit.domain.candidate import Candidate, Points, StageResult
from services.ranking.merit.domain.components import (
    ApplyBonus,
    StatedComponent,
    apply_bonus,
    points_of_evidence,
)
from services.ranking.merit.domain.facts import FactOrder
from shared.policies import Bonus, Component, Stage


@dataclass(frozen=True, slots=True)
class ThresholdCheck:
    """A threshold, and the points that the candidate has.

    `of`: code of a component, or of the stage where the threshold is for its total.
    """

    of: str
    minimum: Decimal
    points: Decimal

    @property
    def passed(self) -> bool:
        return self.points >= self.minimum


@dataclass(frozen=True, slots=True)
class AppliedBonus:
    """A bonus that raised the points of its component, from `before` to `after`."""

    bonus: Bonus
    before: Decimal
    after: Decimal


class StageRules:
    """A stage's components in units, and its thresholds, for one kind of need.

    A unit is the last digit of the stage's finest component; `scale` units are one point. The units
    of all stages of a list stand one after the other in one row; this stage's part starts at
    `first`: the stated components, those that follow from evidence, the total.
    """

    def __init__(self, stage: Stage, need: str, first: int, facts: FactOrder) -> None:
        self.code = stage.code
        self.first = first
        self.scale = 10 ** max(_decimals(component.step) for component in stage.components)
        self.components = [component for component in stage.components if component.of_need(need)]
        stated_first = sorted(self.components, key=lambda component: component.evidence is not None)
        order = [component.code for component in stated_first]
        self.at = {name: first + index for index, name in enumerate([*order, stage.code])}
        self.most = [int(component.maximum * self.scale) for component in stated_first]
        self.most.append(sum(self.most))
        self.stated = _stated(stated_first, self.scale)
        self._stated = [(part.code, part.known, part.units) for part in self.stated]
        self._evidenced = _evidenced(stated_first, self.scale, facts)
        self._bonuses = _bonuses(stage, need, order, self.scale, facts)
        self.asks_facts = bool(self._evidenced or self._bonuses)
        self.thresholds = _thresholds(stage, need, self.components)
        self.minima = [(self.at[of], ceil(minimum * self.scale)) for of, minimum in self.thresholds]

    def count(
        self,
        given: Mapping[str, Points],
        candidate: Candidate,
        row: list[int],
        applied: list[AppliedBonus] | None = None,
    ) -> bool:
        """Appends the stage's units to the row: its components, then its total.

        False where points are missing or not allowed; the row is of no use then. `applied` gets the
        bonuses that raised points.
        """
        start = len(row)
        total = 0
        for code, known, units_of in self._stated:
            value = given.get(code)
            if value is None:
                return False
            units = known.get(value)
            if units is None:
                units = known[value] = units_of(value)
            if units < 0:
                return False
            row.append(units)
            total += units
        if self.asks_facts:
            total = self._derive(row, start, candidate, applied)
        row.append(total)
        return True

    def _derive(
        self, row: list[int], start: int, candidate: Candidate, applied: list[AppliedBonus] | None
    ) -> int:
        """Adds what follows from evidence and bonuses; returns the stage's total."""
        row += [points(candidate) for points in self._evidenced]
        for bonus, index, apply in self._bonuses:
            before = row[start + index]
            apply(row, start, candidate)
            after = row[start + index]
            if applied is not None and after != before:
                scale = self.scale
                applied.append(AppliedBonus(bonus, Decimal(before) / scale, Decimal(after) / scale))
        return sum(row[start:])

    def units(self, result: StageResult | None, candidate: Candidate) -> list[int] | None:
        """This stage's part of the row, or None where there is no whole result."""
        row: list[int] = []
        return row if result is not None and self.count(result.points, candidate, row) else None

    def points(self, result: StageResult | None, candidate: Candidate) -> dict[str, Decimal]:
        """Points of each component and of the stage; empty where there is no whole result."""
        units = self.units(result, candidate)
        if units is None:
            return {}
        return {
            name: Decimal(units[index - self.first]) / self.scale for name, index in self.at.items()
        }

    def threshold_checks(
        self, result: StageResult | None, candidate: Candidate
    ) -> Iterator[ThresholdCheck]:
        """Each threshold with the candidate's points; none where there is no whole result."""
        points = self.points(result, candidate)
        if points:
            for of, minimum in self.thresholds:
                yield ThresholdCheck(of, minimum, points[of])


def _stated(components: list[Component], scale: int) -> list[StatedComponent]:
    return [
        StatedComponent.of(component, scale)
        for component in components
        if component.evidence is None
    ]


def _evidenced(
    components: list[Component], scale: int, facts: FactOrder
) -> list[Callable[[Candidate], int]]:
    return [
        points_of_evidence(component.evidence, scale, facts)
        for component in components
        if component.evidence is not None
    ]


def _bonuses(
    stage: Stage, need: str, order: list[str], scale: int, facts: FactOrder
) -> list[tuple[Bonus, int, ApplyBonus]]:
    """The bonuses for this kind of need, each with its component's index and its function."""
    index_of = {code: index for index, code in enumerate(order)}
    return [
        (bonus, index_of[bonus.component], apply_bonus(bonus, scale, index_of, facts))
        for bonus in stage.bonuses
        if bonus.component in index_of and (not bonus.needs or need in bonus.needs)
    ]


def _thresholds(stage: Stage, need: str, components: list[Component]) -> list[tuple[str, Decimal]]:
    """The stage's thresholds for this kind of need, then those that every need has."""
    of_need = [
        (stage.code if threshold.of == "total" else threshold.of, threshold.minimum)
        for threshold in stage.thresholds
        if need in threshold.needs
    ]
    knock_outs = [
        (component.code, component.knock_out)
        for component in components
        if component.knock_out is not None
    ]
    return of_need + knock_outs


def _decimals(step: Decimal) -> int:
    """Digits after the point that points in such steps need."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
