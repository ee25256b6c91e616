"""How far each vacancy of a round is for one list: what has arrived, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.ranking.lists.domain.readiness import ArrivalCounts, MissingItem, missing_items
from services.ranking.lists.storage import SQL
from services.ranking.rounds.domain import Round
from shared.policies import List
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class VacancyReadiness:
    """One vacancy's readiness for one list."""

    vacancy_id: str
    number: int
    seats: int
    closed: bool
    changed: bool
    missing: Sequence[MissingItem]


async def load_readiness(
    connection: Connection, round_: Round, policy_list: List
) -> list[VacancyReadiness]:
    """How far each vacancy of the round is for that list, by number."""
    rows = SQL.readiness(
        connection,
        round_id=round_.round_id,
        list=policy_list.code,
        stage=policy_list.stage,
        after=policy_list.after,
        facts=round_.policy.uses_facts(policy_list),
    )
    return [_readiness_of(round_, row) async for row in rows]


def _readiness_of(round_: Round, row: Any) -> VacancyReadiness:
    counts = ArrivalCounts(
        announced=row["announced"],
        submitted=row["submitted"],
        undecided=row["undecided"],
        active=row["active"],
        waiting=row["waiting"],
        without_facts=row["without_facts"],
        sittings=row["sittings"],
        open_sittings=row["open_sittings"],
        counted=row["counted"],
        arrived=row["arrived"],
        need_known=row["need"] in round_.policy.needs,
        opened=row["opened"],
    )
    changed = row["stated_digest"] is not None and row["stated_digest"] != row["closed_digest"]
    return VacancyReadiness(
        row["vacancy_id"],
        row["number"],
        row["seats"],
        row["closed"],
        row["closed"] and changed,
        [*missing_items(counts)],
    )
