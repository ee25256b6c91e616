"""The demonstration's client asks again where that can help, and never twice for one effect."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from deploy.demo.client import Client, DemoError, csv_text

PROBLEM = {"type": "/problems/x", "title": "No", "detail": "Not so.", "errors": ["first"]}


@asynccontextmanager
async def answering(*answers: web.Response) -> AsyncIterator[tuple[Client, list[web.Request]]]:
    """A client of a server that gives these answers in turn, and the requests that it got."""
    requests: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        requests.append(request)
        return answers[len(requests) - 1]

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server, Client(str(server.make_url("/"))) as client:
        yield client, requests


async def test_a_service_that_is_away_is_asked_again_under_the_same_key() -> None:
    """502 and 503 are answers of a moment; the second request repeats the first."""
    away = [web.Response(status=503), web.Response(status=502)]
    async with answering(*away, web.json_response({"n": 1})) as (client, requests):
        assert await client.post("/x", key="k", body={}) == {"n": 1}
        assert [request.headers["Idempotency-Key"] for request in requests] == ["k"] * 3
        assert client.retries == 2


async def test_a_refusal_ends_it_with_the_problem_in_words() -> None:
    """What a service refuses is not asked again."""
    async with answering(web.json_response(PROBLEM, status=409)) as (client, requests):
        with pytest.raises(DemoError, match=r"POST /x as anyone: 409 No: Not so\. first"):
            await client.post("/x", key="k")
        assert len(requests) == 1


async def test_what_has_not_arrived_yet_is_waited_for() -> None:
    """With `waits`, a conflict is tried again; a request that is wrong in itself is not."""
    wrong = PROBLEM | {"type": "/problems/invalid-request"}
    answers = [web.json_response(body, status=422) for body in (PROBLEM, wrong)]
    async with answering(*answers) as (client, requests):
        with pytest.raises(DemoError, match="422"):
            await client.get("/x", waits=True)
        assert len(requests) == 2


async def test_a_list_is_read_page_by_page() -> None:
    """The next page is asked for by the cursor of the one before."""
    pages = [{"items": [{"n": 1}, {"n": 2}], "next": "c"}, {"items": [{"n": 3}], "next": None}]
    async with answering(*map(web.json_response, pages)) as (client, requests):
        assert [item["n"] async for item in client.items("/x", list="skd")] == [1, 2, 3]
        assert [request.query.get("cursor") for request in requests] == [None, "c"]
        assert all(request.query["list"] == "skd" for request in requests)


def test_a_csv_file_quotes_what_it_must() -> None:
    """Lines end in LF, and a comma in a value is quoted."""
    assert csv_text(("a", "b"), [("x,y", 1)]) == 'a,b\n"x,y",1\n'
