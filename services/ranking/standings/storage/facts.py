"""What is known of vacancies and candidates, joined for the domain."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.merit.domain.list_rules import ListRules, rules_of
from services.ranking.standings.storage import SQL
from shared.policies import FACTS, Policy
from shared.postgres.pool import Connection

Pair = tuple[str, str]
"""A candidate: vacancy id and participant number."""

OUTCOMES = tuple(Outcome)  # an IntEnum's own look-up by number costs ten times as much

UNKNOWN = (None, None, None, None, None)
"""Of someone whose facts have not arrived, or are not asked for."""


@dataclass(frozen=True, slots=True)
class KnownVacancy:
    """A vacancy whose round is known, with its rules.

    `lists` are the compiled rules in the order in which the lists are closed, `closed` the codes of
    those that are.
    """

    vacancy_id: str
    round_id: str
    seats: int
    lists: dict[str, ListRules]
    closed: frozenset[str]
    open_lists: list[ListRules] = field(init=False)
    """Those that may have candidates: the first, and each that follows a closed one."""

    def __post_init__(self) -> None:
        possible = [
            rules
            for rules in self.lists.values()
            if rules.after is None or rules.after in self.closed
        ]
        object.__setattr__(self, "open_lists", possible)  # frozen, and asked for each candidate

    @property
    def officers_decide(self) -> bool:
        """Whether an officer may have given places among equals on a list that has candidates."""
        return any(
            rules.cut and rules.cut.equals_at_the_limit == "officer-decides"
            for rules in self.open_lists
        )


async def vacancies_known(
    connection: Connection, vacancy_ids: Iterable[str]
) -> dict[str, KnownVacancy]:
    """The vacancies of these whose round has arrived too, by id."""
    rows = [row async for row in SQL.vacancies_known(connection, vacancies=list(vacancy_ids))]
    policies = {row["round_id"]: row["policy"] for row in rows if row["policy"] is not None}
    return {
        row["vacancy_id"]: KnownVacancy(
            row["vacancy_id"],
            row["round_id"],
            row["seats"],
            rules_of(policies[row["round_id"]], row["need"], row["seed"]),
            frozenset(row["closed"] or ()),
        )
        for row in rows
    }


async def candidates_known(
    connection: Connection, vacancies: dict[str, KnownVacancy], pairs: Sequence[Pair]
) -> list[tuple[KnownVacancy, Candidate]]:
    """All that is known of these candidates, as far as the rules of their vacancies ask for it.

    Candidates of other vacancies are left out.
    """
    known = [pair for pair in pairs if pair[0] in vacancies]
    if not known:
        return []
    asked = {"vacancies": [pair[0] for pair in known], "participants": [pair[1] for pair in known]}
    applications, results = await _applications_and_results(connection, asked)
    facts = await _facts(connection, vacancies, asked)
    admitted = await _admissions(connection, vacancies, asked)
    decided = await _decided_places(connection, vacancies)
    nothing: dict[str, StageResult] = {}
    nobody_decided: dict[str, int] = {}
    found = []
    for pair, (verified, withdrawn) in applications.items():
        vacancy_id, participant_no = pair
        gpa, birth_date, months, education, priority = facts.get(pair, UNKNOWN)
        candidate = Candidate(
            participant_no,
            verified,
            withdrawn,
            results.get(pair, nothing),
            gpa,  # type: ignore[arg-type] # the row's columns
            birth_date,  # type: ignore[arg-type]
            months,  # type: ignore[arg-type]
            frozenset(admitted[pair]) if pair in admitted else frozenset(),
            decided.get(pair, nobody_decided),
            education,  # type: ignore[arg-type]
            priority,  # type: ignore[arg-type]
        )
        found.append((vacancies[vacancy_id], candidate))
    return found


Asked = Mapping[str, Sequence[str]]
"""The parameters `vacancies` and `participants` of a query about candidates, one each."""


async def _applications_and_results(
    connection: Connection, asked: Asked
) -> tuple[dict[Pair, tuple[bool | None, bool]], dict[Pair, dict[str, StageResult]]]:
    """Whether each candidate was verified and withdrew; and the newest result of each stage."""
    applications: dict[Pair, tuple[bool | None, bool]] = {}
    results: dict[Pair, dict[str, StageResult]] = defaultdict(dict)
    rows = SQL.candidates(
        connection, vacancies=asked["vacancies"], participants=asked["participants"]
    )
    async for vacancy_id, participant_no, verified, withdrawn, stage, outcome, points in rows:
        pair = (vacancy_id, participant_no)
        applications[pair] = (verified, withdrawn)
        if stage is not None:
            results[pair][stage] = StageResult(OUTCOMES[outcome], points or {})
    return applications, results


async def _facts(
    connection: Connection, vacancies: Mapping[str, KnownVacancy], asked: Asked
) -> dict[Pair, tuple[object, ...]]:
    """Personal facts, in the order of FACTS; none where no list that has begun uses any."""
    facts: dict[Pair, tuple[object, ...]] = {}
    if any(rules.uses_facts for vacancy in vacancies.values() for rules in vacancy.open_lists):
        rows = SQL.facts_of(
            connection, vacancies=asked["vacancies"], participants=asked["participants"]
        )
        async for vacancy_id, participant_no, *values in rows:
            facts[vacancy_id, participant_no] = tuple(values)
    return facts


async def _admissions(
    connection: Connection, vacancies: Mapping[str, KnownVacancy], asked: Asked
) -> dict[Pair, set[str]]:
    """The closed lists that admitted each candidate."""
    admitted: dict[Pair, set[str]] = defaultdict(set)
    if any(vacancy.closed for vacancy in vacancies.values()):
        rows = SQL.admissions_of(
            connection, vacancies=asked["vacancies"], participants=asked["participants"]
        )
        async for vacancy_id, participant_no, list_code in rows:
            admitted[vacancy_id, participant_no].add(list_code)
    return admitted


async def _decided_places(
    connection: Connection, vacancies: Mapping[str, KnownVacancy]
) -> dict[Pair, dict[str, int]]:
    """The places among equals that officers gave, by list."""
    decided: dict[Pair, dict[str, int]] = defaultdict(dict)
    tied = [vacancy.vacancy_id for vacancy in vacancies.values() if vacancy.officers_decide]
    if tied:
        rows = SQL.decided_places(connection, vacancies=tied)
        async for vacancy_id, participant_no, list_code, place in rows:
            decided[vacancy_id, participant_no][list_code] = place
    return decided


async def candidates_as_fixed(
    connection: Connection,
    vacancy: KnownVacancy,
    closing: Mapping[str, Any],
    policy: Policy,
    rows: Mapping[str, Mapping[str, Any]],
) -> dict[str, Candidate]:
    """Candidates as a list was fixed, by participant number.

    They have the points of their fixed lines (`rows`), the facts and the officer's order of then.
    Whoever has no points there has today's results; whose facts were erased, today's.
    """
    fixed_facts = SQL.fixed_facts(
        connection,
        vacancy_id=vacancy.vacancy_id,
        list=closing["list"],
        participants=list(rows),
    )
    facts = {number: dict(zip(FACTS, values, strict=True)) async for number, *values in fixed_facts}
    pairs = [(vacancy.vacancy_id, participant_no) for participant_no in rows]
    found: dict[str, Candidate] = {}
    for _, candidate in await candidates_known(connection, {vacancy.vacancy_id: vacancy}, pairs):
        number = candidate.participant_no
        places = closing["decided"]
        decided = {closing["list"]: places[number]} if number in places else {}
        fixed = replace(candidate, decided=decided, **facts.get(number, {}))
        points = rows[number]["points"]
        found[number] = candidate_as_fixed(fixed, policy, points) if points else fixed
    return found


def candidate_as_fixed(
    candidate: Candidate, policy: Policy, points: Mapping[str, str]
) -> Candidate:
    """The candidate with the results of a fixed line, by its points by component.

    Whoever has points on a fixed list was verified and had not withdrawn, whatever came since.
    """
    results = {
        stage.code: StageResult(
            Outcome.SCORED,
            {part.code: points[part.code] for part in stage.stated if part.code in points},
        )
        for stage in policy.stages
    }
    return replace(candidate, verified=True, withdrawn=False, results=results)
