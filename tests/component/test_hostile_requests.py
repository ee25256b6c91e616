"""No single request stops a service: not by its size, its keys, its slowness or its faults."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from services.feedback.units.handlers import SERVICES_MOST
from shared.contracts.catalogue import SERVICES
from shared.web import routes, server
from shared.web.problems import SHOWN_FAULTS
from shared.web.streams import OpenStreams
from tests.component.conftest import ServiceApp
from tests.component.processes import served
from tests.component.ranking.conftest import Facts

StartApp = Callable[..., Awaitable[ServiceApp]]
COMPLAINTS = "/feedback/complaints"
TO_JSON = {"Content-Type": "application/json", "Accept-Language": "en"}


async def send(port: int, *lines: str, body: bytes = b"") -> tuple[int, dict[str, Any]]:
    """Sends a head and what there is of a body; the status and problem that come back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\r\n".join((*lines, "Host: terang", "", "")).encode() + body)
    status = int((await reader.readline()).split()[1])
    length = 0
    while (line := await reader.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    answer = json.loads(await reader.readexactly(length))
    writer.close()
    return status, answer


def secured(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of the operations that take a body and need a role."""
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            if "x-roles" in operation and method == "post":
                yield method.upper(), path.replace("{", "").replace("}", "")


@pytest.mark.parametrize("service", SERVICES)
async def test_who_asks_is_known_before_the_body_is_read(
    service: str, service_app: StartApp
) -> None:
    """A request without a token gets 401, and one of nobody's role 403, though its body is huge and
    never comes.
    """
    running = await service_app(service)
    token = f"Authorization: {running.who('ana', 'unit officer')['Authorization']}"
    body = (f"Content-Length: {10**9}", "Content-Type: application/json")
    operations = list(secured(running.app))
    assert len(operations) > 1
    async with served(running.app) as port, asyncio.timeout(30):
        for method, path in operations:
            head = f"{method} {path} HTTP/1.1"
            assert (await send(port, head, *body))[0] == HTTPStatus.UNAUTHORIZED, path
            assert (await send(port, head, *body, token))[0] == HTTPStatus.FORBIDDEN, path


async def test_a_broken_body_of_nobody_is_a_401(service_app: StartApp) -> None:
    """Who may not ask at all isn't told what is wrong with the body."""
    running = await service_app("applications")
    answer = await running.http.post("/applications/rounds", content=b"{", headers=TO_JSON)
    assert answer.status_code == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("size", [routes.MAX_JSON_BYTES + 1, 17 * 1024 * 1024])
@pytest.mark.parametrize("told", [True, False], ids=["its length told", "its length not told"])
async def test_a_body_that_is_too_large_is_a_413(
    size: int, told: bool, service_app: StartApp
) -> None:
    """Also where the length is not told, and at any size: it was 400, "error parsing the body"."""
    running = await service_app("feedback")

    async def parts() -> AsyncIterator[bytes]:
        for begin in range(0, size, 60_000):
            yield b" " * min(60_000, size - begin)

    async with served(running.app) as port, httpx.AsyncClient() as client:
        answer = await client.post(
            f"http://127.0.0.1:{port}{COMPLAINTS}",
            content=b" " * size if told else parts(),
            headers=TO_JSON,
        )
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert answer.json()["type"] == "/problems/feedback/too-large"
    assert str(routes.MAX_JSON_BYTES) in answer.json()["detail"]


async def test_a_length_that_is_too_large_is_refused_before_the_body_comes(
    service_app: StartApp,
) -> None:
    """What a request says of its length is enough to refuse it."""
    running = await service_app("feedback")
    head = (f"POST {COMPLAINTS} HTTP/1.1", "Content-Length: 70000")
    async with served(running.app) as port, asyncio.timeout(10):
        status, answer = await send(port, *head, body=b"{")
    assert (status, answer["status"]) == (413, 413)


async def test_a_route_states_a_limit_of_its_own(service_app: StartApp) -> None:
    """A file may be larger than JSON; too large a file is a 413 as well."""
    running = await service_app("feedback")
    officer = running.who("officer", "officer") | {"Content-Type": "text/csv"}

    async def import_file(size: int) -> int:
        answer = await running.http.post(
            "/feedback/services-rendered/import", content=b"x" * size, headers=officer
        )
        return answer.status_code

    assert await import_file(routes.MAX_JSON_BYTES + 1) == HTTPStatus.UNPROCESSABLE_ENTITY
    assert await import_file(SERVICES_MOST + 1) == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


async def test_a_body_that_does_not_come_is_a_408(
    service_app: StartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A half-sent body is waited for some time, then refused; it was held for ever."""
    monkeypatch.setattr(routes, "BODY_SECONDS", 0.3)
    running = await service_app("feedback")
    head = (f"POST {COMPLAINTS} HTTP/1.1", "Content-Length: 1000")
    async with served(running.app) as port, asyncio.timeout(30):
        answers = await asyncio.gather(*(send(port, *head, body=b"{") for _ in range(200)))
    assert {(status, answer["type"]) for status, answer in answers} == {
        (408, "/problems/feedback/too-slow")
    }


async def test_a_body_that_does_not_come_holds_no_connection_to_the_database(
    service_app: StartApp,
) -> None:
    """A route that needs no body waits for one only to know a repeated request by it.

    Twenty such requests had taken all ten connections of the pool.
    """
    running = await service_app("applications")
    who = running.who("officer", "officer", key="0123456789")
    head = [
        "POST /applications/rounds/round-1/publish HTTP/1.1",
        "Host: terang",
        "Content-Length: 1000",
    ]
    head += ["Expect: 100-continue", *(f"{name}: {value}" for name, value in who.items())]
    async with served(running.app) as port, httpx.AsyncClient() as client, asyncio.timeout(30):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        for _, writer in held:
            writer.write("\r\n".join((*head, "", "")).encode())
        for reader, _ in held:
            assert b" 100 " in await reader.readuntil(b"\r\n\r\n")  # the service waits for the body
        answer = await client.get(f"http://127.0.0.1:{port}/applications/rounds")
        assert answer.status_code == HTTPStatus.OK
        for _, writer in held:
            writer.close()


async def test_a_connection_is_of_use_after_our_fault(service_app: StartApp) -> None:
    """After a 500 the same connection takes the next request.

    It was closed after the answer, so that a proxy's next request got a 502.
    """
    running = await service_app("feedback")

    @running.app.get("/feedback/broken")
    async def broken() -> None:
        raise RuntimeError("on purpose")

    async with served(running.app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for path, status in [("/feedback/broken", 500), ("/live", 200)] * 3:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: terang\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert f" {status} " in head.partition(b"\r\n")[0].decode()
            length = next(
                line.partition(b":")[2]
                for line in head.lower().splitlines()
                if line.startswith(b"content-length")
            )
            await reader.readexactly(int(length))
        writer.close()


async def test_an_address_is_not_completed_by_what_the_request_calls_our_host(
    service_app: StartApp,
) -> None:
    """No redirect is made of the header Host: `/feedback/units/` led to any host that it named."""
    running = await service_app("feedback")
    answer = await running.http.get("/feedback/units/", headers={"Host": "elsewhere.example"})
    assert (answer.status_code, answer.headers.get("location")) == (404, None)


async def test_a_request_of_many_faults_names_twenty(service_app: StartApp) -> None:
    """As many unknown keys as a body holds: an answer names the first and counts the others."""
    running = await service_app("feedback")
    body = json.dumps({f"k{number}": 0 for number in range(5000)}, separators=(",", ":"))
    assert len(body) < routes.MAX_JSON_BYTES
    answer = await running.http.post(COMPLAINTS, content=body, headers=TO_JSON)
    problem = answer.json()
    assert (answer.status_code, len(problem["errors"])) == (422, SHOWN_FAULTS)
    assert problem["more_errors"] + SHOWN_FAULTS > 5000
    assert len(answer.content) < 10_000


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"POST /feedback/complaints HTTP/1.1\r\nHost: ter", id="half a head"),
        pytest.param(
            b"GET /live HTTP/1.1\r\nHost: terang\r\n\r\nGET /live HT", id="half a second head"
        ),
    ],
)
async def test_a_head_that_does_not_come_ends_its_connection(
    sent: bytes, service_app: StartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half-sent heads were held for ever."""
    monkeypatch.setitem(server.SECONDS, server.HEAD, 0.3)
    running = await service_app("feedback")
    async with served(running.app) as port, asyncio.timeout(30):
        connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
        for _, writer in connections:
            writer.write(sent)
        for reader, writer in connections:
            await reader.read()  # until the service ends it
            writer.close()


async def test_a_head_that_comes_in_drops_ends_its_connection(
    service_app: StartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sends a little now and then gets no more time for it."""
    monkeypatch.setitem(server.SECONDS, server.HEAD, 0.5)
    running = await service_app("feedback")
    async with served(running.app) as port, asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /live HTTP/1.1\r\n")
        while not reader.at_eof():
            writer.write(b"x: y\r\n")
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(), 0.05)


async def test_the_rest_of_a_refused_body_ends_its_connection(
    service_app: StartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes after a 413 is thrown away for some time, then the connection is ended."""
    monkeypatch.setitem(server.SECONDS, server.REST, 0.5)
    running = await service_app("feedback")
    async with served(running.app) as port, asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST {COMPLAINTS} HTTP/1.1\r\nHost: terang\r\nContent-Length: {10**9}\r\n\r\n"
        writer.write(head.encode())
        assert b" 413 " in await reader.readuntil(b"\r\n\r\n")
        while not reader.at_eof():
            writer.write(b" " * 1000)
            with suppress(TimeoutError, ConnectionError):
                await asyncio.wait_for(reader.read(), 0.05)


async def test_a_connection_that_idles_between_whole_requests_is_kept(
    service_app: StartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy's next request finds its connection, also after a body of which all has come."""
    monkeypatch.setitem(server.SECONDS, server.HEAD, 0.3)
    monkeypatch.setitem(server.SECONDS, server.REST, 0.3)
    running = await service_app("feedback")
    async with served(running.app) as port, asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for head in [f"POST {COMPLAINTS} HTTP/1.1\r\nContent-Length: 2", "GET /live HTTP/1.1"] * 2:
            body = "{}" if "Length" in head else ""
            writer.write(f"{head}\r\nHost: terang\r\n\r\n{body}".encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            length = next(
                line.partition(b":")[2]
                for line in answer.lower().splitlines()
                if line.startswith(b"content-length")
            )
            await reader.readexactly(int(length))
            await asyncio.sleep(0.6)
        writer.close()


async def test_no_more_streams_are_open_than_a_process_bears(service_app: StartApp) -> None:
    """Above the limit a stream is a 503 that says when to try again; an ended one makes room."""
    running = await service_app("ranking")
    facts = Facts({"v1": 1})
    await running.hear(*facts.opened(), *facts.people("v1", 1))
    running.app.state.streams = streams = OpenStreams(limit=2)
    address = "/ranking/vacancies/v1/stream"
    async with (
        served(running.app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        asyncio.timeout(30),
    ):
        async with client.stream("GET", address), client.stream("GET", address):
            refused = await client.get(address)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
            assert refused.json()["type"] == "/problems/ranking/too-many-streams"
            assert (await client.get("/ranking/vacancies/v1")).status_code == HTTPStatus.OK
        while streams.open:
            await asyncio.sleep(0.01)
        async with client.stream("GET", address) as answer:
            assert answer.status_code == HTTPStatus.OK


async def test_who_forwarded_a_request_is_believed_of_nobody(service_app: StartApp) -> None:
    """Headers of forwarding that a request brings along change nothing of what the app sees."""
    running = await service_app("feedback")

    @running.app.get("/feedback/seen")
    async def seen(request: Request) -> list[str]:
        assert request.client is not None
        return [request.client.host, request.url.scheme]

    forged = {
        "X-Forwarded-For": "10.1.1.1",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=1.1.1.1",
    }
    async with served(running.app) as port, httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}/feedback/seen", headers=forged)
    assert answer.json() == ["127.0.0.1", "http"]
