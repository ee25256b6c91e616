"""A list's rules, compiled: from what is known of a candidate to gate, score and merit key.

Integers all through: points and scores are counted in units of their last digit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any

from services.ranking.merit.domain.candidate import Candidate, Outcome, Points
from services.ranking.merit.domain.facts import FactOrder
from services.ranking.merit.domain.merit_key import LAST_RESORT_BYTES, KeyLayout
from services.ranking.merit.domain.points_row import PointsRow
from services.ranking.merit.domain.score import score_formula
from services.ranking.merit.domain.stage_rules import AppliedBonus, ThresholdCheck
from services.ranking.merit.domain.standing import CandidateStanding, Gate, not_ranked
from shared.policies import List, Policy

MOST_IN_COLUMNS = 2**62

_SCORED = Outcome.SCORED  # an enum's own look-up costs a tenth of counting a stage
_RANKED = Gate.RANKED


@lru_cache(maxsize=4096)
def rules_of(policy: str, need: str, seed: str) -> dict[str, "ListRules"]:
    """Every list of a policy (its JSON), compiled for one kind of need and one round's seed.

    By list code, in the order in which the lists are closed. Empty for a kind of need that the
    policy does not know: nobody is ranked by thresholds that are not there. Cached: compiling costs
    as much as some hundred candidates. Raises pydantic's ValidationError for what is no policy.
    """
    parsed = Policy.model_validate_json(policy)
    if need not in parsed.needs:
        return {}
    return {listed.code: ListRules(parsed, listed, need, seed) for listed in parsed.lists}


class ListRules:
    """One list of a policy, compiled for one kind of need and one round's seed."""

    def __init__(self, policy: Policy, listed: List, need: str, seed: str) -> None:
        self.code = listed.code
        self.codes = listed.codes
        self.decimals = listed.score.decimals
        self.after = listed.after
        self.cut = listed.cut
        self.uses_facts = policy.uses_facts(listed)
        self.shows_points = policy.publication.level == "components"
        self._seed = seed.encode() + b"/"
        self._facts = FactOrder(policy)
        self._groups = policy.priority_groups if listed.by_priority else ()
        self._row = row = PointsRow(policy, listed, need, self._facts)
        self._stages = row.stages
        self._minima = row.minima
        self.components = row.components
        self._completing = next((s for s in row.stages if s.code == listed.stage), None)
        formula = score_formula(listed, need, row)
        self._score = formula.score
        self._most_score = formula.score(row.most)
        self._key = KeyLayout(listed.ties, len(self._groups), self._most_score, row, self._facts)
        self.fits_columns = (
            max(formula.greatest(row.most), *(row.most_of(tie.by) for tie in listed.ties), 0)
            < MOST_IN_COLUMNS
        )
        """Nothing on the way to a score, and no tie, is too great for columns of 64 bits."""

    def standing_of(self, candidate: Candidate) -> CandidateStanding | None:
        """The candidate's standing on this list, or None if not admitted to it.

        The same facts always give the same bytes.
        """
        if not self._admits(candidate):
            return None
        if candidate.verified is False or candidate.withdrawn:
            return self._not_scored(candidate)
        units = self._count(candidate)
        if units is None:
            return self._not_scored(candidate)
        for column, minimum in self._minima:
            if units[column] < minimum:
                return not_ranked(Gate.BELOW, candidate.participant_no)
        score = self._score(units)
        priority = self.priority_of(candidate) if self._groups else 0
        key = self._key.encode(score, priority, units, candidate, self.code)
        last = sha256(self._seed + candidate.participant_no.encode()).digest()[:LAST_RESORT_BYTES]
        return CandidateStanding(_RANKED, score, key + last, priority)

    def _admits(self, candidate: Candidate) -> bool:
        if self.after is None:
            return candidate.verified is True
        return self.after in candidate.admitted_by

    def _count(self, candidate: Candidate) -> list[int] | None:
        """The row of units, or None unless every stage is scored with points that are allowed."""
        units: list[int] = []
        results = candidate.results
        for stage in self._stages:
            result = results.get(stage.code)
            if (
                result is None
                or result.outcome is not _SCORED
                or not stage.count(result.points, candidate, units)
            ):
                return None
        return units

    def _not_scored(self, candidate: Candidate) -> CandidateStanding:
        """The standing of a candidate who is out, or is not scored in every stage."""
        return not_ranked(self._gate_of_unscored(candidate), candidate.participant_no)

    def _gate_of_unscored(self, candidate: Candidate) -> Gate:
        if candidate.verified is False:
            return Gate.REJECTED
        if candidate.withdrawn:
            return Gate.WITHDRAWN
        results = [candidate.results.get(stage.code) for stage in self._stages]
        outcomes = {result.outcome for result in results if result is not None}
        if Outcome.DISQUALIFIED in outcomes:
            return Gate.DISQUALIFIED
        return Gate.ABSENT if Outcome.MISSED in outcomes else Gate.WAITING

    def published_code(self, code: str, priority: int) -> str:
        """A result code as it is published, for a candidate of this priority.

        Where the policy gives the priority group a code of its own, that stands in the place of the
        code for those whom the cut passed over, and before the code of those within it.
        """
        group = self._groups[-priority].result_code if priority else None
        if group is None:
            return code
        if code == self.codes.within:
            return f"{group}/{code}"
        return group if code == self.codes.passed else code

    # What explains a standing

    def threshold_checks(self, candidate: Candidate) -> list[ThresholdCheck]:
        """The thresholds of this list's stages with the candidate's points, where scored."""
        return [
            check
            for stage in self._stages
            for check in stage.threshold_checks(candidate.results.get(stage.code), candidate)
        ]

    def counted_points(self, candidate: Candidate) -> dict[str, Decimal]:
        """Points of each component, with evidence and bonuses, and of each stage, where scored."""
        found: dict[str, Decimal] = {}
        for stage in self._stages:
            found |= stage.points(candidate.results.get(stage.code), candidate)
        return found

    def applied_bonuses(self, candidate: Candidate) -> list[AppliedBonus]:
        """The bonuses that raised points, in the order in which they apply."""
        found: list[AppliedBonus] = []
        for stage in self._stages:
            result = candidate.results.get(stage.code)
            if result is not None:
                stage.count(result.points, candidate, [], found)
        return found

    def deciding_field(self, above: bytes, below: bytes) -> str | None:
        """What puts one ranked key before another: the first field in which they differ.

        `priority`, `score`, a tie's name, `decision` (an officer's), or None for equals.
        """
        return self._key.deciding_field(above, below)

    # How keys are read in the table of standings

    @property
    def fields(self) -> list[tuple[str, int]]:
        """Name of each field of the key after the gate, with the byte where it ends."""
        return self._key.fields

    @property
    def score_prefix_layout(self) -> dict[str, int]:
        """What the first bytes of ranked keys are made of.

        After the gate, how many groups (of `groups`) go before, in `group_bytes`, and what is
        lacking to `most_score`, in `score_bytes`; big-endian.
        """
        return {
            "groups": len(self._groups),
            "group_bytes": 1 if self._groups else 0,
            "most_score": self._most_score,
            "score_bytes": self._key.score_bytes,
        }

    @property
    def score_prefix_bytes(self) -> int:
        """How many first bytes all keys with the same priority group and score share."""
        return self._key.score_prefix_bytes

    def score_prefix(self, merit_key: bytes) -> bytes:
        """The first bytes of all keys with this key's priority group and score."""
        return merit_key[: self.score_prefix_bytes]

    # The same rules for many candidates at once: integers here may be columns of integers, of any
    # kind that has + - * // < |. `standing_of` says what they come to for one candidate; a test
    # holds both to the same bytes.

    @property
    def stages(self) -> list[tuple[str, bool]]:
        """Codes of the stages in the row's order, and whether their points ask for facts."""
        return [(stage.code, stage.asks_facts) for stage in self._stages]

    def units_of(self, stage: str, candidate: Candidate) -> list[int] | None:
        """The stage's part of the row, or None where there is no whole result."""
        return self._row.stage(stage).units(candidate.results.get(stage), candidate)

    def parts_of(self, stage: str) -> list[tuple[str, Callable[[Points], int]]]:
        """The components of a stage that asks no facts, each with the function to its units.

        The function gives a number below 0 for points that the policy does not allow. The stage's
        part of the row is these units, then their sum.
        """
        return [(part.code, part.units) for part in self._row.stage(stage).stated]

    def width_of(self, stage: str) -> int:
        """How many columns the stage has in the row."""
        return len(self._row.stage(stage).at)

    def score_of(self, row: Sequence[Any]) -> Any:
        """The score of a whole row, in units of the list's last digit."""
        return self._score(row)

    def below(self, row: Sequence[Any]) -> Any:
        """Whether a threshold is missed."""
        missed: Any = row[0] < 0
        for column, minimum in self._minima:
            missed = missed | (row[column] < minimum)
        return missed

    @property
    def own_decimals(self) -> int:
        """Digits after the point of `own_total`."""
        return 0 if self._completing is None else len(str(self._completing.scale)) - 1

    def own_total(self, row: Sequence[Any]) -> Any:
        """Points of the stage that completes the list, in units of 10^-`own_decimals`.

        0 where this kind of need does not have the stage.
        """
        if self._completing is None:
            return row[0] * 0
        return row[self._row.at[self._completing.code]]

    def fields_of(
        self, row: Sequence[Any], score: Any, facts: Mapping[str, Any], priority: Any
    ) -> Iterator[Any]:
        """The values of the key's fields up to the last tie; `facts` by tie, as `fact_of`."""
        return self._key.columns(row, score, facts, priority)

    @property
    def fact_ties(self) -> list[str]:
        """The personal facts that ties compare."""
        return self._key.fact_ties

    def fact_of(self, tie: str, candidate: Candidate) -> int:
        """The value in the field of a tie by a fact."""
        return self._key.fact_field(tie, candidate)

    def priority_of(self, candidate: Candidate) -> int:
        """As in CandidateStanding."""
        return (self._facts.priority(candidate) or 0) if self._groups else 0
