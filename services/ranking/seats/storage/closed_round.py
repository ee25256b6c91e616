"""A round whose last list is closed, as a filling of its seats goes by it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.ranking.merit.domain.standing import Gate
from services.ranking.rounds.domain import Round
from services.ranking.seats.domain.candidates import RankedCandidate, RankedLine, rank_in_pools
from services.ranking.seats.domain.pool import SeatPool
from services.ranking.seats.domain.rules import ClosedVacancy, SeatRules
from services.ranking.seats.storage import SQL
from services.ranking.seats.storage.pools import PoolKey, vacancy_of
from services.ranking.standings.storage.facts import (
    KnownVacancy,
    candidate_as_fixed,
    candidates_known,
    vacancies_known,
)
from shared.policies import FACTS
from shared.postgres.pool import Connection
from shared.refusals import Refusal

OUT_OF_RANKING = {Gate.DISQUALIFIED, Gate.WITHDRAWN, Gate.REJECTED}
"""Nobody who is held there by now is asked, whatever the closed list said."""


@dataclass(frozen=True, slots=True)
class ClosedRound:
    """The vacancies and candidates of a round whose last list is closed.

    `rows` are the vacancies' rows, `pools` their pools' numbers by vacancy id, `answers` the rows
    of what people answered, by the seat's vacancy id and participant number.
    """

    rows: list[Any]
    vacancies: list[ClosedVacancy]
    pools: dict[str, int]
    candidates: list[RankedCandidate]
    answers: dict[tuple[str, str], Any]

    def by_pool(self, round_: Round) -> dict[PoolKey, SeatPool]:
        """The pools before any offer."""
        vacancies: dict[int, list[ClosedVacancy]] = defaultdict(list)
        candidates: dict[int, list[RankedCandidate]] = defaultdict(list)
        for vacancy in self.vacancies:
            vacancies[self.pools[vacancy.vacancy_id]].append(vacancy)
        for candidate in self.candidates:
            candidates[self.pools[candidate.vacancy_id]].append(candidate)
        answers = {who: row["answer"] for who, row in self.answers.items()}
        rules = SeatRules.of(round_.policy)
        return {
            (round_.round_id, pool): SeatPool(rules, group, candidates[pool], (), answers)
            for pool, group in sorted(vacancies.items())
        }


async def load_closed_round(connection: Connection, round_: Round) -> ClosedRound:
    """The round's vacancies and candidates by its closed lists.

    Without those who were ranked without a seat and have since been disqualified, rejected, or
    withdrawn. Raises Refusal `filling-too-early`, `education-unknown`.
    """
    rows = await _closed_vacancies(connection, round_)
    vacancies = [vacancy_of(row) for row in rows]
    pools = SeatRules.of(round_.policy).pools(vacancies)
    known = await vacancies_known(connection, [vacancy.vacancy_id for vacancy in vacancies])
    lines = await _ranked_lines(connection, round_, known)
    seed = await SQL.published_seed(connection, round_id=round_.round_id)
    answers = {
        (row["vacancy_id"], row["participant_no"]): row
        async for row in SQL.answers_of_rounds(connection, rounds=[round_.round_id])
    }
    candidates = rank_in_pools(round_.policy, seed, vacancies, pools, lines)
    return ClosedRound(rows, vacancies, pools, candidates, answers)


async def _closed_vacancies(connection: Connection, round_: Round) -> list[Any]:
    last = round_.policy.lists[-1].code
    rows = [
        row async for row in SQL.vacancies_of_round(connection, round_id=round_.round_id, list=last)
    ]
    if not rows or not all(row["closed"] for row in rows):
        raise Refusal("filling-too-early", round_id=round_.round_id, list=last)
    if unknown := sum(row["education"] is None for row in rows):
        raise Refusal("education-unknown", round_id=round_.round_id, vacancies=unknown)
    return rows


async def _ranked_lines(
    connection: Connection, round_: Round, known: dict[str, KnownVacancy]
) -> Sequence[RankedLine]:
    """The ranked lines of the last list, of whoever has a seat or may still be asked."""
    last = round_.policy.lists[-1].code
    rows = {
        (row["vacancy_id"], row["participant_no"]): row
        async for row in SQL.ranked_lines(connection, round_id=round_.round_id, list=last)
    }
    on_every_list = frozenset(policy_list.code for policy_list in round_.policy.lists)
    lines = []
    for vacancy, candidate in await candidates_known(connection, known, list(rows)):
        row = rows[vacancy.vacancy_id, candidate.participant_no]
        standing = vacancy.lists[last].standing_of(candidate)
        if row["admitted"] or (standing is not None and standing.gate not in OUT_OF_RANKING):
            fixed = replace(
                candidate_as_fixed(candidate, round_.policy, row["points"]),
                admitted_by=on_every_list,
                decided={},
                **_facts_of(row),
            )
            lines.append(RankedLine(vacancy.vacancy_id, row["rank"], row["admitted"], fixed))
    return lines


def _facts_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The personal facts that the list was closed with; none where it used none."""
    return {name: row[name] for name in FACTS} if row["facts_kept"] else {}
