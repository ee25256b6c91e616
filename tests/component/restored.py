"""A service's database as of a moment, restored while the log went on, and `terang recover`."""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
from aiokafka import TopicPartition

from shared.contracts.catalogue import TOPICS
from shared.messaging.log_reader import offset_ranges, open_reader, published_events
from shared.messaging.origins import RecordReader
from shared.messaging.relay import Relay
from shared.postgres.pool import Pool
from shared.service_outbox import origins
from tests.component.conftest import PROVINCE, ServiceApp
from tests.servers import Servers

TERANG = Path(sys.executable).with_name("terang")
ALL_SENT = """
SELECT count(*) = coalesce((SELECT sum(acknowledged) FROM messaging.outbox_partitions), 0)
  FROM messaging.outbox
"""


def topics_of(service: str) -> dict[str, int]:
    """The topics that a service writes, with their counts of partitions."""
    return {topic.name: topic.partitions for topic in TOPICS if topic.owner == service}


async def publish(service: str, dsn: str, bootstrap: str) -> None:
    """Has a relay send all that the service stated."""
    relay = asyncio.create_task(
        Relay(
            dsn=dsn,
            bootstrap_servers=bootstrap,
            service=service,
            partitions=topics_of(service),
            origins=origins(PROVINCE),
        ).run()
    )
    connection = await asyncpg.connect(dsn)
    try:
        async with asyncio.timeout(60):
            while not await connection.fetchval(ALL_SENT):
                if relay.done():
                    await relay
                await asyncio.sleep(0.05)
    finally:
        relay.cancel()
        await asyncio.wait([relay])
        await connection.close()


async def back_up(servers: Servers, service: ServiceApp) -> str:
    """Copies the service's database as it is now; returns the address of the copy.

    A copy wants nobody connected: sessions are ended, and the pool makes new ones.
    """
    database = urlsplit(service.address)
    name, copy = database.path[1:], f"{database.path[1:]}_backup"
    connection = await asyncpg.connect(servers.superuser)
    try:
        await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await connection.fetch(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", name
        )
        await connection.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{name}" OWNER owner')
        await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    finally:
        await connection.close()
    return database._replace(path=f"/{copy}").geturl()


async def recover(
    service: str, dsn: str, bootstrap: str, *options: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`terang recover SERVICE`, as an operator runs it."""
    settings = {
        "TERANG_PROVINCE": PROVINCE,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        f"DATABASE_URL_{service.upper()}": dsn,
    }
    return await asyncio.to_thread(
        lambda: subprocess.run(
            [TERANG, "recover", service, *options],
            env={**os.environ, **settings, **environment},
            capture_output=True,
            text=True,
            timeout=180,
        )
    )


async def on_the_log(service: str, bootstrap: str) -> Counter[UUID]:
    """How often each event stands on the topics of a service."""
    partitions = [
        TopicPartition(topic, number)
        for topic, count in topics_of(service).items()
        for number in range(count)
    ]
    async with open_reader(bootstrap) as reader:
        ranges = await offset_ranges(reader, partitions)
        found = published_events(reader, ranges, RecordReader(origins(PROVINCE)))
        return Counter([event.event_id async for _, event, _ in found])


async def rows(pool: Pool, selects: Mapping[str, str]) -> dict[str, list[Any]]:
    """What these queries say, by their names, as plain values."""
    found = {}
    for name, select in selects.items():
        query = f"SELECT to_jsonb(row)::text AS row FROM ({select}) AS row"
        found[name] = [json.loads(row["row"]) for row in await pool.fetch(query)]
    return found
