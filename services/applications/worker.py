"""Puts the worker of applications together."""

from collections.abc import Callable
from datetime import datetime

from services.applications.registration.usecases.state_accounts import state_all_accounts
from services.applications.seats.usecases.lapse_offers import lapse_all
from services.applications.settings import Settings
from services.applications.subscriptions import subscriptions
from shared.clock import utc_now
from shared.duties import forget_answers
from shared.messaging.worker import Duty, Worker
from shared.postgres.pool import Pool
from shared.service_outbox import origins, outbox

LOOK_EVERY_S = 5.0
"""Seconds until an offer lapses after its last instant; a look is one query along an index."""


def create_worker(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Worker:
    """The worker of applications: subscribed to ranking; it lets offers lapse.

    After an update from an older version it states the accounts of applications once.
    """
    out = outbox("applications", settings)

    async def lapse(pool: Pool) -> None:
        await lapse_all(pool, out, clock(), settings.seat_answer_days)

    async def state(pool: Pool) -> None:
        await state_all_accounts(pool, out, settings.accounts, clock())

    duties = [
        Duty("lapse_offers", LOOK_EVERY_S, lapse),
        Duty("state_accounts", LOOK_EVERY_S, state),
        forget_answers(settings),
    ]
    return Worker(
        service="applications",
        settings=settings,
        outbox=out,
        origins=origins(settings.province),
        subscriptions=subscriptions,
        duties=duties,
        clock=clock,
    )
