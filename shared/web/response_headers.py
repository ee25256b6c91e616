"""Headers that every answer carries, and who may keep a copy of it.

Strict-Transport-Security is the door's (`deploy/door/Caddyfile`): it alone knows whether it is
reached over TLS.
"""

from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

INERT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy of what is no page: a browser loads and runs nothing of it."""

NO_COPY = "no-store"
ASK_FIRST = "no-cache"
IMPERSONAL_COOKIES = frozenset({"lang"})
"""Cookies that say nothing of who asks."""


class HeadersMiddleware:
    """Adds them to every answer, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(MutableHeaders(scope=message), Request(scope), message["status"])
            await send(message)

        await self._app(scope, receive, with_headers)


def _complete(headers: MutableHeaders, request: Request, status: int) -> None:
    headers.setdefault("Content-Security-Policy", INERT)
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "same-origin")
    if not is_public(request, status):
        headers["Cache-Control"] = NO_COPY
    headers.setdefault("Cache-Control", ASK_FIRST)


def is_public(request: Request, status: int) -> bool:
    """Whether an answer is the same for everyone, so that caches may keep it.

    What a route says of its Cache-Control counts for these alone. Whatever is asked with a token or
    a cookie may be personal, changes are, and an error is over soon.
    """
    names = {name for name, _ in request.scope["headers"]}
    return (
        request.method in {"GET", "HEAD"}
        and status < HTTPStatus.BAD_REQUEST
        and b"authorization" not in names
        and IMPERSONAL_COOKIES.issuperset(request.cookies)
    )
