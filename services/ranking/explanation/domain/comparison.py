"""What puts one candidate before another on a list."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from services.ranking.explanation.domain.score_parts import plain
from services.ranking.merit.domain.candidate import Candidate
from services.ranking.merit.domain.list_cut import UNDECIDED
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.score import decimal_text
from services.ranking.merit.domain.standing import CandidateStanding
from shared.policies import Policy

SINCE_CORRECTED = "since-corrected"
"""In place of the step that decided, where a fact that it rests on was corrected since."""


@dataclass(frozen=True, slots=True)
class ListedCandidate:
    """A candidate with their rank and standing on the list.

    A standing without a key: the facts that it rests on were corrected since.
    """

    candidate: Candidate
    rank: int | None
    standing: CandidateStanding


@dataclass(frozen=True, slots=True)
class PlaceOnList:
    """Where the list has a candidate, and who is near.

    `of`: how many have a rank. `code`: as published. `goes_on`: the candidate is within the cut.
    `within`: how many are. `last_within`: the last of them, or of those at the limit about whom an
    officer has yet to decide.
    """

    rank: int | None
    of: int
    equals: int
    code: str
    goes_on: bool
    within: int
    above: ListedCandidate | None = None
    below: ListedCandidate | None = None
    last_within: ListedCandidate | None = None

    @property
    def undecided_at_the_limit(self) -> bool:
        """Whether an officer has yet to decide about those at the limit."""
        last = self.last_within
        return last is not None and last.rank is not None and last.rank > self.within


@dataclass(frozen=True, slots=True)
class Comparison:
    """Another candidate, and what put one of the two before the other.

    `decided_by`: `score`, `priority`, a tie of the policy, `decision` (an officer's),
    `since-corrected`, or none where both are equal. `own` and `other`: the points that this step
    compares; none where it compares a personal fact.
    """

    participant_no: str
    rank: int
    score: str
    decided_by: str | None
    own: str | None
    other: str | None


def compare(
    rules: ListRules,
    own: ListedCandidate,
    other: ListedCandidate | None,
    fields_with_points: frozenset[str],
    *,
    other_first: bool,
) -> Comparison | None:
    """Compares a ranked candidate with the one just above (`other_first`) or just below.

    `fields_with_points`: the fields of an order whose points may be told.
    """
    if other is None or other.rank is None or own.rank is None:
        return None
    first, second = (other, own) if other_first else (own, other)
    step = decided_by(rules, first.standing, second.standing)
    if step is None and other.rank != own.rank:
        step = SINCE_CORRECTED
    own_points = other_points = None
    if step is not None and fields_with_points.issuperset(step.split("+")):
        own_points = _sum(rules.counted_points(own.candidate), step)
        other_points = _sum(rules.counted_points(other.candidate), step)
    score = score_of(rules, other)
    assert score is not None
    return Comparison(
        other.candidate.participant_no, other.rank, score, step, own_points, other_points
    )


def fields_with_public_points(policy: Policy) -> frozenset[str]:
    """The fields of an order whose points tell no personal fact: stages and stated components.

    A component with evidence follows from a personal fact.
    """
    components = (component.code for stage in policy.stages for component in stage.stated)
    return frozenset(components) | {stage.code for stage in policy.stages}


def decided_by(rules: ListRules, first: CandidateStanding, second: CandidateStanding) -> str | None:
    """What put one line before another; `since-corrected` where today's facts can't have."""
    if not first.merit_key or not second.merit_key:
        return SINCE_CORRECTED if first.score == second.score else "score"
    step = rules.deciding_field(first.merit_key, second.merit_key)
    return SINCE_CORRECTED if step is not None and first.merit_key > second.merit_key else step


def decided_at_the_cut(
    rules: ListRules, standing: CandidateStanding, place: PlaceOnList
) -> str | None:
    """What put the candidate before the last within the cut, or after, other than their scores.

    None while an officer has yet to decide about the candidate.
    """
    last = place.last_within
    if last is None or last.rank is None or place.rank is None or place.code == UNDECIDED:
        return None
    if place.rank == last.rank:
        return None
    last_first = place.rank > last.rank
    first, second = (last.standing, standing) if last_first else (standing, last.standing)
    step = decided_by(rules, first, second)
    return None if step == "score" else step


def score_of(rules: ListRules, listed: ListedCandidate | None) -> str | None:
    """The candidate's score as people write it, or none."""
    if listed is None or listed.standing.score is None:
        return None
    return decimal_text(listed.standing.score, rules.decimals)


def _sum(counted: Mapping[str, Decimal], step: str) -> str:
    """The points of `A`, or of `A+B`; a component that the kind of need lacks counts nothing."""
    return plain(sum((counted.get(part, Decimal(0)) for part in step.split("+")), Decimal(0)))
