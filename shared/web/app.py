"""Makes the HTTP app of a service: routes, API documentation, errors, health and metrics."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime

from fastapi import Depends, FastAPI, Response
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.messaging.outbox import Outbox
from shared.postgres.errors import address_shown, is_unavailable
from shared.postgres.pool import create_pool
from shared.settings import RoundSettings, ServiceSettings
from shared.web.authentication import TokenVerifier, issuer_keys, token_rules
from shared.web.dependencies import Resources, ResourcesDependency
from shared.web.document import complete_document
from shared.web.documentation import serve_documentation
from shared.web.errors import add_errors
from shared.web.operations import TAG as OPERATION_TAG
from shared.web.operations import router as operations
from shared.web.pages import Pages
from shared.web.problems import Problems, problem_responses
from shared.web.query_names import refuse_other_queries
from shared.web.request_log import observe_requests
from shared.web.response_headers import HeadersMiddleware
from shared.web.routes import APIRouter
from shared.web.streams import OpenStreams
from shared.web.uploads import IMPORTS_AT_ONCE

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


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
    pages: Pages | None = None,
    clock: Callable[[], datetime],
    pool_size: int = 10,
    lifespan: Lifespan | None = None,
    unobserved: Collection[str] = (),
) -> FastAPI:
    """The app of `service`, all its paths under `/<service>`.

    Its pool is opened when it starts and closed when it ends; it serves also while PostgreSQL is
    away, and answers 503 until it is there. `lifespan(app)` is entered while the app serves: a
    listener, for example. `tags` groups the operations: name and description.
    `unobserved` are the routes whose requests nobody may tell the hour of (observe_requests).
    """
    prefix = f"/{service}"

    @asynccontextmanager
    async def serving(app: FastAPI) -> AsyncIterator[None]:
        async with (
            await create_pool(
                settings.database_url, application=f"{service}-api", size=pool_size
            ) as pool,
            issuer_keys(settings) as keys,
        ):
            verifier = TokenVerifier(keys, token_rules(settings))
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
        docs_url=None,
        redoc_url=None,
        static_url=f"{prefix}/docs/assets",
        responses=problem_responses(400, 408, 413, 422, 503),
        separate_input_output_schemas=False,
        redirect_slashes=False,  # the address would be made of what the request says is our host
    )
    app.state.imports = asyncio.Semaphore(IMPORTS_AT_ONCE)
    app.state.streams = OpenStreams()
    for router in (*routers, operations(service)):
        app.include_router(router, prefix=prefix, dependencies=[Depends(refuse_other_queries)])
    complete_document(app)
    serve_documentation(app, f"{prefix}/docs", f"{prefix}/docs/assets")
    pages = pages or Pages(service, [], problems)
    pages.serve_assets(app)
    add_errors(app, pages)
    app.add_middleware(HeadersMiddleware)
    observe_requests(app, unobserved)
    _add_health(app)
    return app


def _add_health(app: FastAPI) -> None:
    @app.get("/live", include_in_schema=False)
    async def live() -> Response:
        return Response("live\n", media_type="text/plain")

    @app.get("/ready", include_in_schema=False)
    async def ready(resources: ResourcesDependency) -> Response:
        try:
            await resources.pool.fetchval("SELECT 1", timeout=5)
        except Exception as error:
            if not is_unavailable(error):
                raise
            server = address_shown(resources.settings.database_url)
            return Response(
                f"PostgreSQL at {server}: {type(error).__name__}\n",
                status_code=503,
                media_type="text/plain",
            )
        return Response("ready\n", media_type="text/plain")

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
