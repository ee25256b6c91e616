"""Forgets the answers that were kept for requests sent again (effects.py)."""

from datetime import timedelta

from shared.messaging.worker import Duty
from shared.postgres.pool import Pool
from shared.settings import Settings

FORGET = """
WITH forgotten AS (
    DELETE FROM public.idempotency WHERE (subject, key) IN (
        SELECT subject, key FROM public.idempotency WHERE created_at < now() - $1::interval
         ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING 1
)
SELECT count(*) FROM forgotten
"""
"""Removes up to $2 answers older than $1, passing over those that another worker is removing;
returns how many."""

FORGET_EVERY_S = 600.0
FORGOTTEN_AT_ONCE = 1_000


def forget_answers(settings: Settings) -> Duty:
    """Each worker's duty to remove answers that were kept for their days, in small transactions."""
    kept = timedelta(days=settings.idempotency_kept_days)

    async def forget(pool: Pool) -> None:
        while await pool.fetchval(FORGET, kept, FORGOTTEN_AT_ONCE) == FORGOTTEN_AT_ONCE:
            pass

    return Duty("forget_answers", FORGET_EVERY_S, forget)
