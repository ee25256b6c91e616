"""The door of a deployment, a real Caddy, in front of a service in a process of its own."""

import asyncio
import os
import signal
import ssl
import subprocess
import sysconfig
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from deploy.local.ports import free_port
from shared.web import routes
from shared.web.errors import add_errors
from shared.web.pages import Pages
from shared.web.problems import Problems
from shared.web.response_headers import HeadersMiddleware
from tests.component.conftest import Issuer
from tests.component.processes import served, terang
from tests.servers import Servers

ROOT = Path(__file__).parents[3]
CADDY = Path(sysconfig.get_path("scripts")) / "caddy"
COMPLAINTS = "/feedback/complaints"
JSON = {"Content-Type": "application/json"}
BROWSER = {"Accept": "text/html,*/*;q=0.8"}


@contextmanager
def caddy(folder: Path, upstream: int, *, tls_port: int | None = None) -> Iterator[int]:
    """The door by its port, with our Caddyfile: all services are at `upstream`, bodies have 3 s.

    With `tls_port` it serves `localhost` there, with a certificate of its own.
    """
    port = free_port()
    written = (ROOT / "deploy/door/Caddyfile").read_text()
    for name in ("{re.service.1}-api:8000", "issuer:8000"):
        assert name in written
        written = written.replace(name, f"127.0.0.1:{upstream}")
    assert "read_body 5m" in written
    assert "admin off" in written
    written = written.replace("admin off", "admin off\n\tskip_install_trust")
    (folder / "Caddyfile").write_text(written.replace("read_body 5m", "read_body 3s"))
    environment = {
        **os.environ,
        "TERANG_PROVINCE": "15",
        "TERANG_PLAIN_PORT": str(port),
        "TERANG_TLS_PORT": str(tls_port or free_port()),
        **({"TERANG_SITE": "localhost"} if tls_port else {}),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    door = subprocess.Popen(
        [CADDY, "run", "--config", folder / "Caddyfile", "--adapter", "caddyfile"],
        env=environment,
        stderr=(folder / "caddy.log").open("wb"),
    )
    try:
        yield port
    finally:
        door.terminate()
        door.wait(20)


async def reached(http: httpx.AsyncClient, path: str) -> None:
    """Returns when something answers."""
    async with asyncio.timeout(60):
        while True:
            try:
                await http.get(path)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return


class Complaint(BaseModel):
    """A body that has a form."""

    text: str


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the door; behind it is an app with our routes, errors and headers."""
    app = FastAPI()
    router = routes.APIRouter()

    @router.post(COMPLAINTS)
    async def complaints(complaint: Complaint) -> Complaint:
        return complaint

    app.include_router(router)
    add_errors(app, Pages("feedback", [], Problems("feedback", [])))
    app.add_middleware(HeadersMiddleware)

    @app.get("/feedback/broken")
    async def broken() -> None:
        raise RuntimeError("on purpose")

    @app.get("/feedback/seen")
    async def seen(request: Request) -> dict[str, str]:
        return dict(request.headers)

    @app.get("/feedback/events")
    async def events() -> StreamingResponse:
        async def ten() -> AsyncIterator[str]:
            for number in range(10):
                yield f"data: {number}\n\n"
                await asyncio.sleep(0.5)

        return StreamingResponse(ten(), media_type="text/event-stream")

    async with AsyncExitStack() as stack:
        port = stack.enter_context(caddy(tmp_path, await stack.enter_async_context(served(app))))
        http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60)
        await stack.enter_async_context(http)
        await reached(http, "/")
        yield http


async def test_a_request_after_our_fault_is_answered(door: httpx.AsyncClient) -> None:
    """After a 500 the door's next request came upon a closing connection: 502."""
    statuses = []
    for _ in range(30):
        statuses += [
            (await door.get(path)).status_code for path in ("/feedback/broken", "/feedback/seen")
        ]
    assert statuses == [500, 200] * 30


async def test_a_body_that_is_too_large_is_a_413_through_the_door(door: httpx.AsyncClient) -> None:
    """Nor is it a 502, and the door's next request is answered."""
    for size in (routes.MAX_JSON_BYTES + 1, 17 * 1024 * 1024):
        refused = await door.post(COMPLAINTS, content=b" " * size, headers=JSON)
        assert refused.status_code == 413
        assert (await door.post(COMPLAINTS, content=b"{}", headers=JSON)).status_code == 422


async def test_a_body_that_does_not_come_is_a_408_through_the_door(
    door: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half-sent requests end, and those of others are answered meanwhile.

    The service gives up first; the door answers when its own time for a body is over.
    """
    monkeypatch.setattr(routes, "BODY_SECONDS", 1.0)
    head = f"POST {COMPLAINTS} HTTP/1.1\r\nHost: terang\r\nContent-Length: 1000\r\n\r\n{{"
    port = door.base_url.port
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
    for _, writer in connections:
        writer.write(head.encode())
    assert (await door.get("/feedback/seen")).status_code == 200
    async with asyncio.timeout(60):
        answers = [await reader.readline() for reader, _ in connections]
    assert {answer.split()[1] for answer in answers} == {b"408"}
    for _, writer in connections:
        writer.close()


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/payroll", 404, "no-such-service"), ("/issuer/jwks", 404, "no-such-service")],
)
async def test_the_door_says_what_is_wrong(
    path: str, status: int, code: str, door: httpx.AsyncClient
) -> None:
    """As a page where a browser asks, else as a problem; in one language at a time."""
    problem = await door.get(path, headers={"Accept-Language": "en-GB,id;q=0.5"})
    assert problem.status_code == status
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["type"] == f"/problems/door/{code}"
    assert problem.json()["title"] == "Nothing here"
    page = await door.get(path, headers=BROWSER)
    assert (page.status_code, page.headers["content-language"]) == (status, "id")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>Tidak ada apa-apa di sini</h1>" in page.text
    assert "Nothing here" not in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_a_service_that_is_away_is_a_502(tmp_path: Path) -> None:
    """The door says that it comes back, and what to do."""
    with caddy(tmp_path, free_port()) as port:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            await reached(http, "/")
            problem = await http.get("/exams/sittings")
            assert problem.status_code == 502
            assert problem.json()["type"] == "/problems/door/service-away"
            assert "coba lagi" in problem.json()["detail"]
            page = await http.get("/exams/x", headers={**BROWSER, "Accept-Language": "en"})
            assert '<html lang="en">' in page.text
            assert "try again" in page.text


async def test_every_answer_of_the_door_has_its_headers(door: httpx.AsyncClient) -> None:
    """Its own and the services', without a word of the programs behind them."""
    for path in (
        "/",
        "/payroll",
        "/.well-known/terang.json",
        COMPLAINTS,
        "/feedback",
    ):
        answer = await door.get(path, headers=BROWSER)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert len(answer.headers.get_list("content-security-policy")) == 1, path
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert "cache-control" in answer.headers, path
        assert not {"server", "via"} & set(answer.headers), path
        assert "strict-transport-security" not in answer.headers  # it isn't reached over TLS


async def test_over_tls_every_answer_says_that_it_stays_so(tmp_path: Path) -> None:
    """With a domain the door says HSTS with its own pages and faults, and a service's absence."""
    port = free_port()
    with caddy(tmp_path, free_port(), tls_port=port):
        authority = ssl.create_default_context()
        async with asyncio.timeout(60):
            while not (root := tmp_path / "caddy/pki/authorities/local/root.crt").exists():
                await asyncio.sleep(0.1)
        authority.load_verify_locations(root)
        async with httpx.AsyncClient(
            base_url=f"https://localhost:{port}", verify=authority
        ) as http:
            await reached(http, "/")
            for path, status in (
                ("/", 302),
                ("/payroll", 404),
                ("/exams/sittings", 502),
                ("/.well-known/terang.json", 200),
            ):
                answer = await http.get(path, headers=BROWSER)
                assert answer.status_code == status
                assert answer.headers["strict-transport-security"] == "max-age=31536000", path
                assert answer.headers["x-content-type-options"] == "nosniff", path
                assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
                assert "cache-control" in answer.headers, path


async def test_a_hostile_body_costs_nothing(
    servers: Servers,
    issuer: Issuer,
    new_database: Callable[[str], Awaitable[str]],
) -> None:
    """12.6 MiB of unknown keys are refused, others are served meanwhile, and memory stays.

    They took 18.6 s, in which others waited, and 2.4 GiB.
    """
    port = free_port()
    process = terang(
        *("serve", "feedback", "api", "--port", str(port)),
        servers=servers,
        issuer=issuer,
        service="feedback",
        database=await new_database("feedback"),
    )
    keys = b",".join(b'"key%d":0' % number for number in range(950_000))
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            await reached(http, "/live")
            before = psutil.Process(process.pid).memory_info().rss
            attacks = [
                asyncio.create_task(http.post(COMPLAINTS, content=b"{" + keys + b"}", headers=JSON))
                for _ in range(4)
            ]
            while not all(attack.done() for attack in attacks):
                assert (await http.get("/live")).status_code == 200
            assert {attack.result().status_code for attack in attacks} == {413}
            for number in range(40):  # as many keys as a body holds
                inside = b"{" + keys[: routes.MAX_JSON_BYTES - 20].rpartition(b",")[0] + b"}"
                answer = await http.post(COMPLAINTS, content=inside, headers=JSON)
                assert (answer.status_code, len(answer.json()["errors"])) == (422, 20), number
            grown = psutil.Process(process.pid).memory_info().rss - before
            assert grown < 100 * 2**20, f"{grown / 2**20:.0f} MiB more"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


async def test_a_head_that_does_not_come_ends_its_connection(tmp_path: Path) -> None:
    """The door gives a head ten seconds."""
    with caddy(tmp_path, free_port()) as port:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            await reached(http, "/")
        async with asyncio.timeout(60):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: ter")
            await reader.read()
            writer.close()


async def test_a_stream_outlives_the_time_of_bodies(door: httpx.AsyncClient) -> None:
    """Events pass the door as they come, for as long as they come."""
    async with door.stream("GET", "/feedback/events") as answer:
        lines = [line async for line in answer.aiter_lines() if line]
    assert lines == [f"data: {number}" for number in range(10)]


async def test_who_forwarded_a_request_is_said_by_the_door_alone(door: httpx.AsyncClient) -> None:
    """What a request brings along of that is replaced."""
    forged = {
        "X-Forwarded-For": "10.1.1.1",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=1.1.1.1",
    }
    seen = (await door.get("/feedback/seen", headers=forged)).json()
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
