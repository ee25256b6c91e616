"""A service's worker as a process, between logs that a test writes and reads; an app served."""

import asyncio
import json
import os
import subprocess
import sysconfig
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from aiokafka import AIOKafkaConsumer
from fastapi import FastAPI

from deploy.local.ports import free_port
from shared.clock import utc_now
from shared.contracts.catalogue import Service, stated_by, written_by
from shared.contracts.fields import Fact
from shared.messaging.outbox import Outbox, Statement
from shared.messaging.relay import Relay
from shared.postgres.pool import create_pool
from shared.service_outbox import origins
from shared.settings import DEMO_PROVINCE_KEY
from shared.web import server
from tests.component.conftest import PROVINCE, Issuer
from tests.servers import Servers

SECONDS = 60.0
WAITING = """
SELECT (SELECT count(*) FROM messaging.outbox WHERE sequence IS NULL)
     + (SELECT coalesce(sum(numbered - acknowledged), 0) FROM messaging.outbox_partitions)
"""


def terang(
    *words: str, servers: Servers, issuer: Issuer, service: Service, database: str, **own: str
) -> subprocess.Popen[bytes]:
    """`terang WORDS` with the settings of a service, and `own` ones."""
    environment = os.environ | {
        "TERANG_PROVINCE": PROVINCE,
        "TERANG_ISSUER": issuer.url,
        "TERANG_AUDIENCE": "terang",
        "TERANG_PROVINCE_KEY": DEMO_PROVINCE_KEY,
        "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap,
        f"DATABASE_URL_{service.upper()}": database,
        **own,
    }
    return subprocess.Popen(
        [Path(sysconfig.get_path("scripts")) / "terang", *words], env=environment
    )


@contextmanager
def worker(
    servers: Servers, issuer: Issuer, service: Service, database: str, port: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """`terang serve SERVICE worker` until the block ends; it must then end by itself."""
    words = ("serve", service, "worker", "--port", str(port or free_port()))
    process = terang(*words, servers=servers, issuer=issuer, service=service, database=database)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


async def state(servers: Servers, service: Service, database: str, facts: Sequence[Fact]) -> None:
    """`service` states these through its own outbox and relay; returns when Kafka has them."""
    outbox = Outbox(
        source=f"/provinces/{PROVINCE}/{service}",
        service=service,
        contracts=stated_by(service),
        partitions=written_by(service),
    )
    async with await create_pool(database, application="test", size=2) as pool:
        async with pool.acquire() as connection, connection.transaction():
            await outbox.append(connection, [Statement(fact, time=utc_now()) for fact in facts])
        relay = Relay(
            dsn=database,
            bootstrap_servers=servers.bootstrap,
            service=service,
            partitions=outbox.partitions,
            origins=origins(PROVINCE),
        )
        carrying = asyncio.create_task(relay.run())
        await until(lambda: pool.fetchval(WAITING), 0)
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
    servers: Servers, topic: str
) -> AsyncIterator[Callable[[int], Awaitable[list[tuple[dict[str, str], Any]]]]]:
    """`await read(n)`: the first n or more records of the topic as (headers and key, data), in the
    order in which they came.
    """
    consumer = AIOKafkaConsumer(
        topic,
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
                    for record in records:
                        headers = {name: value.decode() for name, value in record.headers}
                        seen.append(
                            (headers | {"key": record.key.decode()}, json.loads(record.value))
                        )
        return seen

    try:
        yield read
    finally:
        await consumer.stop()


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[int]:
    """The app as our processes serve it, by its port on 127.0.0.1."""
    port = free_port()
    running = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, lifespan="off", **server.OPTIONS)
    )
    serving = asyncio.create_task(running.serve())
    while not running.started:
        await asyncio.sleep(0.01)
    try:
        yield port
    finally:
        running.should_exit = True
        await serving
