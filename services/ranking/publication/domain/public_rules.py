"""A list's rules as far as a published list tells: what anyone can compute of a line."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.merit.domain.facts import ties_before_facts
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.merit_key import before_decision
from services.ranking.merit.domain.score import decimal_text
from services.ranking.merit.domain.standing import CandidateStanding, Gate
from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.leaves import LineLeaf
from shared.policies import FACTS, MAX_UNITS, List, Policy, Stage


def facts_of_ties(listed: List) -> list[str]:
    """The personal facts that order equals on this list."""
    return [tie.by for tie in listed.ties if tie.by in FACTS]


def facts_of_points(policy: Policy, listed: List) -> list[str]:
    """The personal facts that points of this list follow from, sorted by name."""
    facts: set[str] = set()
    for stage in _stages_of(policy, listed):
        facts |= {str(bonus.of) for bonus in stage.bonuses if bonus.of in FACTS}
        facts |= {component.evidence.of for component in stage.components if component.evidence}
    return sorted(facts)


def _stages_of(policy: Policy, listed: List) -> list[Stage]:
    """The stages that the list's score counts."""
    return [*filter(None, map(policy.stage, _stage_codes(listed)))]


def _stage_codes(listed: List) -> list[str]:
    return list(dict.fromkeys(term.stage for term in listed.score.terms))


def _with_bonus(stage: Stage) -> set[str]:
    return {bonus.component for bonus in stage.bonuses}


def as_counted(policy: Policy) -> Policy:
    """The policy for points as they are published: what evidence and bonuses gave is in them."""

    def stage_of(stage: Stage) -> Stage:
        components = tuple(
            component.model_copy(update={"evidence": None}) for component in stage.components
        )
        return stage.model_copy(update={"components": components, "bonuses": ()})

    return policy.model_copy(update={"stages": tuple(map(stage_of, policy.stages))})


@dataclass(frozen=True, slots=True)
class PublicPlace:
    """Where what is published places a candidate: the merit key in three parts.

    `public`: what all can compute. `personal`: the ties from the first personal fact on, with the
    facts unknown. `rest`: an officer's decision and the last resort. `combined_score` as in
    CandidateStanding.
    """

    gate: Gate
    combined_score: int | None
    public: bytes
    personal: bytes
    rest: bytes

    @property
    def decided(self) -> bool:
        """Whether an officer gave the candidate a place among equals."""
        return self.gate is Gate.RANKED and self.rest[:2] != b"\xff\xff"


class PublicRules:
    """A list's rules for what is published, for one kind of need and one round's seed.

    Published points are those that counted, with what evidence and bonuses gave: the rules take
    them as stated. Where the policy publishes scores only, points are hidden like personal facts,
    and so is every tie.

    `whole`: the list's own rules. `personal`: hidden ties follow after the public ones.
    """

    def __init__(self, policy: Policy, listed: List, need: str, seed: str) -> None:
        self.list = listed
        self.stages = _stage_codes(listed)
        self.whole = ListRules(policy, listed, need, seed)
        self.points_shown = policy.publication.level == "components"
        public = as_counted(policy)
        self._all_ties = ListRules(public, listed, need, seed)
        shown = ties_before_facts(listed.ties) if self.points_shown else ()
        self._shown_ties = ListRules(public, listed.model_copy(update={"ties": shown}), need, seed)
        self.personal = len(shown) < len(listed.ties)
        self._commits_all = bool(facts_of_points(policy, listed)) or not self.points_shown
        self._most = {
            component.code: str(component.maximum)
            for stage in _stages_of(policy, listed)
            for component in stage.components
        }
        self._steps = {
            component.code: {Decimal(0), *(step.points for step in component.evidence.steps)}
            for stage in _stages_of(policy, listed)
            for component in stage.components
            if component.evidence and component.code not in _with_bonus(stage)
        }

    def scored(self, leaf: LineLeaf) -> bool:
        """Whether points stand behind the line, shown or not."""
        codes = self.list.codes
        return leaf.code not in {codes.absent, codes.disqualified, codes.rejected, codes.withdrawn}

    def commits(self, leaf: LineLeaf) -> bool:
        """Whether the line has a commitment to what its points follow from."""
        return self._commits_all and self.scored(leaf)

    def place(self, leaf: LineLeaf, decided: Mapping[str, int]) -> PublicPlace:
        """Where what is published places the candidate.

        Raises ProofFault where the line tells too much or too little.
        """
        self._check_told(leaf)
        self._check_steps(leaf)
        candidate = self._candidate(leaf, decided)
        shown = self._shown_ties.standing_of(candidate)
        standing = self._all_ties.standing_of(candidate)
        if shown is None or standing is None or standing.gate is Gate.WAITING:
            raise ProofFault(
                "points", "above a maximum, or no multiple of the step that the policy gives"
            )
        if standing.gate is not Gate.RANKED:
            return PublicPlace(standing.gate, None, standing.merit_key, b"", b"")
        if not self.points_shown:
            return self._place_by_score(leaf, standing)
        public = before_decision(shown.merit_key)
        undecided = before_decision(standing.merit_key)
        return PublicPlace(
            Gate.RANKED,
            standing.combined_score,
            public,
            undecided[len(public) :],
            standing.merit_key[len(undecided) :],
        )

    def _check_told(self, leaf: LineLeaf) -> None:
        """Raises ProofFault for points or a priority that are missing, or are too much."""
        expected = self.whole.components if self.points_shown and self.scored(leaf) else ()
        if set(leaf.points) != set(expected):
            raise ProofFault(
                "points", f"expected {', '.join(expected) or 'none'} beside the code {leaf.code}"
            )
        if leaf.priority is not None and not (self.list.by_priority and leaf.rank is not None):
            raise ProofFault("priority", "expected none: it put nobody in order here")

    def _check_steps(self, leaf: LineLeaf) -> None:
        """Raises ProofFault for points that no step of the policy's scale of a fact gives."""
        for code, steps in self._steps.items():
            if code in leaf.points and Decimal(leaf.points[code]) not in steps:
                raise ProofFault("points", f"{code} {leaf.points[code]} is no step of its scale")

    def _candidate(self, leaf: LineLeaf, decided: Mapping[str, int]) -> Candidate:
        """The candidate as far as the line tells."""
        codes, after = self.list.codes, self.list.after
        place = decided.get(leaf.participant_no)
        return Candidate(
            leaf.participant_no,
            verified=leaf.code != codes.rejected or after is None,
            withdrawn=leaf.code == codes.withdrawn,
            results=dict.fromkeys(self.stages, self._result(leaf)),
            admitted_by=frozenset({after} if after else ()),
            decided={} if place is None else {self.list.code: place},
            priority=leaf.priority,
        )

    def _result(self, leaf: LineLeaf) -> StageResult:
        """What stands for the result of every stage; hidden points count as the most there are."""
        if leaf.code == self.list.codes.disqualified:
            return StageResult(Outcome.DISQUALIFIED, {})
        if leaf.code == self.list.codes.absent:
            return StageResult(Outcome.MISSED, {})
        return StageResult(Outcome.SCORED, leaf.points if self.points_shown else self._most)

    def _place_by_score(self, leaf: LineLeaf, standing: CandidateStanding) -> PublicPlace:
        """The place by the published score, where the policy publishes no points."""
        if leaf.code == self.list.codes.below:
            key = bytes((Gate.BELOW,)) + leaf.participant_no.encode()
            return PublicPlace(Gate.BELOW, None, key, b"", b"")
        units = int((leaf.score or "").replace(".", "") or -1)
        if leaf.score is None or decimal_text(units, self.whole.decimals) != leaf.score:
            raise ProofFault(
                "score", f"expected one with {self.whole.decimals} digits after the point"
            )
        combined = standing.priority * MAX_UNITS + units
        public = b"\0" + (2**64 - 1 - combined).to_bytes(8, "big")
        rest = standing.merit_key[len(before_decision(standing.merit_key)) :]
        return PublicPlace(Gate.RANKED, combined, public, b"", rest)
