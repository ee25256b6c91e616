"""A real Kafka and a real PostgreSQL for tests, behind one interface.

They are containers where a Docker engine answers, else the local stack's.
"""

import asyncio
import itertools
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import docker
import docker.errors
from aiokafka.admin import AIOKafkaAdminClient
from testcontainers.core.container import DockerContainer

from deploy.kafka.topics import TopicsError, provision
from deploy.local.kafka import Kafka, broker_answers, install_jars
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres, accepts_connections, make_database
from deploy.postgres.migrate import folders, migrate
from shared.contracts.catalogue import FOR_EVER, TOPICS, Topic

ROOT = Path(__file__).parents[1]
JARS = ROOT / ".terang" / "jars"  # shared with the local stack: fetched once
KAFKA_IMAGE = "apache/kafka:4.3.0"
POSTGRES_IMAGE = "postgres:17"
PASSWORD = "for-tests-only"
# tests kill processes, never the power: what the kernel has is safe, and a commit takes a tenth of
# the time; what is measured is safe from power cuts too
POSTGRES_SETTINGS = {} if os.environ.get("TERANG_TEST_DURABLE") else {"fsync": "off"}
START_SECONDS = 120.0  # a container on two busy cores needs forty


def owner_address(address: str) -> str:
    """The address of the same database for the role that owns its tables."""
    server = urlsplit(address)
    return f"postgresql://owner:{PASSWORD}@{server.hostname}:{server.port}{server.path}"


class Server(Protocol):
    """A server that can be stopped and started under its clients: its port stays."""

    def start(self) -> None: ...
    def wait_ready(self, seconds: float) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class Servers:
    """What a test sees of Kafka and PostgreSQL.

    `bootstrap` is Kafka's `host:port`, `superuser` PostgreSQL's address for the superuser, and
    `kind` is `containers` or `local`.
    """

    def __init__(
        self, kind: str, kafka: Server, postgres: Server, *, bootstrap: str, superuser: str
    ) -> None:
        self.kind = kind
        self.bootstrap = bootstrap
        self.superuser = superuser
        self._kafka = kafka
        self._postgres = postgres
        self._numbers = itertools.count(1)

    def database(self, name: str, migrations: Sequence[Path] = ()) -> str:
        """The owner's address of a new database with these folders' migrations."""
        return owner_address(self._new_database(name, migrations))

    def service_database(self, service: str) -> str:
        """Address of a new database with all that a service's code expects in it.

        For the service's own role, which makes and drops nothing there.
        """
        return self._new_database(service, folders(service))

    def _new_database(self, name: str, migrations: Sequence[Path]) -> str:
        """Address of a new database for a role of its own."""
        unique = f"{name}_{next(self._numbers)}"
        make_database(self.superuser, name=unique, password=PASSWORD, owner_password=PASSWORD)
        server = urlsplit(self.superuser)
        address = f"postgresql://{unique}:{PASSWORD}@{server.hostname}:{server.port}/{unique}"
        if migrations:
            migrate(owner_address(address), list(migrations))
        return address

    async def fresh_topics(self, *names: str, partitions: int = 12) -> None:
        """Make these topics, empty: those that exist are deleted first.

        What the catalogue knows gets its retention.
        """
        catalogue = {topic.name: topic for topic in TOPICS}
        topics = [
            catalogue.get(name)
            or Topic(name, "applications", "public", "any", FOR_EVER, "of a test", partitions)
            for name in names
        ]
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            existing = set(await admin.list_topics()) & set(names)
            if existing:
                await admin.delete_topics(sorted(existing))
            deadline = time.monotonic() + START_SECONDS
            while set(await admin.list_topics()) & set(names):
                if time.monotonic() > deadline:
                    raise TopicsError(
                        f"{sorted(existing)} are still there {START_SECONDS} s after their deletion"
                    )
                await asyncio.sleep(0.02)
        finally:
            await admin.close()
        await provision(self.bootstrap, topics)

    async def stop_kafka(self) -> None:
        """End the broker as an operator would; returns when it is gone."""
        await asyncio.to_thread(self._kafka.stop)

    async def kill_kafka(self) -> None:
        """End the broker as a crash would; returns when it is gone."""
        await asyncio.to_thread(self._kafka.kill)

    async def start_kafka(self) -> None:
        """Start the broker on its old port with its old data; returns when it answers."""
        # from this thread: the kernel ends the server with the thread that started it
        self._kafka.start()
        await asyncio.to_thread(self._kafka.wait_ready, START_SECONDS)

    async def stop_postgres(self) -> None:
        """End PostgreSQL as an operator would, sessions included; returns when it is gone."""
        await asyncio.to_thread(self._postgres.stop)

    async def kill_postgres(self) -> None:
        """End PostgreSQL as a crash would; returns when it is gone."""
        await asyncio.to_thread(self._postgres.kill)

    async def start_postgres(self) -> None:
        """Start PostgreSQL on its old port with its old data; returns when it takes connections."""
        self._postgres.start()
        await asyncio.to_thread(self._postgres.wait_ready, START_SECONDS)


@contextmanager
def running_servers(kind: str | None = None) -> Iterator[Servers]:
    """Servers for the length of the block.

    `kind` is `containers`, `local`, or None: containers if a Docker engine answers.
    """
    chosen = kind or ("containers" if _docker_answers() else "local")
    with {"containers": _containers, "local": _local}[chosen]() as servers:
        yield servers


@contextmanager
def _local() -> Iterator[Servers]:
    folder = Path(tempfile.mkdtemp(prefix="terang-tests-"))
    ports: set[int] = set()
    while len(ports) < 3:
        ports.add(free_port())
    kafka_port, controller_port, postgres_port = ports
    jars = install_jars(JARS)
    kafka = Kafka(
        folder / "kafka",
        jars,
        port=kafka_port,
        controller_port=controller_port,
        log=folder / "kafka.log",
    )
    postgres = Postgres(
        folder / "postgres",
        port=postgres_port,
        password=PASSWORD,
        log=folder / "postgres.log",
        settings=POSTGRES_SETTINGS,
    )
    try:
        postgres.start()
        kafka.start()
        postgres.wait_ready(START_SECONDS)
        kafka.wait_ready(START_SECONDS)
        yield Servers(
            "local", kafka, postgres, bootstrap=kafka.bootstrap, superuser=postgres.superuser
        )
    finally:
        kafka.kill()
        postgres.kill()
        shutil.rmtree(folder, ignore_errors=True)


class _Container:
    """A container on a constant port, so that a test may stop and start it."""

    def __init__(self, container: DockerContainer, port: int, *, is_kafka: bool) -> None:
        self._container = container.with_bind_ports(port if is_kafka else 5432, port)
        self._port = port
        self._is_kafka = is_kafka
        self._made = False

    def start(self) -> None:
        if self._made:
            self._container.get_wrapped_container().start()
        else:
            self._container.start()
            self._made = True

    def wait_ready(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._ready():
            if time.monotonic() > deadline:
                out, err = self._container.get_logs()
                end = (out + err).decode(errors="replace")[-3000:]
                raise TimeoutError(f"not ready after {seconds:.0f} s:\n{end}")
            time.sleep(0.1)

    def _ready(self) -> bool:
        if self._is_kafka:
            return asyncio.run(broker_answers(f"127.0.0.1:{self._port}"))
        return accepts_connections("127.0.0.1", self._port)

    def stop(self) -> None:
        self._container.get_wrapped_container().stop(timeout=20)

    def kill(self) -> None:
        inner = self._container.get_wrapped_container()
        inner.kill()
        inner.wait(timeout=20)

    def remove(self) -> None:
        if self._made:
            self._container.stop()


@contextmanager
def _containers() -> Iterator[Servers]:
    # ryuk, which would remove containers for us, is an image more to pull; we remove our own
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    kafka_port = free_port()
    postgres_port = free_port(taken=frozenset({kafka_port}))
    settings = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENERS": f"PLAINTEXT://:{kafka_port},CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{kafka_port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_BROKER_SESSION_TIMEOUT_MS": "3000",
        "KAFKA_BROKER_HEARTBEAT_INTERVAL_MS": "500",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    }
    broker = DockerContainer(KAFKA_IMAGE)
    for name, value in settings.items():
        broker.with_env(name, value)
    kafka = _Container(broker, kafka_port, is_kafka=True)
    settings_of_postgres = [
        part for key, value in POSTGRES_SETTINGS.items() for part in ("-c", f"{key}={value}")
    ]
    database = DockerContainer(POSTGRES_IMAGE).with_env("POSTGRES_PASSWORD", PASSWORD)
    database.with_command(["postgres", *settings_of_postgres])
    postgres = _Container(database, postgres_port, is_kafka=False)
    superuser = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{postgres_port}/postgres"
    try:
        postgres.start()
        kafka.start()
        postgres.wait_ready(START_SECONDS)
        kafka.wait_ready(START_SECONDS)
        yield Servers(
            "containers", kafka, postgres, bootstrap=f"127.0.0.1:{kafka_port}", superuser=superuser
        )
    finally:
        kafka.remove()
        postgres.remove()


def _docker_answers() -> bool:
    try:
        return bool(docker.from_env(timeout=3).ping())
    except docker.errors.DockerException as error:
        logging.getLogger(__name__).info(
            "no Docker engine (%s): the local stack's servers are used", error
        )
        return False
