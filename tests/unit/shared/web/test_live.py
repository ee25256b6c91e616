"""Live views for many watchers, without a database: what is read, how often, and who gets it."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from shared.web import live
from shared.web.live import LiveViews

Key = tuple[str, int]


class Source:
    """What views are read from: texts by key, and each reading that was made."""

    def __init__(self) -> None:
        self.texts: dict[Key, str] = {}
        self.readings: list[Key] = []
        self.failures: list[Exception] = []

    async def read(self, key: Key) -> str:
        self.readings.append(key)
        if self.failures:
            raise self.failures.pop(0)
        return self.texts[key]


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.setattr(live, "READ_EVERY_S", 0.02)
    monkeypatch.setattr(live, "RETRY_S", 0.02)
    return Source()


@pytest.fixture
def views(source: Source) -> LiveViews[Key]:
    subject: Callable[[Key], str] = lambda key: key[0]  # noqa: E731
    return LiveViews(
        database_url="postgresql://nowhere",
        application="test",
        channel="test",
        read=source.read,
        subject_of=subject,
    )


async def following(stream: AsyncIterator[str]) -> str:
    return await asyncio.wait_for(anext(stream), 5)


async def test_all_watchers_share_one_reading(source: Source, views: LiveViews[Key]) -> None:
    """Each gets the text at once and each change of its subject, whose name stands among others."""
    source.texts = {("v1", 0): "a", ("v2", 0): "x"}
    first, second, other = (views.watch(key) for key in (("v1", 0), ("v1", 0), ("v2", 0)))
    assert [await following(stream) for stream in (first, second, other)] == ["a", "a", "x"]
    source.texts["v1", 0] = "b"
    views.notify("v0,v1")
    assert [await following(stream) for stream in (first, second)] == ["b", "b"]
    assert source.readings == [("v1", 0), ("v2", 0), ("v1", 0)]


async def test_what_reads_the_same_is_not_told_again(source: Source, views: LiveViews[Key]) -> None:
    """A notification that changes nothing reaches nobody; many at once are one reading."""
    source.texts = {("v1", 0): "a"}
    stream = views.watch(("v1", 0))
    await following(stream)
    views.notify("v1")
    await asyncio.sleep(0.1)
    assert len(source.readings) == 2
    source.texts["v1", 0] = "b"
    for _ in range(10):
        views.notify("v1")
    assert await following(stream) == "b"
    assert len(source.readings) == 3


async def test_a_database_that_is_unavailable_is_asked_again(
    source: Source, views: LiveViews[Key]
) -> None:
    """Watchers wait until the view can be read."""
    source.texts = {("v1", 0): "a"}
    source.failures = [ConnectionRefusedError(), ConnectionRefusedError()]
    assert await following(views.watch(("v1", 0))) == "a"
    assert len(source.readings) == 3


async def test_a_view_that_can_not_be_read_ends_for_all(
    source: Source, views: LiveViews[Key]
) -> None:
    """Any other failure ends the stream, so that whoever watches asks anew and is told why."""
    source.texts = {("v1", 0): "a"}
    streams = [views.watch(("v1", 0)) for _ in range(2)]
    for stream in streams:
        await following(stream)
    source.failures = [KeyError("gone")]
    views.notify("v1")
    for stream in streams:
        with pytest.raises(StopAsyncIteration):
            await following(stream)


async def test_nothing_is_read_once_the_last_watcher_left(
    source: Source, views: LiveViews[Key]
) -> None:
    """A view is forgotten with its last watcher; whoever comes later starts it anew."""
    source.texts = {("v1", 0): "a"}
    streams = [views.watch(("v1", 0)) for _ in range(2)]
    for stream in streams:
        await following(stream)
    for stream in streams:
        await stream.aclose()  # type: ignore[attr-defined] # an async generator
    views.notify("v1")
    await asyncio.sleep(0.1)
    assert source.readings == [("v1", 0)]
    assert await following(views.watch(("v1", 0))) == "a"
    assert source.readings == [("v1", 0)] * 2
