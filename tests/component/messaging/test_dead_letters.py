"""Records that can't take effect: set aside with their reason and bytes, the next record processed; replayed once, when mended."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer

from shared.clock import utc_now
from shared.messaging import dead_letters
from shared.messaging.failures import Permanent
from shared.postgres.pool import create_pool
from tests.fault.tally import BROKEN, UNLUCKY, Added, Renamed, Stage, exactly_once

KEY = "key-0"


async def written(stage: Stage, record: object) -> list[dict[str, object]]:
    """Writes an event, the record, and an event; returns the dead letters once both events took effect."""
    await stage.log.say([Added(key=KEY, n=1)])
    await stage.log.write([record])
    return await dead(stage)


async def dead(stage: Stage, effects: int | None = None) -> list[dict[str, object]]:
    """The dead letters, once a last event has taken effect behind all that was written."""
    stage.worker()
    await stage.log.say([Added(key=KEY, n=1)])
    await stage.drained(effects=effects)
    return [dict(row) for row in await stage.fetch("SELECT * FROM messaging.dead_letter ORDER BY record_offset")]


FOREIGN = [
    pytest.param([], b"{}", "headers-not-ours", id="headerless"),
    pytest.param([("ce_id", None), ("ce_sequence", b"9")], b"{}", "header-null", id="null header"),
    pytest.param([("ce_id", b"\xff\xfe"), ("ce_sequence", b"9")], b"{}", "header-not-text", id="header not UTF-8"),
    pytest.param([("ce_id", b"x"), ("ce_sequence", b"9")], b"{}", "header-invalid", id="no UUID"),
    pytest.param([], None, "headers-not-ours", id="foreign tombstone"),
    pytest.param([], b"x" * 1_000_000, "headers-not-ours", id="huge"),
]


@pytest.mark.parametrize(("headers", "value", "reason"), FOREIGN)
async def test_foreign_records(
    stage: Stage, headers: list[tuple[str, bytes | None]], value: bytes | None, reason: str
) -> None:
    """A record without this platform's headers is set aside, byte for byte; it takes no number, so the events beside it take effect."""
    topic = stage.catalogue.added.topic
    partition = stage.log.record(Added(key=KEY, n=1))[1]
    stage.log.sent.clear()
    stage.log._sequences.clear()
    letters = await written(stage, (topic, partition, b"any", value, headers))
    assert [(letter["reason"], letter["value"], letter["sequence"]) for letter in letters] == [(reason, value, None)]
    exactly_once(stage.log.sent, await stage.effects())


OURS = [
    pytest.param({"value": b"{not json"}, "not-json", id="bad JSON"),
    pytest.param({"value": b'{"key": "key-0"}'}, "data-invalid", id="missing field"),
    pytest.param({"value": b'{"key": "key-0", "n": 1}, {"key": "key-0", "n": 1}'}, "not-json", id="two values"),
    pytest.param({"type": None}, "header-null", id="null type"),
    pytest.param({"subject": b"\xff"}, "header-not-text", id="subject not UTF-8"),
    pytest.param({"time": b"yesterday"}, "header-invalid", id="no time"),
]


@pytest.mark.parametrize(("broken", "reason"), OURS)
async def test_events_that_cannot_be_read(stage: Stage, broken: dict[str, bytes | None], reason: str) -> None:
    """An event of ours that can't be read is set aside and counts as taken: its number is passed, and the next takes effect."""
    record = stage.log.record(Added(key=KEY, n=1), **broken)
    unread = stage.log.sent.pop()
    await stage.log.write([record])
    letters = await dead(stage)
    assert [(letter["reason"], letter["sequence"], letter["event_id"]) for letter in letters] == [
        (reason, 1, unread[3])
    ]
    exactly_once(stage.log.sent, await stage.effects())


async def test_tombstone_of_ours(stage: Stage) -> None:
    """An event without data is set aside."""
    topic, partition, key, _, headers = stage.log.record(Added(key=KEY, n=1))
    stage.log.sent.clear()
    await stage.log.write([(topic, partition, key, None, headers)])
    assert [letter["reason"] for letter in await dead(stage)] == ["no-data"]
