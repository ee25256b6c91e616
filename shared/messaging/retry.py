"""Ask a server again while it is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.messaging.failures import is_infrastructure
from shared.messaging.outages import Outage

Answer = TypeVar("Answer")

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
"""Seconds between two questions: doubled each time, and capped."""


async def retry_while_unavailable(ask: Callable[[], Awaitable[Answer]], outage: Outage) -> Answer:
    """Ask at once, and again while the server is away, less and less often.

    `outage` is told. Raises what is not infrastructure.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            answer = await ask()
        except Exception as error:
            if not is_infrastructure(error):
                raise
            outage.failed(error)
        else:
            outage.over()
            return answer
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
