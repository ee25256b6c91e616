"""Serves an app over HTTP, and ends connections that do nothing but hold it."""

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD = "head"
REST = "rest of a body"
SECONDS = {HEAD: 10.0, REST: 10.0}
"""How long a head may take, and the rest of a body that was answered before it was whole.

Uvicorn waits for both for ever. A body that is still awaited has its time in its route.
"""

UNREAD_MS = 60_000
"""An answer of which its reader takes nothing for so long is given up, with its connection."""


class WatchedProtocol(HttpToolsProtocol):
    """Ends a connection on which a head, or the rest of a refused body, does not come in time.

    Sending a little of it now and then does not extend the time.
    """

    _awaited: str | None = None
    _timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
        self._await(HEAD)

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._await(self._missing())

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        # where the next head is awaited, uvicorn's own time for idle connections counts
        self._await(REST if self._missing() == REST else None)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._await(None)
        super().connection_lost(exc)

    def _missing(self) -> str | None:
        """What has to come next; None while a request is worked on."""
        cycle: Any = self.cycle  # uvicorn's type leaves out that it is None before a request
        if cycle is None:
            return HEAD
        if not cycle.response_complete:
            return None
        return REST if cycle.more_body else HEAD

    def _await(self, what: str | None) -> None:
        """Gives `what` its time, if it isn't what is awaited already."""
        if what == self._awaited:
            return
        self._awaited = what
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(SECONDS[what], self.transport.abort) if what else None


OPTIONS: Mapping[str, Any] = {
    "http": WatchedProtocol,
    "ws": "none",
    "proxy_headers": False,
    "server_header": False,
    "log_config": None,
    "access_log": False,
}
"""How uvicorn serves our apps.

What a request says of who forwarded it is believed of nobody: nothing here depends on a reader's
address, and the door logs it.
"""


def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serves until SIGTERM. Streams end when told to; other answers get a while to be finished."""
    uvicorn.run(app, host=host, port=port, timeout_graceful_shutdown=10, **OPTIONS)
