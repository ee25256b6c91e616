"""The local stack: Kafka, PostgreSQL, eight processes and the door, started in order, watched, and
ended together.
"""

import asyncio
import fcntl
import json
import os
import secrets
import signal
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psutil
from aiokafka.errors import KafkaError
from rich.console import Console
from typing_extensions import override

from deploy.kafka.topics import TopicsError, provision
from deploy.local.kafka import Kafka, answers, install
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres, make_database
from deploy.local.process import Process, StackError, stop_all
from deploy.postgres.migrate import MigrationError, folders, migrate
from services.ranking.publication.storage.signing import SigningKey
from shared.contracts.catalogue import SERVICES, TOPICS

HALVES = ("api", "worker")
USUAL_PORTS = {
    "door": 8080,
    "kafka": 9092,
    "kafka-controller": 9093,
    "postgres": 54320,
    **{
        f"{service}-{half}": 8110 + 10 * row + column
        for row, service in enumerate(SERVICES)
        for column, half in enumerate(HALVES)
    },
}
START_SECONDS = 90.0  # for a slow disk and two busy cores; an idle machine needs a tenth
STOP_SECONDS = 20.0  # a worker finishes its batch, uvicorn its requests
LONGEST_PAUSE_SECONDS = 10.0  # between two starts of a process that keeps ending
HEALTHY_SECONDS = 30.0  # a process that ran this long begins again with the shortest pause
LOOK_SECONDS = 0.2


class Service(Process):
    """A process that serves HTTP and says at ``/ready`` whether it can work."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        url: str,
        log: Path,
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(name, command, log=log, environment=environment)
        self.url = url

    @override
    def ready(self) -> bool:
        asked = HTTPConnection(self.url.removeprefix("http://"), timeout=2)
        try:
            asked.request("GET", "/ready")
            return asked.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False
        finally:
            asked.close()


Commands = Callable[[str, str, int], Sequence[str | Path]]
"""(service, api or worker, port) -> the command that serves it on 127.0.0.1."""


def serve(service: str, half: str, port: int) -> list[str | Path]:
    """The command of a real process."""
    return [
        Path(sysconfig.get_path("scripts")) / "terang",
        "serve",
        service,
        half,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]


class Stack:
    """All of it in one folder; ``run`` holds it up until it is told to end.

    Parameters
    ----------
    folder
        Data, logs, ports and passwords; kept from one start to the next.
    jars
        Where Kafka's jars are kept.
    environment
        The caller's; KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL_<SERVICE> in it name servers to use instead of own ones.
    console
        Where progress is told.
    commands
        How the services' processes are started.
    """

    def __init__(
        self,
        folder: Path,
        *,
        jars: Path,
        environment: Mapping[str, str],
        console: Console,
        commands: Commands = serve,
    ) -> None:
        self.folder = folder
        self._jars = jars
        self._environment = environment
        self._console = console
        self._commands = commands
        self._processes: dict[str, Process] = {}
        self._phase = "starting"
        names = {str(service): f"DATABASE_URL_{service.upper()}" for service in SERVICES}
        given = {
            service: environment[name] for service, name in names.items() if environment.get(name)
        }
        missing = [name for service, name in names.items() if service not in given]
        if given and missing:
            raise StackError(
                f"{', '.join(missing)} not set: give the addresses of all four databases, or none for a PostgreSQL of the stack's own."
            )
        self._given_databases = given
        self._given_kafka = environment.get("KAFKA_BOOTSTRAP_SERVERS")

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Start everything, call ``ready``, then start again what dies; returns after SIGINT,
        SIGTERM or SIGHUP, with nothing left running.

        Must be called in the main thread.

        Raises
        ------
        StackError
            Something can't be started; nothing is left running.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            for number in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, _interrupt)
            try:
                self._end_leftovers()
                self._start()
                ready()
                self._watch()
            except KeyboardInterrupt:
                self._console.print("Stopping …")
            except (MigrationError, TopicsError, KafkaError) as error:
                raise StackError(str(error)) from error
            finally:
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)
                self._stop()

    # -- starting

    def _start(self) -> None:
        state = self._state()
        logs = self.folder / "logs"
        if self._given_kafka is None:
            self._start_kafka(state, logs)
        postgres = None
        if not self._given_databases:
            postgres = Postgres(
                self.folder / "postgres",
                port=state["ports"]["postgres"],
                password=state["passwords"]["postgres"],
                log=logs / "postgres.log",
            )
            self._processes["postgres"] = postgres
            with self._step("PostgreSQL"):
                postgres.start()
                postgres.wait_ready(START_SECONDS)
        databases = self._databases(state)
        with self._step("Databases and their tables"):
            for service, address in databases.items():
                if postgres is not None:
                    make_database(
                        postgres.superuser, name=service, password=state["passwords"][service]
                    )
                migrate(address, [path for path in folders(service) if path.is_dir()])
        self._start_services("api", state, databases, logs)
        self._start_door(state, logs)
        with self._step("Kafka and its topics"):
            self._wait_kafka()
            asyncio.run(provision(self._bootstrap(state), TOPICS))
        self._start_services("worker", state, databases, logs)
        with self._step("Eight processes and the door") as tell:
            waiting = [
                process for process in self._processes.values() if isinstance(process, Service)
            ]
            for done, process in enumerate(waiting):
                tell(f"{done} of {len(waiting)} ready, waiting for {process.name}")
                process.wait_ready(START_SECONDS)
        self._phase = "ready"
        self._write_running()

    def _start_kafka(self, state: dict[str, Any], logs: Path) -> None:
        with self._step("Apache Kafka's jars") as tell:
            jars = install(self._jars, lambda done, of: tell(f"{done} of {of}"))
        ports = state["ports"]
        kafka = Kafka(
            self.folder / "kafka",
            jars,
            port=ports["kafka"],
            controller_port=ports["kafka-controller"],
            log=logs / "kafka.log",
        )
        self._processes["kafka"] = kafka
        kafka.start()

    def _wait_kafka(self) -> None:
        kafka = self._processes.get("kafka")
        if kafka is not None:
            kafka.wait_ready(START_SECONDS)
        elif not asyncio.run(answers(str(self._given_kafka).split(",")[0])):
            raise StackError(f"No Kafka answers at KAFKA_BOOTSTRAP_SERVERS={self._given_kafka}.")

    def _start_services(
        self, half: str, state: dict[str, Any], databases: dict[str, str], logs: Path
    ) -> None:
        door = f"http://127.0.0.1:{state['ports']['door']}"
        for service in SERVICES:
            name = f"{service}-{half}"
            port = state["ports"][name]
            environment = {
                "PYTHONUNBUFFERED": "1",
                "KAFKA_BOOTSTRAP_SERVERS": self._bootstrap(state),
                f"DATABASE_URL_{service.upper()}": databases[service],
                "TERANG_PROVINCE": self._province(),
                "TERANG_ISSUER": f"{door}/issuer",
                "TERANG_JWKS_URL": f"{door}/issuer/jwks",
            }
            if name == "ranking-api":
                environment["TERANG_RANKING_SIGNING_KEY"] = str(self._signing_key())
            process = Service(
                name,
                self._commands(service, half, port),
                url=f"http://127.0.0.1:{port}",
                log=logs / f"{name}.log",
                environment=environment,
            )
            self._processes[name] = process
            process.start()

    def _signing_key(self) -> Path:
        """The key that published lists are signed with, made when it is missing."""
        path = self.folder / "ranking-signing-key.pem"
        if not path.exists():
            SigningKey.new().keep(path)
        return path.absolute()

    def _start_door(self, state: dict[str, Any], logs: Path) -> None:
        url = f"http://127.0.0.1:{state['ports']['door']}"
        about = {
            "province": self._province(),
            "kafka": self._bootstrap(state),
            "issuer": f"{url}/issuer",
        }
        routes = [
            f"{service}=http://127.0.0.1:{state['ports'][f'{service}-api']}" for service in SERVICES
        ]
        options = [
            "--port",
            str(state["ports"]["door"]),
            "--key-file",
            str(self.folder / "issuer-key.json"),
            "--about",
            json.dumps(about),
        ]
        command = [
            sysconfig.get_path("scripts") + "/python",
            "-m",
            "deploy.local.door",
            *options,
            *routes,
        ]
        door = Service(
            "door", command, url=url, log=logs / "door.log", environment={"PYTHONUNBUFFERED": "1"}
        )
        self._processes["door"] = door
        door.start()

    # -- watching

    def _watch(self) -> None:
        pause = dict.fromkeys(self._processes, LOOK_SECONDS)
        since = dict.fromkeys(self._processes, time.monotonic())
        due: dict[str, float] = {}
        while True:
            time.sleep(LOOK_SECONDS)
            now = time.monotonic()
            for name, process in self._processes.items():
                if process.alive:
                    continue
                if name not in due:
                    healthy = now - since[name] > HEALTHY_SECONDS
                    pause[name] = (
                        LOOK_SECONDS if healthy else min(pause[name] * 2, LONGEST_PAUSE_SECONDS)
                    )
                    due[name] = now + pause[name]
                    self._console.print(
                        f"{name} ended ({_how(process.status)}); starting it again in {pause[name]:.1f} s. Its log: {process.log}"
                    )
                    self._write_running()
                elif now >= due[name]:
                    del due[name]
                    since[name] = now
                    process.start()
                    self._write_running()

    # -- ending

    def _stop(self) -> None:
        self._phase = "stopping"
        servers = [
            process for process in self._processes.values() if not isinstance(process, Service)
        ]
        services = [process for process in self._processes.values() if isinstance(process, Service)]
        # those who use the servers end first
        stop_all(services, STOP_SECONDS)
        stop_all(servers, STOP_SECONDS)
        (self.folder / "running.json").unlink(missing_ok=True)

    def _end_leftovers(self) -> None:
        """End what a supervisor that was killed left behind, should the kernel not have done so
        yet.
        """
        for row in _read(self.folder / "running.json").get("pids", []):
            try:
                process = psutil.Process(row["pid"])
                if abs(process.create_time() - row["created"]) > 1:
                    continue  # the number belongs to somebody else now
                family = [process, *process.children(recursive=True)]
                for each in family:
                    each.kill()
                psutil.wait_procs(family, timeout=10)
            except psutil.NoSuchProcess:
                continue
        (self.folder / "running.json").unlink(missing_ok=True)

    # -- what is kept and what is told

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StackError(
                    f"The stack in {self.folder} is running already. See `terang local status`; end it with `terang local down`."
                ) from error
            yield

    def _state(self) -> dict[str, Any]:
        """Ports and passwords: those of the last start, as far as the ports are still free."""
        file = self.folder / "state.json"
        kept = _read(file)
        ports: dict[str, int] = {}
        for name, usual in USUAL_PORTS.items():
            wanted = kept.get("ports", {}).get(name, usual)
            ports[name] = free_port(wanted, frozenset(ports.values()))
            if ports[name] != wanted:
                self._console.print(
                    f"Port {wanted} ({name}) is taken by another program; {ports[name]} is used instead."
                )
        passwords = kept.get("passwords") or {
            name: secrets.token_hex(16) for name in ("postgres", *SERVICES)
        }
        state = {"ports": ports, "passwords": passwords}
        _write(file, state)
        return state

    def _bootstrap(self, state: dict[str, Any]) -> str:
        return self._given_kafka or f"127.0.0.1:{state['ports']['kafka']}"

    def _databases(self, state: dict[str, Any]) -> dict[str, str]:
        postgres = self._processes.get("postgres")
        if isinstance(postgres, Postgres):
            return {
                service: postgres.dsn(service, service, state["passwords"][service])
                for service in SERVICES
            }
        return self._given_databases

    def _province(self) -> str:
        return self._environment.get("TERANG_PROVINCE", "99")  # 99: demonstrations

    @contextmanager
    def _step(self, name: str) -> Iterator[Callable[[str], None]]:
        """A part of the start that people see: while it lasts, and how long it took."""
        began = time.monotonic()
        with self._console.status(f"{name} …") as status:

            def tell(detail: str) -> None:
                status.update(f"{name}: {detail}")
                self._phase = f"{name}: {detail}"
                self._write_running()

            self._phase = name
            self._write_running()
            yield tell
        self._console.print(f"{name}: ready ({time.monotonic() - began:.1f} s)")

    def _write_running(self) -> None:
        """Tell other processes what runs: ``terang local status`` and ``down`` read it."""
        state = _read(self.folder / "state.json")
        if not state:
            return
        pids = [process.pid for process in self._processes.values()]
        postgres = self._processes.get("postgres")
        kafka = self._processes.get("kafka")
        status = {
            "door": f"http://127.0.0.1:{state['ports']['door']}",
            "kafka": {"bootstrap": self._bootstrap(state), "pid": kafka.pid if kafka else None},
            "postgres": {
                "pid": postgres.pid if postgres else None,
                "databases": self._databases(state),
            },
            "processes": {
                process.name: {"pid": process.pid, "url": process.url}
                for process in self._processes.values()
                if isinstance(process, Service)
            },
        }
        running = {
            "supervisor": {"pid": os.getpid(), "created": psutil.Process().create_time()},
            "phase": self._phase,
            "pids": [
                {"pid": pid, "created": psutil.Process(pid).create_time()}
                for pid in pids
                if pid is not None and psutil.pid_exists(pid)
            ],
            "status": status,
        }
        _write(self.folder / "running.json", running)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _how(status: int | None) -> str:
    if status is None:
        return "unknown"
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"status {status}"


def _read(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    return content


def _write(file: Path, content: dict[str, Any]) -> None:
    """Replace the file at one stroke; only its owner may read it, for there are passwords in it."""
    draft = file.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as writing:
        json.dump(content, writing)
    draft.replace(file)
