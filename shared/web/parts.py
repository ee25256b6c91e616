"""What a service's HTTP process is made of, put together when it starts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from shared.messaging.outbox import Outbox
from shared.postgres.pool import Pool
from shared.settings import Settings
from shared.web.identity import Identity
from shared.web.problems import Problems


@dataclass(frozen=True, slots=True)
class Parts:
    """`clock` gives the present instant in UTC."""

    service: str
    settings: Settings
    pool: Pool
    outbox: Outbox
    clock: Callable[[], datetime]
    identity: Identity
    problems: Problems


async def parts(
    request: Request,
) -> Parts:  # async: a plain function would cost each request a thread
    """The parts of the app that serves this request."""
    found: Parts = request.app.state.parts
    return found


TheParts = Annotated[Parts, Depends(parts)]
