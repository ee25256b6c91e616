"""Live standings for many watchers: one LISTEN for the process, one reading for each list that
anyone watches, however many do.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import structlog

from services.ranking.standings.views.show_standings import show_standings
from shared.postgres.pool import Pool, reading
from shared.web.app import AWAY

log = structlog.get_logger()

CHANNEL = "ranking_standings"
"""Where recompute.notify says which vacancies changed, their ids with commas between."""

LINES = 100
"""Of the list's beginning, in each message; a page of the table."""

COALESCE_S = 0.25
"""A list is read at most so often, whatever arrives: people can't read faster, and a thousand
watchers cost what one does."""

AGAIN_S = 1.0
"""Until the next try while PostgreSQL is away."""

STILL_THERE_S = 15.0
"""How often the listening connection is asked whether it lives: one that died in silence would
leave every watcher with an old list."""

Key = tuple[str, str | None]
"""Vacancy, and list (none: the newest that has begun)."""


class Watched:
    """A list that somebody watches, as it was read last.

    `number` counts readings that differed; `over` once it is read no more.
    """

    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self.wake.set()
        self.news = asyncio.Condition()
        self.number = 0
        self.latest = ""
        self.over = False
        self.watchers = 0
        self.reader: asyncio.Task[None] | None = None


class Live:
    """Give it the process' pool, enter `listening`, and let people `watch`."""

    def __init__(self, database_url: str, pool: Pool) -> None:
        self._database_url = database_url
        self._pool = pool
        self._watched: dict[Key, Watched] = {}

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """While entered, changes reach the watchers."""
        listener = asyncio.create_task(self._listen(), name="standings-listener")
        try:
            yield
        finally:
            tasks = [
                listener,
                *(watched.reader for watched in self._watched.values() if watched.reader),
            ]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def watch(self, vacancy_id: str, list_code: str | None) -> AsyncIterator[str]:
        """The list's beginning as JSON (Standings), at once and then whenever it changed; ends when
        it can't be read any more.
        """
        key = (vacancy_id, list_code)
        watched = self._watched.setdefault(key, Watched())
        watched.watchers += 1
        if watched.reader is None:
            watched.reader = asyncio.create_task(
                self._read(key, watched), name=f"standings-{vacancy_id}"
            )
        seen = 0
        try:
            while not watched.over:
                async with watched.news:
                    while watched.number == seen and not watched.over:
                        await watched.news.wait()
                    seen, latest = watched.number, watched.latest
                if not watched.over:
                    yield latest
        finally:
            watched.watchers -= 1
            if watched.watchers == 0:
                watched.reader.cancel()
                if self._watched.get(key) is watched:
                    del self._watched[key]

    async def _read(self, key: Key, watched: Watched) -> None:
        """Reads the list whenever it is said to have changed, for all who watch it."""
        try:
            while True:
                await watched.wake.wait()
                watched.wake.clear()
                try:
                    async with reading(self._pool) as connection:
                        shown = await show_standings(
                            connection, *key, state=None, cursor=None, limit=LINES
                        )
                except AWAY as error:
                    log.warning("standings can't be read", error=type(error).__name__)
                    watched.wake.set()
                    await asyncio.sleep(AGAIN_S)
                    continue
                latest = shown.model_dump_json()
                if latest != watched.latest:
                    async with watched.news:
                        watched.number, watched.latest = watched.number + 1, latest
                        watched.news.notify_all()
                await asyncio.sleep(COALESCE_S)
        finally:
            watched.over = True
            if self._watched.get(key) is watched:
                del self._watched[key]
            async with watched.news:
                watched.news.notify_all()

    async def _listen(self) -> None:
        while True:
            try:
                connection = await asyncpg.connect(
                    self._database_url, server_settings={"application_name": "ranking-api-listener"}
                )
                try:
                    await connection.add_listener(CHANNEL, self._heard)
                    for watched in self._watched.values():  # what was said while nobody listened
                        watched.wake.set()
                    lost = asyncio.Event()
                    connection.add_termination_listener(lambda _: lost.set())  # noqa: B023 - each connection has its own
                    while not await _within(STILL_THERE_S, lost):
                        await connection.execute("SELECT 1", timeout=STILL_THERE_S)
                finally:
                    connection.terminate()
            except AWAY as error:
                log.warning("nobody listens for standings", error=type(error).__name__)
                await asyncio.sleep(AGAIN_S)

    def _heard(self, _: object, __: int, ___: str, payload: object) -> None:
        changed = set(str(payload).split(","))
        for (vacancy_id, _list), watched in self._watched.items():
            if vacancy_id in changed:
                watched.wake.set()


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Whether the event came in time."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
