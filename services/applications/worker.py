"""Puts the worker of applications together: it carries out what was decided, and hears what ranking says of candidates."""

from collections.abc import Callable
from datetime import datetime

from services.applications.api import outbox
from services.applications.handlers.events import hears
from services.applications.settings import Settings
from shared.clock import utc_now
from shared.messaging.worker import Worker
from shared.web.effects import forget_answers


def create_worker(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Worker:
    """The worker of applications."""
    return Worker(
        service="applications",
        settings=settings,
        outbox=outbox(settings),
        hears=hears,
        duties=[forget_answers(settings)],
        clock=clock,
    )
