"""Makes what is published out of lists that an officer fixed: leaves for everyone, openings for
each person.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.merit.domain.merit_key import before_decision
from services.ranking.merit.domain.standing import Gate
from services.ranking.proofs.domain.commitments import Opening
from services.ranking.proofs.domain.leaves import Leaf, LineLeaf, ListLeaf, VacancyLeaf
from services.ranking.publication.domain.verification import (
    PublicRules,
    facts_of_points,
    facts_of_ties,
)
from shared.policies import List, Policy


@dataclass(frozen=True, slots=True)
class Facts:
    """Personal facts as they were when the list was fixed; none where unknown."""

    gpa: Decimal | None = None
    birth_date: date | None = None
    relevant_experience_months: int | None = None
    education: str | None = None
    priority: str | None = None

    def said(self, name: str) -> str | int | None:
        """One of them as JSON has it."""
        value: Decimal | date | int | str | None = getattr(self, name)
        return value if value is None or isinstance(value, int) else str(value)


NOTHING_KNOWN = Facts()


@dataclass(frozen=True, slots=True)
class ClosedLine:
    """A line as an officer fixed it; `points` as they were stated."""

    place: int
    participant_no: str
    rank: int | None
    equals: int
    score: str | None
    code: str
    points: Mapping[str, str]
    facts: Facts = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class ClosedList:
    """A list as an officer fixed it, its lines in order. `closed_at`: UTC, ISO 8601 with Z."""

    code: str
    version: int
    closed_at: str
    digest: str
    lines: Sequence[ClosedLine]
    decided: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Salts:
    """Where salts come from: `leaf` for what stands in the file, `secret` for commitments."""

    leaf: Callable[[], str]
    secret: Callable[[], str]


def compose(
    policy: Policy, seed: str, vacancy: VacancyLeaf, lists: Sequence[ClosedList], salts: Salts
) -> tuple[list[Leaf], list[Opening]]:
    """The leaves of one vacancy in the order of the file, and what opens the commitments among
    them.

    Raises FaultError where a line's points are not those that its code asks for.
    """
    leaves: list[Leaf] = [vacancy]
    openings: list[Opening] = []
    for closed in lists:
        one = policy.list_called(closed.code)
        assert one is not None
        leaves.append(
            ListLeaf(
                kind="list",
                salt=salts.leaf(),
                vacancy_id=vacancy.vacancy_id,
                list=closed.code,
                version=closed.version,
                closed_at=closed.closed_at,
                digest=closed.digest,
                decided=dict(closed.decided),
            )
        )
        rules = PublicRules(policy, one, vacancy.need, seed)
        lines = [
            _leaf(policy, rules, vacancy.vacancy_id, one, line, salts) for line in closed.lines
        ]
        orders = _orders(rules, closed, lines)
        names = sorted({*facts_of_ties(one), *facts_of_points(policy, one)})
        for line, leaf in zip(closed.lines, lines, strict=True):
            order = orders.get(leaf.participant_no)
            if order is None and not rules.commits(leaf):
                leaves.append(leaf)
                continue
            facts = {name: line.facts.said(name) for name in names}
            if not rules.points_shown:
                facts.update(_counted(rules, line))
            opening = Opening(
                vacancy_id=vacancy.vacancy_id,
                list=closed.code,
                participant_no=leaf.participant_no,
                facts=facts,
                salt=salts.secret(),
            )
            openings.append(opening)
            leaves.append(
                leaf.model_copy(update={"order": order, "commitment": opening.commitment()})
            )
    return leaves, openings


def _leaf(
    policy: Policy, rules: PublicRules, vacancy_id: str, one: List, line: ClosedLine, salts: Salts
) -> LineLeaf:
    goes_by_group = one.by_priority and line.rank is not None and line.facts.priority is not None
    return LineLeaf(
        kind="line",
        salt=salts.leaf(),
        vacancy_id=vacancy_id,
        list=one.code,
        place=line.place,
        participant_no=line.participant_no,
        rank=line.rank,
        equals=line.equals,
        score=line.score,
        code=line.code,
        points=_counted(rules, line) if rules.points_shown else {},
        priority=policy.priority_code(line.facts.priority or "") if goes_by_group else None,
        order=None,
        commitment=None,
    )


def _counted(rules: PublicRules, line: ClosedLine) -> dict[str, str]:
    """Points by component as they counted, with what evidence and bonuses gave; none where the line
    has none.
    """
    if not line.points:
        return {}
    counted = rules.whole.counted_points(_person(rules, line))
    return {code: f"{counted[code]:f}" for code in rules.whole.components if code in counted}


def _orders(rules: PublicRules, closed: ClosedList, leaves: Sequence[LineLeaf]) -> dict[str, int]:
    """The place that personal facts gave among people whom nothing before told apart, by
    participant number.
    """
    if not rules.personal:
        return {}
    groups: dict[bytes, list[tuple[bytes, str]]] = defaultdict(list)
    for line, leaf in zip(closed.lines, leaves, strict=True):
        placed = rules.place(leaf, closed.decided)
        standing = rules.whole.standing_of(_person(rules, line))
        if placed.gate is Gate.RANKED and standing is not None:
            groups[placed.public].append((before_decision(standing.merit_key), leaf.participant_no))
    return dict(_dense(group for group in groups.values() if len(group) > 1))


def _dense(groups: Iterator[list[tuple[bytes, str]]]) -> Iterator[tuple[str, int]]:
    for group in groups:
        places = {key: place for place, key in enumerate(sorted({key for key, _ in group}), 1)}
        yield from ((participant_no, places[key]) for key, participant_no in group)


def _person(rules: PublicRules, line: ClosedLine) -> Candidate:
    """Whoever has a line with points, with everything that the rules ask for."""
    facts = line.facts
    return Candidate(
        line.participant_no,
        verified=True,
        results=dict.fromkeys(rules.stages, StageResult(Outcome.SCORED, line.points)),
        gpa=facts.gpa,
        birth_date=facts.birth_date,
        relevant_experience_months=facts.relevant_experience_months,
        education=facts.education,
        priority=facts.priority,
        admitted_by=frozenset({rules.list.after} if rules.list.after else ()),
    )
