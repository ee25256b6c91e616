"""What faults reach: the platform, the commands under way, and what was done to the logs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fault.campaign.evidence import Record
from tests.fault.campaign.platform import Platform


class Gate:
    """Lets commands through, or waits until none is under way and lets none through.

    What belongs together (a proposal and its confirmation) holds the gate as one; whoever holds it
    already is not asked again.
    """

    def __init__(self) -> None:
        self._under_way = 0
        self._changed = asyncio.Condition()
        self._closed = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """While the block lasts, the gate is not closed."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._closed)
            self._under_way += 1
        try:
            yield
        finally:
            async with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    @asynccontextmanager
    async def closed(self) -> AsyncIterator[None]:
        """The block begins when nothing is under way, and nothing begins before it ends."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._closed)
            self._closed = True
            self._changed.notify_all()
            await self._changed.wait_for(lambda: not self._under_way)
        try:
            yield
        finally:
            async with self._changed:
                self._closed = False
                self._changed.notify_all()


@dataclass
class Scene:
    """A chapter as its faults see it.

    `until_ready` waits until the platform is ready, and carries out remedies on the way.
    """

    platform: Platform
    gate: Gate
    folder: Path
    until_ready: Callable[[], Awaitable[float]]
    planted: list[str] = field(default_factory=list)
    """Places of records that the campaign wrote (`topic/partition/offset`)."""
    cut: list[Record] = field(default_factory=list)
    """Records that stood on a log before its head was removed."""
