"""Live views for many watchers: one LISTEN for the process, and one reading for each view.

PostgreSQL's NOTIFY says that something changed. Whoever watches a view gets it as text at once, and
again whenever it reads otherwise.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

import asyncpg

from shared.messaging.outages import Outage, Servers
from shared.postgres.errors import is_unavailable

READ_EVERY_S = 0.25
"""A view is read no more often than this, whatever is notified.

People can't read faster, and a thousand watchers cost what one does.
"""

RETRY_S = 1.0
"""Until the next try while PostgreSQL is unavailable."""

CHECK_S = 15.0
"""How often the listening connection is tried.

One that died without a word would leave every watcher with an old view.
"""

Key = TypeVar("Key", bound=Hashable)


class WatchedView:
    """A view that somebody watches, as it was read last."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.changed.set()
        self.published = asyncio.Condition()
        self.number = 0  # readings that differed from the one before
        self.text = ""
        self.ended = False  # nobody reads it any more
        self.watchers = 0
        self.reader: asyncio.Task[None] | None = None


class LiveViews(Generic[Key]):
    """Views by key, kept up to date for whoever watches them while `listening` is entered.

    `read` gives a view's text. A notification on `channel` names subjects, separated by commas;
    `subject_of` says which of them a key is about. `application` is what operators see in
    pg_stat_activity.
    """

    def __init__(
        self,
        *,
        database_url: str,
        application: str,
        channel: str,
        read: Callable[[Key], Awaitable[str]],
        subject_of: Callable[[Key], str],
    ) -> None:
        self._database_url = database_url
        self._application = application
        self._channel = channel
        self._read = read
        self._subject_of = subject_of
        self._watched: dict[Key, WatchedView] = {}
        servers = Servers.of(database_url)
        self._unread = Outage(servers, "live views can't be read", channel=channel)
        self._unheard = Outage(servers, "nobody listens", channel=channel)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Notifications reach the watchers while this is entered."""
        listener = asyncio.create_task(self._listen(), name=f"{self._channel}-listener")
        try:
            yield
        finally:
            readers = [view.reader for view in self._watched.values() if view.reader]
            tasks = [listener, *readers]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def watch(self, key: Key) -> AsyncIterator[str]:
        """The view's text, at once and whenever it changed; ends when it can't be read any more."""
        view = self._watched.setdefault(key, WatchedView())
        view.watchers += 1
        if view.reader is None:
            view.reader = asyncio.create_task(
                self._keep_reading(key, view), name=f"{self._channel}-reader"
            )
        seen = 0
        try:
            while not view.ended:
                async with view.published:
                    while view.number == seen and not view.ended:
                        await view.published.wait()
                    seen, text = view.number, view.text
                if not view.ended:
                    yield text
        finally:
            view.watchers -= 1
            if view.watchers == 0:
                view.reader.cancel()
                self._forget(key, view)

    def notify(self, payload: str) -> None:
        """Has the views of the named subjects read again."""
        changed = set(payload.split(","))
        for key, view in self._watched.items():
            if self._subject_of(key) in changed:
                view.changed.set()

    async def _keep_reading(self, key: Key, view: WatchedView) -> None:
        """Reads a view whenever it is said to have changed, for all who watch it."""
        try:
            while True:
                await view.changed.wait()
                view.changed.clear()
                try:
                    text = await self._read(key)
                except Exception as error:
                    if not is_unavailable(error):
                        raise
                    self._unread.failed(error)
                    view.changed.set()
                    await asyncio.sleep(RETRY_S)
                    continue
                self._unread.over()
                if text != view.text:
                    async with view.published:
                        view.number, view.text = view.number + 1, text
                        view.published.notify_all()
                await asyncio.sleep(READ_EVERY_S)
        finally:
            view.ended = True
            self._forget(key, view)
            async with view.published:
                view.published.notify_all()

    def _forget(self, key: Key, view: WatchedView) -> None:
        if self._watched.get(key) is view:
            del self._watched[key]

    async def _listen(self) -> None:
        while True:
            try:
                connection = await asyncpg.connect(
                    self._database_url, server_settings={"application_name": self._application}
                )
                try:
                    await self._listen_on(connection)
                finally:
                    connection.terminate()
            except Exception as error:
                if not is_unavailable(error):
                    raise
                self._unheard.failed(error)
                await asyncio.sleep(RETRY_S)

    async def _listen_on(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Listens until the connection is lost. Raises the failure where it no longer answers."""
        await connection.add_listener(self._channel, self._notified)
        for view in self._watched.values():  # what was notified while nobody listened
            view.changed.set()
        self._unheard.over()
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        while not await _within(CHECK_S, lost):
            await connection.execute("SELECT 1", timeout=CHECK_S)

    def _notified(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self.notify(str(payload))


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Whether the event came in time."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
