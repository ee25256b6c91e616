"""What a service answers where something goes wrong."""

from collections.abc import Mapping

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.postgres.errors import UNAVAILABLE
from shared.refusals import Refusal
from shared.web.pages import PageRoute
from shared.web.problems import Problems

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
}
"""Headers of some problems, by code."""


class FaultMiddleware:
    """Answers 500 where the app fails, and leaves the connection of use.

    An error that reaches uvicorn closes the connection after the answer; a proxy that sends its
    next request there answers 502 in our place.
    """

    def __init__(self, app: ASGIApp, problems: Problems) -> None:
        self._app = app
        self._problems = problems

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
            log.error("our fault", path=scope["path"], exc_info=error)
            answer = _answer(self._problems, Request(scope), Refusal("our-fault"))
            await answer(scope, receive, send)


def add_errors(app: FastAPI, problems: Problems) -> None:
    """Has the app answer refusals, wrong requests, lost databases and our own faults."""
    app.add_middleware(FaultMiddleware, problems=problems)

    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> Response:
        return _answer(problems, request, refusal)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        route = request.scope.get("route")
        if isinstance(route, PageRoute):
            return route.pages.wrong_address(
                request, (str(fault["loc"][-1]) for fault in error.errors())
            )
        faults: list[dict[str, object]] = [
            {
                "column": ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0]),
                "reason": fault["msg"],
            }
            for fault in error.errors()
        ]
        return problems.response(request, Refusal("invalid-request", errors=faults))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        return _answer(problems, request, _refusal_of(request, error), error.headers)

    @app.exception_handler(ClientDisconnect)
    async def gone(_request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=400)  # nobody reads it

    async def unavailable(request: Request, error: Exception) -> Response:
        log.warning("database unavailable", path=request.url.path, error=type(error).__name__)
        return _answer(problems, request, Refusal("try-again"))

    for kind in UNAVAILABLE:
        app.add_exception_handler(kind, unavailable)


def _refusal_of(request: Request, error: HTTPException) -> Refusal:
    """What the libraries refuse, as a refusal of ours."""
    if error.status_code == 404:
        return Refusal("not-found", what=request.url.path)
    if error.status_code == 405:
        return Refusal("method-not-allowed", method=request.method)
    return Refusal("bad-request")


def _answer(
    problems: Problems, request: Request, refusal: Refusal, headers: Mapping[str, str] | None = None
) -> Response:
    """The problem as a page where a page was asked for, else as JSON."""
    headers = {**WITH_HEADERS.get(refusal.code, {}), **(headers or {})}
    route = request.scope.get("route")
    if isinstance(route, PageRoute):
        return route.pages.problem(request, refusal, headers)
    return problems.response(request, refusal, headers)
