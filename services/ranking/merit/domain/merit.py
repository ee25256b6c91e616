"""A list's rules, compiled: from what is known of a candidate to the gate that holds them, their
score, and their merit key.

The merit key is bytes whose order is the merit order: gate, priority group where the list goes by
them, score, each tie of the policy, an officer's decision between equals, and at last a hash that
only orders lines. Integers all through: points and scores are counted in units of their last digit.
The key up to the last resort is one great integer: what a point is worth in it is known when the
rules are compiled.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from math import ceil, lcm
from typing import Any

from typing_extensions import override

from shared.policies import FACTS, MAX_UNITS, Bonus, Component, EvidenceScale, List, Policy, Stage

LAST_RESORT_BYTES = 16
"""Of a SHA-256. Among a million candidates two equal ones are less likely than 1 in 10^26."""

MOST_IN_COLUMNS = 2**62

DECISION_BYTES = 2
UNDECIDED_PLACE = 0xFFFF
"""No officer decided: all equals have this, so none goes before another by it."""


class Gate(IntEnum):
    """What holds a candidate on a list, in the order in which lines are shown: the ranked first,
    then who is out, then who still waits.
    """

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


Points = Decimal | str
"""Points as they were stated; digits in a text count like the decimal."""


# These three are made for every candidate of a million: a frozen dataclass takes four times as long
# to make. Nobody changes them.
@dataclass(slots=True)
class Result:
    """A candidate's newest result in a stage; `points` by component, empty unless scored."""

    outcome: Outcome
    points: Mapping[str, Points]


@dataclass(slots=True)
class Candidate:
    """All that is known of a candidate.

    `verified`: MS true, TMS false, none while undecided. `decided`: place that an officer gave
    among equals, by list. `education` and `priority` as they were stated: a code or a word that the
    policy knows, else they are unknown.
    """

    participant_no: str
    verified: bool | None = None
    withdrawn: bool = False
    results: Mapping[str, Result] = field(default_factory=dict)
    gpa: Decimal | None = None
    birth_date: date | None = None
    relevant_experience_months: int | None = None
    admitted_by: frozenset[str] = frozenset()
    decided: Mapping[str, int] = field(default_factory=dict)
    education: str | None = None
    priority: str | None = None


@dataclass(slots=True)
class Standing:
    """Where a candidate stands: `score` in units of the list's last digit, none unless ranked.

    `priority`: how many groups (and whoever is in none) the own one goes before; 0 where the list
    does not go by them.
    """

    gate: Gate
    score: int | None
    merit_key: bytes
    priority: int = 0

    @property
    def worth(self) -> int | None:
        """Score and priority in one number that orders like both: what counts by score count."""
        return None if self.score is None else self.priority * MAX_UNITS + self.score


@dataclass(frozen=True, slots=True)
class Passing:
    """A threshold, and what the candidate has: of a component's code, or of the stage's (its
    total).
    """

    of: str
    minimum: Decimal
    points: Decimal

    @property
    def passed(self) -> bool:
        return self.points >= self.minimum


@dataclass(frozen=True, slots=True)
class Lift:
    """A bonus that lifted the points of its component, from `before` to `after`."""

    bonus: Bonus
    before: Decimal
    after: Decimal


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
    """One list of a policy, for one kind of need and one round's seed: made once, used for every
    candidate.
    """

    def __init__(self, policy: Policy, one: List, need: str, seed: str) -> None:
        self.code = one.code
        self.codes = one.codes
        self.decimals = one.score.decimals
        self.after = one.after
        self.cut = one.cut
        self.uses_facts = policy.uses_facts(one)
        self.shows_points = policy.publication.level == "components"
        self._seed = seed.encode() + b"/"
        self._facts = _Facts(policy)
        self._groups = policy.priority_groups if one.by_priority else ()
        terms = [term for term in one.score.terms if not term.needs or need in term.needs]
        stages = {term.stage: policy.stage(term.stage) for term in terms}
        self._stages: list[_StageRules] = []
        at: dict[str, int] = {}
        self._scale: dict[str, int] = {}
        for stage in filter(None, stages.values()):
            if any(component.of_need(need) for component in stage.components):
                self._stages.append(_StageRules(stage, need, len(at), self._facts))
                at |= self._stages[-1].at
                self._scale |= dict.fromkeys(self._stages[-1].at, self._stages[-1].scale)
        self._own = next((stage for stage in self._stages if stage.code == one.stage), None)
        self.own_decimals = 0 if self._own is None else len(str(self._own.scale)) - 1
        self._at = at
        self._minima = [minimum for stage in self._stages for minimum in stage.minima]
        self.components = tuple(
            component.code for stage in self._stages for component in stage.components
        )
        most = self._most = [most for stage in self._stages for most in stage.most]
        self._ties = one.ties
        self._score, greatest = _score(one, need, {stage.code: stage for stage in self._stages}, at)
        self.fits_columns = greatest(most) < MOST_IN_COLUMNS and all(
            self._most_of(tie.by, most) < MOST_IN_COLUMNS for tie in one.ties
        )
        """Nothing on the way to a score, and no tie, is too great for columns of 64 bits."""
        self._most_score = self._score(most)
        self._score_bytes = _width(self._most_score)
        self._compile_key(one, most)

    def _compile_key(self, one: List, most: list[int]) -> None:
        """Lays out the key's fields from its end, and what each counts for in the integer that they
        make.
        """
        fields = [("priority", 1)] if self._groups else []
        fields.append(("score", self._score_bytes))
        fields += [
            (tie.by, _FACT_FIELD if tie.by in FACTS else _width(self._most_of(tie.by, most)))
            for tie in one.ties
        ]
        fields.append(("decision", DECISION_BYTES))
        self._key_bytes = 1 + sum(width for _, width in fields)
        self.fields: list[tuple[str, int]] = []
        """Name of each field of the key after the gate, with the place of its end in bytes."""
        end = 1
        shifts = {}
        for name, width in fields:
            end += width
            self.fields.append((name, end))
            shifts[name] = 1 << 8 * (self._key_bytes - end)
        self._per_priority = shifts.get("priority", 0)
        self._per_score = shifts["score"]
        self._base = (
            len(self._groups) * self._per_priority
            + self._most_score * self._per_score
            + UNDECIDED_PLACE
        )
        of_points: dict[int, int] = {}
        self._of_facts: list[tuple[Callable[[Candidate], int | None], int, int, int]] = []
        for tie in one.ties:
            unit = shifts[tie.by]
            if tie.by in FACTS:
                first, each = (
                    (_MOST_FACT * unit, -unit) if tie.order == "highest-first" else (0, unit)
                )
                self._of_facts.append(
                    (self._facts.order_of(tie.by), first, each, _UNKNOWN_FACT * unit)
                )
                continue
            if tie.order == "highest-first":
                self._base += self._most_of(tie.by, most) * unit
                unit = -unit
            for index, times in self._parts_of(tie.by):
                of_points[index] = of_points.get(index, 0) + unit * times
        self._of_points = [*of_points.items()]

    def _parts_of(self, by: str) -> list[tuple[int, int]]:
        """Where the parts of a tie stand in the row, and what makes their units those of the
        finest: each stage counts in units of its own. One that this kind of need does not have
        tells nobody apart.
        """
        parts = [part for part in by.split("+") if part in self._at]
        finest = max((self._scale[part] for part in parts), default=1)
        return [(self._at[part], finest // self._scale[part]) for part in parts]

    def _most_of(self, by: str, most: list[int]) -> int:
        return sum(most[index] * times for index, times in self._parts_of(by))

    def stands(self, candidate: Candidate) -> Standing | None:
        """Where the candidate stands on this list, or none if not admitted to it.

        The same facts always give the same bytes.
        """
        if not self._admitted(candidate):
            return None
        if candidate.verified is False or candidate.withdrawn:
            return self._out(candidate)
        units: list[int] = []
        results = candidate.results
        for stage in self._stages:
            result = results.get(stage.code)
            if (
                result is None
                or result.outcome is not Outcome.SCORED
                or not stage.count(result.points, candidate, units)
            ):
                return self._out(candidate)
        for index, minimum in self._minima:
            if units[index] < minimum:
                return _held(Gate.BELOW, candidate)
        score = self._score(units)
        key = self._base - score * self._per_score
        for index, unit in self._of_points:
            key += units[index] * unit
        for value_of, first, each, unknown in self._of_facts:
            value = value_of(candidate)
            key += unknown if value is None else first + value * each
        priority = 0
        if self._groups:
            priority = self._facts.priority(candidate) or 0
            key -= priority * self._per_priority
        if candidate.decided:
            key += candidate.decided.get(self.code, UNDECIDED_PLACE) - UNDECIDED_PLACE
        last = sha256(self._seed + candidate.participant_no.encode()).digest()[:LAST_RESORT_BYTES]
        return Standing(Gate.RANKED, score, key.to_bytes(self._key_bytes, "big") + last, priority)

    def passings(self, candidate: Candidate) -> list[Passing]:
        """The thresholds of this list's stages, with what the candidate has, as far as there are
        results.
        """
        return [
            passing
            for stage in self._stages
            for passing in stage.passings(candidate.results.get(stage.code), candidate)
        ]

    def counted(self, candidate: Candidate) -> dict[str, Decimal]:
        """Points of each component, with evidence and bonuses, and each stage's total, as far as
        there are results.
        """
        found: dict[str, Decimal] = {}
        for stage in self._stages:
            units = stage.units(candidate.results.get(stage.code), candidate)
            if units is not None:
                found |= {
                    name: Decimal(units[index - stage.first]) / stage.scale
                    for name, index in stage.at.items()
                }
        return found

    def lifts(self, candidate: Candidate) -> list[Lift]:
        """The bonuses that lifted points, as they came one after the other."""
        found: list[Lift] = []
        for stage in self._stages:
            result = candidate.results.get(stage.code)
            if result is not None:
                stage.count(result.points, candidate, [], found)
        return found

    # The same rules for many candidates at once: integers here may be columns of integers, of any
    # kind that has + - * // < |. `stands` says what they come to for one candidate; a test holds
    # both to the same bytes.

    @property
    def stages(self) -> list[tuple[str, bool]]:
        """Codes of the stages whose units make the row, in its order, and whether their points ask
        for facts of the person.
        """
        return [(stage.code, stage.asks_facts) for stage in self._stages]

    def units_of(self, stage: str, candidate: Candidate) -> list[int] | None:
        """The stage's part of the row, or none where there is no whole result."""
        rules = next(rules for rules in self._stages if rules.code == stage)
        return rules.units(candidate.results.get(stage), candidate)

    def parts_of(self, stage: str) -> list[tuple[str, Callable[[Points], int]]]:
        """Of a stage whose points ask for nothing else, whose units are those of its components and
        their sum: the components, each with what tells the units of points (below 0: the policy
        does not allow them).
        """
        return next(rules for rules in self._stages if rules.code == stage).parts

    def width_of(self, stage: str) -> int:
        """How many units the stage has in the row."""
        return next(len(rules.at) for rules in self._stages if rules.code == stage)

    def score_of(self, row: Sequence[Any]) -> Any:
        """The score of a whole row, in units of the list's last digit."""
        return self._score(row)

    def below(self, row: Sequence[Any]) -> Any:
        """Whether a threshold is missed."""
        missed: Any = row[0] < 0
        for index, minimum in self._minima:
            missed = missed | (row[index] < minimum)
        return missed

    def own_total(self, row: Sequence[Any]) -> Any:
        """Points of the stage that completes the list, in units of 10^-`own_decimals`; 0 where this
        kind of need does not have it.
        """
        return row[self._at[self._own.code]] if self._own is not None else row[0] * 0

    def fields_of(
        self, row: Sequence[Any], score: Any, facts: Mapping[str, Any], priority: Any
    ) -> Iterator[Any]:
        """What stands in each of the key's fields up to the officer's decision.

        `facts`: as `fact_of` gives them.
        """
        if self._groups:
            yield len(self._groups) - priority
        yield self._most_score - score
        for tie in self._ties:
            if tie.by in FACTS:
                yield facts[tie.by]
                continue
            points = sum(
                (row[index] * times for index, times in self._parts_of(tie.by)), row[0] * 0
            )
            most = self._most_of(tie.by, self._most)
            yield most - points if tie.order == "highest-first" else points

    @property
    def fact_ties(self) -> list[str]:
        """The facts that ties go by."""
        return [tie.by for tie in self._ties if tie.by in FACTS]

    def fact_of(self, tie: str, candidate: Candidate) -> int:
        """What stands in the field of a tie by a fact."""
        value = self._facts.order_of(tie)(candidate)
        highest_first = any(each.by == tie and each.order == "highest-first" for each in self._ties)
        return _UNKNOWN_FACT if value is None else _MOST_FACT - value if highest_first else value

    def priority_of(self, candidate: Candidate) -> int:
        """As Standing has it."""
        return (self._facts.priority(candidate) or 0) if self._groups else 0

    @property
    def first_bytes(self) -> dict[str, int]:
        """What the first bytes of ranked keys are made of: after the gate, how many groups (of
        `groups`) go before, in `group_bytes`, and what is lacking to `most_score`, in
        `score_bytes`, the greatest first.
        """
        return {
            "groups": len(self._groups),
            "group_bytes": 1 if self._groups else 0,
            "most_score": self._most_score,
            "score_bytes": self._score_bytes,
        }

    @property
    def score_end(self) -> int:
        """How many first bytes all keys with one priority group and score share."""
        return self.fields[1 if self._groups else 0][1]

    def same_score(self, merit_key: bytes) -> bytes:
        """The first bytes of all keys with this key's priority group and score."""
        return merit_key[: self.score_end]

    def told_apart_by(self, above: bytes, below: bytes) -> str | None:
        """What puts one ranked key before another: `priority`, `score`, a tie's field, `decision`
        (an officer's), or none where they are equal.
        """
        start = 1
        for name, end in self.fields:
            if above[start:end] != below[start:end]:
                return name
            start = end
        return None

    def shown(self, code: str, priority: int) -> str:
        """A result code as it is published: with the priority group's own code, where the policy
        gives it one.
        """
        group = self._groups[-priority].result_code if priority else None
        if group is None:
            return code
        return (
            f"{group}/{code}"
            if code == self.codes.within
            else group
            if code == self.codes.passed
            else code
        )

    def _admitted(self, candidate: Candidate) -> bool:
        return (
            candidate.verified is True
            if self.after is None
            else self.after in candidate.admitted_by
        )

    def _out(self, candidate: Candidate) -> Standing:
        """The standing of whoever is not scored in every stage."""
        if candidate.verified is False:
            return _held(Gate.REJECTED, candidate)
        if candidate.withdrawn:
            return _held(Gate.WITHDRAWN, candidate)
        results = [candidate.results.get(stage.code) for stage in self._stages]
        outcomes = {result.outcome for result in results if result is not None}
        if Outcome.DISQUALIFIED in outcomes:
            return _held(Gate.DISQUALIFIED, candidate)
        return _held(Gate.ABSENT if Outcome.MISSED in outcomes else Gate.WAITING, candidate)


def _held(gate: Gate, candidate: Candidate) -> Standing:
    return Standing(gate, None, bytes((gate,)) + candidate.participant_no.encode())


def score_and_priority(worth: int) -> tuple[int, int]:
    """The two that a standing's worth is made of."""
    priority, score = divmod(worth, MAX_UNITS)
    return score, priority


def before_decision(merit_key: bytes) -> bytes:
    """The first bytes that those share whom the policy's score and ties do not tell apart: all but
    an officer's decision and the last resort.
    """
    return merit_key[: -LAST_RESORT_BYTES - DECISION_BYTES]


def after_all(prefix: bytes) -> bytes:
    """Sorts after every key that begins with `prefix`, and before every other that sorts after
    these: keys are shorter than 64 bytes.
    """
    return prefix + b"\xff" * 64


@lru_cache(maxsize=4096)
def rules_of(policy: str, need: str, seed: str) -> dict[str, ListRules]:
    """Every list of a policy (its JSON), compiled for one kind of need and one round's seed, in the
    order in which they are closed.

    A kind of need that the policy does not know has no lists: nobody is ranked by thresholds that
    are not there. Kept for the next candidates: compiling costs as much as some hundred of them.
    Raises pydantic's ValidationError for what is no policy.
    """
    parsed = Policy.model_validate_json(policy)
    if need not in parsed.needs:
        return {}
    return {one.code: ListRules(parsed, one, need, seed) for one in parsed.lists}


class _StageRules:
    """A stage's components in units, and its thresholds, for one kind of need.

    Units of a list's stages stand one after the other in one row: each stage's stated components,
    then those that follow from facts, then the total.
    """

    def __init__(self, stage: Stage, need: str, first: int, facts: "_Facts") -> None:
        self.code = stage.code
        self.first = first
        self.scale = 10 ** max(_decimals(component.step) for component in stage.components)
        self.components = [component for component in stage.components if component.of_need(need)]
        stated = [component for component in self.components if component.evidence is None]
        proven = [component for component in self.components if component.evidence is not None]
        order = [component.code for component in (*stated, *proven)]
        self.at = {name: first + index for index, name in enumerate([*order, stage.code])}
        self.most = [int(component.maximum * self.scale) for component in (*stated, *proven)]
        self.most.append(sum(self.most))
        self.asks_facts = bool(proven or stage.bonuses)
        self._stated = [_points(component, self.scale) for component in stated]
        self.parts = [(code, learn) for code, _, learn in self._stated]
        self._proven = [
            _evidence(component.evidence, self.scale, facts)
            for component in proven
            if component.evidence is not None
        ]
        self._bonuses = [
            (
                bonus,
                order.index(bonus.component),
                _bonus(bonus, self.scale, {code: index for index, code in enumerate(order)}, facts),
            )
            for bonus in stage.bonuses
            if bonus.component in order and (not bonus.needs or need in bonus.needs)
        ]
        self.thresholds = [
            (stage.code if threshold.of == "total" else threshold.of, threshold.minimum)
            for threshold in stage.thresholds
            if need in threshold.needs
        ]
        self.thresholds += [
            (component.code, component.knock_out)
            for component in self.components
            if component.knock_out is not None
        ]
        self.minima = [(self.at[of], ceil(minimum * self.scale)) for of, minimum in self.thresholds]

    def count(
        self,
        given: Mapping[str, Points],
        candidate: Candidate,
        row: list[int],
        lifts: list[Lift] | None = None,
    ) -> bool:
        """Adds the components' points and the stage's total, in units; false where points are
        missing or outside the policy's maxima and steps. `lifts` gets what bonuses lifted.
        """
        start = len(row)
        total = 0
        for code, known, learn in self._stated:
            value = given.get(code)
            if value is None:
                return False
            units = known.get(value)
            if units is None:
                units = known[value] = learn(value)
            if units < 0:
                return False
            row.append(units)
            total += units
        if not self._proven and not self._bonuses:
            row.append(total)
            return True
        row += [points(candidate) for points in self._proven]
        for bonus, index, lift in self._bonuses:
            before = row[start + index]
            lift(row, start, candidate)
            if lifts is not None and row[start + index] != before:
                lifts.append(
                    Lift(
                        bonus,
                        Decimal(before) / self.scale,
                        Decimal(row[start + index]) / self.scale,
                    )
                )
        row.append(sum(row[start:]))
        return True

    def units(self, result: Result | None, candidate: Candidate) -> list[int] | None:
        """The row of this stage alone, or none where there is no whole result."""
        row: list[int] = []
        return row if result is not None and self.count(result.points, candidate, row) else None

    def passings(self, result: Result | None, candidate: Candidate) -> list[Passing]:
        units = self.units(result, candidate)
        if units is None:
            return []
        return [
            Passing(of, minimum, Decimal(units[self.at[of] - self.first]) / self.scale)
            for of, minimum in self.thresholds
        ]


class _Facts:
    """A person's facts as numbers that grow with them; none where unknown."""

    def __init__(self, policy: Policy) -> None:
        self._education = _places(policy.education_code, [level.code for level in policy.education])
        self._priority = _places(
            policy.priority_code, [group.code for group in reversed(policy.priority_groups)]
        )
        self._threshold = policy.value_of_fact

    def education(self, candidate: Candidate) -> int | None:
        """The level's place from the lowest, from 1."""
        return None if candidate.education is None else self._education(candidate.education)

    def priority(self, candidate: Candidate) -> int | None:
        """The group's place from the last, from 1."""
        return None if candidate.priority is None else self._priority(candidate.priority)

    def order_of(self, fact: str) -> Callable[[Candidate], int | None]:
        """The fact called so, as a number."""
        own = {"education": self.education, "priority": self.priority}
        return own.get(fact) or _PERSON[fact]

    def least(self, fact: str, at_least: str) -> int:
        """The lowest such number that is at least what a policy says."""
        found = self._threshold(fact, at_least)
        if found is None:
            raise ValueError(f"{at_least} is no value of {fact}")
        if fact in {"education", "priority"}:
            return int(found) + 1
        return ceil(found * (10**6 if fact == "gpa" else 1))


def _places(code_of: Callable[[str], str | None], codes: list[str]) -> Callable[[str], int | None]:
    """Place of what a word names among the codes, from 1; none where it names nothing."""

    @lru_cache(maxsize=4096)
    def place(word: str) -> int | None:
        code = code_of(word)
        return None if code is None else codes.index(code) + 1

    return place


class _Known(dict[Points, int]):
    """Units of the points seen so far, below 0 where the policy doesn't allow them: a test has few
    different results, and counting them anew costs more than all the rest.
    """

    MOST = 2**17

    @override
    def __setitem__(self, value: Points, units: int) -> None:
        if len(self) >= self.MOST:
            self.clear()
        super().__setitem__(value, units)


def _points(component: Component, scale: int) -> tuple[str, _Known, Callable[[Points], int]]:
    """A stated component: its code, the units known, and how others become known."""
    most = int(component.maximum * scale)
    step = int(component.step * scale)

    def learn(value: Points) -> int:
        try:
            scaled = Decimal(value) * scale
            units = int(scaled)
        except (InvalidOperation, ValueError, OverflowError):
            return -1
        return units if units == scaled and 0 <= units <= most and not units % step else -1

    return component.code, _Known(), learn


def _evidence(evidence: EvidenceScale, scale: int, facts: _Facts) -> Callable[[Candidate], int]:
    value_of = facts.order_of(evidence.of)
    steps = [
        (facts.least(evidence.of, step.at_least), int(step.points * scale))
        for step in reversed(evidence.steps)
    ]

    def points(candidate: Candidate) -> int:
        value = value_of(candidate)
        return (
            0 if value is None else next((points for least, points in steps if value >= least), 0)
        )

    return points


def _bonus(
    bonus: Bonus, scale: int, at: Mapping[str, int], facts: _Facts
) -> Callable[[list[int], int, Candidate], None]:
    index = at[bonus.component]
    more, ceiling = int(bonus.points * scale), int(bonus.ceiling * scale)
    of, at_least = bonus.of, bonus.at_least

    def lift(row: list[int], start: int, _: Candidate) -> None:
        row[start + index] = max(row[start + index], min(row[start + index] + more, ceiling))

    if of is None or at_least is None:
        return lift
    if of in FACTS:
        value_of, least = facts.order_of(of), facts.least(of, at_least)

        def for_fact(row: list[int], start: int, candidate: Candidate) -> None:
            value = value_of(candidate)
            if value is not None and value >= least:
                lift(row, start, candidate)

        return for_fact
    asked, enough = at.get(of), ceil(Decimal(at_least) * scale)

    def for_points(row: list[int], start: int, candidate: Candidate) -> None:
        if asked is not None and row[start + asked] >= enough:
            lift(row, start, candidate)

    return for_points


_OfRow = Callable[[Sequence[Any]], Any]


def _score(
    one: List, need: str, stages: Mapping[str, _StageRules], at: Mapping[str, int]
) -> tuple[_OfRow, Callable[[list[int]], int]]:
    """The list's score in units of its last digit, out of the row of all stages' units; and the
    greatest number on the way to it, out of the greatest units.
    """
    unit = 10**one.score.decimals
    exact = []
    for term in one.score.terms:
        if (term.needs and need not in term.needs) or (term.component or term.stage) not in at:
            continue
        divided = Fraction(unit) / stages[term.stage].scale / Fraction(term.divisor)
        exact.append((at[term.component or term.stage], divided, Fraction(term.weight) / 100))
    steps = [
        (
            index,
            2 * divided.numerator,
            divided.denominator,
            2 * weight.numerator,
            weight.denominator,
        )
        for index, divided, weight in exact
    ]
    if len(steps) == 1 and steps[0][1:] == (2, 1, 2, 1):
        total = steps[0][0]
        return lambda row: row[total], lambda most: most[total]

    def each_step(row: Sequence[Any]) -> Any:
        score = 0
        for index, times, by, weight, parts in steps:  # half_up twice, its doubling done beforehand
            score += (weight * ((times * row[index] + by) // (2 * by)) + parts) // (2 * parts)
        return score

    def greatest_step(most: list[int]) -> int:
        first = [times * most[index] + by for index, times, by, _, _ in steps]
        then = [
            weight * (times * most[index] // by + 1) + parts
            for index, times, by, weight, parts in steps
        ]
        return int(max([0, *first, *then]))

    parts = lcm(*((divided * weight).denominator for _, divided, weight in exact))
    shares = [(index, int(divided * weight * parts)) for index, divided, weight in exact]

    def at_the_end(row: Sequence[Any]) -> Any:
        whole = sum(row[index] * share for index, share in shares)
        return (2 * whole + parts) // (2 * parts)

    def greatest_sum(most: list[int]) -> int:
        return 2 * sum(most[index] * share for index, share in shares) + parts

    return (
        (each_step, greatest_step)
        if one.score.rounding == "each-step"
        else (at_the_end, greatest_sum)
    )


@lru_cache(maxsize=4096)
def _millionths(mark: Decimal) -> int:
    return int(mark * 10**6)


def _gpa(candidate: Candidate) -> int | None:
    return None if candidate.gpa is None else _millionths(candidate.gpa)


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
"""The facts that are numbers in every policy."""

_FACT_BYTES = 6
_FACT_FIELD = 1 + _FACT_BYTES
_UNKNOWN_FACT = 256**_FACT_BYTES
_MOST_FACT = 256**_FACT_BYTES - 1
"""Holds a mark of six digits before and after the point (contracts' Points), a day's number, a
count of months. Unknown comes after all of these."""


def _decimals(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _width(most: int) -> int:
    return max(1, (most.bit_length() + 7) // 8)
