"""Ask a server again while it is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from shared.messaging.failures import Unavailable, is_infrastructure

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
"""Seconds between two questions: doubled each time, and capped."""


async def retry_while_unavailable(ask: Callable[[], Awaitable[Answer]], waiting: str) -> Answer:
    """Ask at once, and again while the server is away, less and less often.

    `waiting` is what the log says then. Raises what is not infrastructure.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            return await ask()
        except Exception as error:
            if not is_infrastructure(error):
                raise
            why = str(error) if isinstance(error, Unavailable) else type(error).__name__
            log.warning(waiting, why=why)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
