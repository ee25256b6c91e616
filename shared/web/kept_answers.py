"""Answers to everyone that are made once and sent again as long as they are right.

An answer about what is fixed is kept under the version of all that it shows: whoever asks has that
version read anew, and gets the kept answer only where it is the same. An answer about what moves is
kept for LIVE_S. Only routes that know no person use this.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from weakref import WeakValueDictionary

from cachetools import LRUCache
from fastapi import Depends, Request, Response
from pydantic import BaseModel

from shared.web.problems import reader_language

LIVE_S = 0.25
"""How long an answer about what moves is sent again: people can't read faster, and a thousand
readers cost what one does."""

LARGEST = 2 * 2**20
"""Bytes of an answer that is kept; a larger one is made for each reader."""

OVERHEAD = 1_000
"""Bytes that an answer takes beside its body, nearly."""

Key = tuple[str, str, str]
"""Path, query and language of a request: all that an answer may depend on beside its version."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that may be kept; `fixed`: it changes only with the version of what it shows."""

    response: Response
    fixed: bool


def json_answer(shown: BaseModel, *, fixed: bool, **headers: str) -> Answer:
    """A view as JSON."""
    body = shown.model_dump_json()
    return Answer(Response(body, media_type="application/json", headers=headers), fixed)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it is sent again; `version` is none of what moves, which `until` limits."""

    body: bytes
    headers: dict[str, str]
    version: str | None
    until: float

    def right(self, version: str | None, now: float) -> bool:
        """Whether it may be sent; `version`: the present one, none where it isn't known."""
        return now < self.until if self.version is None else self.version == version

    def response(self, request: Request) -> Response:
        """The whole answer, or 304 where the reader has it already."""
        had = request.headers.get("if-none-match", "").strip()
        if had == "*" or self.headers["ETag"] in had:  # RFC 9110, 13.1.2
            kept = {name: value for name, value in self.headers.items() if name in IN_304}
            return Response(status_code=304, headers=kept)
        return Response(self.body, headers=self.headers)


IN_304 = ("ETag", "cache-control", "vary", "content-language")
"""What is said again without the body (RFC 9110, 15.4.5)."""


class KeptAnswers:
    """The answers that one process keeps, at most `most` bytes; the least asked for go first."""

    def __init__(self, most: int, live_s: float = LIVE_S) -> None:
        self.live_s = live_s
        self.most = most
        self._kept: LRUCache[Key, KeptAnswer] = LRUCache(
            most, getsizeof=lambda kept: len(kept.body) + OVERHEAD
        )
        self._making: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()
        self._versions = FreshReads()

    async def answer(
        self,
        request: Request,
        subject: str,
        version: Callable[[], Awaitable[str]],
        make: Callable[[], Awaitable[Answer]],
    ) -> Response:
        """The answer to a request about `subject`: a kept one where it is right, else a new one.

        `version` reads what the answer goes by: equal twice, nothing that it shows has changed.
        Of those who ask for the same at once, the first has it made and the others wait.
        """
        if not self.most:
            return (await make()).response
        key = (request.url.path, request.url.query, reader_language(request))
        if kept := self._find(key, None):
            return kept.response(request)
        # before the answer is made: what changes meanwhile makes the next one
        present = await self._versions.read(subject, version)
        if kept := self._find(key, present):
            return kept.response(request)
        async with self._making.setdefault(key, asyncio.Lock()):
            kept = self._find(key, present) or self._keep(key, present, await make())
        return kept.response(request)

    def _find(self, key: Key, version: str | None) -> KeptAnswer | None:
        kept = self._kept.get(key)
        return kept if kept and kept.right(version, time.monotonic()) else None

    def _keep(self, key: Key, version: str, made: Answer) -> KeptAnswer:
        body = bytes(made.response.body)
        headers = {
            **made.response.headers,
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
            # anyone may keep it, and asks each time whether it is right still
            "cache-control": "public, no-cache",
            "vary": "Accept-Language, Cookie",
        }
        until = time.monotonic() + self.live_s
        kept = KeptAnswer(body, headers, version if made.fixed else None, until)
        if len(body) <= min(LARGEST, self.most - OVERHEAD):
            self._kept[key] = kept
        return kept


class FreshReads:
    """Readings that many ask for at once: each gets one that began after it asked."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[str]] = {}
        self._next: dict[str, asyncio.Task[str]] = {}

    async def read(self, subject: str, read: Callable[[], Awaitable[str]]) -> str:
        """What `read` gives, in a reading that all share who ask before it begins."""
        waiting = self._next.get(subject)
        if waiting is None:
            waiting = asyncio.create_task(self._after(subject, read))
            self._next[subject] = waiting
        return await asyncio.shield(waiting)

    async def _after(self, subject: str, read: Callable[[], Awaitable[str]]) -> str:
        """Reads once the reading that is under way has ended."""
        if running := self._running.get(subject):
            await asyncio.wait([running])
        self._running[subject] = self._next.pop(subject)
        try:
            return await read()
        finally:
            if self._running.get(subject) is asyncio.current_task():
                del self._running[subject]


async def get_kept_answers(request: Request) -> KeptAnswers:
    """The kept answers of the app that serves this request."""
    kept: KeptAnswers = request.app.state.kept_answers
    return kept


KeptAnswersDependency = Annotated[KeptAnswers, Depends(get_kept_answers)]
