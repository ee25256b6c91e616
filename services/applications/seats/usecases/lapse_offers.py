"""Offers that nobody answers in time lapse."""

from datetime import datetime, timedelta

from services.applications.seats.storage import SEATS
from shared.contracts.applications import SeatDeclined
from shared.messaging.outbox import Outbox, Statement
from shared.postgres.pool import Connection, Pool

LAPSED_AT_ONCE = 500
"""Offers a transaction: more would hold their rows too long."""


async def lapse_all(pool: Pool, outbox: Outbox, now: datetime, days: int) -> None:
    """Lets every offer lapse that is `days` old and has no answer."""
    lapsed = LAPSED_AT_ONCE
    while lapsed == LAPSED_AT_ONCE:
        async with pool.acquire() as connection, connection.transaction():
            lapsed = await lapse_offers(connection, outbox, now, days)


async def lapse_offers(connection: Connection, outbox: Outbox, now: datetime, days: int) -> int:
    """Lets up to LAPSED_AT_ONCE offers lapse, and states SeatDeclined; returns how many.

    What another worker lapses, or somebody answers, at the same instant is left to them.
    """
    until = now - timedelta(days=days)
    statements = [
        Statement(
            SeatDeclined(
                offer_id=offer["offer_id"],
                vacancy_id=offer["vacancy_id"],
                round_id=offer["round_id"],
                participant_no=offer["participant_no"],
                applied_for=offer["applied_for"],
                reason="lapsed",
            ),
            now,
        )
        async for offer in SEATS.lapse(connection, offered_until=until, at=now, most=LAPSED_AT_ONCE)
    ]
    await outbox.append(connection, statements)
    return len(statements)
