"""The local stack: Kafka, PostgreSQL, eight processes of services and the door.

They are started in order, watched, and ended together.
"""

import asyncio
import json
import os
import secrets
import signal
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from aiokafka.errors import KafkaError
from rich.console import Console

from deploy.kafka.replication import Replication
from deploy.kafka.topics import SINGLE_BROKER, TopicsError, provision
from deploy.local.http_process import HttpProcess
from deploy.local.kafka import Kafka, broker_answers, install_jars
from deploy.local.lock import hold_lock
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres, make_database
from deploy.local.process import StackError
from deploy.local.state import (
    AUDIENCE,
    KafkaStatus,
    PortsAndPasswords,
    PostgresStatus,
    ProcessStatus,
    RunningStack,
    StackStatus,
    identity,
    load,
    save,
)
from deploy.local.supervisor import Supervisor, end_leftovers
from deploy.postgres.migrate import MigrationError, folders, migrate
from services.ranking.publication.storage.signing import SigningKey
from shared.contracts.catalogue import SERVICES, TOPICS
from shared.settings import DEMO_PROVINCE, SettingsError, read_own

KINDS = ("api", "worker")
USUAL_PORTS = {
    "door": 8080,
    "kafka": 9092,
    "kafka-controller": 9093,
    "postgres": 54320,
    **{
        f"{service}-{kind}": 8110 + 10 * row + column
        for row, service in enumerate(SERVICES)
        for column, kind in enumerate(KINDS)
    },
}
START_SECONDS = 90.0  # for a slow disk and two busy cores; an idle machine needs a tenth

MakeCommand = Callable[[str, str, int], Sequence[str | Path]]
"""(service, api or worker, port) -> the command that serves it on 127.0.0.1."""


def serve_command(service: str, kind: str, port: int) -> list[str | Path]:
    """The command of a real process."""
    terang = Path(sysconfig.get_path("scripts")) / "terang"
    return [terang, "serve", service, kind, "--host", "127.0.0.1", "--port", str(port)]


class GivenServers(NamedTuple):
    """Servers that exist already and are used instead of own ones."""

    kafka: str | None
    """`host:port` of one or more brokers."""
    databases: dict[str, str]
    """Address by service: of all, or empty."""


def given_servers(environment: Mapping[str, str]) -> GivenServers:
    """The servers that KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL_<SERVICE> name.

    Raises StackError where some databases are named and others not.
    """
    names = {str(service): f"DATABASE_URL_{service.upper()}" for service in SERVICES}
    databases = {
        service: environment[name] for service, name in names.items() if environment.get(name)
    }
    missing = [name for service, name in names.items() if service not in databases]
    if databases and missing:
        raise StackError(
            f"{', '.join(missing)} not set: give the addresses of all four databases, "
            "or none for a PostgreSQL of the stack's own."
        )
    return GivenServers(environment.get("KAFKA_BOOTSTRAP_SERVERS"), databases)


def demonstration_province(environment: Mapping[str, str]) -> str:
    """The province of the stack. Raises StackError where another than 99 is asked for."""
    asked = environment.get("TERANG_PROVINCE", DEMO_PROVINCE)
    if asked != DEMO_PROVINCE:
        raise StackError(
            f"TERANG_PROVINCE={asked}: the local stack is for demonstrations and has an issuer "
            f"that gives anyone a token, so it serves no province but {DEMO_PROVINCE}. "
            "`docker compose` deploys a real one."
        )
    return asked


class Stack:
    """All servers and processes of one folder; `run` keeps them running until a signal comes.

    `folder` has data, logs, ports and passwords, kept from one start to the next; `jars` has
    Kafka's jars. `environment` is the caller's, and may name servers (`given_servers`); progress
    is shown on `console`. `make_command` gives the commands of the services' processes.
    Raises StackError where the environment names some databases and not all, or a real province.
    """

    def __init__(
        self,
        folder: Path,
        *,
        jars: Path,
        environment: Mapping[str, str],
        console: Console,
        make_command: MakeCommand = serve_command,
    ) -> None:
        self.folder = folder
        self._jars = jars
        self._province = demonstration_province(environment)
        self._console = console
        self._make_command = make_command
        self._given = given_servers(environment)
        self._kept = PortsAndPasswords()
        self._phase = "starting"
        self._kafka: Kafka | None = None
        self._postgres: Postgres | None = None
        self._supervisor = Supervisor(tell=console.print, on_change=self._write_running)

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Start everything, call `ready`, then start again what dies, until a signal comes.

        Returns after SIGINT, SIGTERM or SIGHUP, with nothing left running. Must be called in the
        main thread. Raises StackError where something can't be started; nothing is left running
        then.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with hold_lock(self.folder):
            for number in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, _interrupt)
            try:
                self._end_leftovers()
                self._start()
                ready()
                self._supervisor.watch()
            except KeyboardInterrupt:
                self._console.print("Stopping …")
            except (MigrationError, SettingsError, TopicsError, KafkaError) as error:
                raise StackError(str(error)) from error
            finally:
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)
                self._supervisor.stop()
                self._running_file.unlink(missing_ok=True)

    def _end_leftovers(self) -> None:
        earlier = load(self._running_file, RunningStack)
        if earlier is not None:
            end_leftovers(earlier.children)
            self._running_file.unlink()

    # Starting

    def _start(self) -> None:
        self._kept = self._choose_ports_and_passwords()
        if self._given.kafka is None:
            self._start_kafka()
        if not self._given.databases:
            self._start_postgres()
        with self._step("Databases and their tables"):
            self._make_databases()
        self._start_services("api")
        self._start_door()
        with self._step("Kafka and its topics"):
            self._wait_for_kafka()
            asyncio.run(provision(self._bootstrap, TOPICS, self._replication()))
        self._start_services("worker")
        with self._step("Eight processes and the door") as show_detail:
            waiting = self._supervisor.http_processes
            for done, process in enumerate(waiting):
                show_detail(f"{done} of {len(waiting)} ready, waiting for {process.name}")
                process.wait_ready(START_SECONDS)
        self._phase = "ready"
        self._write_running()

    def _replication(self) -> Replication:
        """Of its own broker, or as the environment says of a cluster that was given."""
        return SINGLE_BROKER if self._given.kafka is None else read_own(Replication)

    def _choose_ports_and_passwords(self) -> PortsAndPasswords:
        """Those of the last start, as far as the ports are still free; written for the next."""
        file = self.folder / "state.json"
        kept = load(file, PortsAndPasswords) or PortsAndPasswords()
        ports: dict[str, int] = {}
        for name, usual in USUAL_PORTS.items():
            wanted = kept.ports.get(name, usual)
            ports[name] = free_port(wanted, frozenset(ports.values()))
            if ports[name] != wanted:
                self._console.print(
                    f"Port {wanted} ({name}) is taken by another program; "
                    f"{ports[name]} is used instead."
                )
        roles = ("postgres", "owner", *SERVICES)
        passwords = {role: secrets.token_hex(16) for role in roles} | kept.passwords
        chosen = PortsAndPasswords(
            ports=ports,
            passwords=passwords,
            province_key=kept.province_key or secrets.token_hex(32),
        )
        save(file, chosen)
        return chosen

    def _start_kafka(self) -> None:
        with self._step("Apache Kafka's jars") as show_detail:
            jars = install_jars(self._jars, lambda done, total: show_detail(f"{done} of {total}"))
        self._kafka = Kafka(
            self.folder / "kafka",
            jars,
            port=self._kept.ports["kafka"],
            controller_port=self._kept.ports["kafka-controller"],
            log=self._log("kafka"),
        )
        self._supervisor.start(self._kafka)

    def _wait_for_kafka(self) -> None:
        if self._kafka is not None:
            self._kafka.wait_ready(START_SECONDS)
        elif not asyncio.run(broker_answers(self._bootstrap.split(",")[0])):
            raise StackError(f"No Kafka answers at KAFKA_BOOTSTRAP_SERVERS={self._bootstrap}.")

    def _start_postgres(self) -> None:
        self._postgres = Postgres(
            self.folder / "postgres",
            port=self._kept.ports["postgres"],
            password=self._kept.passwords["postgres"],
            log=self._log("postgres"),
        )
        with self._step("PostgreSQL"):
            self._supervisor.start(self._postgres)
            self._postgres.wait_ready(START_SECONDS)

    def _make_databases(self) -> None:
        """The stack's own are made when they are missing; all get the tables of this version."""
        for service, address in self._owned_databases.items():
            if self._postgres is not None:
                make_database(
                    self._postgres.superuser,
                    name=service,
                    password=self._kept.passwords[service],
                    owner_password=self._kept.passwords["owner"],
                )
            migrate(address, [path for path in folders(service) if path.is_dir()])

    def _start_services(self, kind: str) -> None:
        for service in SERVICES:
            name = f"{service}-{kind}"
            port = self._kept.ports[name]
            environment = {
                "KAFKA_BOOTSTRAP_SERVERS": self._bootstrap,
                f"DATABASE_URL_{service.upper()}": self._databases[service],
                "TERANG_PROVINCE": self._province,
                "TERANG_ISSUER": self._issuer,
                "TERANG_AUDIENCE": AUDIENCE,
                "TERANG_DEMO_CLOCK": str(self._demo_clock),
            }
            if service != "feedback":
                environment["TERANG_PROVINCE_KEY"] = self._kept.province_key
            if name == "ranking-api":
                environment["TERANG_RANKING_SIGNING_KEY"] = str(self._signing_key())
            process = HttpProcess(
                name,
                self._make_command(service, kind, port),
                url=self._url(name),
                log=self._log(name),
                environment=environment,
            )
            self._supervisor.start(process)

    def _signing_key(self) -> Path:
        """The key that published lists are signed with, made when it is missing."""
        path = self.folder / "ranking-signing-key.pem"
        if not path.exists():
            SigningKey.new().keep(path)
        return path.absolute()

    def _start_door(self) -> None:
        """The reverse proxy in front of the apis, with the issuer of demonstrations in it."""
        about = {
            "province": self._province,
            "kafka": self._bootstrap,
            "issuer": self._issuer,
            "audience": AUDIENCE,
        }
        command = [
            sysconfig.get_path("scripts") + "/python",
            "-m",
            "deploy.local.reverse_proxy",
            "--port",
            str(self._kept.ports["door"]),
            "--key-file",
            str(self.folder / "issuer-key.json"),
            "--demo-clock",
            str(self._demo_clock),
            "--about",
            json.dumps(about),
            *(f"{service}={self._url(f'{service}-api')}" for service in SERVICES),
        ]
        door = HttpProcess(
            "door", command, url=self._url("door"), log=self._log("door"), environment={}
        )
        self._supervisor.start(door)

    @contextmanager
    def _step(self, name: str) -> Iterator[Callable[[str], None]]:
        """A part of the start that people see: while it lasts, and how long it took."""
        began = time.monotonic()
        with self._console.status(f"{name} …") as status:

            def show_detail(detail: str) -> None:
                status.update(f"{name}: {detail}")
                self._phase = f"{name}: {detail}"
                self._write_running()

            self._phase = name
            self._write_running()
            yield show_detail
        self._console.print(f"{name}: ready ({time.monotonic() - began:.1f} s)")

    # Addresses

    def _url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._kept.ports[name]}"

    def _log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    @property
    def _demo_clock(self) -> Path:
        """The file that says how far the services' clock is ahead; it goes when data are reset."""
        return (self.folder / "demo-clock").absolute()

    @property
    def _issuer(self) -> str:
        return f"{self._url('door')}/issuer"

    @property
    def _bootstrap(self) -> str:
        return self._given.kafka or f"127.0.0.1:{self._kept.ports['kafka']}"

    @property
    def _databases(self) -> dict[str, str]:
        """Addresses by service, for its own role."""
        if self._postgres is None:
            return self._given.databases
        return {
            service: self._postgres.dsn(service, service, self._kept.passwords[service])
            for service in SERVICES
        }

    @property
    def _owned_databases(self) -> dict[str, str]:
        """Addresses by service, for the role that owns the tables."""
        if self._postgres is None:
            return self._given.databases
        password = self._kept.passwords["owner"]
        return {service: self._postgres.dsn(service, "owner", password) for service in SERVICES}

    # What other programs read

    @property
    def _running_file(self) -> Path:
        return self.folder / "running.json"

    def _write_running(self) -> None:
        """Tell other programs what runs: `terang local status` and `down` read it."""
        status = StackStatus(
            door=self._url("door"),
            kafka=KafkaStatus(
                bootstrap=self._bootstrap, pid=self._kafka.pid if self._kafka else None
            ),
            postgres=PostgresStatus(
                pid=self._postgres.pid if self._postgres else None,
                databases=self._databases,
                owned=self._owned_databases,
            ),
            processes={
                process.name: ProcessStatus(pid=process.pid, url=process.url)
                for process in self._supervisor.http_processes
            },
        )
        running = RunningStack(
            phase=self._phase,
            supervisor=identity(os.getpid()),
            children=self._supervisor.children,
            status=status,
        )
        save(self._running_file, running)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
