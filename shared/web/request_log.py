"""What operators see of requests: an id for each, a line in the log, and metrics by route."""

import re
from collections.abc import Collection
from uuid import uuid4

import structlog
from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import FastAPI
from prometheus_fastapi_instrumentator import Instrumentator
from prometheus_fastapi_instrumentator.metrics import Info

from shared.messaging.outbox import CORRELATION_ID
from shared.observability.metrics import HTTP_REQUESTS, HTTP_SECONDS

log = structlog.get_logger()

REQUEST_ID = "X-Request-ID"
UNSAFE_IN_IDS = re.compile(r"[^A-Za-z0-9._-]")
SENT_ID_LENGTH = 64
"""Characters of an id from outside that are logged; a UUID or a trace id has fewer."""

LOWEST_FAILURE = 400
"""The lowest HTTP status of an answer that something failed (RFC 9110, 15.5)."""


def observe_requests(app: FastAPI, unobserved: Collection[str] = ()) -> None:
    """Gives each request an id, and logs and counts it by the template of its route.

    The id is new, whatever was sent: it stands in the answer, in the log and as the correlation id
    of events; an id from outside stands in the log alone. Addresses are in neither log nor metrics:
    they hold participant numbers and what people searched for. Of the routes in `unobserved`
    (templates) only failures are seen: where people are promised that nobody learns the hour in
    which they wrote.
    """

    def observe(info: Info) -> None:
        if info.modified_handler in unobserved and int(info.modified_status) < LOWEST_FAILURE:
            return
        _count(info)
        _log(info)

    instrumentator = Instrumentator(
        should_group_status_codes=False, excluded_handlers=["^/(live|ready|metrics)$"]
    )
    instrumentator.add(observe).instrument(app)
    app.add_middleware(
        CorrelationIdMiddleware,
        header_name=REQUEST_ID,
        update_request_header=False,
        validator=None,
        transformer=_own_id,
    )


def _own_id(_sent: str) -> str:
    """A new id in place of the one that came, kept for the events of this request."""
    own = str(uuid4())
    CORRELATION_ID.set(own)
    return own


def _count(info: Info) -> None:
    HTTP_REQUESTS.labels(info.method, info.modified_handler, info.modified_status).inc()
    HTTP_SECONDS.labels(info.method, info.modified_handler).observe(
        info.modified_duration_without_streaming
    )


def _log(info: Info) -> None:
    sent = UNSAFE_IN_IDS.sub("", info.request.headers.get(REQUEST_ID, ""))[:SENT_ID_LENGTH]
    log.info(
        "request",
        method=info.method,
        route=info.modified_handler,
        status=int(info.modified_status),
        ms=round(info.modified_duration * 1000, 1),
        **({"sent_request_id": sent} if sent else {}),
    )
