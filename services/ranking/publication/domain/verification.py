"""Recomputes a published list from the facts that it publishes, under the policy that it holds:
gates, scores, order, ranks, cut, codes.

What personal facts decided can't be recomputed by others: there the published order among those
whom all before it leaves equal is taken, and a commitment to the facts must stand beside it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from pydantic import ValidationError

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.merit.domain.list_cut import ListCut, ListSummary
from services.ranking.merit.domain.list_lines import ListLine, SortedRow, list_line
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.merit_key import before_decision
from services.ranking.merit.domain.score import decimal_text
from services.ranking.merit.domain.standing import CandidateStanding, Gate
from services.ranking.proofs.domain.fault import ProofFault, first_fault
from services.ranking.proofs.domain.head import Accepts, Proposal, check_head
from services.ranking.proofs.domain.leaves import Leaf, LineLeaf, ListLeaf, SeatingLeaf, VacancyLeaf
from services.ranking.proofs.domain.list_file import (
    LINES_BEFORE_LEAVES,
    ListFile,
    check_counts,
    check_root,
)
from services.ranking.publication.domain.following import check_first_or_following
from services.ranking.seats.domain.seating import Seated, check_seating
from shared.policies import FACTS, MAX_UNITS, List, Policy, Stage


def facts_of_ties(one: List) -> list[str]:
    """The personal facts that order equals on this list."""
    return [tie.by for tie in one.ties if tie.by in FACTS]


def facts_of_points(policy: Policy, one: List) -> list[str]:
    """The personal facts that points of this list follow from."""
    stages = [policy.stage(term.stage) for term in one.score.terms]
    asked = {bonus.of for stage in stages if stage for bonus in stage.bonuses if bonus.of in FACTS}
    asked |= {
        component.evidence.of
        for stage in stages
        if stage
        for component in stage.components
        if component.evidence
    }
    return sorted(str(fact) for fact in asked)


class PublicRules:
    """A list's rules as far as what is published goes, for one kind of need and one round's seed.

    Published points are those that counted, with what evidence and bonuses gave: the rules take
    them as stated. Where the policy publishes scores only, points are like personal facts: all ties
    go by them unseen.
    """

    def __init__(self, policy: Policy, one: List, need: str, seed: str) -> None:
        self.list = one
        self.stages = list(dict.fromkeys(term.stage for term in one.score.terms))
        self.whole = ListRules(policy, one, need, seed)
        public = as_counted(policy)
        self._told = ListRules(public, one, need, seed)
        self.points_shown = policy.publication.level == "components"
        by_points = []
        for tie in one.ties:
            if tie.by in FACTS or not self.points_shown:
                break
            by_points.append(tie)
        self.personal = len(by_points) < len(one.ties)
        self._commits_all = bool(facts_of_points(policy, one)) or not self.points_shown
        stages = [policy.stage(stage) for stage in self.stages]
        self._most = {
            part.code: str(part.maximum) for stage in stages if stage for part in stage.components
        }
        self._before = ListRules(
            public, one.model_copy(update={"ties": tuple(by_points)}), need, seed
        )

    def known(self, leaf: LineLeaf, decided: Mapping[str, int]) -> Candidate:
        """The candidate as far as the line tells.

        Raises ProofFault where it tells too much or too little.
        """
        codes = self.list.codes
        outcome = {codes.absent: Outcome.MISSED, codes.disqualified: Outcome.DISQUALIFIED}.get(
            leaf.code
        )
        expected = self.whole.components if self.points_shown and self.scored(leaf) else ()
        if set(leaf.points) != set(expected):
            raise ProofFault(
                "points", f"expected {', '.join(expected) or 'none'} beside the code {leaf.code}"
            )
        if leaf.priority is not None and not (self.list.by_priority and leaf.rank is not None):
            raise ProofFault("priority", "expected none: it put nobody in order here")
        points = leaf.points if self.points_shown else self._most
        result = (
            StageResult(Outcome.SCORED, points) if outcome is None else StageResult(outcome, {})
        )
        return Candidate(
            leaf.participant_no,
            verified=leaf.code != codes.rejected or self.list.after is None,
            withdrawn=leaf.code == codes.withdrawn,
            results=dict.fromkeys(self.stages, result),
            admitted_by=frozenset({self.list.after} if self.list.after else ()),
            decided={self.list.code: decided[leaf.participant_no]}
            if leaf.participant_no in decided
            else {},
            priority=leaf.priority,
        )

    def scored(self, leaf: LineLeaf) -> bool:
        """Whether points stand behind the line, shown or not."""
        codes = self.list.codes
        return leaf.code not in {codes.absent, codes.disqualified, codes.rejected, codes.withdrawn}

    def commits(self, leaf: LineLeaf) -> bool:
        """Whether a commitment stands on the line for its points' sake."""
        return self._commits_all and self.scored(leaf)

    def place(self, leaf: LineLeaf, decided: Mapping[str, int]) -> "Placed":
        """Where what is published puts the candidate.

        Raises ProofFault where it tells too much or too little.
        """
        candidate = self.known(leaf, decided)
        before, told = self._before.standing_of(candidate), self._told.standing_of(candidate)
        if before is None or told is None or told.gate is Gate.WAITING:
            raise ProofFault(
                "points", "above a maximum, or no multiple of the step that the policy gives"
            )
        if told.gate is not Gate.RANKED:
            return Placed(told.gate, None, told.merit_key, b"", b"")
        if not self.points_shown:
            return self._by_score(leaf, told)
        prefix = before_decision(before.merit_key)
        alike = before_decision(told.merit_key)
        return Placed(
            told.gate,
            told.combined_score,
            prefix,
            alike[len(prefix) :],
            told.merit_key[len(alike) :],
        )

    def _by_score(self, leaf: LineLeaf, told: CandidateStanding) -> "Placed":
        """The same out of the score alone."""
        if leaf.code == self.list.codes.below:
            return Placed(
                Gate.BELOW, None, bytes((Gate.BELOW,)) + leaf.participant_no.encode(), b"", b""
            )
        units = int((leaf.score or "").replace(".", "") or -1)
        if leaf.score is None or decimal_text(units, self.whole.decimals) != leaf.score:
            raise ProofFault(
                "score", f"expected one with {self.whole.decimals} digits after the point"
            )
        worth = told.priority * MAX_UNITS + units
        after = told.merit_key[len(before_decision(told.merit_key)) :]
        return Placed(
            Gate.RANKED, worth, b"\0" + (2**64 - 1 - worth).to_bytes(8, "big"), b"", after
        )


@dataclass(frozen=True, slots=True)
class Placed:
    """A candidate's key in three: what all may compute, the ties from the first personal fact on
    (with the facts unknown), and what comes after.
    """

    gate: Gate
    combined_score: int | None
    public: bytes
    personal: bytes
    after: bytes


def check_list(published: ListFile, accepts: Accepts, key_id: str) -> Policy:
    """Signature, hashes and ranking of a list file.

    Raises ProofFault with the first fault; gives the policy.
    """
    check_head(published.head, published.signature, accepts, key_id)
    return check_contents(published.head, published.policy, published.leaves)


def check_contents(
    proposal: Proposal, policy_json: Mapping[str, Any], leaves: Sequence[Leaf]
) -> Policy:
    """Hashes and ranking of what is or will be published.

    Raises ProofFault with the first fault; gives the policy.
    """
    check_first_or_following(proposal)
    check_counts(proposal, leaves, policy_json)
    try:
        policy = Policy.model_validate(policy_json)
    except ValidationError as error:
        raise first_fault(error, "policy") from error
    if (policy.id, policy.version) != (proposal.policy_id, proposal.policy_version):
        raise ProofFault(
            "head, policy_id", f"expected {policy.id} {policy.version}, as the policy is called"
        )
    seats = number = 0
    vacancy_ids: set[str] = set()
    seated: list[Seated] = []
    vacancy_of: dict[str, str] = {}
    for vacancy, first, rest in _vacancies(leaves):
        if vacancy.number <= number or vacancy.vacancy_id in vacancy_ids:
            raise ProofFault(_at(first), "expected the vacancies by number, each once")
        number, seats = vacancy.number, seats + vacancy.seats
        vacancy_ids.add(vacancy.vacancy_id)
        seating = rest[-1] if rest and isinstance(rest[-1], SeatingLeaf) else None
        lists = rest if seating is None else rest[:-1]
        last, admitted = _check_vacancy(policy, proposal.seed, vacancy, first, lists)
        for index, leaf in enumerate(lists, first + 1):
            if isinstance(leaf, LineLeaf):
                other = vacancy_of.setdefault(leaf.participant_no, vacancy.vacancy_id)
                if other != vacancy.vacancy_id:
                    raise ProofFault(
                        f"{_at(index)}, participant_no",
                        f"{leaf.participant_no} is a candidate of {other} too",
                    )
        if seating is not None:
            seated.append(Seated(vacancy, last, admitted, seating, _at(first + len(rest))))
    if seats != proposal.decreed_seats:
        raise ProofFault(
            "vacancies", f"their seats are {seats}, expected the decreed {proposal.decreed_seats}"
        )
    if seated and len(seated) < len(vacancy_ids):
        raise ProofFault("vacancies", f"{len(seated)} have a seating, expected all or none")
    check_seating(policy, as_counted(policy), proposal.seed, seated)
    check_root(
        proposal, leaves
    )  # last: recomputing names the line, hashes only say that there is one
    return policy


def points_that_differ(leaves: Sequence[Leaf]) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Each whose points of a component are others on a later list of the vacancy: the participant
    number, and by component what the lists say, in order.

    A correction after the earlier list was fixed does that, also without a version that was
    adopted: the file can't say whether there was one.
    """
    for _, _, rest in _vacancies(leaves):
        points: dict[str, dict[str, list[str]]] = {}
        for leaf in rest:
            if isinstance(leaf, LineLeaf):
                for component, value in leaf.points.items():
                    points.setdefault(leaf.participant_no, {}).setdefault(component, []).append(
                        value
                    )
        for number, parts in sorted(points.items()):
            if differ := {
                part: values for part, values in parts.items() if len(set(map(Decimal, values))) > 1
            }:
                yield number, differ


def _at(index: int) -> str:
    """Where a leaf stands in its file."""
    return f"line {index + LINES_BEFORE_LEAVES + 1}"


def _vacancies(leaves: Sequence[Leaf]) -> Iterator[tuple[VacancyLeaf, int, Sequence[Leaf]]]:
    """Each vacancy with the place of its leaf and the leaves that follow it."""
    starts = [index for index, leaf in enumerate(leaves) if isinstance(leaf, VacancyLeaf)]
    if not starts or starts[0] != 0:
        raise ProofFault(_at(0), "expected a vacancy first")
    for start, end in zip(starts, [*starts[1:], len(leaves)], strict=True):
        vacancy = leaves[start]
        assert isinstance(vacancy, VacancyLeaf)
        yield vacancy, start, leaves[start + 1 : end]


def _check_vacancy(
    policy: Policy, seed: str, vacancy: VacancyLeaf, first: int, leaves: Sequence[Leaf]
) -> tuple[list[LineLeaf], set[str]]:
    """Checks its lists; gives the lines of the last, and whom that admits."""
    if vacancy.need not in policy.needs:
        raise ProofFault(
            f"{_at(first)}, need", f"expected one of the policy's: {', '.join(policy.needs)}"
        )
    starts = [index for index, leaf in enumerate(leaves) if isinstance(leaf, ListLeaf)]
    heads = [leaf for leaf in leaves if isinstance(leaf, ListLeaf)]
    for index, leaf in enumerate(leaves):
        if isinstance(leaf, SeatingLeaf):
            raise ProofFault(
                _at(first + 1 + index), "expected the vacancy's seating after all of its lists"
            )
    codes = [one.code for one in policy.lists]
    if [head.list for head in heads] != codes or starts[:1] != [0]:
        raise ProofFault(_at(first), f"expected the vacancy's lists after it: {', '.join(codes)}")
    admitted: dict[str, set[str]] = {}
    lines: list[LineLeaf] = []
    for one, head, start, end in zip(
        policy.lists, heads, starts, [*starts[1:], len(leaves)], strict=True
    ):
        lines = [leaf for leaf in leaves[start + 1 : end] if isinstance(leaf, LineLeaf)]
        at = first + 1 + start
        _check_heading(vacancy, head, lines, at)
        if one.after is not None and {leaf.participant_no for leaf in lines} != admitted[one.after]:
            raise ProofFault(
                _at(at),
                f"list {one.code}: expected exactly those whom the list {one.after} admitted",
            )
        rules = PublicRules(policy, one, vacancy.need, seed)
        admitted[one.code] = _check_lines(
            rules, ListCut.of(rules.whole, vacancy.seats), head, lines, at
        )
    return lines, admitted[policy.lists[-1].code]


def _check_heading(
    vacancy: VacancyLeaf, head: ListLeaf, lines: Sequence[LineLeaf], at: int
) -> None:
    if head.vacancy_id != vacancy.vacancy_id:
        raise ProofFault(f"{_at(at)}, vacancy_id", f"expected {vacancy.vacancy_id}")
    numbers: set[str] = set()
    for index, leaf in enumerate(lines, 1):
        if (leaf.vacancy_id, leaf.list, leaf.place) != (vacancy.vacancy_id, head.list, index):
            expected = f"expected line {index} of the list {head.list} of {vacancy.vacancy_id}"
            raise ProofFault(_at(at + index), expected)
        if leaf.participant_no in numbers:
            raise ProofFault(
                f"{_at(at + index)}, participant_no",
                f"{leaf.participant_no} stands twice on the list",
            )
        numbers.add(leaf.participant_no)
    for participant_no, place in head.decided.items():
        if participant_no not in numbers or not 1 <= place < 2**16 - 1:
            raise ProofFault(
                f"{_at(at)}, decided",
                f"{participant_no} is not on the list, or {place} is no place",
            )


def _check_lines(
    rules: PublicRules, cut: ListCut, head: ListLeaf, leaves: Sequence[LineLeaf], at: int
) -> set[str]:
    """Ranks the published facts anew and compares line by line; gives whom the list admits."""
    placed = []
    for index, leaf in enumerate(leaves, 1):
        try:
            placed.append((rules.place(leaf, head.decided), leaf))
        except ProofFault as fault:
            raise ProofFault(_named(at + index, leaf, fault.where), fault.says) from fault
    _check_orders(rules, placed, at)
    in_order = sorted(placed, key=lambda one: (one[0].public, one[1].order or 0, one[0].after))
    admitted = set()
    computed: list[ListLine] = []
    for (_, published), row in zip(placed, _rows(in_order), strict=True):
        expected = list_line(row)
        where = at + expected.place
        code = cut.code(expected.gate, expected.rank, expected.equals)
        score = (
            None if expected.score is None else decimal_text(expected.score, rules.whole.decimals)
        )
        for field, value in (
            ("participant_no", expected.participant_no),
            ("rank", expected.rank),
            ("equals", expected.equals),
            ("score", score),
            ("code", rules.whole.published_code(code, expected.priority)),
        ):
            if getattr(published, field) != value:
                says = f"expected {_said(value)}, published {_said(getattr(published, field))}"
                raise ProofFault(_named(where, published, field), says)
        if code == rules.list.codes.within:
            admitted.add(expected.participant_no)
        computed.append(expected)
    summary = ListSummary(cut)
    summary.add(sorted(computed, key=lambda one: one.participant_no))
    if summary.digest != head.digest:
        raise ProofFault(
            f"{_at(at)}, digest", f"expected {summary.digest}, as StageClosed stated it"
        )
    return admitted


def _rows(in_order: Sequence[tuple[Placed, LineLeaf]]) -> Iterator[SortedRow]:
    """The lines in merit order with what their ranks follow from."""
    place = 1
    for _, group in groupby(in_order, key=lambda one: (one[0].public, one[1].order)):
        alike = list(group)
        decided = sum(
            placed.gate is Gate.RANKED and placed.after[:2] != b"\xff\xff" for placed, _ in alike
        )
        for index, (placed, leaf) in enumerate(alike):
            yield SortedRow(
                place + index,
                leaf.participant_no,
                placed.gate,
                placed.combined_score,
                place,
                len(alike),
                decided,
            )
        place += len(alike)


def _check_orders(rules: PublicRules, placed: Sequence[tuple[Placed, LineLeaf]], at: int) -> None:
    """Where personal facts decide there is an order, dense from 1, and a commitment of each;
    nowhere else.
    """
    groups: dict[bytes, list[LineLeaf]] = {}
    alike: dict[tuple[bytes, int], bytes] = {}
    for one, leaf in placed:
        if one.gate is Gate.RANKED:
            groups.setdefault(one.public, []).append(leaf)
    for one, leaf in placed:
        where = at + leaf.place
        among = groups[one.public] if one.gate is Gate.RANKED else []
        ordered = rules.personal and len(among) > 1
        if ordered is not (leaf.order is not None):
            says = (
                "expected the order that personal facts gave"
                if ordered
                else "expected none: public points decide"
            )
            raise ProofFault(_named(where, leaf, "order"), says)
        committed = ordered or rules.commits(leaf)
        if committed is not (leaf.commitment is not None):
            says = (
                "expected a commitment to the facts"
                if committed
                else "expected none: no personal fact counted"
            )
            raise ProofFault(_named(where, leaf, "commitment"), says)
        if (
            leaf.order is not None
            and alike.setdefault((one.public, leaf.order), one.personal) != one.personal
        ):
            raise ProofFault(
                _named(where, leaf, "order"),
                "expected another than that of people with other points",
            )
    for group in groups.values():
        orders = {leaf.order for leaf in group if leaf.order is not None}
        if orders and orders != set(range(1, len(orders) + 1)):
            first = min(group, key=lambda leaf: leaf.place)
            raise ProofFault(
                _named(at + first.place, first, "order"),
                "expected 1, 2, 3 … without a gap among the equals",
            )


def _named(index: int, leaf: LineLeaf, field: str) -> str:
    return f"{_at(index)} (list {leaf.list}, {leaf.participant_no}), {field}"


def _said(value: object) -> str:
    return "none" if value is None else str(value)


def as_counted(policy: Policy) -> Policy:
    """The policy for points as they are published: what evidence and bonuses gave is in them."""

    def stage_of(stage: Stage) -> Stage:
        components = tuple(
            component.model_copy(update={"evidence": None}) for component in stage.components
        )
        return stage.model_copy(update={"components": components, "bonuses": ()})

    return policy.model_copy(update={"stages": tuple(map(stage_of, policy.stages))})
