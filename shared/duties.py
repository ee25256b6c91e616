"""Duties that the worker of every service has."""

from datetime import timedelta

from shared.messaging.worker import Duty
from shared.postgres import idempotency
from shared.postgres.pool import Pool
from shared.settings import ServiceSettings

FORGET_EVERY_S = 600.0
"""Answers are kept for days: ten minutes more or less make no difference."""


def forget_answers(settings: ServiceSettings) -> Duty:
    """Removes the answers to requests once they were kept for the days of the setting."""
    kept = timedelta(days=settings.idempotency_kept_days)

    async def forget(pool: Pool) -> None:
        await idempotency.forget_answers(pool, kept)

    return Duty("forget_answers", FORGET_EVERY_S, forget)
