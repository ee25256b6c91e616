"""The door of the local stack: a reverse proxy that routes by a path's first segment.

In a deployment Caddy does the same (`deploy/door/Caddyfile`).
"""

import argparse
import html
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import anyio
import uvicorn
from multidict import CIMultiDict
from starlette.types import ASGIApp, Receive, Scope, Send
from yarl import URL

from deploy.local.demo_clock import demo_clock_routes
from deploy.local.issuer import WARNING, create_issuer, key_of
from shared.clock import DemoClock, utc_now
from shared.web.server import WatchedProtocol

HOP_BY_HOP_HEADERS = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""They speak of one connection, not of the request, and are not forwarded (RFC 9110 §7.6.1)."""

FORWARDING_HEADERS = frozenset(
    {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"}
)
"""Who forwarded a request is said by us: what it brings along of that is not passed on."""

ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (
        b"content-security-policy",
        b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
)
"""Headers of our own answers; the services say theirs."""

PAGE = """<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><title>{title} · Terang</title></head>
<body><main><h1>{title}</h1><p>{detail}</p><p><a href="/">Terang</a></p></main></body>
</html>
"""

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 120.0
"""Between two pieces of an answer; a stream of events sends a comment more often than that."""

FIRST_PAGE = b"/ranking/vacancies.html"

TEXTS = {
    "service-away": (
        502,
        {
            "en": (
                "A part of the platform is away",
                (
                    "The service {name} did not answer. It is usually back within seconds: "
                    "try again with the same Idempotency-Key."
                ),
            ),
            "id": (
                "Sebagian layanan tidak dapat dihubungi",
                (
                    "Layanan {name} tidak menjawab. Biasanya pulih dalam beberapa detik: "
                    "coba lagi dengan Idempotency-Key yang sama."
                ),
            ),
        },
    ),
    "no-such-service": (
        404,
        {
            "en": (
                "Nothing here",
                (
                    "No service is called {name}. The paths begin with {known}; "
                    "documentation is at /<service>/docs."
                ),
            ),
            "id": (
                "Tidak ada apa-apa di sini",
                (
                    "Tidak ada layanan bernama {name}. Alamat diawali {known}; "
                    "dokumentasi ada di /<layanan>/docs."
                ),
            ),
        },
    ),
}
"""Problem code -> status, and title and detail by language."""


class ReverseProxy:
    """An ASGI app that forwards requests, and answers piece by piece, streams of events included.

    `upstream` is `http://host:port` of the process that answers, by first path segment. `issuer`
    answers what begins with `/issuer`, in this process. `about` is served at
    `/.well-known/terang.json`: how another agency, or the demonstration, finds the rest.
    """

    def __init__(
        self, upstream: Mapping[str, str], issuer: ASGIApp, about: Mapping[str, str]
    ) -> None:
        self._upstream = dict(upstream)
        self._issuer = issuer
        self._about = json.dumps(dict(about)).encode()
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hold the client's session while the process lives."""
        if scope["type"] == "lifespan":
            await self._hold_session(receive, send)
            return
        assert scope["type"] == "http"
        name = scope["path"].split("/", 2)[1]
        if name == "issuer":
            await self._issuer(scope, receive, send)
        elif name in self._upstream:
            await self._forward(name, scope, receive, send)
        elif scope["path"] == "/":
            await _respond(send, 302, b"", b"text/plain", (b"location", FIRST_PAGE))
        elif scope["path"] == "/.well-known/terang.json":
            await _respond(send, 200, self._about, b"application/json")
        elif scope["path"] in ("/ready", "/live"):
            await _respond(send, 200, b"ok\n", b"text/plain")
        else:
            known = ", ".join(f"/{segment}" for segment in [*self._upstream, "issuer"])
            await _problem(scope, send, "no-such-service", name=name or "/", known=known)

    async def _hold_session(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        # an idle connection is dropped before the services drop it (after 5 s), so none is used
        # that is just being closed
        connections = aiohttp.TCPConnector(limit=400, keepalive_timeout=3)
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS
        )
        async with aiohttp.ClientSession(
            connector=connections,
            timeout=timeout,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as self._session:
            await send({"type": "lifespan.startup.complete"})
            await receive()  # lifespan.shutdown
        await send({"type": "lifespan.shutdown.complete"})

    async def _forward(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._session is not None
        names = {key for key, _ in scope["headers"]}
        has_body = bool({b"content-length", b"transfer-encoding"} & names)
        target = scope["raw_path"] + (
            b"?" + scope["query_string"] if scope["query_string"] else b""
        )
        try:
            answer = await self._session.request(
                scope["method"],
                URL(self._upstream[name] + target.decode("ascii"), encoded=True),
                headers=_forwarded_headers(scope),
                data=_body(receive) if has_body else None,
                allow_redirects=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
            )
        except (aiohttp.ClientError, TimeoutError):
            await _problem(scope, send, "service-away", name=name)
            return
        # an error from here on is raised: the client must see that the answer broke off
        async with answer, anyio.create_task_group() as group:
            group.start_soon(_cancel_when_gone, receive, group.cancel_scope)
            headers = [
                (key.lower(), value)
                for key, value in answer.raw_headers
                if key.lower() not in HOP_BY_HOP_HEADERS
            ]
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            async for piece in answer.content.iter_any():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            group.cancel_scope.cancel()


class _ClientGone(Exception):  # noqa: N818 - not an error
    """The client went away in the middle of its request; the service sees that break off too."""


def _forwarded_headers(scope: Scope) -> CIMultiDict[str]:
    headers = CIMultiDict(
        (key.decode("latin-1"), value.decode("latin-1"))
        for key, value in scope["headers"]
        if key not in HOP_BY_HOP_HEADERS | FORWARDING_HEADERS
    )
    headers.add("x-forwarded-proto", scope["scheme"])
    if scope["client"]:
        headers.add("x-forwarded-for", scope["client"][0])
    return headers


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientGone
        more = message.get("more_body", False)
        if piece := message.get("body", b""):
            yield piece


async def _cancel_when_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _problem(scope: Scope, send: Send, code: str, **values: str) -> None:
    status, texts = TEXTS[code]
    accepted = dict(scope["headers"]).get(b"accept-language", b"id").decode("latin-1")
    language = "en" if accepted.lower().startswith("en") else "id"
    title, detail = texts[language]
    detail = detail.format_map(values)
    if b"text/html" in dict(scope["headers"]).get(b"accept", b""):
        kind = b"text/html; charset=utf-8"
        body = PAGE.format(language=language, title=title, detail=html.escape(detail))
    else:
        kind = b"application/problem+json"
        problem = {
            "type": f"/problems/door/{code}",
            "title": title,
            "status": status,
            "detail": detail,
        }
        body = json.dumps(problem, ensure_ascii=False)
    said = (b"content-language", language.encode())
    await _respond(send, status, body.encode(), kind, said, cache=b"no-store")


async def _respond(
    send: Send,
    status: int,
    body: bytes,
    media_type: bytes,
    *more: tuple[bytes, bytes],
    cache: bytes = b"no-cache",
) -> None:
    length = (b"content-length", str(len(body)).encode())
    headers = [
        (b"content-type", media_type),
        length,
        (b"cache-control", cache),
        *ALWAYS,
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Run the reverse proxy and the demo issuer in one process; the supervisor starts it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument(
        "--key-file", type=Path, required=True, help="the demo issuer's signing key"
    )
    arguments.add_argument(
        "--demo-clock", type=Path, required=True, help="how far the services' clock is ahead"
    )
    arguments.add_argument(
        "--about", type=json.loads, required=True, help="JSON served at /.well-known/terang.json"
    )
    arguments.add_argument("routes", nargs="+", help="service=http://host:port")
    options = arguments.parse_args()
    issuer = create_issuer(
        options.about["issuer"],
        options.about["audience"],
        key_of(options.key_file),
        clock=utc_now,
    )
    issuer.include_router(demo_clock_routes(DemoClock(options.demo_clock)))
    upstream = dict(route.split("=", 1) for route in options.routes)
    proxy = ReverseProxy(upstream, issuer, options.about)
    print(WARNING, flush=True)  # noqa: T201 - into this process's log
    uvicorn.run(
        proxy,
        host="127.0.0.1",
        port=options.port,
        log_level="warning",
        http=WatchedProtocol,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
