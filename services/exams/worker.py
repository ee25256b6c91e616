"""Puts the worker of exams together: it learns who may sit, and carries results out."""

from collections.abc import Callable
from datetime import datetime

from services.exams.settings import Settings
from services.exams.subscriptions import subscriptions
from shared.clock import utc_now
from shared.duties import forget_answers
from shared.messaging.worker import Worker
from shared.service_outbox import origins, outbox


def create_worker(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Worker:
    """The worker of exams."""
    return Worker(
        service="exams",
        settings=settings,
        outbox=outbox("exams", settings),
        origins=origins(settings.province),
        subscriptions=subscriptions,
        duties=[forget_answers(settings)],
        clock=clock,
    )
