"""Feedback's worker as a process over real Kafka: units come in, complaints and flags go out, and
nothing is lost with it.
"""

import asyncio
import json
import os
import signal
import subprocess
import sysconfig
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from deploy.local.ports import free_port
from shared.clock import DemoClock, utc_now
from shared.contracts.applications import UnitRegistered
from shared.contracts.catalogue import TOPICS, stated_by, written_by
from shared.messaging.outbox import Outbox, Statement
from shared.messaging.relay import Relay
from shared.postgres.pool import create_pool
from shared.service_outbox import origins
from tests.component.conftest import Issuer, ServiceApp
from tests.servers import Servers

NewDatabase = Callable[[str], Awaitable[str]]
StartApp = Callable[..., Awaitable[ServiceApp]]
SECONDS = 60.0


@pytest.fixture
async def topics(servers: Servers) -> None:
    """The topics of applications and feedback, empty."""
    await servers.fresh_topics(
        *(topic.name for topic in TOPICS if topic.owner in {"applications", "feedback"})
    )


@contextmanager
def worker(
    servers: Servers, issuer: Issuer, database: str, demo_clock: Path
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`terang serve feedback worker` until the block ends; its process and its address."""
    port = free_port()
    environment = os.environ | {
        "TERANG_PROVINCE": "99",
        "TERANG_ISSUER": issuer.url,
        "TERANG_AUDIENCE": "terang",
        "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap,
        "DATABASE_URL_FEEDBACK": database,
        "TERANG_DEMO_CLOCK": str(demo_clock),
    }
    terang = Path(sysconfig.get_path("scripts")) / "terang"
    process = subprocess.Popen(
        [terang, "serve", "feedback", "worker", "--port", str(port)], env=environment
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


async def register(
    servers: Servers, new_database: NewDatabase, units: list[UnitRegistered], app: ServiceApp
) -> None:
    """Applications states these units through its own outbox and relay."""
    outbox = Outbox(
        source="/provinces/99/applications",
        service="applications",
        contracts=stated_by("applications"),
        partitions=written_by("applications"),
    )
    database = await new_database("applications")
    async with await create_pool(database, application="test", size=2) as pool:
        async with pool.acquire() as connection, connection.transaction():
            await outbox.append(connection, [Statement(unit, time=app.clock()) for unit in units])
        relay = Relay(
            dsn=database,
            bootstrap_servers=servers.bootstrap,
            service="applications",
            partitions=outbox.partitions,
            origins=origins("99"),
        )
        carrying = asyncio.create_task(relay.run())
        published = "SELECT count(*) FROM messaging.outbox WHERE sequence IS NULL"
        acknowledged = (
            "SELECT coalesce(sum(numbered - acknowledged), 0) FROM messaging.outbox_partitions"
        )
        await until(lambda: pool.fetchval(f"SELECT ({published}) + ({acknowledged})"), 0)
        carrying.cancel()
        with suppress(asyncio.CancelledError):
            await carrying


async def until(ask: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    """Asks until the answer is the wanted one."""
    deadline = time.monotonic() + SECONDS
    while (answer := await ask()) != wanted:
        assert time.monotonic() < deadline, f"still {answer!r}, not {wanted!r}"
        await asyncio.sleep(0.1)


@asynccontextmanager
async def log(
    servers: Servers,
) -> AsyncIterator[Callable[[int], Awaitable[list[tuple[dict[str, str], Any]]]]]:
    """`await read(n)`: the first n records of terang.feedback as (headers, data), in the order in
    which they came.
    """
    consumer = AIOKafkaConsumer(
        "terang.feedback",
        bootstrap_servers=servers.bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    seen: list[tuple[dict[str, str], Any]] = []

    async def read(count: int) -> list[tuple[dict[str, str], Any]]:
        async with asyncio.timeout(SECONDS):
            while len(seen) < count:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    seen.extend(
                        (
                            {name: value.decode() for name, value in r.headers}
                            | {"key": r.key.decode()},
                            json.loads(r.value),
                        )
                        for r in records
                    )
        return seen

    try:
        yield read
    finally:
        await consumer.stop()


async def complain(app: ServiceApp, unit_id: str, times: int) -> None:
    body = {"unit_id": unit_id, "category": "conduct", "text": "Kasar."}
    for _ in range(times):
        assert (await app.http.post("/feedback/complaints", json=body)).status_code == 201


async def address(app: ServiceApp) -> str:
    """The database behind the app."""
    settings = app.app.state.resources.settings
    return str(settings.database_url)


@pytest.mark.usefixtures("topics")
async def test_a_flag_travels_from_citizens_to_the_log_whatever_dies(
    servers: Servers,
    new_database: NewDatabase,
    service_app: StartApp,
    issuer: Issuer,
    tmp_path: Path,
) -> None:
    """Units arrive by Kafka; citizens complain; once their day is over the worker flags the
    unit in trouble, is killed at once, and its successor carries out what was stated and clears the
    flag once the day is over on which the officer finds the complaints wrong. Each event stands
    once, numbered in its partition.
    """
    app = await service_app("feedback", now=utc_now())
    days = DemoClock(tmp_path / "clock")
    units = [
        UnitRegistered(unit_id=f"U-{n}", path=f"Kota | Dinas {n}", staff=20) for n in range(10)
    ]
    await register(servers, new_database, units, app)
    database = await address(app)
    async with log(servers) as read:
        with worker(servers, issuer, database, tmp_path / "clock") as (process, _):
            await until(lambda: app.pool.fetchval("SELECT count(*) FROM unit"), 10)
            for unit in units:
                await complain(app, unit.unit_id, 2)
            await complain(app, "U-5", 30)
            days.move(timedelta(hours=26))
            await until(lambda: app.pool.fetchval("SELECT count(*) FROM flag"), 1)
            process.send_signal(signal.SIGKILL)
            process.wait(SECONDS)
        app.clock.advance(hours=26)
        for item in await all_of(app, "U-5"):
            answer = await app.http.post(
                f"/feedback/complaints/{item['complaint_id']}/resolution",
                json={"outcome": "not-upheld", "text": "Tidak terbukti."},
                headers=app.who("officer-1", "officer"),
            )
            assert answer.status_code == 201
        days.move(timedelta(hours=26))
        with worker(servers, issuer, database, tmp_path / "clock") as (process, url):
            records = await read(50 + 32 + 2)
            async with httpx.AsyncClient() as http:

                async def ready() -> int:
                    return (await http.get(f"{url}/ready")).status_code

                await until(ready, 200)
                assert "terang" in (await http.get(f"{url}/metrics")).text
            process.terminate()
            assert process.wait(SECONDS) == 0
    assert len({headers["ce_id"] for headers, _ in records}) == len(records) == 84
    by_type = [headers["ce_type"] for headers, _ in records]
    assert {name: by_type.count(name) for name in set(by_type)} == {
        "terang.ComplaintFiled": 50,
        "terang.ComplaintResolved": 32,
        "terang.UnitFlagged": 1,
        "terang.UnitCleared": 1,
    }
    assert {headers["key"] for headers, _ in records} == {unit.unit_id for unit in units}
    about = [(headers, data) for headers, data in records if data["unit_id"] == "U-5"]
    assert (about[-1][0]["ce_type"], about[-1][1]["kind"]) == ("terang.UnitCleared", "training")
    sequences = [int(headers["ce_sequence"]) for headers, data in about]
    assert sequences == sorted(sequences)
    assert await app.pool.fetchval("SELECT count(*) FROM messaging.dead_letter") == 0


async def all_of(app: ServiceApp, unit_id: str) -> list[dict[str, Any]]:
    """All complaints about a unit."""
    answer = await app.http.get("/feedback/complaints", params={"unit_id": unit_id, "limit": 500})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items
