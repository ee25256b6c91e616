"""An officer begins to fill the empty seats of a closed round."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.rounds.storage import load_round
from services.ranking.seats.domain.candidates import RankedCandidate
from services.ranking.seats.storage import SQL
from services.ranking.seats.storage.closed_round import ClosedRound, load_closed_round
from services.ranking.seats.usecases.filling_changes import FillingChanges
from services.ranking.standings.storage import SQL as STANDINGS
from shared.candidacy import refuse_candidate
from shared.contracts.fields import RoundId
from shared.identity import Person
from shared.messaging.dead_letters import REPLAYING
from shared.messaging.outbox import Outbox
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class FillingBegun(BaseModel):
    """Empty seats are being offered from now on."""

    round_id: RoundId
    started_at: AwareDatetime = Field(description="UTC")
    offered: int = Field(description="Seats offered at once; further offers follow the answers")
    left_empty: int = Field(description="Seats for which there is nobody to ask")
    undecided: int = Field(
        description="Vacancies where people are equal for the last seat: an officer decides"
    )


async def begin_filling(
    connection: Connection, outbox: Outbox, officer: Person, round_id: str, now: datetime
) -> FillingBegun:
    """Begin to fill a round's empty seats by its closed lists, and make the first offers.

    Raises Refusal `unknown-round`, `own-round`, `filling-too-early` while the last list is open
    somewhere, `filling-begun`, `education-unknown`, `rebuilding`.
    """
    if not await STANDINGS.stay_unrebuilt(connection, lock=REPLAYING):
        raise Refusal("rebuilding")
    round_ = await load_round(connection, round_id)
    await refuse_candidate(connection, officer, round_id)
    await STANDINGS.lock_stating(connection)  # no version of a closed list is adopted meanwhile
    await SQL.lock_fillings(connection, rounds=[round_id])
    if not await SQL.begin_filling(connection, round_id=round_id, by=officer.subject, at=now):
        raise Refusal("filling-begun", round_id=round_id)
    closed = await load_closed_round(connection, round_)
    await _keep_vacancies(connection, round_id, closed)
    await _keep_candidates(connection, round_id, closed)
    pools = closed.by_pool(round_)
    changes = FillingChanges()
    for key, pool in pools.items():
        changes.settle(key, pool, {}, None)
    await audit.record(connection, officer, "filling.begun", round_id, at=now)
    await changes.store(connection, outbox, now)
    return FillingBegun(
        round_id=round_id,
        started_at=now,
        offered=len(changes.offers),
        left_empty=sum(sum(pool.left_empty.values()) for pool in pools.values()),
        undecided=sum(len(pool.undecided) for pool in pools.values()),
    )


async def _keep_vacancies(connection: Connection, round_id: str, closed: ClosedRound) -> None:
    """From now on the filling goes by these, whatever is corrected later."""
    vacancies, pools, numbers, agencies, posts, units, paths, needs, seats, education = zip(
        *(_vacancy_columns(row, closed.pools) for row in closed.rows), strict=True
    )
    await SQL.keep_filling_vacancies(
        connection,
        round_id=round_id,
        vacancies=vacancies,
        pools=pools,
        numbers=numbers,
        agencies=agencies,
        posts=posts,
        units=units,
        paths=paths,
        needs=needs,
        seats=seats,
        education=education,
    )


def _vacancy_columns(row: Any, pools: Mapping[str, int]) -> tuple[object, ...]:
    """A vacancy as the filling stores it; `education` as JSON text."""
    return (
        row["vacancy_id"],
        pools[row["vacancy_id"]],
        row["number"],
        row["agency"],
        row["post"],
        row["unit_id"],
        row["unit_path"],
        row["need"],
        row["seats"],
        json.dumps(row["education"]),
    )


async def _keep_candidates(connection: Connection, round_id: str, closed: ClosedRound) -> None:
    if not closed.candidates:
        return
    vacancies, participants, pools, ranks, selected, places, meets = zip(
        *(_candidate_columns(candidate, closed.pools) for candidate in closed.candidates),
        strict=True,
    )
    await SQL.keep_filling_candidates(
        connection,
        round_id=round_id,
        vacancies=vacancies,
        participants=participants,
        pools=pools,
        ranks=ranks,
        selected=selected,
        places=places,
        meets=meets,
    )


def _candidate_columns(candidate: RankedCandidate, pools: Mapping[str, int]) -> tuple[object, ...]:
    """A candidate as the filling stores it: `places` as JSON text, `meets` separated by blanks."""
    return (
        candidate.vacancy_id,
        candidate.participant_no,
        pools[candidate.vacancy_id],
        candidate.rank,
        candidate.selected,
        json.dumps(candidate.places),
        " ".join(sorted(candidate.meets)),
    )
