"""The candidates of a filling, in places under the rules of each kind of need."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from services.ranking.merit.domain.candidate import Candidate
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.merit_key import before_decision
from services.ranking.merit.domain.standing import Gate
from services.ranking.seats.domain.rules import ClosedVacancy
from shared.policies import Policy


@dataclass(frozen=True, slots=True)
class RankedCandidate:
    """Whom the last list of `vacancy_id` ranked; participant numbers are unique in a round.

    `places`: by kind of need, the place among all of the pool under the rules of that need; equals
    share one. `meets`: kinds of need whose passing grades are met, of those that moves ask for.
    """

    vacancy_id: str
    participant_no: str
    rank: int
    selected: bool
    places: Mapping[str, int] = field(default_factory=dict)
    meets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RankedLine:
    """A ranked line of the closed last list of `vacancy_id`.

    With the candidate, by the results that the list was closed with.
    """

    vacancy_id: str
    rank: int
    selected: bool
    candidate: Candidate


def rank_in_pools(
    policy: Policy,
    seed: str,
    vacancies: Sequence[ClosedVacancy],
    pools: Mapping[str, int],
    lines: Iterable[RankedLine],
) -> list[RankedCandidate]:
    """The candidates, with places under the rules of every kind of need that has seats in the pool.

    A place says who is better, not who passes: which passing grades are asked the moves say. Where
    points are missing that a kind of need asks for, there is no place. What an officer decided
    between equals of one list says nothing of other lists.
    """
    needs: dict[int, set[str]] = defaultdict(set)
    for vacancy in vacancies:
        needs[pools[vacancy.vacancy_id]].add(vacancy.need)
    lines_of: dict[int, list[RankedLine]] = defaultdict(list)
    for line in lines:
        lines_of[pools[line.vacancy_id]].append(line)
    last, bare = policy.lists[-1], without_thresholds(policy)
    order = {need: ListRules(bare, last, need, seed) for need in set[str]().union(*needs.values())}
    grades = _passing_grades(policy, seed)
    candidates: list[RankedCandidate] = []
    for pool, group in lines_of.items():
        places: dict[str, dict[str, int]] = defaultdict(dict)
        for need in sorted(needs[pool]):
            for participant_no, place in _places(order[need], group):
                places[participant_no][need] = place
        for line in group:
            number = line.candidate.participant_no
            meets = _needs_met(grades, line.candidate)
            candidates.append(
                RankedCandidate(
                    line.vacancy_id, number, line.rank, line.selected, places[number], meets
                )
            )
    return candidates


def _places(rules: ListRules, lines: Iterable[RankedLine]) -> list[tuple[str, int]]:
    """Participant number and place of everyone whom these rules rank; equals share a place."""
    keys: list[tuple[bytes, str]] = []
    for line in lines:
        standing = rules.standing_of(line.candidate)
        if standing is not None and standing.gate is Gate.RANKED:
            keys.append((before_decision(standing.merit_key), line.candidate.participant_no))
    keys.sort()
    places: list[tuple[str, int]] = []
    for _, equals in groupby(keys, key=lambda key: key[0]):
        shared = len(places) + 1
        places += [(participant_no, shared) for _, participant_no in equals]
    return places


def _passing_grades(policy: Policy, seed: str) -> dict[str, list[ListRules]]:
    """The lists' rules by kind of need, for the needs whose passing grades some move asks for."""
    needs = {move.thresholds_of for move in policy.seat_moves if move.thresholds_of is not None}
    return {
        need: [ListRules(policy, policy_list, need, seed) for policy_list in policy.lists]
        for need in needs
    }


def _needs_met(grades: Mapping[str, Sequence[ListRules]], candidate: Candidate) -> frozenset[str]:
    """The kinds of need all of whose passing grades the candidate meets."""
    return frozenset(
        need
        for need, lists in grades.items()
        if all(check.passed for rules in lists for check in rules.threshold_checks(candidate))
    )


def without_thresholds(policy: Policy) -> Policy:
    """The policy without passing grades and knock-outs: it says who is better, not who passes."""
    stages = tuple(
        stage.model_copy(
            update={
                "thresholds": (),
                "components": tuple(
                    component.model_copy(update={"knock_out": None})
                    for component in stage.components
                ),
            }
        )
        for stage in policy.stages
    )
    return policy.model_copy(update={"stages": stages})
