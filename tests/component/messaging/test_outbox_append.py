"""What an append leaves in the outbox, and what it refuses."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.messaging.envelope import Event
from shared.messaging.failures import Permanent
from shared.messaging.outbox import (
    CHANNEL,
    CORRELATION_ID,
    LARGEST_EVENT,
    LARGEST_ROW,
    Row,
    Statement,
    headers_as_text,
    headers_from_text,
    partition_of,
)
from tests.servers import Servers
from tests.small_service import MIGRATIONS, NOON, SOURCE, StepTaken, outbox

TOPIC = "small.appended"


@pytest.fixture(scope="module")
def dsn(servers: Servers) -> str:
    return servers.database("appended", MIGRATIONS)


@pytest.fixture
async def connection(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """In a transaction that is rolled back: each test finds the outbox empty."""
    connection = await asyncpg.connect(dsn)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


def an_event() -> Event[StepTaken]:
    return Event(
        uuid4(),
        "terang.StepTaken",
        SOURCE,
        "a",
        NOON,
        1,
        "elsewhere",
        0,
        0,
        "corr",
        StepTaken(path="a", n=1),
    )


async def test_a_statement_becomes_a_cloud_event_in_binary_mode(
    connection: asyncpg.Connection,
) -> None:
    """The row's data are the bare JSON.

    Its headers are the attributes, all but the sequence, which the relay adds.
    """
    statement = Statement(StepTaken(path="jalan/é", n=1), NOON, correlation_id="c-1")
    (event_id,) = await outbox(TOPIC, 3).append(connection, [statement])
    row = await connection.fetchrow("SELECT * FROM messaging.outbox")
    assert row is not None
    assert row["event_id"] == event_id
    assert event_id.version == 7
    assert row["sequence"] is None
    assert json.loads(row["data"]) == {"path": "jalan/é", "n": 1, "note": ""}
    assert {name: (value or b"").decode() for name, value in headers_from_text(row["headers"])} == {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": str(event_id),
        "ce_source": SOURCE,
        "ce_type": "terang.StepTaken",
        "ce_subject": "jalan/é",
        "ce_time": "2026-11-21T12:00:00Z",
        "ce_dataschema": "urn:terang:schema:StepTaken",
        "ce_partitionkey": "jalan/é",
        "ce_correlationid": "c-1",
        "ce_causationid": "c-1",
    }


def test_a_key_goes_where_kafkas_own_partitioner_sends_it() -> None:
    """Kafka's own test values of murmur2, brought to 12 partitions as the Java producer does.

    org.apache.kafka.common.utils.UtilsTest.testMurmur2.
    """
    murmur2 = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    for key, value in murmur2.items():
        assert partition_of(key, 12) == (value & 0x7FFFFFFF) % 12


async def test_rows_stand_in_the_order_in_which_they_were_stated(
    connection: asyncpg.Connection,
) -> None:
    """Many statements in one append keep their order by id: the relay numbers by it."""
    ids = await outbox(TOPIC, 3).append(
        connection, [Statement(StepTaken(path="a", n=n), NOON) for n in range(1, 501)]
    )
    rows = await connection.fetch("SELECT event_id FROM messaging.outbox ORDER BY id")
    assert [row["event_id"] for row in rows] == ids


async def test_what_follows_from_an_event_is_stated_once(connection: asyncpg.Connection) -> None:
    """The same cause handled twice leads to the same ids and leaves the first rows.

    Several alike from one cause are kept apart.
    """
    cause = an_event()
    statements = [
        Statement(StepTaken(path="a", n=1), NOON, cause=cause),
        Statement(StepTaken(path="a", n=2), NOON, cause=cause),
        Statement(StepTaken(path="b", n=1), NOON, cause=cause),
    ]
    first = await outbox(TOPIC, 3).append(connection, statements)
    again = await outbox(TOPIC, 3).append(connection, statements)
    assert first == again
    assert len(set(first)) == 3
    assert {event_id.version for event_id in first} == {5}
    assert await connection.fetchval("SELECT count(*) FROM messaging.outbox") == 3
    headers = dict(
        headers_from_text(await connection.fetchval("SELECT headers FROM messaging.outbox LIMIT 1"))
    )
    assert headers["ce_correlationid"] == b"corr"
    assert headers["ce_causationid"] == str(cause.id).encode()


async def test_an_event_names_what_led_to_it(connection: asyncpg.Connection) -> None:
    """The event that it follows from, else what is known of it by its id alone, else the request.

    What a duty states of its own accord names nothing.
    """
    cause = an_event()
    step = StepTaken(path="a", n=1)
    under_way = CORRELATION_ID.set("request")
    await outbox(TOPIC, 3).append(
        connection,
        [
            Statement(step, NOON, cause=cause),
            Statement(step, NOON, causation_id="known"),
            Statement(step, NOON),
        ],
    )
    CORRELATION_ID.reset(under_way)
    await outbox(TOPIC, 3).append(connection, [Statement(step, NOON)])
    rows = await connection.fetch("SELECT headers FROM messaging.outbox ORDER BY id")
    headers = [dict(headers_from_text(row["headers"])) for row in rows]
    assert [of_row.get("ce_causationid") for of_row in headers] == [
        str(cause.id).encode(),
        b"known",
        b"request",
        None,
    ]


async def test_an_append_that_is_rolled_back_leaves_nothing(dsn: str) -> None:
    """An event exists only if the decision that stated it was committed."""
    connection = await asyncpg.connect(dsn)
    transaction = connection.transaction()
    await transaction.start()
    await outbox(TOPIC, 3).append(connection, [Statement(StepTaken(path="a", n=1), NOON)])
    await transaction.rollback()
    assert await connection.fetchval("SELECT count(*) FROM messaging.outbox") == 0
    await connection.close()


NO_PATH = StepTaken.model_construct(path=None, n=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (Statement(NO_PATH, NOON), "path"),
        # without a zone: the fault that it tests
        (Statement(StepTaken(path="a", n=1), datetime(2026, 11, 21)), "zone"),  # noqa: DTZ001
        (Statement(StepTaken(path="a", n=1, note="x" * LARGEST_EVENT), NOON), "bytes"),
        (Statement(an_event(), NOON), "no contract"),  # type: ignore[arg-type]
    ],
    ids=["not as the model says", "time without a zone", "too large", "no contract"],
)
async def test_what_could_not_be_read_or_sent_later_is_refused_now(
    connection: asyncpg.Connection, statement: Statement, why: str
) -> None:
    """Once appended, a row can't fail alone: it would hold up its partition.

    So its use case hears of it.
    """
    with pytest.raises(Permanent, match=why):
        await outbox(TOPIC, 3).append(connection, [statement])
    assert await connection.fetchval("SELECT count(*) FROM messaging.outbox") == 0


async def test_a_finished_row_may_hold_any_bytes_but_not_too_many(
    connection: asyncpg.Connection,
) -> None:
    """A dead letter keeps the failed record as it was; only its place and size are checked.

    Null and non-UTF-8 headers, no key, no value.
    """
    headers = (("dl_reason", b"not-json"), ("source.x", b"\xff\x00"), ("source.y", None))
    row = Row(TOPIC, 2, None, uuid4(), "dead", headers, None)
    await outbox(TOPIC, 3).append_rows(connection, [row])
    kept = await connection.fetchrow("SELECT * FROM messaging.outbox")
    assert kept is not None
    assert headers_from_text(kept["headers"]) == list(headers)
    assert (kept["key"], kept["data"], kept["partition"]) == (None, None, 2)
    with pytest.raises(Permanent, match="bytes"):
        await outbox(TOPIC, 3).append_rows(connection, [row._replace(data=bytes(LARGEST_ROW))])
    with pytest.raises(Permanent, match="partition 3"):
        await outbox(TOPIC, 3).append_rows(connection, [row._replace(partition=3)])


def test_headers_come_back_as_they_went() -> None:
    """Any bytes at all, in any order, names twice."""
    headers = (("a", bytes(range(256))), ("a", None), ("é", b""))
    assert headers_from_text(headers_as_text(headers)) == list(headers)


async def test_an_append_wakes_the_relay_when_it_commits(dsn: str) -> None:
    """The notification comes with the commit; while rows wait already, their writer's is enough."""
    notified: list[str] = []
    listener, writer = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    try:
        await listener.add_listener(CHANNEL, lambda *call: notified.append(call[2]))
        for n in (1, 2):
            async with writer.transaction():
                await outbox(TOPIC, 3).append(writer, [Statement(StepTaken(path="a", n=n), NOON)])
        await listener.execute("SELECT 1")
        assert notified == [CHANNEL]
    finally:
        await writer.execute("DELETE FROM messaging.outbox")
        await writer.close()
        await listener.close()


async def test_ids_that_follow_from_a_cause_are_the_same_in_every_release(
    connection: asyncpg.Connection,
) -> None:
    """A newer version that handles an event again must find its own rows: the recipe is frozen."""
    cause = Event(
        UUID(int=1),
        "terang.StepTaken",
        SOURCE,
        "a",
        NOON,
        1,
        "elsewhere",
        0,
        0,
        None,
        StepTaken(path="a", n=1),
    )
    ids = await outbox(TOPIC, 3).append(
        connection, [Statement(StepTaken(path="a", n=1), NOON, cause=cause)]
    )
    assert ids == [UUID("07f4a487-8b37-5ce8-9726-859ad40eda44")]
