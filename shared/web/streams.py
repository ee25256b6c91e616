"""Server-sent events, for as many readers at a time as one process can bear."""

from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from shared.refusals import Refusal

OPEN_STREAMS = 1000
"""Streams that one process has open. Each keeps some 60 KiB; the limit of its memory is 512 MiB."""

KEEP_ALIVE_S = 15
"""Proxies close a connection on which nothing moves, most after a minute."""


class OpenStreams:
    """The streams that one process has open."""

    def __init__(self, limit: int = OPEN_STREAMS) -> None:
        self.limit = limit
        self.open = 0

    def answer(self, events: AsyncIterator[ServerSentEvent]) -> EventSourceResponse:
        """Streams the events. Raises Refusal `too-many-streams` where the limit is reached."""
        if self.open >= self.limit:
            raise Refusal("too-many-streams")
        self.open += 1
        return _CountedStream(self, events)


class _CountedStream(EventSourceResponse):
    """One open stream; its place is free again when it has ended, however it ended."""

    def __init__(self, streams: OpenStreams, events: AsyncIterator[ServerSentEvent]) -> None:
        super().__init__(events, ping=KEEP_ALIVE_S)
        self._streams = streams

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.open -= 1
