"""What may happen to a consumer's servers, its log, its database and its fellows.

Each event takes effect once, in order, or it stops and says why.
"""

import asyncio
import signal

import pytest

from tests.fault.tally import Added, Renamed, Stage, exactly_once

BACKUP = """
CREATE SCHEMA backup;
CREATE TABLE backup.position AS TABLE messaging.position;
CREATE TABLE backup.tally AS TABLE projections.tally;
CREATE TABLE backup.effect AS TABLE projections.effect;
"""
RESTORE = """
BEGIN;
TRUNCATE messaging.position, projections.tally, projections.effect;
INSERT INTO messaging.position TABLE backup.position;
INSERT INTO projections.tally TABLE backup.tally;
INSERT INTO projections.effect OVERRIDING SYSTEM VALUE TABLE backup.effect;
COMMIT;
"""


async def test_every_record_twice_and_topics_interleaved(stage: Stage) -> None:
    """With every record standing twice, each event takes effect once.

    The topics take turns; what an event causes is stated once.
    """
    facts: list[Added | Renamed] = []
    for i in range(150):
        facts += [Added(key=f"key-{i % 7}", n=i), Renamed(key=f"key-{i % 5}", name=f"name-{i}")]
    await stage.log.say(facts, twice=True)
    stage.worker()
    exactly_once(stage.log.sent, await stage.drained())
    (stated,) = await stage.fetch(
        "SELECT count(*) FROM messaging.outbox WHERE type = 'test.Noticed'"
    )
    assert stated["count"] == 150


async def test_postgres_restarted_under_a_consumer(stage: Stage) -> None:
    """While PostgreSQL is away, batches wait; nothing is rejected, and the lag returns to 0."""
    await stage.log.add(50)
    worker = stage.worker()
    await stage.drained()
    await stage.servers.kill_postgres()
    await stage.log.add(300)
    await asyncio.sleep(1)
    await stage.servers.start_postgres()
    exactly_once(stage.log.sent, await stage.drained())
    assert not await stage.fetch("SELECT FROM messaging.dead_letter")
    for _ in range(100):
        if await worker.metric("terang_consumer_lag_records{") == 0:
            break
        await asyncio.sleep(0.1)
    assert await worker.metric("terang_consumer_lag_records{") == 0


async def test_kafka_restarted_under_a_consumer(stage: Stage) -> None:
    """A broker that ends and comes back is waited for; what follows takes effect."""
    await stage.log.add(50)
    stage.worker()
    await stage.drained()
    await stage.servers.stop_kafka()
    await asyncio.sleep(0.5)
    await stage.servers.start_kafka()
    await stage.log.add(100)
    exactly_once(stage.log.sent, await stage.drained(seconds=60))


async def test_two_workers_own_a_partition(stage: Stage) -> None:
    """A worker that stops in mid-batch loses its partitions.

    When it wakes and goes on, nothing takes effect twice.
    """
    await stage.log.add(100)
    zombie = stage.worker(failpoint="consumer.applied:1:stop", in_transaction_ms=2000)
    await zombie.stopped()
    stage.worker(replica="2")
    await stage.log.add(100)
    exactly_once(stage.log.sent, await stage.drained(seconds=60))
    zombie.process.send_signal(signal.SIGCONT)
    await stage.log.add(100)
    exactly_once(stage.log.sent, await stage.drained(seconds=60))
    assert zombie.process.poll() is None


async def test_rebalance_in_mid_batch(stage: Stage) -> None:
    """Partitions that go to another worker during a batch of theirs take effect once."""
    await stage.log.add(100)
    stage.worker(environment={"TALLY_SLOW": "0.5"})
    await stage.holds_transaction()
    second = stage.worker(replica="2")
    for _ in range(5):
        await stage.log.add(20)
        await asyncio.sleep(0.3)
    await second.ready()
    await stage.log.add(100)
    exactly_once(stage.log.sent, await stage.drained(seconds=60))
    assert await second.metric("terang_consumer_records_total{") > 0


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
async def test_topic_made_anew(stage: Stage, *, busy: bool) -> None:
    """A topic that is deleted and made anew stops the worker before it takes an event of it.

    Idle or busy, and again when it is started again; it says so.
    """
    await stage.log.add(60)
    worker = stage.worker(check_seconds=1)
    effects = await stage.drained()
    await stage.servers.fresh_topics(stage.catalogue.added.topic, partitions=4)
    if busy:
        stage.log._sequences.clear()
        await stage.log.add(10)
    assert "made anew" in await worker.stands_still("other-log")
    worker.kill()
    again = stage.worker(check_seconds=1)
    await again.stands_still("other-log")
    assert await stage.effects() == effects


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
async def test_yesterdays_database_restored(stage: Stage, *, busy: bool) -> None:
    """A consumer's database that is set back under a running worker catches up from the log.

    Nothing is lost, nothing repeated.
    """
    await stage.log.add(60)
    stage.worker(check_seconds=1)
    await stage.drained()
    await stage.fetch_script(BACKUP)
    await stage.log.add(90)
    await stage.drained()
    if busy:
        writing = asyncio.create_task(stage.log.add(200))
        await stage.fetch_script(RESTORE)
        await writing
    else:
        await stage.fetch_script(RESTORE)
    exactly_once(stage.log.sent, await stage.drained())


async def test_a_gap_stops_the_worker(stage: Stage) -> None:
    """With an event missing on the log the consumer stands still.

    It says where; what stood before has taken effect. Told to end, the worker ends with status 1.
    """
    await stage.log.say([Added(key="key-0", n=1)])
    worker = stage.worker()
    await stage.drained()
    stage.log.record(Added(key="key-0", n=1))  # never written
    await stage.log.say([Added(key="key-0", n=1)])
    said = await worker.stands_still("gap")
    assert "holds sequence 3 at offset 1, but 2 comes next" in said
    assert "Remedy: put the log back as it was" in said
    assert len(await stage.effects()) == 1
    worker.process.send_signal(signal.SIGTERM)
    assert await worker.ended(8) == 1
    assert "worker stops. " in worker.output()


async def test_told_to_end(stage: Stage) -> None:
    """On SIGTERM the worker finishes its batch, commits its offsets and ends with status 0.

    The next starts where it was.
    """
    await stage.log.add(100)
    worker = stage.worker(environment={"TALLY_SLOW": "1"})
    await stage.holds_transaction()
    worker.process.send_signal(signal.SIGTERM)
    assert await worker.ended(8) == 0, worker.output()
    assert len(await stage.effects()) > 0
    stage.worker()
    exactly_once(stage.log.sent, await stage.drained())
