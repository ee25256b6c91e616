"""What a service answers where something goes wrong."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.postgres.errors import is_unavailable
from shared.refusals import Refusal, ValueFault
from shared.web.pages import PageRoute, Pages

log = structlog.get_logger()

INVALID_TOKEN = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
"""RFC 6750 §3.1."""
WITH_HEADERS: Mapping[str, Mapping[str, str]] = {
    "unauthenticated": {"WWW-Authenticate": "Bearer"},
    "token-expired": INVALID_TOKEN,
    "token-for-others": INVALID_TOKEN,
    "token-malformed": INVALID_TOKEN,
    "token-unverified": INVALID_TOKEN,
    "too-slow": {"Connection": "close"},
    "try-again": {"Retry-After": "2"},
    "too-many-streams": {"Retry-After": "30"},
}
"""Headers of some problems, by code."""


FIELD_LENGTH = 100
"""Characters of a field's path that an answer repeats: its names come from the request."""

OF_A_NAME = "[key]"
"""What pydantic adds to the place of a fault in the name itself of a field, not its value."""

PROBLEM_TYPES = ("application/json", "application/problem+json")
WEIGHT = re.compile(r"[01](\.[0-9]{0,3})?")


class FaultMiddleware:
    """Answers 503 where the database is away, 500 where the app fails; keeps the connection of use.

    An error that reaches uvicorn closes the connection after the answer; a proxy that sends its
    next request there answers 502 in our place.
    """

    def __init__(self, app: ASGIApp, pages: Pages) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise  # the connection breaks off: whoever reads sees that the answer isn't whole
            answer = _answer(self._pages, Request(scope), _refusal_of_failure(error))
            await answer(scope, receive, send)


def add_errors(app: FastAPI, pages: Pages) -> None:
    """Has the app answer refusals, wrong requests, lost databases and our own faults."""
    app.add_middleware(FaultMiddleware, pages=pages)

    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> Response:
        return _answer(pages, request, refusal)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        if isinstance(request.scope.get("route"), PageRoute):
            return pages.wrong_address(request, (str(fault["loc"][-1]) for fault in error.errors()))
        faults = [_fault(found) for found in error.errors()]
        refusal = Refusal("invalid-request", errors=faults, count=len(faults))
        return _answer(pages, request, refusal)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        return _answer(pages, request, _refusal_of(request, error), error.headers)

    @app.exception_handler(ClientDisconnect)
    async def gone(_request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=400)  # nobody reads it


def _refusal_of_failure(error: Exception) -> Refusal:
    """What a failure is for whoever asked: they may try again, or it is our fault."""
    if is_unavailable(error):
        state = error.sqlstate if isinstance(error, asyncpg.PostgresError) else None
        log.warning("database unavailable", error=type(error).__name__, sqlstate=state)
        return Refusal("try-again")
    log.error("our fault", exc_info=error)
    return Refusal("our-fault")


def _refusal_of(request: Request, error: HTTPException) -> Refusal:
    """What the libraries refuse, as a refusal of ours."""
    if error.status_code == 404:
        return Refusal("not-found", what=request.url.path)
    if error.status_code == 405:
        return Refusal("method-not-allowed", method=request.method)
    return Refusal("bad-request")


def _fault(found: Mapping[str, Any]) -> dict[str, object]:
    """One fault that pydantic found in a request."""
    place = found["loc"][1:] or found["loc"]
    names = (str(name) for name in place if name != OF_A_NAME)
    return {
        "field": _printable(".".join(names))[:FIELD_LENGTH],
        "reason": ValueFault(found["type"], found.get("ctx", {}), found["msg"]),
    }


def _printable(name: str) -> str:
    r"""A name out of a request, with what isn't printable spelled out: `\u0000`."""
    return "".join(
        character if character.isprintable() else f"\\u{ord(character):04x}" for character in name
    )


def _answer(
    pages: Pages, request: Request, refusal: Refusal, headers: Mapping[str, str] | None = None
) -> Response:
    """The problem as a page where a page was asked for, else as JSON."""
    headers = {**WITH_HEADERS.get(refusal.code, {}), **(headers or {})}
    if isinstance(request.scope.get("route"), PageRoute) or _prefers_page(request):
        return pages.problem(request, refusal, headers)
    return pages.problems.response(request, refusal, headers)


def _prefers_page(request: Request) -> bool:
    """Whether HTML is asked for by name, and not less than JSON: browsers do (RFC 9110, 12.5.1)."""
    asked = dict(_accepted(request.headers.get("accept", "")))
    page = asked.get("text/html", 0.0)
    return page > 0 and page >= max(asked.get(kind, 0.0) for kind in PROBLEM_TYPES)


def _accepted(header: str) -> Iterator[tuple[str, float]]:
    """Media types of an Accept header with their weights; 0 where a weight can't be read."""
    for part in header.lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        yield kind, float(weight) if WEIGHT.fullmatch(weight) else 0.0
