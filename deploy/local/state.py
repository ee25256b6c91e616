"""What a local stack keeps for its next start, and what it tells other programs while it runs."""

import os
from pathlib import Path
from typing import TypeVar

import psutil
from pydantic import BaseModel, ConfigDict

AUDIENCE = "terang"
"""For whom the tokens of the stack's issuer are."""

State = TypeVar("State", bound=BaseModel)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class PortsAndPasswords(_Part):
    """The file `state.json`, kept from one start to the next."""

    ports: dict[str, int] = {}
    """By name of the process that listens."""
    passwords: dict[str, str] = {}
    """By role of PostgreSQL: `postgres`, its superuser, `owner`, and one for each service."""
    province_key: str = ""
    """64 hexadecimal digits; empty before the first start. It is made once and never changes."""


class KafkaStatus(_Part):
    """Where Kafka answers; without a process id it isn't the stack's own."""

    bootstrap: str
    pid: int | None


class PostgresStatus(_Part):
    """Addresses of the databases by service; without a process id it isn't the stack's own."""

    pid: int | None
    databases: dict[str, str]
    """For the service's role, as its processes connect."""
    owned: dict[str, str] = {}
    """For the role that owns the tables: migrations and rebuilds."""


class ProcessStatus(_Part):
    """A process that serves HTTP; without a process id it has just ended."""

    pid: int | None
    url: str


class StackStatus(_Part):
    """What runs where, as `terang local status --json` prints it."""

    door: str
    """The one address for people: the reverse proxy in front of the services."""
    kafka: KafkaStatus
    postgres: PostgresStatus
    processes: dict[str, ProcessStatus]


class ProcessIdentity(_Part):
    """A process on this machine: its id alone may belong to another one later."""

    pid: int
    created: float
    """When it was started, in seconds since 1970."""


class RunningStack(_Part):
    """The file `running.json`, which is there while a supervisor runs."""

    phase: str = "starting"
    """`ready`, or what it is doing."""
    supervisor: ProcessIdentity | None = None
    """None in the first moment of a start."""
    children: tuple[ProcessIdentity, ...] = ()
    status: StackStatus | None = None
    """None in the first moment of a start."""


def identity(pid: int) -> ProcessIdentity | None:
    """The process of this id; None where none has it."""
    try:
        return ProcessIdentity(pid=pid, created=psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def still_runs(process: ProcessIdentity) -> bool:
    """Whether this very process runs: its id may be another's by now."""
    found = identity(process.pid)
    return found is not None and abs(found.created - process.created) <= 1


def load(file: Path, model: type[State]) -> State | None:
    """What the file says; None where it isn't there."""
    try:
        return model.model_validate_json(file.read_text())
    except FileNotFoundError:
        return None


def save(file: Path, state: BaseModel) -> None:
    """Replace the file at one stroke; only its owner may read it: there are passwords in it."""
    draft = file.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as writing:
        writing.write(state.model_dump_json())
    draft.replace(file)
