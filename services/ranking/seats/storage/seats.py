"""Fillings as they are kept: the named queries of seats.sql, and pools put together for the domain."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.ranking.seats.domain.seats import Offer, Pool, Ranked, Rules, Vacancy
from shared.policies import Policy
from shared.postgres import queries
from shared.postgres.pool import Connection

SEATS = queries.load(Path(__file__).with_name("seats.sql"))

PoolKey = tuple[str, int]
"""A round's id, and the pool's number in it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A pool of a round whose filling has begun, and the rows that it was made of."""

    pool: Pool
    vacancies: list[Any]
    left_empty: dict[str, int]
    """Seats that stay empty, as they were last stated."""
    offers: list[Any]
    answers: dict[tuple[str, str], Any]


def rules_of(policy: Policy) -> Rules:
    """What of a policy fills seats."""
    return Rules(policy.seat_moves, policy.seat_groups, policy.lists[-1].codes.within)


def vacancy_of(row: Any) -> Vacancy:
    """A vacancy out of its row, here or in the projections."""
    return Vacancy(
        row["vacancy_id"],
        row["number"],
        row["agency"],
        row["post"],
        row["unit_id"],
        row["need"],
        row["seats"],
        frozenset((one["level"], one["programme"]) for one in row["education"]),
    )


async def pools_kept(connection: Connection, keys: Collection[PoolKey]) -> dict[PoolKey, Kept]:
    """These pools, with all offers and answers so far."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    asked = {"rounds": [round_id for round_id, _ in wanted], "pools": [pool for _, pool in wanted]}
    rounds = sorted({round_id for round_id, _ in wanted})
    laws = {
        row["round_id"]: rules_of(Policy.model_validate_json(row["policy"]))
        async for row in SEATS.laws(connection, rounds=rounds)
    }
    rows: dict[str, dict[PoolKey, list[Any]]] = {}
    for name, found in (
        ("vacancies", SEATS.vacancies(connection, **asked)),
        ("candidates", SEATS.candidates(connection, **asked)),
        ("offers", SEATS.offers(connection, **asked)),
        ("tie_places", SEATS.tie_places(connection, **asked)),
    ):
        rows[name] = defaultdict(list)
        async for row in found:
            rows[name][row["round_id"], row["pool"]].append(row)
    answers: dict[str, dict[tuple[str, str], Any]] = defaultdict(dict)
    async for row in SEATS.answers(connection, rounds=rounds):
        answers[row["round_id"]][row["vacancy_id"], row["participant_no"]] = row
    return {
        key: Kept(
            Pool(
                laws[key[0]],
                map(vacancy_of, rows["vacancies"][key]),
                map(_ranked, rows["candidates"][key]),
                map(_offer, rows["offers"][key]),
                {who: row["answer"] for who, row in answers[key[0]].items()},
                {
                    (row["vacancy_id"], row["participant_no"]): row["place"]
                    for row in rows["tie_places"][key]
                },
            ),
            rows["vacancies"][key],
            {row["vacancy_id"]: row["left_empty"] for row in rows["vacancies"][key]},
            rows["offers"][key],
            answers[key[0]],
        )
        for key in wanted
        if key[0] in laws
    }


def _ranked(row: Any) -> Ranked:
    return Ranked(
        row["vacancy_id"],
        row["participant_no"],
        row["rank"],
        row["selected"],
        row["places"],
        frozenset(row["meets"]),
    )


def _offer(row: Any) -> Offer:
    return Offer(
        row["vacancy_id"], row["participant_no"], row["applied_for"], row["move"], row["code"]
    )
