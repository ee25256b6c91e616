"""Puts feedback's worker together: it learns of units, states finished days, assesses units."""

from collections.abc import Callable
from datetime import datetime

from services.feedback.complaints.usecases.state_complaints import state_finished_days
from services.feedback.flags.usecases.assess_units import assess_units
from services.feedback.settings import Settings
from services.feedback.subscriptions import subscriptions
from shared.clock import utc_now
from shared.duties import forget_answers
from shared.messaging.worker import Duty, Worker
from shared.postgres.pool import Pool
from shared.service_outbox import origins, outbox

LOOK_EVERY_S = 2.0
"""How soon a day that is over is stated, and a change of units or services assessed: one assessment
in so many seconds, since each reads the counts of the whole province."""


def create_worker(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Worker:
    """The worker of feedback."""
    out = outbox("feedback", settings)

    async def state_days(pool: Pool) -> None:
        more = True
        while more:
            async with pool.acquire() as connection, connection.transaction():
                more = await state_finished_days(connection, out, clock(), settings.zone)

    async def assess(pool: Pool) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await assess_units(connection, out, clock(), settings.zone, settings.limits)

    async def settle(pool: Pool) -> None:
        await state_days(pool)
        await assess(pool)

    duties = [Duty("state_days_and_assess", LOOK_EVERY_S, settle), forget_answers(settings)]
    return Worker(
        service="feedback",
        settings=settings,
        outbox=out,
        origins=origins(settings.province),
        subscriptions=subscriptions,
        duties=duties,
        marks=["public.assessment_owed"],
        clock=clock,
    )
