"""The program of docs/subscribing.md, as it stands there, against a real broker."""

import asyncio
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from shared.contracts.catalogue import TOPICS, stated_by, written_by
from shared.contracts.publication import ATTRIBUTES
from shared.contracts.ranking import AdmissionRevoked, CandidateSelected, Cut, StandingsRecomputed
from shared.messaging.outbox import Outbox, Statement
from shared.messaging.relay import Relay
from shared.postgres.pool import Pool, create_pool
from shared.service_outbox import origins
from tests.servers import Servers

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "subscribing.md").read_text("utf-8")
SECONDS = 60.0
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def program() -> str:
    """The one Python block of the page."""
    (found,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@contextmanager
def subscriber(folder: Path, bootstrap: str) -> Iterator[Path]:
    """The program at work until the block ends, then killed; gives its database."""
    (folder / "subscribe.py").write_text(program(), "utf-8")
    process = subprocess.Popen(
        [sys.executable, folder / "subscribe.py", bootstrap, folder / "seen.db"]
    )
    try:
        yield folder / "seen.db"
        assert process.poll() is None, "the program ended by itself"
    finally:
        process.kill()
        process.wait(SECONDS)


async def until(file: Path, query: str, wanted: list[tuple[Any, ...]]) -> None:
    """Waits for the subscriber's database to answer so."""
    deadline = time.monotonic() + SECONDS
    rows: list[tuple[Any, ...]] = []
    while time.monotonic() < deadline:
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(file)) as database,
        ):  # not made yet, or locked
            rows = database.execute(query).fetchall()
        if rows == wanted:
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"{query}: {rows}, not {wanted}")


async def state(
    pool: Pool,
    servers: Servers,
    dsn: str,
    *facts: CandidateSelected | AdmissionRevoked | StandingsRecomputed,
) -> None:
    """Ranking states these facts: outbox, relay, log."""
    outbox = Outbox(
        source="/provinces/99/ranking",
        service="ranking",
        contracts=stated_by("ranking"),
        partitions=written_by("ranking"),
    )
    async with pool.acquire() as connection, connection.transaction():
        await outbox.append(connection, [Statement(fact, NOW) for fact in facts])
    relay = Relay(
        dsn=dsn,
        bootstrap_servers=servers.bootstrap,
        service="ranking",
        partitions=outbox.partitions,
        origins=origins("99"),
    )
    carrying = asyncio.create_task(relay.run())
    waiting = """SELECT (SELECT count(*) FROM messaging.outbox WHERE sequence IS NULL)
                      + (SELECT coalesce(sum(numbered - acknowledged), 0)
                           FROM messaging.outbox_partitions)"""
    async with asyncio.timeout(SECONDS):
        while await pool.fetchval(waiting) != 0:
            assert not carrying.done(), carrying.exception()
            await asyncio.sleep(0.05)
    carrying.cancel()
    with suppress(asyncio.CancelledError):
        await carrying


def selected(vacancy: str, number: int) -> CandidateSelected:
    return CandidateSelected(
        vacancy_id=vacancy,
        round_id="cpns-2024",
        list="final",
        participant_no=f"0001-{number:06d}",
        rank=number,
        score=Decimal("81.245"),
        code="L",
    )


def revoked(vacancy: str, number: int) -> AdmissionRevoked:
    return AdmissionRevoked(
        vacancy_id=vacancy,
        round_id="cpns-2024",
        list="final",
        participant_no=f"0001-{number:06d}",
        code="P",
    )


def standings(vacancy: str, version: int) -> StandingsRecomputed:
    return StandingsRecomputed(
        vacancy_id=vacancy,
        round_id="cpns-2024",
        list="skd",
        version=version,
        candidates=version,
        codes={},
        cut=Cut(limit=3, within=0),
        first=(),
        digest=f"{version:064x}",
    )


async def log(servers: Servers) -> list[Any]:
    """All records of the topic."""
    places = [TopicPartition("terang.ranking", partition) for partition in range(12)]
    consumer = AIOKafkaConsumer(bootstrap_servers=servers.bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(places)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(places)
        records: list[Any] = []
        while len(records) < sum(ends.values()):
            for some in (await consumer.getmany(timeout_ms=500)).values():
                records.extend(some)
        return records
    finally:
        await consumer.stop()


async def test_the_program_takes_each_event_once(servers: Servers, tmp_path: Path) -> None:
    """It reads what was said before it came, and what was taken back; killed and started again it
    goes on; records that stand twice and foreign ones change nothing; the newest standings hold; a
    replay into a new file gives the same.
    """
    await servers.fresh_topics(*(topic.name for topic in TOPICS if topic.owner == "ranking"))
    dsn = servers.database("subscribed", [ROOT / "shared" / "messaging" / "migrations"])
    numbers = "SELECT vacancy_id, participant_no, score FROM selected ORDER BY 1, 2"
    versions = "SELECT vacancy_id, version, candidates FROM standings ORDER BY 1"
    async with await create_pool(dsn, application="test", size=2) as pool:
        await state(
            pool,
            servers,
            dsn,
            standings("A", 1),
            selected("A", 1),
            standings("A", 2),
            selected("B", 1),
        )
        await state(pool, servers, dsn, selected("A", 3), revoked("A", 3))
        with subscriber(tmp_path, servers.bootstrap) as file:
            await until(
                file, numbers, [("A", "0001-000001", "81.245"), ("B", "0001-000001", "81.245")]
            )
            await until(file, versions, [("A", 2, 2)])
        async with AIOKafkaProducer(bootstrap_servers=servers.bootstrap) as producer:
            for record in reversed(
                await log(servers)
            ):  # were they taken again, who was revoked would come back
                await producer.send_and_wait(
                    record.topic,
                    record.value,
                    key=record.key,
                    partition=record.partition,
                    headers=list(record.headers),
                )
                await producer.send_and_wait(record.topic, b"not ours", partition=record.partition)
        await state(pool, servers, dsn, selected("A", 2), standings("A", 3), selected("B", 2))
        everyone = [(vacancy, f"0001-{n:06d}", "81.245") for vacancy in "AB" for n in (1, 2)]
        with subscriber(tmp_path, servers.bootstrap) as file:
            await until(file, numbers, everyone)
            await until(file, versions, [("A", 3, 3)])
        replay = tmp_path / "replay"
        replay.mkdir()
        with subscriber(replay, servers.bootstrap) as file:
            await until(file, numbers, everyone)
            await until(file, versions, [("A", 3, 3)])


def test_the_page_names_every_public_topic_and_every_header() -> None:
    """The tables are those of the catalogue and of the AsyncAPI document; what is linked exists."""
    for topic in TOPICS:
        assert (f"`{topic.name}` |" in PAGE) == (topic.audience == "public")
    assert set(re.findall(r"`(ce_[a-z]+|content-type)`", PAGE)) == set(ATTRIBUTES)
    links = re.findall(r"\]\((\.\./[^)]+)\)", PAGE)
    assert len(links) >= 4
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
