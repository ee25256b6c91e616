"""Answers that are kept: when one is sent again, when it is made anew, and how much is kept."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from shared.web.kept_answers import LARGEST, OVERHEAD, Answer, FreshReads, KeptAnswers


def asked(path: str = "/list", query: str = "", **headers: str) -> Request:
    """A request for a path, with these headers."""
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "server": ("test", 80),
            "path": path,
            "query_string": query.encode(),
            "headers": [
                (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
            ],
        }
    )


class Lists:
    """What is shown: its version, and how often an answer was made of it."""

    def __init__(self, kept: KeptAnswers, *, fixed: bool = True, body: str = "list") -> None:
        self.kept = kept
        self.fixed = fixed
        self.body = body
        self.version = "1"
        self.made = 0
        self.read = 0

    async def _version(self) -> str:
        self.read += 1
        await asyncio.sleep(0)
        return self.version

    async def _make(self) -> Answer:
        self.made += 1
        text = f"{self.body} {self.version}"
        await asyncio.sleep(0.01)
        return Answer(HTMLResponse(text), self.fixed)

    async def show(self, request: Request) -> Response:
        return await self.kept.answer(request, "v1", self._version, self._make)


@pytest.fixture
def kept() -> KeptAnswers:
    return KeptAnswers(2**20)


async def test_a_fixed_list_is_made_once_per_version(kept: KeptAnswers) -> None:
    """Sent again while its version is the same; a new version is shown at once."""
    lists = Lists(kept)
    for version in ("1", "1", "2", "2", "1"):
        lists.version = version
        assert (await lists.show(asked())).body == f"list {version}".encode()
    assert lists.made == 3


async def test_each_page_and_language_has_its_own(kept: KeptAnswers) -> None:
    """By path, query and the reader's language, however it is said."""
    lists = Lists(kept)
    requests = [
        asked(),
        asked(query="cursor=b"),
        asked("/other"),
        asked(accept_language="en"),
    ]
    for request in (*requests, *requests, asked(cookie="lang=en")):
        await lists.show(request)
    assert lists.made == 4


async def test_a_hundred_at_once_have_it_made_once(kept: KeptAnswers) -> None:
    """They wait for the first, and one reading of the version or two serves them all."""
    lists = Lists(kept)
    answers = await asyncio.gather(*(lists.show(asked()) for _ in range(100)))
    assert {bytes(answer.body) for answer in answers} == {b"list 1"}
    assert lists.made == 1
    assert lists.read <= 2


async def test_a_live_list_is_made_again_after_a_while() -> None:
    """Until then it is sent as it is, and not even its version is read."""
    lists = Lists(KeptAnswers(2**20, live_s=3600), fixed=False)
    for version in ("1", "2"):
        lists.version = version
        assert (await lists.show(asked())).body == b"list 1"
    assert (lists.made, lists.read) == (1, 1)
    lists = Lists(KeptAnswers(2**20, live_s=0), fixed=False)
    for version in ("1", "2"):
        lists.version = version
        assert (await lists.show(asked())).body == f"list {version}".encode()


async def test_who_has_it_already_gets_no_body(kept: KeptAnswers) -> None:
    """304 to the ETag of the same version; the whole answer to that of another."""
    lists = Lists(kept)
    first = await lists.show(asked())
    assert first.headers["cache-control"] == "public, no-cache"
    again = await lists.show(asked(if_none_match=first.headers["etag"]))
    assert (again.status_code, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    lists.version = "2"
    changed = await lists.show(asked(if_none_match=first.headers["etag"]))
    assert (changed.status_code, changed.body) == (200, b"list 2")


@pytest.mark.parametrize("had", ["*", " * ", '"other", W/{}', '{}, "other"'])
async def test_who_has_any_version_got_it_again(kept: KeptAnswers, had: str) -> None:
    """`*` is any version (RFC 9110, 13.1.2); a list names several, weak ones too."""
    lists = Lists(kept)
    etag = (await lists.show(asked())).headers["etag"]
    again = await lists.show(asked(if_none_match=had.format(etag)))
    assert (again.status_code, again.body) == (304, b"")


async def test_what_is_kept_has_a_limit() -> None:
    """The least asked for go first, and an answer too large is not kept at all."""
    kept = KeptAnswers(3 * (OVERHEAD + 10))
    lists = Lists(kept)
    for path in ("/a", "/b", "/c", "/a", "/d"):
        await lists.show(asked(path))
    made = lists.made
    await lists.show(asked("/a"))
    assert lists.made == made
    await lists.show(asked("/b"))
    assert lists.made == made + 1
    large = Lists(KeptAnswers(10 * LARGEST), body="x" * LARGEST)
    for _ in range(2):
        assert len((await large.show(asked())).body) > LARGEST
    assert large.made == 2


async def test_nothing_is_kept_where_no_memory_is_given() -> None:
    """Then each reader has the answer made."""
    lists = Lists(KeptAnswers(0))
    for _ in range(2):
        assert "etag" not in (await lists.show(asked())).headers
    assert lists.made == 2


async def test_a_change_while_an_answer_is_made_is_shown_next(kept: KeptAnswers) -> None:
    """The version is read before the answer is made: what came between can't be taken for it."""
    lists = Lists(kept)
    first = asyncio.create_task(lists.show(asked()))
    while not lists.made:
        await asyncio.sleep(0)
    lists.version = "2"
    await first
    assert (await lists.show(asked())).body == b"list 2"


async def test_what_fails_is_not_kept(kept: KeptAnswers) -> None:
    """Whoever asks next has it made again."""
    lists = Lists(kept)

    async def fail() -> Answer:
        raise RuntimeError

    async def version() -> str:
        return "1"

    with pytest.raises(RuntimeError):
        await kept.answer(asked(), "v1", version, fail)
    assert (await lists.show(asked())).body == b"list 1"


async def test_a_reading_begins_after_it_was_asked_for() -> None:
    """Who asks while one is under way gets the next, which all share who ask meanwhile."""
    reads = FreshReads()
    go_on = [asyncio.Event(), asyncio.Event()]
    began = 0

    def reading() -> Callable[[], Awaitable[str]]:
        async def read() -> str:
            nonlocal began
            number = began
            began += 1
            await go_on[number].wait()
            return str(number)

        return read

    first = asyncio.create_task(reads.read("v1", reading()))
    while not began:
        await asyncio.sleep(0)
    others = [asyncio.create_task(reads.read("v1", reading())) for _ in range(3)]
    await asyncio.sleep(0)
    for event in go_on:
        event.set()
    assert await first == "0"
    assert await asyncio.gather(*others) == ["1", "1", "1"]
