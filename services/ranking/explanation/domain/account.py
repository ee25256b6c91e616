"""Why a candidate has their place on a list: an account of the rules, step by step.

Anyone may read it. It holds participant numbers, points, scores, ranks and codes. Of a personal
fact it tells that a rule about it decided, never anybody's value.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from services.ranking.explanation.domain.comparison import (
    Comparison,
    ListedCandidate,
    PlaceOnList,
    compare,
    decided_at_the_cut,
    fields_with_public_points,
    score_of,
)
from services.ranking.explanation.domain.score_parts import ScorePart, plain, score_parts
from services.ranking.merit.domain.candidate import Candidate, Outcome
from services.ranking.merit.domain.list_cut import UNDECIDED, ListCut
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.score import decimal_text
from services.ranking.merit.domain.stage_rules import ThresholdCheck
from services.ranking.merit.domain.standing import CandidateStanding, Gate
from shared.languages import Language
from shared.policies import FACTS, List, Policy

OUTCOMES = {
    Outcome.SCORED: "scored",
    Outcome.MISSED: "missed",
    Outcome.DISQUALIFIED: "disqualified",
}


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """A threshold, and the candidate's points in its component, or in its stage (the total).

    `lacking`: the points that are missing, 0 where the threshold is met.
    """

    of: str
    minimum: str
    points: str
    lacking: str
    passed: bool


@dataclass(frozen=True, slots=True)
class RaisedPoints:
    """The points of a component (`of`), `before` and `after` a bonus of the policy raised them.

    `name`: the bonus's, by language.
    """

    of: str
    name: Mapping[Language, str]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The account of one candidate on one list.

    `stages`: how each stage of the list ended; `waiting` where there is no result.
    `lifts`: the bonuses that raised points. `terms`: the parts of the score.
    `points_shown`: false where points are left out because the policy does not publish them.
    `cut_score`: of the last candidate within the cut, or at its limit. `distance`: the own score
    minus `cut_score`; none while an officer has yet to decide about the candidate.
    `undecided_at_the_limit`: an officer has yet to decide about those who have `cut_score`.
    `decided_at_the_cut`: what put one of the two before the other where their scores did not.
    """

    participant_no: str
    list: str
    gate: Gate
    outcome: str
    code: str
    stages: Mapping[str, str]
    lifts: tuple[RaisedPoints, ...]
    thresholds: tuple[ThresholdResult, ...]
    terms: tuple[ScorePart, ...]
    points_shown: bool
    rounding: str
    decimals: int
    score: str | None
    rank: int | None
    of: int
    equals: int
    above: Comparison | None
    below: Comparison | None
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
    standing: CandidateStanding,
    place: PlaceOnList,
    *,
    for_everyone: bool = False,
) -> Explanation:
    """The account of one candidate on the list that `rules` were compiled for.

    The rules are compiled from the policy for that kind of need. `standing` is
    `rules.standing_of(candidate)`, also for the others in `place`. A standing without a key is that
    of a fixed list whose facts were corrected since: the account leaves out what it rests on.
    `for_everyone`: points are left out unless the policy publishes them. Raises ValueError where
    the policy has no such list.
    """
    policy_list = policy.list_called(rules.code)
    if policy_list is None:
        raise ValueError(f"the policy {policy.id} has no list {rules.code}")
    known = bool(standing.merit_key)
    points_shown = rules.shows_points or not for_everyone
    detailed = known and points_shown
    own = ListedCandidate(candidate, place.rank, standing)
    fields = fields_with_public_points(policy) if points_shown else frozenset()
    return Explanation(
        participant_no=candidate.participant_no,
        list=rules.code,
        gate=standing.gate,
        outcome=_outcome(standing.gate, place),
        code=place.code,
        stages=_stages(policy, policy_list, need, candidate) if known else {},
        lifts=tuple(_bonuses(rules, candidate, for_everyone)) if detailed else (),
        thresholds=tuple(map(_threshold, rules.threshold_checks(candidate))) if detailed else (),
        terms=_score_parts(policy_list, need, rules, own) if detailed else (),
        points_shown=points_shown,
        rounding=policy_list.score.rounding,
        decimals=policy_list.score.decimals,
        score=score_of(rules, own),
        rank=place.rank,
        of=place.of,
        equals=place.equals,
        above=compare(rules, own, place.above, fields, other_first=True),
        below=compare(rules, own, place.below, fields, other_first=False),
        limit=ListCut.of(rules, seats).limit,
        within=place.within,
        cut_score=score_of(rules, place.last_within),
        undecided_at_the_limit=place.undecided_at_the_limit,
        distance=_distance(rules, standing, place),
        decided_at_the_cut=decided_at_the_cut(rules, standing, place),
    )


def _outcome(gate: Gate, place: PlaceOnList) -> str:
    """A word for the candidate's outcome: a gate's, or `within`, `passed`, `undecided`."""
    if gate is not Gate.RANKED:
        return gate.name.lower()
    if place.code == UNDECIDED:
        return "undecided"
    return "within" if place.goes_on else "passed"


def _stages(policy: Policy, policy_list: List, need: str, candidate: Candidate) -> dict[str, str]:
    """How each stage that counts on the list for that kind of need ended, by its code."""
    codes = [term.stage for term in policy_list.score.terms if not term.needs or need in term.needs]
    stages: dict[str, str] = {}
    for code in codes:
        stage = policy.stage(code)
        if stage and any(component.of_need(need) for component in stage.components):
            result = candidate.results.get(code)
            stages[code] = "waiting" if result is None else OUTCOMES[result.outcome]
    return stages


def _bonuses(rules: ListRules, candidate: Candidate, for_everyone: bool) -> Iterator[RaisedPoints]:
    """The bonuses that raised points; only the person learns of one for a personal fact."""
    for lift in rules.applied_bonuses(candidate):
        if not (for_everyone and lift.bonus.of in FACTS):
            name: dict[Language, str] = {"id": lift.bonus.name.id, "en": lift.bonus.name.en}
            yield RaisedPoints(lift.bonus.component, name, plain(lift.before), plain(lift.after))


def _threshold(passing: ThresholdCheck) -> ThresholdResult:
    lacking = max(passing.minimum - passing.points, Decimal(0))
    return ThresholdResult(
        passing.of, plain(passing.minimum), plain(passing.points), plain(lacking), passing.passed
    )


def _score_parts(
    policy_list: List, need: str, rules: ListRules, own: ListedCandidate
) -> tuple[ScorePart, ...]:
    """The parts of the score; none where there is no score."""
    if own.standing.score is None:
        return ()
    return tuple(score_parts(policy_list, need, rules.counted_points(own.candidate)))


def _distance(rules: ListRules, standing: CandidateStanding, place: PlaceOnList) -> str | None:
    """The own score minus that of the last within the cut; none while an officer has to decide."""
    last = place.last_within
    if place.code == UNDECIDED or last is None:
        return None
    if standing.score is None or last.standing.score is None:
        return None
    difference = standing.score - last.standing.score
    return ("-" if difference < 0 else "") + decimal_text(abs(difference), rules.decimals)
