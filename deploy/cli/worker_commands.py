"""What the commands that work on one service's database have in common."""

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiokafka import TopicPartition

from shared.messaging.worker import Worker
from shared.postgres.pool import Pool

Answer = TypeVar("Answer")

_PLACE = re.compile(r"([A-Za-z0-9._-]+)/([0-9]{1,9})")


def partition_of(place: str) -> TopicPartition | None:
    """The partition of `TOPIC/PARTITION`; None if it is written another way."""
    written = _PLACE.fullmatch(place)
    return None if written is None else TopicPartition(written[1], int(written[2]))


async def with_pool(worker: Worker, ask: Callable[[Pool], Awaitable[Answer]]) -> Answer:
    """The answer to a question to the service's database, of which no connection stays open."""
    pool = await worker.pool()
    try:
        return await ask(pool)
    finally:
        await pool.close()
