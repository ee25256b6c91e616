"""A flood of foreign records stops a service, and one command and a start let it go on."""

import asyncio
import re
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.ports import free_port
from shared.contracts.catalogue import TOPICS, Service
from tests.component.conftest import Issuer
from tests.component.processes import terang, until
from tests.servers import Servers

FLOOD = 3_000
"""Foreign records; a worker's first read holds some of them, and the log the others."""

READS: dict[Service, str] = {
    "applications": "terang.ranking",
    "exams": "terang.applications",
    "ranking": "terang.exams",
    "feedback": "terang.applications",
}
"""A topic that each service reads."""


async def flood(servers: Servers, topic: str, count: int) -> None:
    """So many foreign records in the topic's first partition, then an event of a later version."""
    producer = AIOKafkaProducer(bootstrap_servers=servers.bootstrap, linger_ms=20)
    await producer.start()
    sends = [await producer.send(topic, b"{}", partition=0) for _ in range(count)]
    said = {
        "ce_id": str(uuid4()),
        "ce_sequence": "1",
        "ce_type": "terang.OfLater",
        "ce_source": f"/provinces/99/{topic.removeprefix('terang.')}",
        "ce_subject": "any",
        "ce_time": "2026-08-20T10:00:00Z",
    }
    headers = [(name, text.encode()) for name, text in said.items()]
    sends.append(await producer.send(topic, b"{}", partition=0, headers=headers))
    await asyncio.gather(*sends)
    await producer.stop()


class Run:
    """One service's worker and commands."""

    def __init__(self, servers: Servers, issuer: Issuer, service: Service, database: str) -> None:
        self.service = service
        self.database = database
        self._around = {"servers": servers, "issuer": issuer}
        self.port = 0

    @contextmanager
    def worker(self) -> Any:
        """Its worker, until the block ends."""
        self.port = free_port()
        process = self.terang("serve", self.service, "worker", "--port", str(self.port))
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)

    def terang(self, *words: str) -> subprocess.Popen[bytes]:
        around: Any = self._around
        return terang(*words, service=self.service, database=self.database, **around)

    def command(self, *words: str) -> None:
        """`terang WORDS`, which succeeds."""
        assert self.terang(*words).wait(60) == 0

    async def ready(self) -> str:
        """What its worker says of itself."""
        async with httpx.AsyncClient() as http:
            with suppress(httpx.TransportError):
                return (await http.get(f"http://127.0.0.1:{self.port}/ready")).text
        return "not there"

    async def stopped(self) -> bool:
        return "stopped (brake)" in await self.ready()

    async def ask(self, query: str) -> Any:
        connection = await asyncpg.connect(self.database)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()


OPEN = "SELECT count(*) FROM messaging.dead_letter WHERE settled_at IS NULL"


@pytest.mark.parametrize("service", READS)
async def test_a_flood_of_foreign_records(
    servers: Servers,
    new_database: Callable[[str], Awaitable[str]],
    issuer: Issuer,
    service: Service,
) -> None:
    """Twenty are set aside, and the worker stops. The command that it names lets the whole flood
    pass, also what it had not read; one more settles it, and is in the trail of decisions.
    """
    await servers.fresh_topics(*(topic.name for topic in TOPICS))
    await flood(servers, READS[service], FLOOD)
    run = Run(servers, issuer, service, await new_database(service))
    with run.worker():
        await until(run.stopped, True)
        assert await run.ask(OPEN) == 20
        said = await run.ready()
    named = re.search(r"Remedy: terang (dead-letters release .* --through \d+) \(", said)
    assert named, said
    assert named[1].endswith(f"{READS[service]}/0 --through {FLOOD - 1}")
    assert f"{FLOOD - 20} headers-not-ours" in said
    run.command(*named[1].split())
    with run.worker():
        await until(run.ready, "ready")
        assert await run.ask(OPEN) == FLOOD
    run.command("dead-letters", "discard", service)
    assert await run.ask(OPEN) == FLOOD
    why = ("--by", "an operator", "--why", "written by another system")
    run.command("dead-letters", "discard", service, f"{READS[service]}/0", "--yes", *why)
    assert await run.ask(OPEN) == 0
    connection = await asyncpg.connect(run.database)
    trail = await connection.fetch("SELECT subject, action, object, reason FROM audit ORDER BY id")
    await connection.close()
    assert [(row["action"], row["object"]) for row in trail] == [
        ("dead-letters.released", f"{READS[service]}/0 through {FLOOD - 1}"),
        (
            "dead-letters.discarded",
            f"{READS[service]}/0: {FLOOD} records, offsets 0 to {FLOOD - 1}",
        ),
    ]
    assert (trail[1]["subject"], trail[1]["reason"]) == ("an operator", "written by another system")
