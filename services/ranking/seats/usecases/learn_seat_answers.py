"""Learns what people answered about seats; seats that came free are offered to the next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.ranking.seats.storage import SQL
from services.ranking.seats.storage.pools import PoolKey, load_pools
from services.ranking.seats.usecases.filling_changes import FillingChanges
from shared.contracts.applications import SeatAccepted, SeatDeclined
from shared.messaging.envelope import Event
from shared.messaging.outbox import Outbox, SilentOutbox
from shared.postgres.pool import Connection

SeatAnswers = Sequence[Event[SeatAccepted]] | Sequence[Event[SeatDeclined]]


async def learn_seat_answers(
    connection: Connection, events: SeatAnswers, outbox: Outbox, now: datetime
) -> None:
    """Keeps the answers, and makes the offers that follow, one answer after the other.

    Answers of a rebuild are only kept: what they led to was decided long ago, and a part of them
    could lead elsewhere.
    """
    await SQL.lock_fillings(connection, rounds=sorted({event.data.round_id for event in events}))
    changes = FillingChanges()
    if not isinstance(outbox, SilentOutbox):
        await _offer_next(connection, events, changes)
    vacancies, participants, rounds, answers, times = zip(
        *(_columns(event) for event in events), strict=True
    )
    await SQL.learn_answers(
        connection,
        vacancies=vacancies,
        participants=participants,
        rounds=rounds,
        answers=answers,
        ats=times,
    )
    await changes.store(connection, outbox, now)


async def _offer_next(connection: Connection, events: SeatAnswers, changes: FillingChanges) -> None:
    """Gives each answer to its pool, and collects the offers that the pool makes then."""
    pool_of: dict[str, PoolKey] = {
        row["vacancy_id"]: (row["round_id"], row["pool"])
        async for row in SQL.pools_of_vacancies(
            connection, vacancies=sorted({event.data.vacancy_id for event in events})
        )
    }
    pools = await load_pools(connection, pool_of.values())
    for event in events:
        key = pool_of.get(event.data.vacancy_id)
        if key in pools:
            stored = pools[key]
            stored.pool.answer(
                event.data.vacancy_id, event.data.participant_no, _answer(event.data)
            )
            changes.settle(key, stored.pool, stored.left_empty, event)


def _columns(event: Event[SeatAccepted] | Event[SeatDeclined]) -> tuple[object, ...]:
    """An answer as it is stored."""
    data = event.data
    return data.vacancy_id, data.participant_no, data.round_id, _answer(data), event.time


def _answer(data: SeatAccepted | SeatDeclined) -> Any:
    return "accepted" if isinstance(data, SeatAccepted) else data.reason
