"""A service as small as can be, to break: it adds up what it hears.

Run as a program, it is that service's worker, or its rebuild.

Its catalogue has three events: `Added` and `Renamed`, which it hears, and `Noticed`, which it
states for each `Renamed`. It keeps the sums and, so that a test can count, each effect in the order
in which it came about. It knows nothing of recruitment.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from pydantic import BaseModel

from deploy.local.ports import free_port
from shared.messaging.envelope import Event
from shared.messaging.origins import Origins
from shared.messaging.outbox import Outbox, Statement, partition_of
from shared.messaging.rebuild import rebuild
from shared.messaging.rebuild_processes import helper_processes
from shared.messaging.rebuild_share import Projections
from shared.messaging.subscription import Subscription
from shared.messaging.worker import Duty, Worker
from shared.postgres.pool import Connection, Pool, create_pool
from shared.refusals import Refusal
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from tests.servers import Servers  # a worker's process needs none of it

ROOT = Path(__file__).parents[2]
PARTITIONS = 4
SOURCE = "/test/source"
"""Of the service that states what this one hears."""

UNLUCKY, BROKEN = 666, 667
"""Amounts that the use case refuses, and at which it fails for no known reason, unless TALLY_FIXED
is set."""

TABLES = """
CREATE SCHEMA projections;
CREATE TABLE projections.tally (
    key text PRIMARY KEY, total bigint NOT NULL, name text,
    CONSTRAINT total_counts CHECK (total >= -1000));
CREATE INDEX tally_total ON projections.tally (total);
CREATE TABLE projections.effect (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL, topic text NOT NULL, partition integer NOT NULL,
    sequence bigint NOT NULL, key text NOT NULL CONSTRAINT effect_of REFERENCES projections.tally
);
"""


class Added(BaseModel):
    key: str
    n: int


class Renamed(BaseModel):
    key: str
    name: str


class Noticed(BaseModel):
    key: str


Model = type[BaseModel]


@dataclass(frozen=True)
class Row:
    """One row of the catalogue."""

    type: str
    model: Model
    topic: str
    key: Callable[[Any], str] = lambda data: data.key
    subject: Callable[[Any], str] = lambda data: data.key
    day_only: bool = False


class Catalogue:
    """What the service of this name hears and states, on topics of its own."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.added = Row("test.Added", Added, f"test.{service}.added")
        self.renamed = Row("test.Renamed", Renamed, f"test.{service}.renamed")
        self.noticed = Row("test.Noticed", Noticed, f"test.{service}.noticed")
        self.dead = f"terang.{service}.dead-letters"
        self.subscribed = [self.added.topic, self.renamed.topic]
        self.topics = [*self.subscribed, self.noticed.topic, self.dead]

    def outbox(self) -> Outbox:
        return Outbox(
            source=f"/test/{self.service}",
            service=self.service,
            contracts={Noticed: self.noticed},
            partitions={self.noticed.topic: PARTITIONS, self.dead: PARTITIONS},
        )

    def origins(self) -> Origins:
        """What it hears is another service's; what it states, its own."""
        own = f"/test/{self.service}"
        rows = [self.added, self.renamed, self.noticed]
        return Origins(
            dict.fromkeys(self.subscribed, SOURCE)
            | dict.fromkeys((self.noticed.topic, self.dead), own),
            {row.type: [row.topic] for row in rows},
        )

    def subscriptions(self, outbox: Outbox) -> list[Subscription]:
        async def add(connection: Connection, events: list[Event[Added]]) -> None:
            await asyncio.sleep(float(os.environ.get("TALLY_SLOW", "0")))
            for event in events:
                if "TALLY_FIXED" not in os.environ and event.data.n == UNLUCKY:
                    raise Refusal("unlucky")
                if "TALLY_FIXED" not in os.environ and event.data.n == BROKEN:
                    raise RuntimeError("broken")
            sums: dict[str, int] = defaultdict(int)
            for event in events:
                sums[event.data.key] += event.data.n
            await connection.execute(
                "INSERT INTO tally (key, total) SELECT * FROM unnest($1::text[], $2::bigint[])"
                " ON CONFLICT (key) DO UPDATE SET total = tally.total + excluded.total",
                list(sums),
                list(sums.values()),
            )
            await note(connection, events)

        async def rename(connection: Connection, events: list[Event[Renamed]]) -> None:
            names = {event.data.key: event.data.name for event in events}
            await connection.execute(
                "INSERT INTO tally (key, total, name) SELECT key, 0, name FROM unnest($1::text[],"
                " $2::text[]) AS new (key, name)"
                " ON CONFLICT (key) DO UPDATE SET name = excluded.name",
                list(names),
                list(names.values()),
            )
            await note(connection, events)
            statements = [
                Statement(Noticed(key=event.data.key), event.time, cause=event) for event in events
            ]
            await outbox.append(connection, statements)

        if "TALLY_HEARS_LESS" in os.environ:
            return [Subscription(self.added, add)]
        return [Subscription(self.added, add), Subscription(self.renamed, rename)]


async def note(connection: Connection, events: Sequence[Event[Any]]) -> None:
    """Writes down each effect; an event that took effect twice stands there twice."""
    await connection.execute(
        "INSERT INTO effect (event_id, topic, partition, sequence, key)"
        " SELECT * FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::bigint[], $5::text[])",
        [event.id for event in events],
        [event.topic for event in events],
        [event.partition for event in events],
        [event.sequence for event in events],
        [event.data.key for event in events],
    )


def make_worker(
    catalogue: Catalogue,
    *,
    bootstrap: str,
    database: str,
    replica: str = "1",
    check_seconds: float = 60,
    session_seconds: float = 6,
    in_transaction_ms: int = 60_000,
    beats: bool = False,
) -> Worker:
    """A worker of the service; with `beats` it has a duty that adds a row to `beat` (BEATS)."""
    settings = ServiceSettings.model_validate(
        {
            "TERANG_PROVINCE": "99",
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "DATABASE_URL": database,
            "TERANG_ISSUER": "http://test",
            "TERANG_AUDIENCE": "terang",
            "TERANG_REPLICA": replica,
        }
    )
    return Worker(
        service=catalogue.service,
        settings=settings,
        outbox=catalogue.outbox(),
        origins=catalogue.origins(),
        subscriptions=catalogue.subscriptions,
        check_seconds=check_seconds,
        session_seconds=session_seconds,
        in_transaction_ms=in_transaction_ms,
        duties=[Duty("beat", 0.2, beat)] if beats else [],
    )


BEATS = "CREATE TABLE public.beat (at timestamptz NOT NULL DEFAULT now())"


async def beat(pool: Pool) -> None:
    """A duty that can be seen."""
    await pool.execute("INSERT INTO public.beat DEFAULT VALUES")


Sent = tuple[str, int, int, UUID]
"""An event of ours on the log: topic, partition, sequence, id."""


class Log:
    """Writes to the topics as the services' relays would, and as no one should."""

    def __init__(self, catalogue: Catalogue, bootstrap: str) -> None:
        self.catalogue = catalogue
        self.sent: list[Sent] = []
        self._bootstrap = bootstrap
        self._sequences: dict[tuple[str, int], int] = defaultdict(int)

    async def add(self, count: int, *, keys: int = 10, n: int = 1) -> None:
        """`count` events round the keys: the partitions come up interleaved."""
        await self.say([Added(key=f"key-{i % keys}", n=n) for i in range(count)])

    async def say(self, facts: Sequence[Added | Renamed], *, twice: bool = False) -> None:
        """These events, each record standing twice on the log with `twice`."""
        records = [self.record(fact) for fact in facts]
        await self.write([record for record in records for _ in range(2 if twice else 1)])

    def record(
        self,
        fact: BaseModel,
        *,
        row: Row | None = None,
        value: bytes | None = None,
        **headers: bytes | None,
    ) -> tuple[str, int, bytes, bytes | None, list[tuple[str, bytes | None]]]:
        """The next event of its partition, counted as sent.

        `value` and `headers` (without ce_) stand in place of the right ones.
        """
        row = row or (self.catalogue.added if isinstance(fact, Added) else self.catalogue.renamed)
        key = row.key(fact).encode()
        partition = partition_of(key, PARTITIONS)
        self._sequences[row.topic, partition] += 1
        sequence, id_ = self._sequences[row.topic, partition], uuid4()
        attributes: dict[str, bytes | None] = {
            "content-type": b"application/json",
            "ce_specversion": b"1.0",
            "ce_id": str(id_).encode(),
            "ce_source": SOURCE.encode(),
            "ce_type": row.type.encode(),
            "ce_subject": key,
            "ce_time": datetime.now(UTC).isoformat().encode(),
            "ce_partitionkey": key,
            "ce_sequence": str(sequence).encode(),
        }
        said = attributes | {f"ce_{name}": value for name, value in headers.items()}
        self.sent.append((row.topic, partition, sequence, id_))
        return (
            row.topic,
            partition,
            key,
            fact.model_dump_json().encode() if value is None else value,
            list(said.items()),
        )

    async def write(
        self, records: Sequence[Any], *, max_request_size: int = 2_000_000, **options: Any
    ) -> None:
        """Records (topic, partition, key, value, headers) as they are, in order.

        `options` are the producer's.
        """
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            max_request_size=max_request_size,
            **options,
        )
        await producer.start()
        try:
            sends = [
                await producer.send(topic, value, key=key, partition=partition, headers=headers)
                for topic, partition, key, value, headers in records
            ]
            await asyncio.gather(*sends)
        finally:
            await producer.stop()


class Stage:
    """One service with a database and topics of its own, its log, and its workers."""

    def __init__(self, servers: "Servers", catalogue: Catalogue, database: str) -> None:
        self.servers = servers
        self.catalogue = catalogue
        self.database = database
        self.log = Log(catalogue, servers.bootstrap)
        self.workers: list[Child] = []

    def worker(
        self,
        *,
        failpoint: str | None = None,
        replica: str = "1",
        environment: dict[str, str] | None = None,
        **options: Any,
    ) -> "Child":
        """Starts a worker process; it ends with the test."""
        port = free_port()
        variables = (environment or {}) | ({"TERANG_FAILPOINT": failpoint} if failpoint else {})
        child = Child(*self._program(variables, replica=replica, port=port, **options), port)
        self.workers.append(child)
        return child

    def rebuild(self, *, helpers: int, environment: dict[str, str] | None = None) -> "Child":
        """Starts a rebuild with so many helpers; it ends with the test."""
        child = Child(*self._program(environment or {}, helpers=helpers), 0)
        self.workers.append(child)
        return child

    def _program(
        self, environment: dict[str, str], **options: Any
    ) -> "tuple[subprocess.Popen[bytes], IO[bytes]]":
        output = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the stage
        arguments = {
            "service": self.catalogue.service,
            "bootstrap": self.servers.bootstrap,
            "database": self.database,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fault.tally", json.dumps(arguments | options)],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        return process, output

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """One session for many questions: to log in costs more than all of them."""
        connection = await asyncpg.connect(self.database)
        try:
            yield connection
        finally:
            await connection.close()

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self.connected() as connection:
            return await connection.fetch(query, *arguments)

    async def fetch_script(self, script: str) -> None:
        """Runs several statements."""
        async with self.connected() as connection:
            await connection.execute(script)

    async def state_noticed(self, key: str) -> None:
        """The service states an event of its own, as a use case would."""
        async with self.connected() as connection, connection.transaction():
            statement = Statement(Noticed(key=key), datetime.now(UTC))
            await self.catalogue.outbox().append(connection, [statement])

    async def effects(self) -> list[Sent]:
        """Every effect, in the order in which it came about."""
        rows = await self.fetch(
            "SELECT topic, partition, sequence, event_id FROM projections.effect ORDER BY place"
        )
        return [(row["topic"], row["partition"], row["sequence"], row["event_id"]) for row in rows]

    async def cut(self, topic: str, *, before: int, partition: int | None = None) -> None:
        """Takes away records below this offset, as retention would, of all partitions or one."""
        numbers = range(PARTITIONS) if partition is None else [partition]
        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers.bootstrap)
        await admin.start()
        try:
            await admin.delete_records(
                {
                    TopicPartition(topic, number): RecordsToDelete(before_offset=before)
                    for number in numbers
                }
            )
        finally:
            await admin.close()

    async def holds_transaction(self, seconds: float = 30) -> None:
        """Returns when a worker is in the middle of a batch."""
        deadline = time.monotonic() + seconds
        query = (
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in"
            " transaction'"
            " AND query LIKE 'UPDATE messaging.position%'"
        )
        async with self.connected() as connection:
            while not await connection.fetch(query):
                assert time.monotonic() < deadline, self.outputs()
                await asyncio.sleep(0.02)

    async def drained(self, *, effects: int | None = None, seconds: float = 30) -> list[Sent]:
        """The effects, once there are as many as were sent (or `effects`).

        With time enough for one too many.
        """
        wanted = len(self.log.sent) if effects is None else effects
        deadline = time.monotonic() + seconds
        async with self.connected() as connection:
            while (
                there := await connection.fetchval("SELECT count(*) FROM projections.effect")
            ) < wanted:
                for worker in self.workers:
                    assert worker.process.poll() in (None, -signal.SIGKILL, 0), worker.output()
                assert time.monotonic() < deadline, (
                    f"{there} of {wanted} after {seconds} s; {self.outputs()}"
                )
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.3)
        return await self.effects()

    def outputs(self) -> str:
        return "\n".join(worker.output() for worker in self.workers)

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.printed.close()


def exactly_once(sent: Sequence[Sent], effects: Sequence[Sent]) -> None:
    """The oracle: each event took effect once, those of a partition in their order."""
    assert sorted(effects) == sorted(sent), _difference(sent, effects)
    for place in {(topic, partition) for topic, partition, _, _ in sent}:
        sequences = [
            sequence for topic, partition, sequence, _ in effects if (topic, partition) == place
        ]
        assert sequences == sorted(sequences), f"out of order in {place}"


def _difference(sent: Sequence[Sent], effects: Sequence[Sent]) -> str:
    lost = set(sent) - set(effects)
    return f"{len(lost)} lost, {len(effects) - len(set(effects))} repeated, of {len(sent)}"


@dataclass
class Child:
    """A process of the service; `port` is where a worker says how it is."""

    process: "subprocess.Popen[bytes]"
    printed: IO[bytes]
    port: int

    async def ready(self, seconds: float = 30) -> None:
        """Returns when it says that it is ready."""
        async with httpx.AsyncClient() as http:
            deadline = time.monotonic() + seconds
            while True:
                try:
                    if (await http.get(f"http://127.0.0.1:{self.port}/ready")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                assert self.process.poll() is None, self.output()
                if time.monotonic() > deadline:
                    self.process.kill()
                    raise AssertionError(f"not ready after {seconds} s: {self.output()}")
                await asyncio.sleep(0.05)

    async def says_missing(self, server: str, seconds: float = 60) -> str:
        """What /ready says once it names this server; /live was well at every question."""
        deadline = time.monotonic() + seconds
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as http:
            while True:
                with contextlib.suppress(httpx.TransportError):  # not there yet
                    assert (await http.get("/live")).status_code == 200
                    said = (await http.get("/ready")).text
                    if server in said:
                        return said
                assert self.process.poll() is None, self.output()
                assert time.monotonic() < deadline, self.output()
                await asyncio.sleep(0.1)

    async def ended(self, seconds: float = 30) -> int:
        """Its exit status, once it has ended."""
        try:
            return await asyncio.to_thread(self.process.wait, seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s: {self.output()}") from None

    async def stands_still(self, cause: str, seconds: float = 30) -> str:
        """What /ready says, once it has stopped itself for this cause.

        It lives, is not ready, and said so once.
        """
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as http:
            deadline = time.monotonic() + seconds
            while True:
                try:
                    if (
                        f'terang_stopped{{reason="{cause}"}} 1.0'
                        in (await http.get("/metrics")).text
                    ):
                        break
                except httpx.HTTPError:  # not there yet
                    pass
                assert self.process.poll() is None, self.output()
                assert time.monotonic() < deadline, self.output()
                await asyncio.sleep(0.05)
            assert await self.metric("terang_stopped{") == 1
            assert (await http.get("/live")).status_code == 200
            ready = await http.get("/ready")
        assert ready.status_code == 503
        assert self.output().count("worker stops") == 1
        return ready.text

    async def killed(self, seconds: float = 30) -> None:
        """Returns when its failpoint has killed it."""
        status = await self.ended(seconds)
        assert status == -signal.SIGKILL, f"ended with {status}: {self.output()}"

    async def stopped(self, seconds: float = 30) -> None:
        """Returns when it stands still (SIGSTOP, by a failpoint)."""
        deadline = time.monotonic() + seconds
        stat = Path(f"/proc/{self.process.pid}/stat")
        while stat.read_text().rpartition(")")[2].split()[0] != "T":
            assert time.monotonic() < deadline, "it never came by"
            await asyncio.sleep(0.02)

    def output(self) -> str:
        """The end of what it printed so far."""
        return "\n".join(self.lines())[-6000:]

    def lines(self) -> list[str]:
        """All that it printed so far."""
        self.printed.seek(0)
        return self.printed.read().decode(errors="replace").splitlines()

    def kill(self) -> None:
        """Ends it as a crash would."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    async def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        async with httpx.AsyncClient() as http:
            text = (await http.get(f"http://127.0.0.1:{self.port}/metrics")).text
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def rebuild_with_help(catalogue: Catalogue, *, bootstrap: str, database: str, helpers: int) -> int:
    """As `terang rebuild` does it; returns how many events took effect anew."""
    anew = Projections(
        service=catalogue.service,
        connect=lambda: create_pool(database, application="rebuild", size=2),
        outbox=catalogue.outbox(),
        origins=catalogue.origins(),
        subscriptions=catalogue.subscriptions,
        bootstrap_servers=bootstrap,
    )
    with helper_processes(anew, helpers) as at_hand:
        return asyncio.run(rebuild(anew, at_hand)).events


if __name__ == "__main__":
    from shared.observability import logs

    options = json.loads(sys.argv[1])
    catalogue = Catalogue(options.pop("service"))
    if "helpers" in options:
        print(rebuild_with_help(catalogue, **options))
    else:
        port = options.pop("port")
        logs.configure(catalogue.service, "worker")
        asyncio.run(make_worker(catalogue, **options).run("127.0.0.1", port))
