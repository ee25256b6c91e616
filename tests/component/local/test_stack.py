"""The local stack: one start brings all up, what dies comes back, and nothing is left behind."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from typer.testing import CliRunner

from deploy.cli.main import app
from deploy.local import control
from deploy.local.state import KafkaStatus, PostgresStatus, StackStatus
from shared.contracts.catalogue import SERVICES, TOPICS
from tests.servers import ROOT, Servers

SECONDS = 90.0
STAND_IN = Path(__file__).with_name("stand_in.py")
OF_OTHERS = ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL_")


@contextmanager
def supervisor(folder: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A supervisor in a process of its own; what is left of it is killed."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(OF_OTHERS)
    }
    command = [sys.executable, str(STAND_IN), "stack", str(folder)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**inherited, **environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {SECONDS} s"
        time.sleep(0.05)


def ready(folder: Path, process: subprocess.Popen[str]) -> StackStatus:
    """The status of the stack, once all of it is ready."""
    deadline = time.monotonic() + SECONDS
    while (running := control.running(folder)) is None or running.phase != "ready":
        if process.poll() is not None:
            out, err = process.communicate()
            raise AssertionError(f"the stack ended with {process.returncode}:\n{out}\n{err}")
        assert time.monotonic() < deadline, f"not ready within {SECONDS} s"
        time.sleep(0.05)
    assert running.status is not None
    return running.status


def pids(status: StackStatus) -> dict[str, int | None]:
    servers = {"kafka": status.kafka.pid, "postgres": status.postgres.pid}
    return {**servers, **{name: process.pid for name, process in status.processes.items()}}


def pids_now(folder: Path) -> dict[str, int | None]:
    running = control.running(folder)
    assert running is not None, "the supervisor is gone"
    assert running.status is not None
    return pids(running.status)


def addresses(servers: Servers) -> dict[str, str]:
    """The environment that names servers which exist already, with new databases."""
    databases = {
        f"DATABASE_URL_{service.upper()}": servers.database(service) for service in SERVICES
    }
    return {"KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap, **databases}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like root's home: PostgreSQL, which runs as another user, may not enter it."""
    path = tmp_path_factory.mktemp("closed")
    path.chmod(stat.S_IRWXU)
    return path / "stack"


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[StackStatus]:
    with supervisor(folder) as process:
        yield ready(folder, process)


def test_status_is_what_other_programs_read(folder: Path, stack: StackStatus) -> None:
    """`terang local status --json` prints servers, four databases, and all processes by URL."""
    printed = CliRunner().invoke(app, ["local", "status", "--json", "--folder", str(folder)])
    assert printed.exit_code == 0, printed.output
    status = json.loads(printed.stdout)
    assert status == stack.model_dump()
    assert set(status) == {"door", "kafka", "postgres", "processes"}
    assert set(status["kafka"]) == {"bootstrap", "pid"}
    assert set(status["postgres"]) == {"pid", "databases", "owned"}
    assert set(status["postgres"]["databases"]) == set(SERVICES)
    assert set(status["processes"]) == {
        f"{service}-{half}" for service in SERVICES for half in ("api", "worker")
    } | {"door"}
    for name, pid in pids(stack).items():
        assert pid is not None, name
        assert psutil.pid_exists(pid), name


def test_passwords_are_for_their_owner_alone(folder: Path, stack: StackStatus) -> None:
    """Files with passwords or keys in them can't be read by other users of the machine."""
    for name in ("state.json", "running.json", "issuer-key.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name


async def test_a_role_can_open_no_other_database(stack: StackStatus) -> None:
    """Each role connects to its own database, with its tables; the others refuse it."""
    databases = stack.postgres.databases
    for service, address in databases.items():
        connection = await asyncpg.connect(address)
        assert await connection.fetchval("SELECT current_user") == service
        assert await connection.fetchval("SELECT to_regclass('messaging.outbox') IS NOT NULL")
        await connection.close()
        for other in set(databases) - {service}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await asyncpg.connect(address.rpartition("/")[0] + "/" + other)


async def test_topics_are_the_catalogues(stack: StackStatus) -> None:
    """Every topic of the catalogue is there with its number of partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka.bootstrap)
    await admin.start()
    try:
        existing = {row["topic"]: len(row["partitions"]) for row in await admin.describe_topics()}
    finally:
        await admin.close()
    assert {topic.name: topic.partitions for topic in TOPICS}.items() <= existing.items()


def test_the_door_leads_to_each_service_and_to_the_issuer(stack: StackStatus) -> None:
    """A path's first segment chooses the api; a well-known address names broker and issuer."""
    for service in SERVICES:
        answer = httpx.get(f"{stack.door}/{service}/anything")
        assert answer.text == str(stack.processes[f"{service}-api"].pid)
    about = httpx.get(f"{stack.door}/.well-known/terang.json").json()
    assert about == {
        "province": "99",
        "kafka": stack.kafka.bootstrap,
        "issuer": f"{stack.door}/issuer",
        "audience": "terang",
    }
    assert (
        httpx.get(f"{about['issuer']}/.well-known/openid-configuration").json()["issuer"]
        == about["issuer"]
    )


def test_a_second_supervisor_is_refused(folder: Path, stack: StackStatus) -> None:
    """A second start in one folder says what to do and ends; the first goes on."""
    with supervisor(folder) as second:
        _, errors = second.communicate(timeout=SECONDS)
        assert second.returncode == 1
    assert "running already" in errors
    assert "terang local down" in errors
    assert pids_now(folder) == pids(stack)


@pytest.mark.parametrize("name", ["ranking-worker", "door", "kafka", "postgres"])
async def test_what_dies_is_started_again(folder: Path, stack: StackStatus, name: str) -> None:
    """A process that is killed is back, with another pid, at the same address; the others go on."""
    before = pids_now(folder)
    victim = before[name]
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    until(lambda: pids_now(folder)[name] not in (victim, None), f"{name} started again")
    assert {other: pid for other, pid in pids_now(folder).items() if other != name} == {
        other: pid for other, pid in before.items() if other != name
    }
    for address in (
        stack.door,
        stack.kafka.bootstrap,
        stack.postgres.databases["ranking"],
    ):
        until(partial(_listens, address), f"somebody listens again at {address}")


def test_nothing_outlives_the_supervisor_and_the_next_start_finds_the_data(tmp_path: Path) -> None:
    """SIGKILL takes all children with it; the next start has the same ports and data."""
    folder = tmp_path / "stack"
    with supervisor(folder) as first:
        status = ready(folder, first)
        family = psutil.Process(first.pid).children(recursive=True)
        assert set(pids(status).values()) <= {process.pid for process in family}
        _execute(status.postgres.owned["ranking"], "CREATE TABLE kept AS SELECT 7 AS n")
        os.kill(first.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs(family, timeout=15)
        assert alive == []
    with supervisor(folder) as second:
        again = ready(folder, second)
        assert (again.door, again.kafka.bootstrap, again.postgres.databases) == (
            status.door,
            status.kafka.bootstrap,
            status.postgres.databases,
        )
        assert _execute(again.postgres.databases["ranking"], "SELECT n FROM kept") == 7
        family = psutil.Process(second.pid).children(recursive=True)
        second.send_signal(signal.SIGINT)
        second.communicate(timeout=SECONDS)
        assert second.returncode == 0
        assert [process for process in family if process.is_running()] == []
    assert control.running(folder) is None


def test_a_taken_port_is_replaced_and_said(tmp_path: Path, servers: Servers) -> None:
    """Where another program has a port of the last start, a new one is taken, said and kept."""
    folder = tmp_path / "stack"
    folder.mkdir()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        (folder / "state.json").write_text(json.dumps({"ports": {"door": taken}}))
        with supervisor(folder, **addresses(servers)) as process:
            status = ready(folder, process)
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=SECONDS)
    assert f"Port {taken} (door) is taken" in out
    assert status.door != f"http://127.0.0.1:{taken}"
    assert json.loads((folder / "state.json").read_text())["ports"]["door"] == int(
        status.door.rpartition(":")[2]
    )


def test_a_failing_start_leaves_nothing(tmp_path: Path) -> None:
    """When a part can't start, the others end; the message says which, why, and names its log."""
    folder = tmp_path / "stack"
    broken = folder / "postgres"
    broken.mkdir(parents=True)
    (broken / "PG_VERSION").write_text("9.6\n")
    with supervisor(folder) as process:
        _, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == 1
    assert "postgres ended with status" in errors
    assert str(folder / "logs" / "postgres.log") in errors
    assert not any(
        str(folder) in " ".join(other.info["cmdline"] or [])
        for other in psutil.process_iter(["cmdline"])
    )


def test_given_servers_are_used(tmp_path: Path, servers: Servers) -> None:
    """With KAFKA_BOOTSTRAP_SERVERS and four DATABASE_URL_… no server is started."""
    given = addresses(servers)
    with supervisor(tmp_path / "stack", **given) as process:
        status = ready(tmp_path / "stack", process)
    assert status.kafka == KafkaStatus(bootstrap=servers.bootstrap, pid=None)
    databases = {str(service): given[f"DATABASE_URL_{service.upper()}"] for service in SERVICES}
    assert status.postgres == PostgresStatus(pid=None, databases=databases, owned=databases)


def test_three_databases_are_not_enough(tmp_path: Path) -> None:
    """Addresses of some databases only are refused, naming those that are missing."""
    with supervisor(
        tmp_path / "stack", DATABASE_URL_RANKING="postgresql://x@127.0.0.1:1/x"
    ) as process:
        _, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == 1
    assert "DATABASE_URL_EXAMS" in errors
    assert "DATABASE_URL_RANKING," not in errors


def _execute(address: str, sql: str) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(address)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(run())


def _listens(address: str) -> bool:
    """Whether the host and port in a URL, or by themselves, take connections."""
    parts = urlsplit(address if "://" in address else f"kafka://{address}")
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname, parts.port)) == 0
