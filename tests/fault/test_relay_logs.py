"""The log is not what the relay left.

Its end is lost, the topic is made anew, foreign records stand on it, or the database is of
yesterday.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from shared.messaging.envelope import Event
from shared.messaging.failures import OperatorNeeded
from shared.messaging.outbox import Statement
from shared.messaging.recovery import apply
from tests.fault.ignoring import carry_out
from tests.fault.test_relay_deaths import process, running, stopped
from tests.servers import Servers
from tests.small_service import NOON, Small, StepTaken, new, outbox

NewSmall = Callable[..., Awaitable[Small]]


@pytest.fixture
async def new_small(servers: Servers, request: pytest.FixtureRequest) -> NewSmall:
    """`await new_small()`: the small service with a database and a topic of its own."""
    return lambda partitions=1: new(servers, request.node.name, partitions)


async def published(small: Small, steps: int) -> None:
    """So many more steps, stated and on the log."""
    async with running(small.relay()):
        await small.walk(steps)
        await small.drained()


async def put(small: Small, records: Sequence[Any]) -> None:
    """Writes these on the topic as they are, as a foreign producer or a broker's copy would."""
    producer = AIOKafkaProducer(bootstrap_servers=small.bootstrap)
    await producer.start()
    try:
        for record in records:
            await producer.send_and_wait(
                small.topic,
                record.value,
                key=record.key,
                partition=record.partition,
                headers=list(record.headers),
            )
    finally:
        await producer.stop()


async def lose_end(servers: Servers, small: Small, count: int) -> None:
    """The log as a power cut leaves it.

    Its last `count` records, acknowledged though they were, are gone.
    """
    records = await small.log()
    await servers.fresh_topics(small.topic, partitions=small.partitions)
    await put(small, records[: len(records) - count])


class Foreign:
    """A record that no service of this platform wrote."""

    def __init__(
        self, value: bytes | None, headers: Sequence[tuple[str, bytes | None]] = ()
    ) -> None:
        self.value, self.headers, self.key, self.partition = value, headers, b"k", 0


async def stops(small: Small) -> OperatorNeeded:
    """The relay must not go on; this is what it says."""
    with pytest.raises(OperatorNeeded) as stopped:
        await asyncio.wait_for(small.relay().run(), 30)
    return stopped.value


async def test_acknowledged_records_lost_from_the_end_are_sent_again(
    new_small: NewSmall, servers: Servers
) -> None:
    """What the log lacks is sent, though it was acknowledged.

    By the next leader, from the rows that the outbox keeps.
    """
    small = await new_small()
    await published(small, 100)
    await lose_end(servers, small, 30)
    await published(small, 5)
    await small.check_effect(repeats_allowed=False)


async def test_a_power_cut_behind_the_survey_ends_the_time_in_office(
    new_small: NewSmall, servers: Servers
) -> None:
    """The end is lost between a new leader's question and its first send.

    It asks anew, and the log doesn't jump over what is gone.
    """
    small = await new_small()
    await published(small, 100)
    await small.walk(20)
    async with process(small, "relay.took-over:1:stop") as leader:
        await stopped(leader)
        await servers.kill_kafka()
        await servers.start_kafka()
        await lose_end(servers, small, 30)
        leader.send_signal(signal.SIGCONT)
        await small.drained()
        assert leader.returncode is None
    await small.check_effect(repeats_allowed=False)


async def test_an_idle_leader_notices_that_the_end_was_lost(
    new_small: NewSmall, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks now and then, and mends the log before anything new is sent behind the hole."""
    small = await new_small()
    async with running(small.relay()):
        await small.walk(100)
        await small.drained()
        await lose_end(servers, small, 30)
        monkeypatch.setattr("shared.messaging.relay.IDLE_CHECK_SECONDS", 0.3)
        async with asyncio.timeout(20):
            while len(await small.log()) < 100:
                await asyncio.sleep(0.1)
        await small.walk(5)
        await small.drained()
    await small.check_effect(repeats_allowed=False)


async def test_lost_records_that_the_outbox_no_longer_has_stop_the_relay(
    new_small: NewSmall, servers: Servers
) -> None:
    """Neither the log nor the outbox has them: to count on would hide it."""
    small = await new_small()
    await published(small, 100)
    await small.rows("DELETE FROM messaging.outbox WHERE sequence <= 80")
    await lose_end(servers, small, 30)
    assert "lacks number 71" in str(await stops(small))


async def recovered(small: Small) -> None:
    """What `terang recover` does about the service's own log."""
    connection = await asyncpg.connect(small.dsn)
    try:
        plan = await small.recovery_plan(connection)
        await apply(connection, plan, service="small")
    finally:
        await connection.close()


async def test_an_empty_topic_was_filled_again_without_a_word(
    new_small: NewSmall, servers: Servers
) -> None:
    """It may be another cluster's: the relay stops. Recovered, it gets all under their numbers."""
    small = await new_small(partitions=3)
    await published(small, 100)
    await servers.fresh_topics(small.topic, partitions=3)
    stop = await stops(small)
    assert "holds none of the events that were acknowledged" in stop.reason
    assert stop.remedy == "terang recover small"
    assert await small.log() == []
    await recovered(small)
    await published(small, 5)
    await small.check_effect(repeats_allowed=False)


async def test_a_topic_made_anew_begins_behind_what_the_outbox_has_removed(
    new_small: NewSmall, servers: Servers
) -> None:
    """What is left keeps its numbers, by which consumers know it; so does what comes."""
    small = await new_small()
    await published(small, 100)
    await small.rows("DELETE FROM messaging.outbox WHERE sequence <= 50")
    await servers.fresh_topics(small.topic, partitions=1)
    assert "holds none" in str(await stops(small))
    await recovered(small)
    await published(small, 5)
    numbers = [int(dict(record.headers)["ce_sequence"]) for record in await small.log()]
    assert numbers == list(range(51, 106))
    async with running(small.relay()):  # another leader counts from there, too
        await small.walk(1)
        await small.drained()
    assert len(await small.log()) == 56


async def test_a_topic_made_anew_under_a_busy_leader(new_small: NewSmall, servers: Servers) -> None:
    """An acknowledgement at an offset that can't be ends the term.

    What came of it is found on the log, and stops. Once the service ignores what stands there, the
    outbox, which still has every row, fills the same log.
    """
    small = await new_small()
    relay = asyncio.create_task(small.relay().run())
    await small.walk(100)
    await small.drained()
    await servers.fresh_topics(small.topic, partitions=1)
    await small.walk(10)
    with pytest.raises(OperatorNeeded, match="jumps from number 0 to 101") as stop:
        await asyncio.wait_for(relay, 30)
    last = (await small.log())[-1].offset
    await carry_out(
        stop.value.remedy,
        dsn=small.dsn,
        bootstrap=small.bootstrap,
        origins=small.origins,
        through=last,
    )
    await recovered(small)
    await published(small, 5)
    await small.check_effect(repeats_allowed=False)


async def test_foreign_records_at_the_end_do_not_hide_ours(new_small: NewSmall) -> None:
    """Counting goes past empty, headerless and non-UTF-8 records and a tombstone.

    They stand behind ours, and the last acknowledgement is lost.
    """
    small = await new_small()
    await published(small, 50)
    await put(
        small,
        [
            Foreign(b""),
            Foreign(None),
            Foreign(b"x" * 900_000),
            Foreign(b"{}", [("ce_id", b"\xff"), ("ce_sequence", None)]),
            Foreign(b"{}", [("ce_id", str(uuid4()).encode()), ("ce_sequence", b"-1")]),
        ],
    )
    # as if the leader had died before it marked the last 20
    await small.rows(
        "UPDATE messaging.outbox_partitions SET acknowledged = 30, acknowledged_offset = 29,"
        " acknowledged_event = (SELECT event_id FROM messaging.outbox WHERE sequence = 30)"
    )
    await small.walk(5)
    async with running(small.relay()):
        await small.drained()
    ours = [record for record in await small.log() if dict(record.headers).get("content-type")]
    assert [int(dict(record.headers)["ce_sequence"]) for record in ours] == list(range(1, 56))
    assert [UUID(dict(record.headers)["ce_id"].decode()) for record in ours] == small.stated


async def test_a_log_that_expired_behind_the_mark_is_the_same_log(new_small: NewSmall) -> None:
    """Retention removed everything that was published: nothing is missing, counting goes on."""
    small = await new_small()
    await published(small, 50)
    await expire(small, 50)
    await published(small, 5)
    assert [int(dict(record.headers)["ce_sequence"]) for record in await small.log()] == list(
        range(51, 56)
    )


async def test_a_log_that_begins_above_the_mark_stops_the_relay(new_small: NewSmall) -> None:
    """What stood between the mark and the log's start can't be told."""
    small = await new_small()
    await published(small, 50)
    await small.rows(
        "UPDATE messaging.outbox_partitions SET acknowledged = 30, acknowledged_offset = 29,"
        " acknowledged_event = (SELECT event_id FROM messaging.outbox WHERE sequence = 30)"
    )
    await expire(small, 40)
    assert "begins at offset 40" in (await stops(small)).reason


async def test_a_backup_that_is_younger_than_the_logs_start_is_restored(
    new_small: NewSmall, servers: Servers
) -> None:
    """Yesterday's knows less than the log still holds, and can't be recovered; a younger one can.

    As the relay and then `terang recover` say.
    """
    small = await new_small()
    await published(small, 10)
    await small.walk(3)  # waiting in the backup; on the log, and expired, since
    yesterday = await backup(servers, small)
    await published(small, 7)
    younger = await backup(servers, small, "younger")
    await published(small, 10)
    await expire(small, 15)
    small.dsn = yesterday
    assert (await stops(small)).remedy == "terang recover small"
    with pytest.raises(OperatorNeeded, match="above what the database knows") as stopped:
        await recovered(small)
    assert stopped.value.remedy == "restore a backup that is younger than the topic's retention"
    small.dsn = younger
    assert "terang recover small" in (await stops(small)).remedy
    await recovered(small)
    await published(small, 5)
    ids = [UUID(dict(record.headers)["ce_id"].decode()) for record in await small.log()]
    assert ids == small.stated[15:]


async def expire(small: Small, before: int) -> None:
    """Removes the records of partition 0 below this offset, as retention does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=small.bootstrap)
    await admin.start()
    try:
        await admin.delete_records(
            {TopicPartition(small.topic, 0): RecordsToDelete(before_offset=before)}
        )
    finally:
        await admin.close()


async def backup(servers: Servers, small: Small, called: str = "yesterday") -> str:
    """Yesterday's database: a copy of the service's, as it is now. Returns its address."""
    name = small.dsn.rsplit("/", 1)[1]
    connection = await asyncpg.connect(servers.superuser)
    try:
        await connection.execute(f"CREATE DATABASE {name}_{called} TEMPLATE {name} OWNER owner")
    finally:
        await connection.close()
    return f"{small.dsn}_{called}"


async def test_yesterdays_database_stops_the_relay_and_recovery_lets_it_go_on(
    new_small: NewSmall, servers: Servers
) -> None:
    """Restored: the log is ahead.

    Recovery takes over the log's numbers, hands the service what its database lacks, and counts on
    above.
    """
    small = await new_small(partitions=3)
    await published(small, 60)
    waiting = await small.walk(20)  # in the backup without numbers, on the log with numbers
    small_yesterday = await backup(servers, small)
    await published(small, 40)

    small.dsn = small_yesterday
    before = set(small.stated)
    new_id = await state_one_more(small)
    stop = await stops(small)
    assert "were given" in stop.reason
    assert stop.remedy.startswith("terang recover small after a restored backup; or, ")

    handed: list[UUID] = []

    async def restore(connection: Any, records: Sequence[Any]) -> list[str]:
        handed.extend(UUID(dict(record.headers)["ce_id"].decode()) for record in records)
        await connection.execute("CREATE TABLE imported (steps int)")
        await connection.execute("INSERT INTO imported VALUES ($1)", len(records))
        return [f"{len(records)} steps imported"]

    connection = await asyncpg.connect(small.dsn)
    try:
        plan = await small.recovery_plan(connection)
        assert len(plan.missing) == 40
        assert {
            event_id for partition in plan.partitions for event_id, _ in partition.renumbered
        } == set(waiting)
        assert await apply(connection, plan, service="small", restore=restore) == [
            "40 steps imported"
        ]
    finally:
        await connection.close()
    assert len(handed) == 40
    assert (await small.rows("SELECT steps FROM imported"))[0][0] == 40

    await published_again(small)
    log = await small.log()
    ids = [UUID(dict(record.headers)["ce_id"].decode()) for record in log]
    assert len(ids) == len(set(ids)) == 121
    assert set(ids) == before | {new_id}
    for partition in range(3):
        numbers = [
            int(dict(record.headers)["ce_sequence"])
            for record in log
            if record.partition == partition
        ]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
async def test_yesterdays_database_put_under_a_working_relay_stops_it(
    new_small: NewSmall, servers: Servers, *, busy: bool
) -> None:
    """A relay that leads again on a restored database asks the log before it sends.

    Nothing gets a number twice.
    """
    small = await new_small()
    await published(small, 20)
    yesterday = (await backup(servers, small)).rsplit("/", 1)[1]
    today = small.dsn.rsplit("/", 1)[1]
    relay = asyncio.create_task(small.relay().run())
    await small.walk(20)
    await small.drained()
    if busy:
        await small.walk(2000)
    operator = await asyncpg.connect(servers.superuser)
    try:
        async with asyncio.timeout(20):
            while True:
                # the relay comes back at once: again, until the names could be changed between two
                # of its sessions
                try:
                    await operator.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
                        f" '{today}'"
                    )
                    async with (
                        operator.transaction()
                    ):  # at no moment is there no database of this name
                        await operator.execute(f"ALTER DATABASE {today} RENAME TO {today}_lost")
                        await operator.execute(f"ALTER DATABASE {yesterday} RENAME TO {today}")
                    break
                except asyncpg.ObjectInUseError:
                    continue
    finally:
        await operator.close()
    await state_one_more(small)
    with pytest.raises(OperatorNeeded, match="were given"):
        await asyncio.wait_for(relay, 20)
    numbers = [int(dict(record.headers)["ce_sequence"]) for record in await small.log()]
    assert numbers == list(range(1, len(numbers) + 1))


async def state_one_more(small: Small) -> UUID:
    """A statement on yesterday's database: its row takes no number of the log's."""
    connection = await asyncpg.connect(small.dsn)
    try:
        async with connection.transaction():
            (event_id,) = await outbox(small.topic, small.partitions).append(
                connection, [Statement(StepTaken(path="path-0", n=1000), NOON)]
            )
            return event_id
    finally:
        await connection.close()


async def published_again(small: Small) -> None:
    """The relay goes on until all is on the log."""
    async with running(small.relay()):
        await small.drained()


async def test_what_yesterdays_consumer_states_again_is_not_sent_twice(
    new_small: NewSmall, servers: Servers
) -> None:
    """Its positions are of yesterday too, so it handles events again.

    What follows from them has its id on the log, and meets it in the outbox.
    """
    small = await new_small()
    await published(small, 10)
    small_yesterday = await backup(servers, small)
    cause = Event(
        uuid4(),
        "terang.Cause",
        "/elsewhere",
        "a",
        NOON,
        1,
        "elsewhere",
        0,
        0,
        None,
        StepTaken(path="a", n=1),
    )

    async def follow() -> None:
        connection = await asyncpg.connect(small.dsn)
        async with connection.transaction():
            statement = Statement(StepTaken(path="followed", n=1), NOON, cause=cause)
            await outbox(small.topic, 1).append(connection, [statement])
        await connection.close()

    async with running(small.relay()):
        await follow()
        await small.drained()
    small.dsn = small_yesterday
    connection = await asyncpg.connect(small.dsn)
    plan = await small.recovery_plan(connection)
    await apply(connection, plan, service="small")
    await connection.close()
    await follow()
    await published(small, 1)
    assert len(await small.log()) == 12


async def test_recovery_is_refused_while_a_process_is_connected(new_small: NewSmall) -> None:
    """A process that runs could send an old record under a number given anew.

    It is named, and nothing is read.
    """
    small = await new_small()
    connection = await asyncpg.connect(small.dsn)
    worker = await asyncpg.connect(
        small.dsn, server_settings={"application_name": "terang-small-worker"}
    )
    try:
        with pytest.raises(OperatorNeeded, match="terang-small-worker") as stopped:
            await small.recovery_plan(connection)
    finally:
        await worker.close()
        await connection.close()
    assert stopped.value.remedy.startswith("stop every api and worker of small")
    await recovered(small)
    await published(small, 1)
