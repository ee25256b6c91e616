"""A list's rules, compiled: from what is known of a candidate to the gate that holds them, their score, and their merit key.

The merit key is bytes whose order is the merit order: gate, score, each tie of the policy, an officer's decision between equals, and at last a hash
that only orders lines. Integers all through: points and scores are counted in units of their last digit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256

from shared.policies import Component, List, Policy, Stage

LAST_RESORT_BYTES = 16
"""Of a SHA-256. Among a million candidates two equal ones are less likely than 1 in 10^26."""

DECISION_BYTES = 2
UNDECIDED_PLACE = 0xFFFF
"""No officer decided: all equals have this, so none goes before another by it."""


class Gate(IntEnum):
    """What holds a candidate on a list, in the order in which lines are shown: the ranked first, then who is out, then who still waits."""

    RANKED = 0
    BELOW = 1
    ABSENT = 2
    DISQUALIFIED = 3
    WITHDRAWN = 4
    REJECTED = 5
    WAITING = 6


class Outcome(IntEnum):
    """How a stage ended for a candidate."""

    SCORED = 0
    MISSED = 1
    DISQUALIFIED = 2


@dataclass(frozen=True, slots=True)
class Result:
    """A candidate's newest result in a stage; `points` by component, empty unless scored."""

    outcome: Outcome
    points: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Candidate:
    """All that is known of a candidate. `verified`: MS true, TMS false, none while undecided. `decided`: place that an officer gave among equals, by list."""

    participant_no: str
    verified: bool | None = None
    withdrawn: bool = False
    results: Mapping[str, Result] = field(default_factory=dict)
    gpa: Decimal | None = None
    birth_date: date | None = None
    relevant_experience_months: int | None = None
    admitted_by: frozenset[str] = frozenset()
    decided: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a candidate stands: `score` in units of the list's last digit, none unless ranked."""

    gate: Gate
    score: int | None
    merit_key: bytes


@dataclass(frozen=True, slots=True)
class Passing:
    """A threshold, and what the candidate has: of a component's code, or of the stage's (its total)."""

    of: str
    minimum: Decimal
    points: Decimal

    @property
    def passed(self) -> bool:
        return self.points >= self.minimum


def half_up(numerator: int, denominator: int) -> int:
    """numerator ÷ denominator, neither negative, to the nearest integer; a half goes up."""
    return (2 * numerator + denominator) // (2 * denominator)


def digits(value: int, decimals: int) -> str:
    """`value` units of 10^-decimals as people write it: 77120 and 3 give 77.120."""
    if not decimals:
        return str(value)
    whole, part = divmod(value, 10**decimals)
    return f"{whole}.{part:0{decimals}d}"


class ListRules:
    """One list of a policy, for one kind of need and one round's seed: made once, used for every candidate."""

    def __init__(self, policy: Policy, one: List, need: str, seed: str) -> None:
        self.code = one.code
        self.codes = one.codes
        self.decimals = one.score.decimals
        self.after = one.after
        self.cut = one.cut
        self.uses_facts = policy.uses_facts(one)
        self._need = need
        self._seed = seed.encode()
        stages = [policy.stage(term.stage) for term in one.score.terms]
        self._stages = [_StageRules(stage, need) for stage in stages if stage is not None]
        self.components = tuple(component.code for stage in self._stages for component in stage.components)
        self._score = _score(one, {stage.code: stage for stage in self._stages})
        self._most_score = self._score({stage.code: stage.total_most for stage in self._stages})
        self._score_bytes = _width(self._most_score)
        self._ties = [_tie(tie.by, tie.order == "highest-first", self._stages) for tie in one.ties]

    def stands(self, candidate: Candidate) -> Standing | None:
        """Where the candidate stands on this list, or none if not admitted to it. The same facts always give the same bytes."""
        if not self._admitted(candidate):
            return None
        points: dict[str, int] = {}
        gate = self._gate(candidate, points)
        if gate is not Gate.RANKED:
            return Standing(gate, None, bytes((gate,)) + candidate.participant_no.encode())
        score = self._score(points)
        key = b"".join(
            (
                b"\0",
                (self._most_score - score).to_bytes(self._score_bytes, "big"),
                *[tie(points, candidate) for tie in self._ties],
                candidate.decided.get(self.code, UNDECIDED_PLACE).to_bytes(DECISION_BYTES, "big"),
                sha256(self._seed + b"/" + candidate.participant_no.encode()).digest()[:LAST_RESORT_BYTES],
            )
        )
        return Standing(gate, score, key)

    def passings(self, candidate: Candidate) -> list[Passing]:
        """The thresholds of this list's stages, with what the candidate has, as far as there are results."""
        return [passing for stage in self._stages for passing in stage.passings(candidate.results.get(stage.code))]

    def same_score(self, merit_key: bytes) -> bytes:
        """The first bytes of all keys with this key's score."""
        return merit_key[: 1 + self._score_bytes]

    def _admitted(self, candidate: Candidate) -> bool:
        return candidate.verified is True if self.after is None else self.after in candidate.admitted_by

    def _gate(self, candidate: Candidate, points: dict[str, int]) -> Gate:
        if candidate.verified is False:
            return Gate.REJECTED
        if candidate.withdrawn:
            return Gate.WITHDRAWN
        results = [candidate.results.get(stage.code) for stage in self._stages]
        if any(result is not None and result.outcome is Outcome.DISQUALIFIED for result in results):
            return Gate.DISQUALIFIED
        if any(result is not None and result.outcome is Outcome.MISSED for result in results):
            return Gate.ABSENT
        below = False
        for stage, result in zip(self._stages, results, strict=True):
            if result is None or not stage.count(result.points, points):
                return Gate.WAITING
            below = below or not stage.passes(points)
        return Gate.BELOW if below else Gate.RANKED


def equals_of(merit_key: bytes) -> bytes:
    """The first bytes that true equals share: all but the last resort."""
    return merit_key[:-LAST_RESORT_BYTES]


def before_decision(merit_key: bytes) -> bytes:
    """The first bytes that those share whom the policy's score and ties do not tell apart: all but an officer's decision and the last resort."""
    return merit_key[: -LAST_RESORT_BYTES - DECISION_BYTES]


def after_all(prefix: bytes) -> bytes:
    """Sorts after every key that begins with `prefix`, and before every other that sorts after these: keys are shorter than 64 bytes."""
    return prefix + b"\xff" * 64


@lru_cache(maxsize=4096)
def rules_of(policy: str, need: str, seed: str) -> dict[str, ListRules]:
    """Every list of a policy (its JSON), compiled for one kind of need and one round's seed, in the order in which they are closed.

    A kind of need that the policy does not know has no lists: nobody is ranked by thresholds that are not there. Kept for the next
    candidates: compiling costs as much as some hundred of them. Raises pydantic's ValidationError for what is no policy.
    """
    parsed = Policy.model_validate_json(policy)
    if need not in parsed.needs:
        return {}
    return {one.code: ListRules(parsed, one, need, seed) for one in parsed.lists}


class _StageRules:
    """A stage's components in units, and its thresholds for one kind of need."""

    def __init__(self, stage: Stage, need: str) -> None:
        self.code = stage.code
        self.scale = 10 ** max(_decimals(component.step) for component in stage.components)
        self.components = [_ComponentRules(component, self.scale) for component in stage.components]
        thresholds = [threshold for threshold in stage.thresholds if need in threshold.needs]
        self.thresholds = [
            (stage.code if threshold.of == "total" else threshold.of, threshold.minimum) for threshold in thresholds
        ]
        self._minima = [(of, -int(-minimum * self.scale // 1)) for of, minimum in self.thresholds]
        self.total_most = sum(component.most for component in self.components)

    def count(self, given: Mapping[str, Decimal], points: dict[str, int]) -> bool:
        """Adds the components' points and the stage's total, in units; false where points are missing or outside the policy's maxima and steps."""
        total = 0
        for component in self.components:
            value = given.get(component.code)
            if value is None:
                return False
            scaled = value * self.scale
            units = int(scaled)
            if units != scaled or not 0 <= units <= component.most or units % component.step:
                return False
            points[component.code] = units
            total += units
        points[self.code] = total
        return True

    def passes(self, points: Mapping[str, int]) -> bool:
        return all(points[of] >= minimum for of, minimum in self._minima)

    def passings(self, result: Result | None) -> list[Passing]:
        counted: dict[str, int] = {}
        if result is None or not self.count(result.points, counted):
            return []
        return [Passing(of, minimum, Decimal(counted[of]) / self.scale) for of, minimum in self.thresholds]


class _ComponentRules:
    """A component's maximum and step, in units of its stage."""

    def __init__(self, component: Component, scale: int) -> None:
        self.code = component.code
        self.most = int(component.maximum * scale)
        self.step = int(component.step * scale)


_Tie = Callable[[Mapping[str, int], Candidate], bytes]
"""One step of the order between equals, as bytes that sort like it."""


def _score(one: List, stages: Mapping[str, _StageRules]) -> Callable[[Mapping[str, int]], int]:
    """The list's score in units of its last digit, out of the stages' totals in their units."""
    unit = 10**one.score.decimals
    terms = []
    for term in one.score.terms:
        stage = stages[term.stage]
        terms.append((stage.code, Fraction(unit) / stage.scale / Fraction(term.divisor), Fraction(term.weight) / 100))

    def each_step(totals: Mapping[str, int]) -> int:
        score = 0
        for stage, divided, weight in terms:
            scaled = half_up(totals[stage] * divided.numerator, divided.denominator)
            score += half_up(scaled * weight.numerator, weight.denominator)
        return score

    def at_the_end(totals: Mapping[str, int]) -> int:
        exact = sum((totals[stage] * divided * weight for stage, divided, weight in terms), Fraction(0))
        return half_up(exact.numerator, exact.denominator)

    return each_step if one.score.rounding == "each-step" else at_the_end


def _tie(by: str, highest_first: bool, stages: list[_StageRules]) -> _Tie:
    for stage in stages:
        if by == stage.code:
            return _of_points(by, stage.total_most, highest_first)
        for component in stage.components:
            if by == component.code:
                return _of_points(by, component.most, highest_first)
    return _of_person(_PERSON[by], highest_first)


def _of_points(by: str, most: int, highest_first: bool) -> _Tie:
    width = _width(most)
    if highest_first:
        return lambda points, _: (most - points[by]).to_bytes(width, "big")
    return lambda points, _: points[by].to_bytes(width, "big")


def _of_person(value_of: Callable[[Candidate], int | None], highest_first: bool) -> _Tie:
    def key(_: Mapping[str, int], candidate: Candidate) -> bytes:
        value = value_of(candidate)
        if value is None:
            return b"\x01" + bytes(_FACT_BYTES)
        return b"\0" + (_MOST_FACT - value if highest_first else value).to_bytes(_FACT_BYTES, "big")

    return key


def _gpa(candidate: Candidate) -> int | None:
    return None if candidate.gpa is None else int(candidate.gpa * 10**6)


def _birth_date(candidate: Candidate) -> int | None:
    return None if candidate.birth_date is None else candidate.birth_date.toordinal()


def _relevant_experience_months(candidate: Candidate) -> int | None:
    months = candidate.relevant_experience_months
    return None if months is None else min(months, _MOST_FACT)


_PERSON: dict[str, Callable[[Candidate], int | None]] = {
    "gpa": _gpa,
    "birth_date": _birth_date,
    "relevant_experience_months": _relevant_experience_months,
}
"""The facts that shared.policies.model.FACTS lets a tie name."""

_FACT_BYTES = 6
_MOST_FACT = 256**_FACT_BYTES - 1
"""Holds a mark of six digits before and after the point (contracts' Points), a day's number, a count of months."""


def _decimals(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _width(most: int) -> int:
    return max(1, (most.bit_length() + 7) // 8)
