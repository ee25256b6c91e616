"""Makes the HTTP app of a service: routes, API documentation, errors, health and metrics."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime

import structlog
from asgi_correlation_id import correlation_id
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.messaging.outbox import Outbox
from shared.postgres.errors import UNAVAILABLE
from shared.postgres.pool import create_pool
from shared.refusals import Refusal
from shared.settings import RoundSettings, ServiceSettings
from shared.web.authentication import TokenVerifier
from shared.web.dependencies import Resources, ResourcesDependency
from shared.web.document import complete_document
from shared.web.operations import TAG as OPERATION_TAG
from shared.web.operations import router as operations
from shared.web.pages import PageRoute
from shared.web.problems import Problems, problem_responses
from shared.web.request_log import REQUEST_ID, observe_requests
from shared.web.uploads import IMPORTS_AT_ONCE

log = structlog.get_logger()

MAX_BODY_BYTES = 16 * 1024 * 1024
"""A national list of vacancies is about half of this.

A larger file is split by hand before one process' memory suffers.
"""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class BodyLimitMiddleware:
    """Refuses a body of more than MAX_BODY_BYTES while it comes in, before it is kept."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            limit = scope.get("body_limit", MAX_BODY_BYTES)
            if size > limit:
                raise Refusal("too-large", limit=limit)
            return message

        await self.app(scope, counted if scope["type"] == "http" else receive, send)


def create_app(
    service: str,
    settings: ServiceSettings,
    routers: Sequence[APIRouter],
    *,
    title: str,
    description: str,
    tags: Mapping[str, str],
    outbox: Outbox,
    problems: Problems,
    clock: Callable[[], datetime],
    pool_size: int = 10,
    lifespan: Lifespan | None = None,
    unobserved: Collection[str] = (),
) -> FastAPI:
    """The app of `service`, all its paths under `/<service>`.

    Its pool is opened when it starts and closed when it ends; an OSError or PostgresError at the
    start ends the process, and whoever started it tries again. `lifespan(app)` is entered while the
    app serves: a listener, for example. `tags` groups the operations: name and description.
    `unobserved` are the routes whose requests nobody may tell the hour of (observe_requests).
    """
    prefix = f"/{service}"

    @asynccontextmanager
    async def serving(app: FastAPI) -> AsyncIterator[None]:
        async with await create_pool(
            settings.database_url, application=f"{service}-api", size=pool_size
        ) as pool:
            verifier = TokenVerifier(issuer=settings.issuer, jwks_url=settings.jwks_url)
            accounts = settings.accounts if isinstance(settings, RoundSettings) else None
            app.state.resources = Resources(
                service, settings, pool, outbox, clock, verifier, problems, accounts
            )
            async with lifespan(app) if lifespan else nullcontext():
                yield

    app = FastAPIOffline(
        title=title,
        description=description,
        version="0.1.0",
        openapi_tags=[
            {"name": name, "description": text} for name, text in {**tags, **OPERATION_TAG}.items()
        ],
        servers=[{"url": "/", "description": "The province whose address this is"}],
        contact={"name": "The personnel agency of the province"},
        license_info={"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        lifespan=serving,
        openapi_url=f"{prefix}/openapi.json",
        docs_url=f"{prefix}/docs",
        redoc_url=None,
        static_url=f"{prefix}/docs/assets",
        swagger_ui_oauth2_redirect_url=f"{prefix}/docs/oauth2-redirect",
        responses=problem_responses(400, 413, 422, 503),
        separate_input_output_schemas=False,
    )
    app.state.imports = asyncio.Semaphore(IMPORTS_AT_ONCE)
    for router in (*routers, operations(service)):
        app.include_router(router, prefix=prefix)
    complete_document(app)
    app.add_middleware(BodyLimitMiddleware)
    observe_requests(app, unobserved)
    _add_health(app)
    _add_errors(app, problems)
    return app


def _add_health(app: FastAPI) -> None:
    @app.get("/live", include_in_schema=False)
    async def live() -> Response:
        return Response("live\n", media_type="text/plain")

    @app.get("/ready", include_in_schema=False)
    async def ready(resources: ResourcesDependency) -> Response:
        try:
            await resources.pool.fetchval("SELECT 1", timeout=5)
        except UNAVAILABLE as error:
            return Response(
                f"PostgreSQL: {type(error).__name__}\n", status_code=503, media_type="text/plain"
            )
        return Response("ready\n", media_type="text/plain")

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _add_errors(app: FastAPI, problems: Problems) -> None:
    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> Response:
        headers = {"WWW-Authenticate": "Bearer"} if refusal.code == "unauthenticated" else {}
        return _answer(problems, request, refusal, headers)

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
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 404:
            return problems.response(request, Refusal("not-found", what=request.url.path))
        if error.status_code == 405:
            return problems.response(
                request, Refusal("method-not-allowed", method=request.method), error.headers
            )
        return problems.response(request, Refusal("bad-request", why=str(error.detail)))

    async def unavailable(request: Request, error: Exception) -> Response:
        log.warning("database unavailable", path=request.url.path, error=type(error).__name__)
        return _answer(problems, request, Refusal("try-again"), {"Retry-After": "2"})

    for kind in UNAVAILABLE:
        app.add_exception_handler(kind, unavailable)

    @app.exception_handler(Exception)
    async def ours(request: Request, error: Exception) -> Response:
        log.error("our fault", path=request.url.path, exc_info=error)
        answer = _answer(problems, request, Refusal("our-fault"))
        # it is answered outside of all middleware
        answer.headers[REQUEST_ID] = correlation_id.get() or ""
        return answer


def _answer(
    problems: Problems, request: Request, refusal: Refusal, headers: Mapping[str, str] | None = None
) -> Response:
    """The problem as a page where a page was asked for, else as JSON."""
    route = request.scope.get("route")
    if isinstance(route, PageRoute):
        return route.pages.problem(request, refusal, headers)
    return problems.response(request, refusal, headers)
