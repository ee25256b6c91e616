"""An officer decides between equals of whom only some fit into a vacancy's empty seats."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.rounds.storage import load_round
from services.ranking.seats.storage import SQL
from services.ranking.seats.storage.pools import PoolKey, load_pools
from services.ranking.seats.usecases.filling_changes import FillingChanges
from services.ranking.standings.storage import SQL as STANDINGS
from shared.candidacy import refuse_candidate
from shared.contracts.fields import ParticipantNo, RoundId, VacancyId
from shared.contracts.strict import Command, lines_of_text
from shared.identity import Person
from shared.messaging.dead_letters import REPLAYING
from shared.messaging.outbox import Outbox
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.proposals.procedure import Procedure
from shared.refusals import Refusal

AskedInOrder = Annotated[
    tuple[ParticipantNo, ...],
    Field(min_length=2, max_length=1000, description="All of them, the first to be asked first"),
]


class DecideSeatTie(Command):
    """The order of all who are equal for a vacancy's last empty seat, and why."""

    vacancy_id: VacancyId
    order: AskedInOrder
    reason: Annotated[
        str,
        *lines_of_text(2000, least=10),
        Field(description="On what the decision rests; it is kept"),
    ]


class SeatTieToDecide(DecideSeatTie):
    """The order of the equals, as it waits for a second officer."""

    round_id: RoundId


class SeatTieDecided(BaseModel):
    """An order that holds as long as nobody else is their equal."""

    vacancy_id: VacancyId
    order: AskedInOrder
    offered: int = Field(description="Seats that could be offered by it, in all vacancies")
    decided_at: AwareDatetime = Field(description="UTC")


async def decide_seat_tie(
    connection: Connection,
    outbox: Outbox,
    officer: Person,
    round_id: str,
    command: DecideSeatTie,
    now: datetime,
) -> SeatTieDecided:
    """Keep an officer's order of equals for the last empty seat, and offer by it.

    Raises Refusal `own-round`, `unknown-round`, `unknown-vacancy`, `filling-not-begun`,
    `no-seat-tie` where nobody is equal for the last seat, `not-the-tie` where the order does not
    name exactly those who are, `rebuilding`.
    """
    await refuse_candidate(connection, officer, round_id)
    key = await _lock_pool(connection, round_id, command.vacancy_id)
    await _refuse_unless_tied(connection, key, command)
    await SQL.forget_tie_places(connection, vacancy_id=command.vacancy_id)
    await SQL.keep_tie_places(
        connection,
        round_id=round_id,
        pool=key[1],
        vacancy_id=command.vacancy_id,
        participants=list(command.order),
        places=list(range(1, len(command.order) + 1)),
    )
    stored = (await load_pools(connection, [key]))[key]
    changes = FillingChanges()
    changes.settle(key, stored.pool, stored.left_empty, None)
    await audit.record(
        connection, officer, "seat-tie.decided", command.vacancy_id, reason=command.reason, at=now
    )
    await changes.store(connection, outbox, now)
    return SeatTieDecided(
        vacancy_id=command.vacancy_id,
        order=command.order,
        offered=len(changes.offers),
        decided_at=now,
    )


async def _run(
    connection: Connection, outbox: Outbox, officer: Person, command: SeatTieToDecide, now: datetime
) -> SeatTieDecided:
    return await decide_seat_tie(connection, outbox, officer, command.round_id, command, now)


async def _round_of(_: Connection, command: SeatTieToDecide) -> str:
    return command.round_id


SEAT_TIE = Procedure(
    "ranking", "seat-tie", SeatTieToDecide, lambda command: command.vacancy_id, _run, _round_of
)
"""Two officers decide a tie for an empty seat."""


async def _lock_pool(connection: Connection, round_id: str, vacancy_id: str) -> PoolKey:
    """The vacancy's pool, in a filling that nobody else changes while this transaction lasts."""
    if not await STANDINGS.stay_unrebuilt(connection, lock=REPLAYING):
        raise Refusal("rebuilding")
    await load_round(connection, round_id)
    await SQL.lock_fillings(connection, rounds=[round_id])
    if await SQL.filling_start(connection, round_id=round_id) is None:
        raise Refusal("filling-not-begun", round_id=round_id)
    pools = [
        row["pool"]
        async for row in SQL.pools_of_vacancies(connection, vacancies=[vacancy_id])
        if row["round_id"] == round_id
    ]
    if not pools:
        raise Refusal("unknown-vacancy", vacancy_id=vacancy_id)
    return round_id, pools[0]


async def _refuse_unless_tied(connection: Connection, key: PoolKey, command: DecideSeatTie) -> None:
    pool = (await load_pools(connection, [key]))[key].pool
    pool.settle()
    tied = pool.undecided.get(command.vacancy_id)
    if not tied:
        raise Refusal("no-seat-tie", vacancy_id=command.vacancy_id)
    if tied != sorted(command.order):
        raise Refusal("not-the-tie", tied=", ".join(tied))
