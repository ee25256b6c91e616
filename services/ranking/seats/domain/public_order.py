"""The order of people of several lists for empty seats, as far as published points tell it."""

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.merit.domain.facts import ties_before_facts
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.merit_key import before_decision
from services.ranking.merit.domain.standing import Gate
from services.ranking.proofs.domain.leaves import LineLeaf
from services.ranking.seats.domain.candidates import without_thresholds
from shared.policies import Policy, Stage


class PublicOrder:
    """Orders lines under the rules of a kind of need, and checks its passing grades.

    `policy`: for points as they counted. Where it publishes scores only, order and passing grades
    can't be checked, and are taken as published.
    """

    def __init__(self, policy: Policy, seed: str) -> None:
        self._policy = policy
        self._seed = seed
        self._points_shown = policy.publication.level == "components"
        self._orders: dict[str, ListRules] = {}
        self._grades: dict[str, list[ListRules]] = {}
        self._keys: dict[tuple[str, str], bytes | None] = {}
        self._passes: dict[tuple[str, str], bool] = {}

    def key(self, need: str, line: LineLeaf) -> bytes | None:
        """Bytes that order people for seats of this kind of need.

        The same for all where points are not published. None for people whose published points
        give them no place in this order.
        """
        if not self._points_shown:
            return b""
        known = (need, line.participant_no)
        if known not in self._keys:
            standing = self._order_for(need).standing_of(self._candidate(line))
            ranked = standing is not None and standing.gate is Gate.RANKED
            self._keys[known] = before_decision(standing.merit_key) if standing and ranked else None
        return self._keys[known]

    def passes(self, need: str, line: LineLeaf) -> bool:
        """Whether the published points meet every passing grade of this kind of need."""
        if not self._points_shown:
            return True
        known = (need, line.participant_no)
        if known not in self._passes:
            candidate = self._candidate(line)
            self._passes[known] = all(
                check.passed
                for rules in self._grades_of(need)
                for check in rules.threshold_checks(candidate)
            )
        return self._passes[known]

    def _order_for(self, need: str) -> ListRules:
        """The last list's rules without thresholds, and with the ties by points only."""
        if need not in self._orders:
            last = self._policy.lists[-1]
            by_points = last.model_copy(update={"ties": ties_before_facts(last.ties)})
            self._orders[need] = ListRules(
                without_thresholds(self._policy), by_points, need, self._seed
            )
        return self._orders[need]

    def _grades_of(self, need: str) -> list[ListRules]:
        if need not in self._grades:
            self._grades[need] = [
                ListRules(self._policy, listed, need, self._seed) for listed in self._policy.lists
            ]
        return self._grades[need]

    def _candidate(self, line: LineLeaf) -> Candidate:
        return Candidate(
            line.participant_no,
            verified=True,
            results={stage.code: _result(stage, line) for stage in self._policy.stages},
            admitted_by=frozenset(listed.code for listed in self._policy.lists),
            priority=line.priority,
        )


def _result(stage: Stage, line: LineLeaf) -> StageResult:
    """The stage's part of the published points."""
    codes = [component.code for component in stage.components]
    return StageResult(
        Outcome.SCORED, {code: line.points[code] for code in codes if code in line.points}
    )
