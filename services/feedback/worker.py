"""Puts feedback's worker together: it learns of units, and assesses them when that is owed."""

from collections.abc import Callable
from datetime import datetime

from services.feedback.flags.usecases.assess_units import assess_units
from services.feedback.settings import Settings
from services.feedback.subscriptions import subscriptions
from shared.clock import utc_now
from shared.duties import forget_answers
from shared.messaging.worker import Duty, Worker
from shared.postgres.pool import Pool
from shared.service_outbox import outbox

ASSESS_EVERY_S = 2.0
"""A burst of complaints costs one assessment in so many seconds; each reads the counts of the whole
province."""


def create_worker(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Worker:
    """The worker of feedback."""
    out = outbox("feedback", settings)

    async def assess(pool: Pool) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await assess_units(connection, out, clock(), settings.zone, settings.limits)

    duties = [Duty("assess_units", ASSESS_EVERY_S, assess), forget_answers(settings)]
    return Worker(
        service="feedback",
        settings=settings,
        outbox=out,
        subscriptions=subscriptions,
        duties=duties,
        marks=["public.assessment_owed"],
        clock=clock,
    )
