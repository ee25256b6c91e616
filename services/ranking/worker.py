"""Puts ranking's worker together: it learns what others state, and states standings when owed."""

from collections.abc import Callable
from datetime import datetime

from services.ranking.lists.usecases.make_revisions import make_owed_revisions
from services.ranking.settings import Settings
from services.ranking.standings.usecases.state_standings import state_all_owed
from services.ranking.subscriptions import subscriptions
from shared.clock import utc_now
from shared.duties import forget_answers
from shared.messaging.worker import Duty, Worker
from shared.postgres.pool import Pool
from shared.service_outbox import origins, outbox

REVISIONS_EVERY_S = 2.0
"""How soon a list that was fixed has a new version beside it once a correction was stated; a look
costs a query over the fixed lists."""

LOOK_EVERY_S = 0.25
"""How soon a change is stated that comes after a quiet second; a look costs a query over the
vacancies."""


def create_worker(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Worker:
    """The worker of ranking."""
    out = outbox("ranking", settings)

    async def state(pool: Pool) -> None:
        await state_all_owed(pool, out, clock)

    async def revise(pool: Pool) -> None:
        await make_owed_revisions(pool, clock)

    duties = [
        Duty("state_standings", LOOK_EVERY_S, state),
        Duty("make_revisions", REVISIONS_EVERY_S, revise),
        forget_answers(settings),
    ]
    return Worker(
        service="ranking",
        settings=settings,
        outbox=out,
        origins=origins(settings.province),
        subscriptions=lambda outbox: subscriptions(outbox, clock),
        duties=duties,
        clock=clock,
    )
