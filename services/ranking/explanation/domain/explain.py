"""Why a candidate stands where they stand: a structured account out of the compiled rules, and its
sentences.

Whoever reads it may be anyone, so it holds participant numbers, points, scores, ranks and codes; of
personal facts only that a rule about them decided, never anybody's value. The sentences stand in
pages/explain.toml.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from services.ranking.merit.domain.merit import (
    Candidate,
    Gate,
    ListRules,
    Outcome,
    Passing,
    Standing,
    digits,
    half_up,
)
from services.ranking.merit.domain.standing import UNDECIDED, ListCut
from shared.languages import Language
from shared.policies import FACTS, List, Policy

TEXTS = Path(__file__).parents[2] / "pages" / "explain.toml"

DIGITS_OF_A_FRACTION = 6
"""Shown of a number without end, before `…`."""

SINCE_CORRECTED = "since-corrected"
"""In place of the step that decided, where a fact that it rests on is another one today."""


@dataclass(frozen=True, slots=True)
class Gatepost:
    """A threshold and what the candidate has: of a component, or of a stage (its total).

    `lacking`: what was missing, 0 where it is met.
    """

    of: str
    minimum: str
    points: str
    lacking: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Lifted:
    """A component whose points a bonus of the policy (`name`, by language) lifted: before it, and
    with it.
    """

    of: str
    name: Mapping[Language, str]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Term:
    """A part of the score: `points` of a stage or component, divided, then weighted; each as it is
    carried on, rounded where the policy rounds.
    """

    of: str
    points: str
    divisor: str
    divided: str
    weight: str
    weighted: str
    rounded: bool


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody else on the list, as the list has them.

    A standing without a key: what it rests on was corrected since.
    """

    candidate: Candidate
    rank: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class Beside:
    """Somebody else, and what put one before the other: `score`, `priority`, a tie of the policy,
    `decision` (an officer's), `since-corrected`, or none where they are equal. `own` and `other`:
    the points that the step compared; none where it compared a personal fact.
    """

    participant_no: str
    rank: int
    score: str
    decided_by: str | None
    own: str | None
    other: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the list has the candidate.

    `of`: how many have a rank. `code`: as published. `goes_on`: is within the cut; `within`: how
    many are, and `last_within` the last of them, if any.
    """

    rank: int | None
    of: int
    equals: int
    code: str
    goes_on: bool
    within: int
    above: Other | None = None
    below: Other | None = None
    last_within: Other | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The account.

    `cut_score`: of the last who is within the cut, or at its limit. `distance`: own score less that
    one; none for whom an officer has yet to decide about. `undecided_at_the_limit`: an officer has
    yet to decide about those whose score that is. `decided_at_the_cut`: what put one of the two
    before the other, where their scores did not. `lifts`: what the policy added to points.
    `stages`: how each stage of the list ended, `waiting` where there is no result. `points_shown`:
    false where points are left out because the policy doesn't publish them.
    """

    participant_no: str
    list: str
    gate: Gate
    outcome: str
    code: str
    stages: Mapping[str, str]
    lifts: tuple[Lifted, ...]
    thresholds: tuple[Gatepost, ...]
    terms: tuple[Term, ...]
    points_shown: bool
    rounding: str
    decimals: int
    score: str | None
    rank: int | None
    of: int
    equals: int
    above: Beside | None
    below: Beside | None
    limit: int | None
    within: int
    cut_score: str | None
    undecided_at_the_limit: bool
    distance: str | None
    decided_at_the_cut: str | None


def explain(
    policy: Policy,
    rules: ListRules,
    need: str,
    seats: int,
    candidate: Candidate,
    standing: Standing,
    place: Place,
    *,
    for_everyone: bool = False,
) -> Explanation:
    """The account of one candidate on the list that `rules` were compiled for, from the policy for
    that kind of need.

    `standing` is `rules.stands(candidate)`; of the others in `place` too. One without a key stands
    where the facts of a fixed list were corrected since: then what it rests on is not told.
    `for_everyone`: points are left out unless the policy publishes them.
    """
    one = policy.list_called(rules.code)
    if one is None:
        raise ValueError(f"the policy {policy.id} has no list {rules.code}")
    cut = ListCut.of(rules, seats)
    known = bool(standing.merit_key)
    shown = rules.shows_points or not for_everyone
    personal = None if not shown else _personal(policy)
    return Explanation(
        participant_no=candidate.participant_no,
        list=rules.code,
        gate=standing.gate,
        outcome=_outcome(standing.gate, place),
        code=place.code,
        stages=_stages(policy, one, need, candidate) if known else {},
        lifts=tuple(_lifts(rules, candidate, for_everyone)) if known and shown else (),
        thresholds=tuple(map(_gatepost, rules.passings(candidate))) if known and shown else (),
        terms=tuple(_terms(one, need, rules.counted(candidate)))
        if known and shown and standing.score is not None
        else (),
        points_shown=shown,
        rounding=one.score.rounding,
        decimals=one.score.decimals,
        score=None if standing.score is None else digits(standing.score, rules.decimals),
        rank=place.rank,
        of=place.of,
        equals=place.equals,
        above=_beside(rules, candidate, standing, place, place.above, personal),
        below=_beside(rules, candidate, standing, place, place.below, personal),
        limit=cut.limit,
        within=place.within,
        cut_score=_score(rules, place.last_within),
        undecided_at_the_limit=place.last_within is not None
        and place.last_within.rank > place.within,
        distance=None if place.code == UNDECIDED else _distance(rules, standing, place.last_within),
        decided_at_the_cut=_at_the_cut(rules, standing, place),
    )


def _outcome(gate: Gate, place: Place) -> str:
    """A word for what became of the candidate: a gate's, or `within`, `passed`, `undecided`."""
    if gate is not Gate.RANKED:
        return gate.name.lower()
    if place.code == UNDECIDED:
        return "undecided"
    return "within" if place.goes_on else "passed"


def _gatepost(one: Passing) -> Gatepost:
    lacking = max(one.minimum - one.points, Decimal(0))
    return Gatepost(one.of, plain(one.minimum), plain(one.points), plain(lacking), one.passed)


def _stages(policy: Policy, one: List, need: str, candidate: Candidate) -> dict[str, str]:
    names = {
        Outcome.SCORED: "scored",
        Outcome.MISSED: "missed",
        Outcome.DISQUALIFIED: "disqualified",
    }
    stages: dict[str, str] = {}
    for term in one.score.terms:
        stage = policy.stage(term.stage)
        if (
            (not term.needs or need in term.needs)
            and stage
            and any(part.of_need(need) for part in stage.components)
        ):
            result = candidate.results.get(term.stage)
            stages[term.stage] = "waiting" if result is None else names[result.outcome]
    return stages


def _lifts(rules: ListRules, candidate: Candidate, for_everyone: bool) -> Iterator[Lifted]:
    """What bonuses added to points; one that asks for a fact of the person is that person's own to
    know.
    """
    for lift in rules.lifts(candidate):
        if not (for_everyone and lift.bonus.of in FACTS):
            name: dict[Language, str] = {"id": lift.bonus.name.id, "en": lift.bonus.name.en}
            yield Lifted(lift.bonus.component, name, plain(lift.before), plain(lift.after))


def _terms(one: List, need: str, counted: Mapping[str, Decimal]) -> Iterator[Term]:
    """How the score comes about, step by step: the same arithmetic as the engine's, in the open."""
    unit = 10**one.score.decimals
    each_step = one.score.rounding == "each-step"

    def carried(value: Fraction) -> Fraction:
        return (
            Fraction(half_up(value.numerator * unit, value.denominator), unit)
            if each_step
            else value
        )

    for term in one.score.terms:
        name = term.component or term.stage
        if (term.needs and need not in term.needs) or name not in counted:
            continue
        exact = Fraction(counted[name]) / Fraction(term.divisor)
        divided = carried(exact)
        full = divided * Fraction(term.weight) / 100
        weighted = carried(full)
        yield Term(
            of=name,
            points=plain(counted[name]),
            divisor=plain(term.divisor),
            divided=written(divided),
            weight=plain(term.weight),
            weighted=written(weighted),
            rounded=(divided, weighted) != (exact, full),
        )


def _personal(policy: Policy) -> set[str]:
    """Fields of an order that tell of a person's facts: these, and the components whose points
    follow from them.
    """
    parts = [component for stage in policy.stages for component in stage.components]
    return {*FACTS, *(component.code for component in parts if component.evidence is not None)}


def _beside(
    rules: ListRules,
    candidate: Candidate,
    standing: Standing,
    place: Place,
    other: Other | None,
    personal: set[str] | None,
) -> Beside | None:
    """Who stands next; the points that were compared, unless they follow from one of the `personal`
    facts, or none are told.
    """
    if other is None or place.rank is None:
        return None
    if other is place.above:
        decided_by = told_apart(rules, other.standing, standing)
    else:
        decided_by = told_apart(rules, standing, other.standing)
    if decided_by is None and other.rank != place.rank:
        decided_by = SINCE_CORRECTED
    own = theirs = None
    wordless = {"score", "decision", SINCE_CORRECTED, *(personal or ())}
    if (
        personal is not None
        and decided_by is not None
        and wordless.isdisjoint(decided_by.split("+"))
    ):
        own, theirs = (
            _sum(rules.counted(each), decided_by) for each in (candidate, other.candidate)
        )
    score = _score(rules, other)
    assert score is not None
    return Beside(other.candidate.participant_no, other.rank, score, decided_by, own, theirs)


def told_apart(rules: ListRules, first: Standing, second: Standing) -> str | None:
    """What put one line before another.

    Where today's facts can't have, they were corrected since.
    """
    if not first.merit_key or not second.merit_key:
        return SINCE_CORRECTED if first.score == second.score else "score"
    step = rules.told_apart_by(first.merit_key, second.merit_key)
    return SINCE_CORRECTED if step is not None and first.merit_key > second.merit_key else step


def _sum(counted: Mapping[str, Decimal], by: str) -> str:
    """The points of `A`, or of `A+B`; a component that this kind of need does not have counts
    nothing.
    """
    return plain(sum((counted.get(part, Decimal(0)) for part in by.split("+")), Decimal(0)))


def _score(rules: ListRules, other: Other | None) -> str | None:
    return (
        None
        if other is None or other.standing.score is None
        else digits(other.standing.score, rules.decimals)
    )


def _distance(rules: ListRules, standing: Standing, last: Other | None) -> str | None:
    if last is None or standing.score is None or last.standing.score is None:
        return None
    difference = standing.score - last.standing.score
    return ("-" if difference < 0 else "") + digits(abs(difference), rules.decimals)


def _at_the_cut(rules: ListRules, standing: Standing, place: Place) -> str | None:
    last = place.last_within
    if last is None or place.rank is None or place.rank == last.rank or place.code == UNDECIDED:
        return None
    ahead, behind = (
        (last.standing, standing) if place.rank > last.rank else (standing, last.standing)
    )
    step = told_apart(rules, ahead, behind)
    return None if step == "score" else step


def plain(value: Decimal) -> str:
    """A decimal without zeros at its end, and without an exponent: 5.50 as 5.5, 1E+2 as 100."""
    return f"{value.normalize():f}"


def written(value: Fraction) -> str:
    """A number as a decimal, whole where it ends; else its first digits and `…`."""
    decimals = 0
    rest = value.denominator
    for prime in (2, 5):
        times = 0
        while rest % prime == 0:
            rest //= prime
            times += 1
        decimals = max(decimals, times)
    if rest == 1:
        return digits(value.numerator * 10**decimals // value.denominator, decimals)
    return (
        digits(
            value.numerator * 10**DIGITS_OF_A_FRACTION // value.denominator, DIGITS_OF_A_FRACTION
        )
        + "…"
    )


# In words -----------------------------------------------------------------------------------------


@lru_cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(TEXTS.read_text("utf-8"))


def sentences(
    account: Explanation, policy: Policy, language: Language, *, live: bool = False
) -> list[str]:
    """The account, sentence by sentence, in the order in which a person would ask.

    `live`: the list is not fixed, so all of it may change.
    """
    says = _texts()[language]
    names = _Names(policy, language, says)
    found = [says["live"]] if live else []
    found.append(
        says[f"outcome-{account.outcome}"].format(
            list=names.of_list(account.list), code=account.code
        )
    )
    found += [
        says[f"stage-{how}"].format(stage=names.of(stage))
        for stage, how in account.stages.items()
        if how != "scored"
    ]
    found += [
        says["lift"].format(
            of=names.of(one.of), before=one.before, after=one.after, bonus=one.name[language]
        )
        for one in account.lifts
    ]
    found += [
        says["threshold-passed" if one.passed else "threshold-failed"].format(
            of=names.of(one.of), points=one.points, minimum=one.minimum, lacking=one.lacking
        )
        for one in account.thresholds
    ]
    found += _of_the_score(account, names, says)
    if account.rank is not None:
        found.append(says["rank"].format(rank=account.rank, of=account.of))
        if account.equals > 1:
            found.append(says["equals"].format(others=account.equals - 1))
        found += _of_others(account, names, says)
    found += _of_the_cut(account, names, says)
    return found


class _Names:
    """What the policy calls things, in one language."""

    def __init__(self, policy: Policy, language: Language, says: Mapping[str, str]) -> None:
        self._says = says
        self._names = {stage.code: getattr(stage.name, language) for stage in policy.stages}
        self._names |= {
            component.code: f"{getattr(component.name, language)} ({component.code})"
            for stage in policy.stages
            for component in stage.components
        }
        self._lists = {one.code: getattr(one.name, language) for one in policy.lists}

    def of(self, code: str) -> str:
        """A stage, a component, or a sum of components."""
        return " + ".join(self._names.get(part, part) for part in code.split("+"))

    def of_list(self, code: str) -> str:
        return str(self._lists.get(code, code))

    def of_step(self, step: str) -> str:
        """What decided between two."""
        return self._says.get(f"step-{step}") or self.of(step)


def _of_the_score(account: Explanation, names: _Names, says: Mapping[str, str]) -> Iterator[str]:
    if account.score is None:
        return
    only = account.terms[0] if len(account.terms) == 1 else None
    if only is not None and only.divisor == "1" and only.weight == "100":
        yield says["score-is"].format(of=names.of(only.of), score=account.score)
        return
    for term in account.terms:
        yield says["term"].format(
            of=names.of(term.of),
            points=term.points,
            divisor=term.divisor,
            divided=term.divided,
            weight=term.weight,
            weighted=term.weighted,
        )
    if account.terms:
        yield says[f"sum-{account.rounding}"].format(
            parts=" + ".join(term.weighted for term in account.terms),
            score=account.score,
            decimals=account.decimals,
        )
    elif account.points_shown:
        yield says["score-since-corrected"].format(score=account.score)
    else:
        yield says["score-alone"].format(score=account.score)


def _of_others(account: Explanation, names: _Names, says: Mapping[str, str]) -> Iterator[str]:
    for where, other in (("above", account.above), ("below", account.below)):
        if other is None:
            yield says[f"nobody-{where}"]
            continue
        shown = {"other": other.participant_no, "rank": other.rank, "score": other.score}
        if other.decided_by is None:
            yield says[f"{where}-equal"].format(**shown)
        elif other.decided_by == "score":
            yield says[f"{where}-by-score"].format(**shown, own=account.score)
        elif other.own is not None:
            step = names.of_step(other.decided_by)
            yield says[f"{where}-by-points"].format(
                **shown, step=step, own=other.own, theirs=other.other
            )
        else:
            yield says[f"{where}-by-rule"].format(**shown, step=names.of_step(other.decided_by))


def _of_the_cut(account: Explanation, names: _Names, says: Mapping[str, str]) -> Iterator[str]:
    if account.limit is None:
        yield says["no-cut"]
        return
    yield says["cut"].format(limit=account.limit, within=account.within)
    if account.within > account.limit:
        yield says["cut-equals"]
    if account.distance is None or account.cut_score is None:
        return
    distance = Decimal(account.distance)
    shown = {"cut": account.cut_score, "by": account.distance.lstrip("-")}
    if account.undecided_at_the_limit:
        if distance:
            yield says["cut-short-undecided" if distance < 0 else "cut-above-undecided"].format(
                **shown
            )
    elif account.decided_at_the_cut is not None:
        how = (
            "cut-by-rule"
            if distance == 0
            else "cut-before"
            if account.outcome == "within"
            else "cut-behind"
        )
        yield says[how].format(**shown, step=names.of_step(account.decided_at_the_cut))
    elif distance == 0:
        yield says["cut-own"].format(**shown)
    else:
        yield says["cut-short" if distance < 0 else "cut-above"].format(**shown)
