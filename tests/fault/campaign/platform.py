"""A whole platform of the campaign's own: Kafka, PostgreSQL, the door, eight processes.

Everything is a real process on a free port of 127.0.0.1, started from here and ended by its id.
"""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil

from deploy.kafka.topics import provision
from deploy.local.http_process import HttpProcess
from deploy.local.kafka import Kafka, install_jars
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres, make_database
from deploy.local.process import Process, StackError, stop_all
from deploy.postgres.migrate import folders, migrate
from services.ranking.publication.storage.signing import SigningKey
from shared.contracts.catalogue import SERVICES, TOPICS
from shared.settings import DEMO_PROVINCE
from tests.servers import JARS, ROOT

START_SECONDS = 180.0
"""For two cores that others use too; an idle machine needs a tenth."""
WATCH_SECONDS = 0.2
DISK_MIB = 400
"""Of each server's own disk; a chapter needs a quarter."""
SERVERS = ("kafka", "postgres")
WORKERS = tuple(f"{service}-worker" for service in SERVICES)
APIS = tuple(f"{service}-api" for service in SERVICES)


@dataclass(frozen=True)
class Health:
    """What a process says at /ready; `status` is 0 where it doesn't answer."""

    status: int
    text: str

    @property
    def ready(self) -> bool:
        return self.status == 200

    @property
    def stopped(self) -> bool:
        """Whether it, or a part of it, stands still and names a remedy."""
        return "stopped (" in self.text


class Platform:
    """The processes of one chapter; `folder` has their data and logs, and is new.

    A process that dies is started again, as a supervisor would, unless it is held down.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.password = secrets.token_hex(16)
        self.province_key = secrets.token_hex(32)
        self.ports: dict[str, int] = {}
        self.processes: dict[str, Process] = {}
        self.ended: list[str] = []
        """Ends that nobody here asked for, in words."""
        self.disks: dict[str, Path] = {}
        """Where a server has a small disk of its own; empty where nothing can be mounted."""
        self._held: set[str] = set()
        self._asked: set[str] = set()
        for name in (*SERVERS, "controller", "door", *APIS, *WORKERS):
            self.ports[name] = free_port(taken=frozenset(self.ports.values()))

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.ports['kafka']}"

    @property
    def door(self) -> str:
        return f"http://127.0.0.1:{self.ports['door']}"

    def database(self, service: str, role: str | None = None) -> str:
        """Address of a service's database for its own role, or for another."""
        user = role or service
        return f"postgresql://{user}:{self.password}@127.0.0.1:{self.ports['postgres']}/{service}"

    @property
    def superuser(self) -> str:
        """Address of PostgreSQL for the superuser, without a database."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.ports['postgres']}"

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def clock(self, name: str) -> Path:
        """The file that says how far this process's clock is ahead."""
        return self.folder / "clocks" / name

    # Start and end

    async def start(self) -> None:
        """Start everything; returns when all is ready. Raises StackError where something isn't."""
        (self.folder / "clocks").mkdir(parents=True)
        self._mount_disks()
        self._make_servers()
        for name in SERVERS:
            self.processes[name].start()
        for name in SERVERS:
            await asyncio.to_thread(self.processes[name].wait_ready, START_SECONDS)
        for service in SERVICES:
            await asyncio.to_thread(self._make_database, service)
        await provision(self.bootstrap, TOPICS)
        SigningKey.new().keep(self.folder / "signing-key.pem")
        self._make_door()
        for name in (*APIS, *WORKERS):
            self.add(name)
        for process in self.processes.values():
            process.start()
        await self.until_ready(START_SECONDS)

    def _make_servers(self) -> None:
        self.processes["kafka"] = Kafka(
            self.folder / "kafka",
            install_jars(JARS),
            port=self.ports["kafka"],
            controller_port=self.ports["controller"],
            log=self.log("kafka"),
        )
        self.processes["postgres"] = Postgres(
            self.folder / "postgres",
            port=self.ports["postgres"],
            password=self.password,
            log=self.log("postgres"),
            # processes are killed here, never the power: what the kernel has is safe
            settings={"fsync": "off", "max_wal_size": "64MB", "min_wal_size": "32MB"},
        )

    def _mount_disks(self) -> None:
        """Give each server a small disk in memory, where this user may mount one."""
        for name, folder in (
            ("kafka", self.folder / "kafka" / "data"),
            ("postgres", self.folder / "postgres"),
        ):
            folder.mkdir(parents=True)
            mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)]
            if os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0:
                self.disks[name] = folder

    def _make_database(self, service: str) -> None:
        make_database(
            f"{self.superuser}/postgres",
            name=service,
            password=self.password,
            owner_password=self.password,
        )
        migrate(
            self.database(service, "owner"), [path for path in folders(service) if path.is_dir()]
        )

    def environment(self, service: str, name: str) -> dict[str, str]:
        """The settings of a process of a service; `name` is the process's."""
        own = {
            # of this very tree, wherever another one is installed
            "PYTHONPATH": str(ROOT),
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            f"DATABASE_URL_{service.upper()}": self.database(service),
            "TERANG_PROVINCE": DEMO_PROVINCE,
            "TERANG_ISSUER": f"{self.door}/issuer",
            "TERANG_AUDIENCE": "terang",
            "TERANG_DEMO_CLOCK": str(self.clock(name)),
        }
        if service != "feedback":
            own["TERANG_PROVINCE_KEY"] = self.province_key
        if name == "ranking-api":
            own["TERANG_RANKING_SIGNING_KEY"] = str(self.folder / "signing-key.pem")
        return own

    def add(self, name: str, replica: str | None = None) -> HttpProcess:
        """A process of this name (`ranking-worker`, `ranking-worker-2`), not started yet."""
        service, kind = name.split("-")[:2]
        port = self.ports.setdefault(name, free_port(taken=frozenset(self.ports.values())))
        environment = self.environment(service, name)
        if replica is not None:
            environment["TERANG_REPLICA"] = replica
        terang = Path(sysconfig.get_path("scripts")) / "terang"
        process = HttpProcess(
            name,
            [terang, "serve", service, kind, "--host", "127.0.0.1", "--port", str(port)],
            url=f"http://127.0.0.1:{port}",
            log=self.log(name),
            environment=environment,
        )
        self.processes[name] = process
        return process

    def _make_door(self) -> None:
        about = {
            "province": DEMO_PROVINCE,
            "issuer": f"{self.door}/issuer",
            "audience": "terang",
        }
        command = [
            sys.executable,
            "-m",
            "deploy.local.reverse_proxy",
            "--port",
            str(self.ports["door"]),
            "--key-file",
            str(self.folder / "issuer-key.json"),
            "--demo-clock",
            str(self.clock("door")),
            "--about",
            json.dumps(about),
            *(f"{service}=http://127.0.0.1:{self.ports[f'{service}-api']}" for service in SERVICES),
        ]
        self.processes["door"] = HttpProcess(
            "door",
            command,
            url=self.door,
            log=self.log("door"),
            environment={"PYTHONPATH": str(ROOT)},
        )

    def end(self) -> None:
        """End everything that was started here; what was stopped goes on first."""
        self._held |= set(self.processes)
        for name in self.processes:
            self.go_on(name)
        clients = [p for name, p in self.processes.items() if name not in SERVERS]
        stop_all(clients, 10)
        stop_all([p for name, p in self.processes.items() if name in SERVERS], 10)
        for folder in self.disks.values():
            subprocess.run(["umount", "--lazy", str(folder)], check=True)

    # What befalls a process

    def kill(self, name: str) -> None:
        """As a crash: SIGKILL to it and its children."""
        self._asked.add(name)
        self.processes[name].kill()

    def hold_still(self, name: str) -> None:
        """SIGSTOP to it and its children."""
        for member in self._family(name):
            member.send_signal(signal.SIGSTOP)

    def go_on(self, name: str) -> None:
        """SIGCONT to it and its children."""
        for member in self._family(name):
            member.send_signal(signal.SIGCONT)

    def _family(self, name: str) -> Iterator[psutil.Process]:
        pid = self.processes[name].pid
        if pid is None:
            return
        try:
            own = psutil.Process(pid)
            yield from [own, *own.children(recursive=True)]
        except psutil.NoSuchProcess:
            return

    def ask_to_end(self, name: str) -> None:
        """SIGTERM to it alone."""
        self._asked.add(name)
        self.processes[name].ask_to_stop()

    @contextmanager
    def held_down(self, *names: str, crash: bool = False) -> Iterator[None]:
        """These are ended, in order or as by a crash, and not started again within the block."""
        new = set(names) - self._held
        self._held |= new
        self._asked |= new
        stop_all([self.processes[name] for name in names], 0 if crash else 20)
        try:
            yield
        finally:
            self._held -= new

    def remove(self, name: str) -> None:
        """End a process for good."""
        self._held.add(name)
        stop_all([self.processes[name]], 20)
        del self.processes[name]
        self._held.discard(name)

    def of(self, service: str) -> list[str]:
        """The names of a service's processes."""
        return [name for name in self.processes if name.startswith(f"{service}-")]

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """While the block lasts, what dies is started again."""
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()

    async def _watch(self) -> None:
        while True:
            for name, process in list(self.processes.items()):
                if not process.alive and name not in self._held:
                    self._start_again(name, process)
            await asyncio.sleep(WATCH_SECONDS)

    def _start_again(self, name: str, process: Process) -> None:
        if name in self._asked:
            self._asked.discard(name)
        elif process.status is not None:
            self.ended.append(f"{name} ended with status {process.status}")
        process.start()

    # Health

    async def health(self, name: str) -> Health:
        """What it says at /ready; of a server, whether it answers."""
        if name in SERVERS:
            answers = await asyncio.to_thread(self.processes[name].ready)
            return Health(200 if answers else 0, "answers" if answers else "no answer")
        return await asyncio.to_thread(_ask, self.ports[name], "/ready")

    async def conditions(self) -> dict[str, Health]:
        """Of all processes that are not held down."""
        names = [name for name in self.processes if name not in self._held]
        answers = await asyncio.gather(*map(self.health, names))
        return dict(zip(names, answers, strict=True))

    async def until_ready(self, seconds: float) -> float:
        """Seconds until all say that they are ready. Raises StackError after `seconds`."""
        began = time.monotonic()
        while waiting := {
            name: health.text
            for name, health in (await self.conditions()).items()
            if not health.ready
        }:
            if time.monotonic() - began > seconds:
                raise StackError(f"not ready after {seconds:.0f} s: {waiting}")
            await asyncio.sleep(0.1)
        return time.monotonic() - began


def _ask(port: int, path: str) -> Health:
    connection = HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return Health(answer.status, answer.read().decode(errors="replace"))
    except (OSError, HTTPException) as error:
        return Health(0, f"no answer: {type(error).__name__}")
    finally:
        connection.close()
