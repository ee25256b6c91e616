"""What is known of vacancies and candidates, joined for the domain."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.ranking.merit.domain.merit import Candidate, ListRules, Outcome, Result, rules_of
from services.ranking.standings.storage import SQL
from shared.policies import FACTS, Policy
from shared.postgres.pool import Connection

Pair = tuple[str, str]
"""A candidate: vacancy id and participant number."""

OUTCOMES = tuple(Outcome)  # an IntEnum's own look-up by number costs ten times as much

UNKNOWN = (None, None, None, None, None)
"""Of someone whose facts have not arrived, or are not asked for."""


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A vacancy whose round is known: `lists` are the compiled rules in the order in which they are
    closed, `closed` the codes of those that are.
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
            one for one in self.lists.values() if one.after is None or one.after in self.closed
        ]
        object.__setattr__(self, "open_lists", possible)  # frozen, and asked for each candidate

    @property
    def officers_decide(self) -> bool:
        """Whether an officer may have given places among equals on a list that has candidates."""
        return any(
            one.cut and one.cut.equals_at_the_limit == "officer-decides" for one in self.open_lists
        )


async def vacancies_known(connection: Connection, vacancy_ids: Iterable[str]) -> dict[str, Vacancy]:
    """The vacancies of these whose round has arrived too, by id."""
    rows = [row async for row in SQL.vacancies_known(connection, vacancies=list(vacancy_ids))]
    policies = {row["round_id"]: row["policy"] for row in rows if row["policy"] is not None}
    return {
        row["vacancy_id"]: Vacancy(
            row["vacancy_id"],
            row["round_id"],
            row["seats"],
            rules_of(policies[row["round_id"]], row["need"], row["seed"]),
            frozenset(row["closed"] or ()),
        )
        for row in rows
    }


async def candidates_known(
    connection: Connection, vacancies: dict[str, Vacancy], pairs: Sequence[Pair]
) -> list[tuple[Vacancy, Candidate]]:
    """All that is known of these candidates, as far as the vacancies' rules ask for it; those of
    other vacancies are left out.
    """
    known = [pair for pair in pairs if pair[0] in vacancies]
    if not known:
        return []
    asked = {"vacancies": [pair[0] for pair in known], "participants": [pair[1] for pair in known]}
    applied: dict[Pair, tuple[bool | None, bool]] = {}
    results: dict[Pair, dict[str, Result]] = defaultdict(dict)
    async for (
        vacancy_id,
        participant_no,
        verified,
        withdrawn,
        stage,
        outcome,
        points,
    ) in SQL.candidates(connection, **asked):
        pair = (vacancy_id, participant_no)
        applied[pair] = (verified, withdrawn)
        if stage is not None:
            results[pair][stage] = Result(OUTCOMES[outcome], points or {})
    facts: dict[Pair, tuple[object, ...]] = {}
    if any(one.uses_facts for vacancy in vacancies.values() for one in vacancy.open_lists):
        async for vacancy_id, participant_no, *values in SQL.facts_of(connection, **asked):
            facts[vacancy_id, participant_no] = tuple(values)
    admitted: dict[Pair, set[str]] = defaultdict(set)
    decided: dict[Pair, dict[str, int]] = defaultdict(dict)
    later = [vacancy.vacancy_id for vacancy in vacancies.values() if vacancy.closed]
    if later:
        async for vacancy_id, participant_no, list_code in SQL.admissions_of(connection, **asked):
            admitted[vacancy_id, participant_no].add(list_code)
    tied = [vacancy.vacancy_id for vacancy in vacancies.values() if vacancy.officers_decide]
    if tied:
        async for vacancy_id, participant_no, list_code, place in SQL.decided_places(
            connection, vacancies=tied
        ):
            decided[vacancy_id, participant_no][list_code] = place
    nothing: dict[str, Result] = {}
    nobody_decided: dict[str, int] = {}
    found = []
    for pair, (verified, withdrawn) in applied.items():
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


async def candidates_as_fixed(
    connection: Connection,
    vacancy: Vacancy,
    closing: Mapping[str, Any],
    policy: Policy,
    rows: Mapping[str, Mapping[str, Any]],
) -> dict[str, Candidate]:
    """Candidates as a list was fixed, by participant number: the points of their fixed lines
    (`rows`), the facts and the officer's order of then. Whoever has no points there has today's
    results; whose facts were erased, today's.
    """
    key = {"vacancy_id": vacancy.vacancy_id, "list": closing["list"]}
    pairs = [(vacancy.vacancy_id, participant_no) for participant_no in rows]
    found: dict[str, Candidate] = {}
    for _, candidate in await candidates_known(connection, {vacancy.vacancy_id: vacancy}, pairs):
        number = candidate.participant_no
        decided = (
            {closing["list"]: closing["decided"][number]} if number in closing["decided"] else {}
        )
        found[number] = replace(candidate, decided=decided)
        if points := rows[number]["points"]:
            by_stage = {
                stage.code: {
                    part.code: points[part.code] for part in stage.stated if part.code in points
                }
                for stage in policy.stages
            }
            results = {
                code: Result(Outcome.SCORED, each) for code, each in by_stage.items() if each
            }
            found[number] = replace(found[number], verified=True, withdrawn=False, results=results)
    async for number, *values in SQL.fixed_facts(connection, **key, participants=list(rows)):
        found[number] = replace(found[number], **dict(zip(FACTS, values, strict=True)))
    return found
