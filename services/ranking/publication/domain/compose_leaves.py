"""Composes what is published of lists that an officer fixed: leaves, and openings for people."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.merit.domain.merit_key import before_decision
from services.ranking.merit.domain.standing import Gate
from services.ranking.proofs.domain.commitments import Opening
from services.ranking.proofs.domain.leaves import (
    ADMINISTRATION,
    AdministrationLeaf,
    ApplicantLeaf,
    Leaf,
    LineLeaf,
    ListLeaf,
    VacancyLeaf,
)
from services.ranking.publication.domain.applicants import (
    Application,
    Applications,
    outcome_by_line,
    outcome_without_line,
)
from services.ranking.publication.domain.equals import PlacedLeaf, officer_orders
from services.ranking.publication.domain.public_rules import (
    PublicRules,
    facts_of_points,
    facts_of_ties,
)
from shared.policies import Policy


@dataclass(frozen=True, slots=True)
class PersonalFacts:
    """Personal facts as they were when the list was fixed; None where unknown."""

    gpa: Decimal | None = None
    birth_date: date | None = None
    relevant_experience_months: int | None = None
    education: str | None = None
    priority: str | None = None

    def json_value(self, name: str) -> str | int | None:
        """One of them as JSON has it."""
        value: Decimal | date | int | str | None = getattr(self, name)
        return value if value is None or isinstance(value, int) else str(value)


NOTHING_KNOWN = PersonalFacts()


@dataclass(frozen=True, slots=True)
class FixedLine:
    """A line as an officer fixed it; `points` as they were stated."""

    place: int
    participant_no: str
    rank: int | None
    equals: int
    score: str | None
    code: str
    points: Mapping[str, str]
    facts: PersonalFacts = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class FixedList:
    """A list as an officer fixed it, its lines in order. `closed_at`: UTC, ISO 8601 with Z."""

    code: str
    version: int
    closed_at: str
    digest: str
    lines: Sequence[FixedLine]
    decided: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Salts:
    """Where salts come from: `leaf` for what stands in the file, `secret` for commitments."""

    leaf: Callable[[], str]
    secret: Callable[[], str]


def compose_leaves(
    policy: Policy,
    seed: str,
    vacancy: VacancyLeaf,
    applications: Applications,
    lists: Sequence[FixedList],
    salts: Salts,
) -> tuple[list[Leaf], list[Opening]]:
    """The leaves of one vacancy in the order of the file, and what opens their commitments.

    Raises ProofFault where a line's points are not those that its code asks for, or somebody who
    was accepted stands on no list.
    """
    applicants, openings = _applicants(policy, vacancy, applications, lists[0], salts)
    leaves: list[Leaf] = [vacancy, *applicants]
    for fixed in lists:
        lines, opened = _Lines(policy, seed, vacancy, fixed, salts).compose()
        leaves += lines
        openings += opened
    return leaves, openings


def _applicants(
    policy: Policy,
    vacancy: VacancyLeaf,
    applications: Applications,
    first: FixedList,
    salts: Salts,
) -> tuple[list[Leaf], list[Opening]]:
    """Everyone who applied, and what opens the reasons of those who were rejected.

    Whoever stands on the first list has the outcome that it tells, as it was fixed.
    """
    codes = policy.lists[0].codes
    code_of = {line.participant_no: line.code for line in first.lines}
    leaves: list[Leaf] = [
        AdministrationLeaf(
            kind="administration",
            salt=salts.leaf(),
            vacancy_id=vacancy.vacancy_id,
            submitted=applications.submitted,
        )
    ]
    openings: list[Opening] = []
    for application in applications.known:
        code = code_of.get(application.participant_no)
        outcome = (
            outcome_without_line(application) if code is None else outcome_by_line(code, codes)
        )
        commitment = None
        if outcome == "TMS":
            openings.append(_reasons(vacancy, application, salts))
            commitment = openings[-1].commitment()
        leaves.append(
            ApplicantLeaf(
                kind="applicant",
                salt=salts.leaf(),
                vacancy_id=vacancy.vacancy_id,
                participant_no=application.participant_no,
                outcome=outcome,
                commitment=commitment,
            )
        )
    return leaves, openings


def _reasons(vacancy: VacancyLeaf, application: Application, salts: Salts) -> Opening:
    """What opens the commitment to why an application was rejected."""
    return Opening(
        vacancy_id=vacancy.vacancy_id,
        list=ADMINISTRATION,
        participant_no=application.participant_no,
        facts={"reasons": application.reasons},
        salt=salts.secret(),
    )


class _Lines:
    """One list and its lines, as they are published."""

    def __init__(
        self, policy: Policy, seed: str, vacancy: VacancyLeaf, fixed: FixedList, salts: Salts
    ) -> None:
        listed = policy.list_called(fixed.code)
        assert listed is not None
        self._policy = policy
        self._vacancy_id = vacancy.vacancy_id
        self._fixed = fixed
        self._salts = salts
        self._list = listed
        self._rules = PublicRules(policy, listed, vacancy.need, seed)
        self._fact_names = sorted({*facts_of_ties(listed), *facts_of_points(policy, listed)})

    def compose(self) -> tuple[list[ListLeaf | LineLeaf], list[Opening]]:
        """The list's leaf and its lines in their order, and what opens their commitments."""
        leaves = [self._leaf(line) for line in self._fixed.lines]
        openings: list[Opening] = []
        orders = self._orders(leaves)
        for index, line in enumerate(self._fixed.lines):
            leaf = leaves[index]
            order = orders.get(leaf.participant_no)
            if order is not None or self._rules.commits(leaf):
                opening = self._opening(line)
                openings.append(opening)
                leaves[index] = leaf.model_copy(
                    update={"order": order, "commitment": opening.commitment()}
                )
        return [self._heading(leaves), *leaves], openings

    def _heading(self, leaves: Sequence[LineLeaf]) -> ListLeaf:
        return ListLeaf(
            kind="list",
            salt=self._salts.leaf(),
            vacancy_id=self._vacancy_id,
            list=self._fixed.code,
            version=self._fixed.version,
            closed_at=self._fixed.closed_at,
            digest=self._fixed.digest,
            decided=self._decided(leaves),
        )

    def _decided(self, leaves: Sequence[LineLeaf]) -> dict[str, int]:
        """The places that an officer gave, where they count."""
        given = self._fixed.decided
        if not given:
            return {}
        placed = [PlacedLeaf(self._rules.place(leaf, given), leaf) for leaf in leaves]
        orders = officer_orders(placed, given)
        return {number: place for order in orders for number, place in order.items()}

    def _leaf(self, line: FixedLine) -> LineLeaf:
        return LineLeaf(
            kind="line",
            salt=self._salts.leaf(),
            vacancy_id=self._vacancy_id,
            list=self._list.code,
            place=line.place,
            participant_no=line.participant_no,
            rank=line.rank,
            equals=line.equals,
            score=line.score,
            code=line.code,
            points=self._counted_points(line) if self._rules.points_shown else {},
            priority=self._priority(line),
            order=None,
            commitment=None,
        )

    def _priority(self, line: FixedLine) -> str | None:
        """The priority group's code, where it puts the candidate in order."""
        if not self._list.by_priority or line.rank is None or line.facts.priority is None:
            return None
        return self._policy.priority_code(line.facts.priority)

    def _opening(self, line: FixedLine) -> Opening:
        """The facts that decided, and the points where these are not published."""
        facts = {name: line.facts.json_value(name) for name in self._fact_names}
        if not self._rules.points_shown:
            facts.update(self._counted_points(line))
        return Opening(
            vacancy_id=self._vacancy_id,
            list=self._list.code,
            participant_no=line.participant_no,
            facts=facts,
            salt=self._salts.secret(),
        )

    def _counted_points(self, line: FixedLine) -> dict[str, str]:
        """Points by component with evidence and bonuses; empty where the line has none."""
        if not line.points:
            return {}
        rules = self._rules.whole
        counted = rules.counted_points(self._candidate(line))
        return {code: f"{counted[code]:f}" for code in rules.components if code in counted}

    def _orders(self, leaves: Sequence[LineLeaf]) -> dict[str, int]:
        """The places that personal facts gave among people who are equal without them.

        By participant number.
        """
        if not self._rules.personal:
            return {}
        groups: dict[bytes, list[tuple[bytes, str]]] = defaultdict(list)
        for line, leaf in zip(self._fixed.lines, leaves, strict=True):
            place = self._rules.place(leaf, self._fixed.decided)
            standing = self._rules.whole.standing_of(self._candidate(line))
            if place.gate is Gate.RANKED and standing is not None:
                key = before_decision(standing.merit_key)
                groups[place.public].append((key, leaf.participant_no))
        return dict(_dense_places(group for group in groups.values() if len(group) > 1))

    def _candidate(self, line: FixedLine) -> Candidate:
        """Whoever has a line with points, with everything that the rules ask for."""
        facts, after = line.facts, self._list.after
        return Candidate(
            line.participant_no,
            verified=True,
            results=dict.fromkeys(self._rules.stages, StageResult(Outcome.SCORED, line.points)),
            gpa=facts.gpa,
            birth_date=facts.birth_date,
            relevant_experience_months=facts.relevant_experience_months,
            education=facts.education,
            priority=facts.priority,
            admitted_by=frozenset({after} if after else ()),
        )


def _dense_places(groups: Iterable[list[tuple[bytes, str]]]) -> Iterator[tuple[str, int]]:
    """The places in groups of (key, participant number), from 1; equal keys share one."""
    for group in groups:
        places = {key: place for place, key in enumerate(sorted({key for key, _ in group}), 1)}
        yield from ((participant_no, places[key]) for key, participant_no in group)
