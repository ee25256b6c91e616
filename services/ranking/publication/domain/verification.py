"""Recomputes a published file from the facts in it, under the policy that it holds.

One list is checked in list_check.py, the seats in seats/domain/seating.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from services.ranking.merit.domain.list_cut import ListCut
from services.ranking.proofs.domain.canonical import canonical
from services.ranking.proofs.domain.fault import ProofFault, first_fault
from services.ranking.proofs.domain.head import Accepts, Head, Proposal, check_head
from services.ranking.proofs.domain.leaves import Leaf, LineLeaf, ListLeaf, SeatingLeaf, VacancyLeaf
from services.ranking.proofs.domain.list_file import Count, LeafText, line_in_file
from services.ranking.publication.domain.applicants import applicants_of, check_first_list
from services.ranking.publication.domain.list_check import check_lines
from services.ranking.publication.domain.public_rules import PublicRules, as_counted
from services.ranking.publication.domain.times import check_proposed, check_published
from services.ranking.publication.domain.versions import check_names_previous
from services.ranking.seats.domain.seating import VacancySeating, check_seating
from shared.policies import Policy


@dataclass(frozen=True, slots=True)
class VacancyLeaves:
    """A vacancy's leaf and all that follow it; `first`: the index of the vacancy's in the file."""

    heading: VacancyLeaf
    first: int
    leaves: Sequence[Leaf]


def check_signed(head: Head, signature: str, accepts: Accepts, key_id: str) -> None:
    """Checks a head by itself: who signed it, when, and what it follows. Raises ProofFault."""
    check_head(head, signature, accepts, key_id)
    check_published(head)


def check_contents(
    proposal: Proposal, policy_json: Mapping[str, Any], leaves: Iterable[LeafText]
) -> Policy:
    """Checks hashes and ranking of what is or will be published; returns its policy.

    Raises ProofFault with the first fault.
    """
    policy = check_policy(proposal, policy_json)
    for _ in checked_vacancies(proposal, policy, leaves):
        pass
    return policy


def checked_vacancies(
    proposal: Proposal, policy: Policy, leaves: Iterable[LeafText]
) -> Iterator[VacancyLeaves]:
    """Each vacancy once its lists were recomputed; no more than one is held, seatings apart.

    Nothing is proven before the last: counts, seats and the root are compared at the end. Raises
    ProofFault with the first fault.
    """
    check_names_previous(proposal)
    count = Count()
    vacancies = _VacancyChecks(policy, proposal)
    for vacancy in vacancies_of(_counted(leaves, count)):
        check_proposed(proposal, vacancy.leaves, vacancy.first)
        vacancies.check(vacancy.heading, vacancy.first, vacancy.leaves[1:])
        yield vacancy
    vacancies.check_seats(proposal.decreed_seats)
    check_seating(policy, as_counted(policy), proposal.seed, vacancies.seatings)
    count.check(proposal)  # last: a recomputed line is named, a wrong root names no line


def _counted(leaves: Iterable[LeafText], count: Count) -> Iterator[Leaf]:
    for leaf, text in leaves:
        count.add(leaf, text)
        yield leaf


def vacancies_of(leaves: Iterable[Leaf]) -> Iterator[VacancyLeaves]:
    """The leaves by vacancy. Raises ProofFault for a leaf before the first."""
    heading: VacancyLeaf | None = None
    of_vacancy: list[Leaf] = []
    first = 0
    for index, leaf in enumerate(leaves):
        if isinstance(leaf, VacancyLeaf):
            if heading is not None:
                yield VacancyLeaves(heading, first, of_vacancy)
            heading, first, of_vacancy = leaf, index, []
        of_vacancy.append(leaf)
        if heading is None:
            break
    if heading is None:
        raise ProofFault(line_in_file(0), "expected a vacancy first")
    yield VacancyLeaves(heading, first, of_vacancy)


def seats_that_officers_decided(vacancy: VacancyLeaves, policy: Policy) -> int:
    """How many places within the cut went by an officer's order among equals, on all lists.

    For a checked vacancy: there each officer's order counts.
    """
    return sum(
        _decided_within(
            head, [*_lines_in(vacancy.leaves)], _limit(policy, head.list, vacancy.heading.seats)
        )
        for head in vacancy.leaves
        if isinstance(head, ListLeaf) and head.decided
    )


def _limit(policy: Policy, list_code: str, seats: int) -> int:
    listed = policy.list_called(list_code)
    assert listed is not None
    assert listed.cut is not None  # else no officer's order would count
    return listed.cut.multiple * seats


def _decided_within(head: ListLeaf, lines: Sequence[LineLeaf], limit: int) -> int:
    """How many of those whom an officer put in order are within the limit, where some are not."""
    ranks = sorted(
        (line.rank or 0, head.decided[line.participant_no])
        for line in lines
        if line.list == head.list and line.participant_no in head.decided
    )
    starts = [index for index, (_, place) in enumerate(ranks) if place == 1]
    groups = [
        (ranks[start][0], ranks[end - 1][0]) for start, end in pairwise([*starts, len(ranks)])
    ]
    return sum(limit - first + 1 for first, last in groups if first <= limit < last)


def points_that_differ(
    vacancy: VacancyLeaves,
) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Whose points of a component are others on a later list of the vacancy.

    Gives participant numbers, each with what the lists say of a component, in order of the lists. A
    correction after the earlier list was fixed does that, also without a version that was adopted:
    the file can't say whether there was one.
    """
    for number, components in sorted(_points_by_component(vacancy.leaves).items()):
        differ = {
            component: values
            for component, values in components.items()
            if len(set(map(Decimal, values))) > 1
        }
        if differ:
            yield number, differ


def _points_by_component(leaves: Sequence[Leaf]) -> dict[str, dict[str, list[str]]]:
    """Points by participant number and component, in order of the lists."""
    points: dict[str, dict[str, list[str]]] = {}
    for leaf in leaves:
        if isinstance(leaf, LineLeaf):
            components = points.setdefault(leaf.participant_no, {})
            for component, value in leaf.points.items():
                components.setdefault(component, []).append(value)
    return points


def check_policy(proposal: Proposal, policy_json: Mapping[str, Any]) -> Policy:
    """The policy in a file. Raises ProofFault unless it is the one that the head names."""
    found = sha256(canonical(policy_json)).hexdigest()
    if found != proposal.policy_hash:
        raise ProofFault(
            "policy",
            f"its hash is {found}, expected {proposal.policy_hash}: the policy was changed",
        )
    try:
        policy = Policy.model_validate(policy_json)
    except ValidationError as error:
        raise first_fault(error, "policy") from error
    if (policy.id, policy.version) != (proposal.policy_id, proposal.policy_version):
        raise ProofFault(
            "head, policy_id", f"expected {policy.id} {policy.version}, as the policy is called"
        )
    return policy


class _VacancyChecks:
    """Checks vacancies one after the other, and what must hold between them."""

    def __init__(self, policy: Policy, proposal: Proposal) -> None:
        self._policy = policy
        self._seed = proposal.seed
        self._with_applicants = proposal.format != "terang-list-1"
        self._latest_number = 0
        self._vacancy_ids: set[str] = set()
        self._seats = 0
        self._vacancy_of: dict[str, str] = {}
        self.seatings: list[VacancySeating] = []

    def check(self, vacancy: VacancyLeaf, first: int, leaves: Sequence[Leaf]) -> None:
        """The next vacancy, whose leaf has the index `first`, and the leaves that follow it."""
        self._check_vacancy(vacancy, first)
        seating = leaves[-1] if leaves and isinstance(leaves[-1], SeatingLeaf) else None
        where = line_in_file(first + len(leaves))
        rest = leaves if seating is None else leaves[:-1]
        applicants = applicants_of(vacancy, rest, first) if self._with_applicants else []
        before = 1 + len(applicants) if self._with_applicants else 0
        rest = rest[before:]
        lines, admitted = _check_lists(self._policy, self._seed, vacancy, first + before, rest)
        self._check_candidates(vacancy, first + before, rest)
        if self._with_applicants:
            check_first_list(applicants, lines[0], self._policy.lists[0].codes, first + 2)
        if seating is not None:
            self.seatings.append(VacancySeating(vacancy, lines[-1], admitted, seating, where))

    def _check_vacancy(self, vacancy: VacancyLeaf, first: int) -> None:
        """Raises ProofFault for a vacancy out of order or twice, or for a need without rules."""
        if vacancy.number <= self._latest_number or vacancy.vacancy_id in self._vacancy_ids:
            raise ProofFault(line_in_file(first), "expected the vacancies by number, each once")
        if vacancy.need not in self._policy.needs:
            says = f"expected one of the policy's: {', '.join(self._policy.needs)}"
            raise ProofFault(f"{line_in_file(first)}, need", says)
        self._latest_number = vacancy.number
        self._vacancy_ids.add(vacancy.vacancy_id)
        self._seats += vacancy.seats

    def _check_candidates(self, vacancy: VacancyLeaf, first: int, leaves: Sequence[Leaf]) -> None:
        """Raises ProofFault for a candidate of another vacancy too.

        In files of version 1: elsewhere numbers are the vacancy's own.
        """
        if self._with_applicants:
            return
        for index, leaf in enumerate(leaves, first + 1):
            if isinstance(leaf, LineLeaf):
                other = self._vacancy_of.setdefault(leaf.participant_no, vacancy.vacancy_id)
                if other != vacancy.vacancy_id:
                    raise ProofFault(
                        f"{line_in_file(index)}, participant_no",
                        f"{leaf.participant_no} is a candidate of {other} too",
                    )

    def check_seats(self, decreed: int) -> None:
        """Raises ProofFault unless the decreed seats are there, and all seatings or none."""
        if self._seats != decreed:
            says = f"their seats are {self._seats}, expected the decreed {decreed}"
            raise ProofFault("vacancies", says)
        if self.seatings and len(self.seatings) < len(self._vacancy_ids):
            says = f"{len(self.seatings)} have a seating, expected all or none"
            raise ProofFault("vacancies", says)


def _check_lists(
    policy: Policy, seed: str, vacancy: VacancyLeaf, first: int, leaves: Sequence[Leaf]
) -> tuple[list[Sequence[LineLeaf]], set[str]]:
    """Checks a vacancy's lists; returns the lines of each, and whom the last admits.

    `first`: index of the leaf before them.
    """
    admitted: dict[str, set[str]] = {}
    lists = _lists_of(policy, first, leaves)
    for listed, (head, at, lines) in zip(policy.lists, lists, strict=True):
        _check_heading(vacancy, head, lines, at)
        numbers = {leaf.participant_no for leaf in lines}
        if listed.after is not None and numbers != admitted[listed.after]:
            says = f"expected exactly those whom the list {listed.after} admitted"
            raise ProofFault(line_in_file(at), f"list {listed.code}: {says}")
        rules = PublicRules(policy, listed, vacancy.need, seed)
        cut = ListCut.of(rules.whole, vacancy.seats)
        admitted[listed.code] = check_lines(rules, cut, head, lines, at)
    return [lines for _, _, lines in lists], admitted[policy.lists[-1].code]


def _lists_of(
    policy: Policy, first: int, leaves: Sequence[Leaf]
) -> list[tuple[ListLeaf, int, Sequence[LineLeaf]]]:
    """A vacancy's lists, each with the index of its head and its lines.

    Raises ProofFault unless they are the policy's, in its order, with nothing between them.
    """
    _check_kinds(first, leaves)
    heads = [(index, leaf) for index, leaf in enumerate(leaves) if isinstance(leaf, ListLeaf)]
    codes = [listed.code for listed in policy.lists]
    if [head.list for _, head in heads] != codes or heads[0][0] != 0:
        says = f"expected the vacancy's lists after it: {', '.join(codes)}"
        raise ProofFault(line_in_file(first), says)
    ends = [*(start for start, _ in heads[1:]), len(leaves)]
    return [
        (head, first + 1 + start, [*_lines_in(leaves[start + 1 : end])])
        for (start, head), end in zip(heads, ends, strict=True)
    ]


def _check_kinds(first: int, leaves: Sequence[Leaf]) -> None:
    """Raises ProofFault for what is no list and no line: a seating comes last, applicants first."""
    for index, leaf in enumerate(leaves, first + 1):
        if not isinstance(leaf, ListLeaf | LineLeaf):
            says = "expected the vacancy's seating after all of its lists"
            if not isinstance(leaf, SeatingLeaf):
                says = f"expected no leaf of the kind {leaf.kind} here"
            raise ProofFault(line_in_file(index), says)


def _lines_in(leaves: Sequence[Leaf]) -> Iterator[LineLeaf]:
    return (leaf for leaf in leaves if isinstance(leaf, LineLeaf))


def _check_heading(
    vacancy: VacancyLeaf, head: ListLeaf, lines: Sequence[LineLeaf], at: int
) -> None:
    """Raises ProofFault for lines that are not those of this head, each of another candidate."""
    if head.vacancy_id != vacancy.vacancy_id:
        raise ProofFault(f"{line_in_file(at)}, vacancy_id", f"expected {vacancy.vacancy_id}")
    numbers: set[str] = set()
    for place, leaf in enumerate(lines, 1):
        if (leaf.vacancy_id, leaf.list, leaf.place) != (vacancy.vacancy_id, head.list, place):
            expected = f"expected line {place} of the list {head.list} of {vacancy.vacancy_id}"
            raise ProofFault(line_in_file(at + place), expected)
        if leaf.participant_no in numbers:
            raise ProofFault(
                f"{line_in_file(at + place)}, participant_no",
                f"{leaf.participant_no} stands twice on the list",
            )
        numbers.add(leaf.participant_no)
    for participant_no, place in head.decided.items():
        if participant_no not in numbers or not 1 <= place < 2**16 - 1:
            raise ProofFault(
                f"{line_in_file(at)}, decided",
                f"{participant_no} is not on the list, or {place} is no place",
            )
