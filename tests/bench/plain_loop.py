"""Runs `terang WORDS` on asyncio and h11, each application by a transaction of its own.

What the faster loop, the faster parser and the groups are compared with.
"""

import runpy
import sys
from collections.abc import Sequence

import uvicorn

from services.applications import api
from services.applications.registration.usecases.submit_application import ApplicationReceipt
from services.applications.registration.usecases.submit_together import (
    Submission,
    submit_together,
)
from shared.messaging.outbox import Outbox
from shared.postgres.pool import Pool


async def alone(
    _pool: Pool, _outbox: Outbox, group: Sequence[Submission]
) -> list[ApplicationReceipt | None]:
    """Leaves each to be taken alone."""
    return [None] * len(group)


setattr(api, submit_together.__name__, alone)
run = uvicorn.run
uvicorn.run = lambda app, **options: run(app, **{**options, "loop": "asyncio", "http": "h11"})
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
