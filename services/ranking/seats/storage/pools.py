"""Fillings as they are stored, put together into pools for the domain."""

from collections import defaultdict
from collections.abc import AsyncIterable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from services.ranking.seats.domain.candidates import RankedCandidate
from services.ranking.seats.domain.pool import Offer, SeatPool
from services.ranking.seats.domain.rules import ClosedVacancy, SeatRules
from services.ranking.seats.storage import SQL
from shared.policies import Policy
from shared.postgres.pool import Connection

PoolKey = tuple[str, int]
"""A round's id, and the pool's number in it."""


@dataclass(frozen=True, slots=True)
class StoredPool:
    """A pool of a round whose filling has begun, and the rows that it was made of."""

    pool: SeatPool
    vacancies: list[Any]
    left_empty: dict[str, int]
    """Seats that stay empty, as they were last stated."""
    offers: list[Any]
    answers: dict[tuple[str, str], Any]


@dataclass(frozen=True, slots=True)
class _PoolRows:
    """The rows of one pool; `answers` are those of its whole round."""

    vacancies: list[Any]
    candidates: list[Any]
    offers: list[Any]
    tie_places: list[Any]
    answers: dict[tuple[str, str], Any]


async def load_pools(
    connection: Connection, keys: Collection[PoolKey]
) -> dict[PoolKey, StoredPool]:
    """These pools, with all offers and answers so far."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rounds = sorted({round_id for round_id, _ in wanted})
    rules = {
        row["round_id"]: SeatRules.of(Policy.model_validate_json(row["policy"]))
        async for row in SQL.policies(connection, rounds=rounds)
    }
    rows = await _load_rows(connection, wanted, rounds)
    return {key: _stored_pool(rules[key[0]], rows[key]) for key in wanted if key[0] in rules}


async def _load_rows(
    connection: Connection, keys: Collection[PoolKey], rounds: Collection[str]
) -> dict[PoolKey, _PoolRows]:
    asked = {"rounds": [round_id for round_id, _ in keys], "pools": [pool for _, pool in keys]}
    vacancies = await _by_pool(SQL.pool_vacancies(connection, **asked))
    candidates = await _by_pool(SQL.pool_candidates(connection, **asked))
    offers = await _by_pool(SQL.pool_offers(connection, **asked))
    tie_places = await _by_pool(SQL.pool_tie_places(connection, **asked))
    answers: dict[str, dict[tuple[str, str], Any]] = defaultdict(dict)
    async for row in SQL.answers_of_rounds(connection, rounds=rounds):
        answers[row["round_id"]][row["vacancy_id"], row["participant_no"]] = row
    return {
        key: _PoolRows(
            vacancies[key], candidates[key], offers[key], tie_places[key], answers[key[0]]
        )
        for key in keys
    }


async def _by_pool(rows: AsyncIterable[Any]) -> dict[PoolKey, list[Any]]:
    found: dict[PoolKey, list[Any]] = defaultdict(list)
    async for row in rows:
        found[row["round_id"], row["pool"]].append(row)
    return found


def _stored_pool(rules: SeatRules, rows: _PoolRows) -> StoredPool:
    pool = SeatPool(
        rules,
        map(vacancy_of, rows.vacancies),
        map(_candidate_of, rows.candidates),
        map(_offer_of, rows.offers),
        {who: row["answer"] for who, row in rows.answers.items()},
        {(row["vacancy_id"], row["participant_no"]): row["place"] for row in rows.tie_places},
    )
    left_empty = {row["vacancy_id"]: row["left_empty"] for row in rows.vacancies}
    return StoredPool(pool, rows.vacancies, left_empty, rows.offers, rows.answers)


def vacancy_of(row: Mapping[str, Any]) -> ClosedVacancy:
    """A vacancy out of its row, in a filling or in the projections."""
    return ClosedVacancy(
        row["vacancy_id"],
        row["number"],
        row["agency"],
        row["post"],
        row["unit_id"],
        row["need"],
        row["seats"],
        frozenset((accepted["level"], accepted["programme"]) for accepted in row["education"]),
    )


def _candidate_of(row: Any) -> RankedCandidate:
    return RankedCandidate(
        row["vacancy_id"],
        row["participant_no"],
        row["rank"],
        row["selected"],
        row["places"],
        frozenset(row["meets"]),
    )


def _offer_of(row: Any) -> Offer:
    return Offer(
        row["vacancy_id"], row["participant_no"], row["applied_for"], row["move"], row["code"]
    )
