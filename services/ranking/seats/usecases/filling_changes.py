"""What one transaction adds to fillings: offers, and seats that stay empty."""

from datetime import datetime
from typing import Any

from services.ranking.seats.domain.pool import Offer, SeatPool
from services.ranking.seats.storage import SQL
from services.ranking.seats.storage.pools import PoolKey
from shared.contracts.ranking import SeatLeftEmpty, SeatOffered
from shared.messaging.envelope import Event
from shared.messaging.outbox import Outbox, Statement
from shared.postgres.pool import Connection


class FillingChanges:
    """Collects the changes of one transaction, then stores and states them."""

    def __init__(self) -> None:
        self.offers: list[tuple[PoolKey, Offer]] = []
        self._statements: list[tuple[SeatOffered | SeatLeftEmpty, Event[Any] | None]] = []
        self._left_empty: dict[str, int] = {}

    def settle(
        self, key: PoolKey, pool: SeatPool, left_empty: dict[str, int], cause: Event[Any] | None
    ) -> None:
        """Takes a pool's next offers, and what stays empty beyond `left_empty`.

        Brings `left_empty` up to date.
        """
        round_id, _ = key
        for offer in pool.settle():
            self.offers.append((key, offer))
            self._statements.append((_offered(round_id, offer), cause))
        for vacancy_id, seats in pool.left_empty.items():
            if seats > left_empty.get(vacancy_id, 0):
                left_empty[vacancy_id] = self._left_empty[vacancy_id] = seats
                left = SeatLeftEmpty(vacancy_id=vacancy_id, round_id=round_id, seats=seats)
                self._statements.append((left, cause))

    async def store(self, connection: Connection, outbox: Outbox, now: datetime) -> None:
        """Stores and states the changes."""
        if self.offers:
            ids, vacancies, participants, rounds, pools, applied_for, moves, codes = zip(
                *(_columns(key, offer) for key, offer in self.offers), strict=True
            )
            await SQL.keep_offers(
                connection,
                at=now,
                ids=ids,
                vacancies=vacancies,
                participants=participants,
                rounds=rounds,
                pools=pools,
                applied_for=applied_for,
                moves=moves,
                codes=codes,
            )
        if self._left_empty:
            await SQL.keep_left_empty(
                connection, vacancies=list(self._left_empty), seats=list(self._left_empty.values())
            )
        await outbox.append(
            connection, [Statement(data, now, cause=cause) for data, cause in self._statements]
        )


def _offered(round_id: str, offer: Offer) -> SeatOffered:
    return SeatOffered(
        offer_id=offer.id_in(round_id),
        vacancy_id=offer.vacancy_id,
        round_id=round_id,
        participant_no=offer.participant_no,
        applied_for=offer.applied_for,
        code=offer.code,
        move=offer.move,
    )


def _columns(key: PoolKey, offer: Offer) -> tuple[object, ...]:
    """An offer as it is stored."""
    round_id, pool = key
    return (
        offer.id_in(round_id),
        offer.vacancy_id,
        offer.participant_no,
        round_id,
        pool,
        offer.applied_for,
        offer.move,
        offer.code,
    )
