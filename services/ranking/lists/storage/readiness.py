"""How far each vacancy of a round is for one list: what has arrived, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.ranking.lists.domain.readiness import Arrived, Missing, missing
from services.ranking.lists.storage import SQL
from services.ranking.rounds.domain import Round
from shared.policies import List
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class VacancyState:
    """One vacancy's readiness for one list."""

    vacancy_id: str
    number: int
    seats: int
    closed: bool
    changed: bool
    missing: Sequence[Missing]


async def states_of(connection: Connection, round_: Round, one: List) -> list[VacancyState]:
    """How far each vacancy of the round is for that list, by number."""
    rows = SQL.readiness(
        connection,
        round_id=round_.round_id,
        list=one.code,
        stage=one.stage,
        after=one.after,
        facts=round_.policy.uses_facts(one),
    )
    return [
        VacancyState(
            row["vacancy_id"],
            row["number"],
            row["seats"],
            row["closed"],
            row["closed"]
            and row["stated_digest"] is not None
            and row["stated_digest"] != row["closed_digest"],
            [
                *missing(
                    Arrived(
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
                )
            ],
        )
        async for row in rows
    ]


def in_words(lacks: Sequence[Missing]) -> str:
    """What is missing, in both languages: an officer reads one of them."""
    return f"{'; '.join(one.en for one in lacks)} · {'; '.join(one.id for one in lacks)}"
