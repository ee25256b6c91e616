"""The local reverse proxy forwards requests and streams, and has the demo issuer behind it."""

import asyncio
import contextlib
import json
import sys
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from deploy.local.demo_clock import demo_clock_routes
from deploy.local.issuer import create_issuer, key_of
from deploy.local.ports import free_port
from deploy.local.reverse_proxy import ReverseProxy
from shared.clock import DemoClock

NOW = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)


class Upstream:
    """A service behind it: repeats what it is sent, streams to its reader, or breaks off."""

    def __init__(self) -> None:
        self.stream_ended = asyncio.Event()
        self.app = Starlette(
            routes=[
                Route("/ranking/stream", self.stream),
                Route("/ranking/broken", self.broken),
                Route("/ranking/{rest:path}", self.repeat, methods=["GET", "POST", "DELETE"]),
            ]
        )

    async def repeat(self, request: Request) -> Response:
        body = await request.body()
        received = {
            "method": request.method,
            "path": request.url.path,
            "query": request.url.query,
            "headers": dict(request.headers),
            "bytes": len(body),
        }
        if request.method == "DELETE":
            return Response(status_code=204)
        return JSONResponse(received, status_code=201, headers={"x-own": "kept"})

    async def stream(self, _request: Request) -> Response:
        async def events() -> AsyncIterator[str]:
            try:
                for number in range(10_000):
                    yield f"data: {number}\n\n"
                    await asyncio.sleep(0.02)
            finally:
                self.stream_ended.set()

        return StreamingResponse(events(), media_type="text/event-stream")

    async def broken(self, _request: Request) -> Response:
        async def half() -> AsyncIterator[bytes]:
            yield b"half of it"
            await asyncio.sleep(0.1)
            raise ConnectionResetError("on purpose")

        return StreamingResponse(half(), headers={"content-length": "1000"})


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """The app on a free port, by its URL."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            app, port=port, log_level="critical", timeout_graceful_shutdown=1, proxy_headers=False
        )
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
async def door(upstream: Upstream, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    key = key_of(tmp_path / "key.json")
    issuer = create_issuer("http://door.test/issuer", "terang", key, clock=lambda: NOW)
    issuer.include_router(demo_clock_routes(DemoClock(tmp_path / "demo-clock")))
    async with serving(upstream.app) as behind:
        nobody = f"http://127.0.0.1:{free_port()}"
        proxy = ReverseProxy(
            {"ranking": behind, "exams": nobody},
            issuer,
            {"province": "99", "kafka": "k:9", "issuer": "http://door.test/issuer"},
        )
        async with serving(proxy) as url, httpx.AsyncClient(base_url=url, timeout=10) as client:
            yield client


async def test_a_request_arrives_as_it_was_sent(door: httpx.AsyncClient) -> None:
    """Method, escaped path, query, headers and body go through; so does the answer."""
    answer = await door.post(
        "/ranking/a%2Fb/c?x=1%202&y=",
        headers={"Idempotency-Key": "k1", "Accept-Language": "id"},
        content=b"z" * 3_000_000,
    )
    assert answer.status_code == 201
    assert answer.headers["x-own"] == "kept"
    received = answer.json()
    assert (received["method"], received["path"], received["query"], received["bytes"]) == (
        "POST",
        "/ranking/a/b/c",
        "x=1%202&y=",
        3_000_000,
    )
    assert received["headers"]["idempotency-key"] == "k1"
    assert received["headers"]["host"] == door.base_url.netloc.decode()
    assert received["headers"]["x-forwarded-for"] == "127.0.0.1"


async def test_a_body_of_unknown_length_arrives_whole(door: httpx.AsyncClient) -> None:
    """A chunked request body is passed on piece by piece."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 1000

    assert (await door.post("/ranking/x", content=pieces())).json()["bytes"] == 20_000


async def test_an_answer_without_a_body(door: httpx.AsyncClient) -> None:
    """204 comes through, and the connection goes on being of use."""
    assert (await door.delete("/ranking/x")).status_code == 204
    assert (await door.get("/ranking/x")).status_code == 201


async def test_events_arrive_one_by_one_and_end_with_their_reader(
    door: httpx.AsyncClient, upstream: Upstream
) -> None:
    """Server-sent events aren't held back; when the reader goes, the service's stream ends."""
    async with door.stream("GET", "/ranking/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert [await anext(lines) for _ in range(3)] == ["data: 0", "", "data: 1"]
    await asyncio.wait_for(upstream.stream_ended.wait(), 10)


async def test_an_answer_that_breaks_off_breaks_off(door: httpx.AsyncClient) -> None:
    """When a service dies in the middle of an answer, the reader sees that it isn't whole."""
    with pytest.raises(httpx.RemoteProtocolError):
        await door.get("/ranking/broken")


@pytest.mark.parametrize(
    ("language", "words"), [("en", "try again"), ("id-ID", "coba lagi"), (None, "coba lagi")]
)
async def test_a_service_that_is_away_is_a_502(
    door: httpx.AsyncClient, language: str | None, words: str
) -> None:
    """A problem says what to do about a service that is away, in the reader's language."""
    answer = await door.post(
        "/exams/sittings", json={}, headers={"Accept-Language": language} if language else {}
    )
    assert answer.status_code == 502
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/door/service-away"
    assert words in answer.json()["detail"]


async def test_an_unknown_service_is_a_404(door: httpx.AsyncClient) -> None:
    """A path of no service gives a problem that names the paths there are."""
    answer = await door.get("/payroll/x", headers={"Accept-Language": "en"})
    assert answer.status_code == 404
    assert "/ranking, /exams, /issuer" in answer.json()["detail"]


async def test_a_wrong_address_is_a_page_where_a_browser_asks(door: httpx.AsyncClient) -> None:
    """In one language, and nothing of what was asked becomes a part of the page."""
    asked = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": "id"}
    answer = await door.get("/<script>x", headers=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<h1>Tidak ada apa-apa di sini</h1>" in answer.text
    assert "<script>" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_who_forwarded_a_request_is_said_by_the_door_alone(door: httpx.AsyncClient) -> None:
    """What a request brings along of that is not passed on: it was added to."""
    forged = {"X-Forwarded-For": "10.1.1.1", "X-Forwarded-Proto": "https", "Forwarded": "for=x"}
    received = (await door.get("/ranking/x", headers=forged)).json()["headers"]
    assert received["x-forwarded-for"] == "127.0.0.1"
    assert received["x-forwarded-proto"] == "http"
    assert "forwarded" not in received


async def test_the_bare_address_leads_to_the_vacancies(door: httpx.AsyncClient) -> None:
    """Who enters nothing but the address gets to the page of all vacancies."""
    answer = await door.get("/")
    assert (answer.status_code, answer.headers["location"]) == (302, "/ranking/vacancies.html")


async def test_where_the_rest_is(door: httpx.AsyncClient) -> None:
    """/.well-known/terang.json names province, broker and issuer."""
    assert (await door.get("/.well-known/terang.json")).json() == {
        "province": "99",
        "kafka": "k:9",
        "issuer": "http://door.test/issuer",
    }


async def test_the_door_says_that_it_is_there(door: httpx.AsyncClient) -> None:
    """It is a process like the others: alive and ready."""
    assert (await door.get("/live")).is_success
    assert (await door.get("/ready")).is_success


async def test_figures_are_not_open_at_the_door(door: httpx.AsyncClient) -> None:
    """Anyone read memory and processor time there; Prometheus asks each process itself."""
    answer = await door.get("/metrics")
    assert answer.status_code == 404
    assert "process_" not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/nonsense", "/metrics", "/.well-known/terang.json", "/exams"]
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_every_answer_of_the_door_has_its_headers(
    path: str, accept: str, door: httpx.AsyncClient
) -> None:
    """What the door says itself is of the kind it says, runs nothing and is asked for anew."""
    answer = await door.get(path, headers={"Accept": accept})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert answer.headers["cache-control"] in ("no-cache", "no-store")


@pytest.mark.parametrize("path", ["/", "//docs", "//", "/nonsense"])
async def test_no_address_is_named_with_a_part_missing(path: str, door: httpx.AsyncClient) -> None:
    """The door named `//docs` where the service's part of the address was empty."""
    for accept in ("text/html", "application/json"):
        answer = await door.get(f"{door.base_url}{path}", headers={"Accept": accept})
        assert "//docs" not in answer.text


async def test_half_sent_heads_end(tmp_path: Path) -> None:
    """200 connections that send half a head are ended by the door's process, others are served."""
    port = free_port()
    about = {"issuer": "http://door.test/issuer", "audience": "terang"}
    door = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local.reverse_proxy", "--port", str(port)),
        *("--key-file", str(tmp_path / "key.json"), "--demo-clock", str(tmp_path / "clock")),
        *("--about", json.dumps(about), f"ranking=http://127.0.0.1:{free_port()}"),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            await alive(http)
            opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
            for _, writer in opened:
                writer.write(b"GET / HTTP/1.1\r\nHost: ter")
            assert (await http.get("/live")).is_success
            async with asyncio.timeout(120):
                for reader, writer in opened:
                    with contextlib.suppress(ConnectionResetError):
                        assert await reader.read() == b""
                    writer.close()
    finally:
        door.terminate()
        await door.wait()


async def alive(http: httpx.AsyncClient) -> None:
    """Returns when the process answers."""
    async with asyncio.timeout(60):
        while True:
            try:
                await http.get("/live")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return


async def test_a_token_carries_its_subject_and_roles(door: httpx.AsyncClient) -> None:
    """A token is signed with a published key and carries issuer, subject, roles and end."""
    form = {"grant_type": "client_credentials", "client_id": "ana", "scope": "applicant verifier"}
    answer = (await door.post("/issuer/token", data=form)).json()
    keys = KeySet.import_key_set((await door.get("/issuer/jwks")).json())
    token = jwt.decode(answer["access_token"], keys, algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    assert token.claims.pop("jti")
    assert token.claims == {
        "iss": "http://door.test/issuer",
        "aud": "terang",
        "sub": "ana",
        "client_id": "ana",
        "roles": ["applicant", "verifier"],
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + answer["expires_in"],
    }
    assert "DEMONSTRATION ONLY" in answer["warning"]
    assert "d" not in (await door.get("/issuer/jwks")).json()["keys"][0]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        (
            {"grant_type": "password", "client_id": "ana", "scope": "officer"},
            "unsupported_grant_type",
        ),
        (
            {"grant_type": "client_credentials", "client_id": "", "scope": "officer"},
            "invalid_client",
        ),
        (
            {"grant_type": "client_credentials", "client_id": "ana", "scope": "officer king"},
            "invalid_scope",
        ),
    ],
)
async def test_a_wrong_request_for_a_token_is_refused(
    door: httpx.AsyncClient, form: dict[str, str], error: str
) -> None:
    """Another grant, no subject, or a role that isn't there is refused with OAuth's own code."""
    answer = await door.post("/issuer/token", data=form)
    assert answer.status_code == 400
    assert answer.json()["error"] == error


def test_the_key_is_kept_and_closed(tmp_path: Path) -> None:
    """The signing key is made once, found again, and readable by its owner alone."""
    file = tmp_path / "deep" / "key.json"
    assert key_of(file).kid == key_of(file).kid == json.loads(file.read_text())["kid"]
    assert file.stat().st_mode & 0o777 == 0o600


async def test_days_pass_for_the_services_and_not_for_tokens(door: httpx.AsyncClient) -> None:
    """The demonstration's clock is asked and moved beside the issuer, whose own stays as it is."""
    before = datetime.fromisoformat((await door.get("/issuer/clock")).json()["now"])
    moved = await door.post("/issuer/clock", json={"hours": 50})
    after = datetime.fromisoformat((await door.get("/issuer/clock")).json()["now"])
    assert before + timedelta(hours=50) <= datetime.fromisoformat(moved.json()["now"]) <= after
    form = {"grant_type": "client_credentials", "client_id": "someone", "scope": "applicant"}
    token = (await door.post("/issuer/token", data=form)).json()["access_token"]
    claims = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["iat"] == int(NOW.timestamp())
    for hours in (0, -1, "50", 1.5):
        assert (await door.post("/issuer/clock", json={"hours": hours})).status_code == 422
