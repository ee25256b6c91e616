"""What a stack keeps and tells is found again as it was written, by its owner alone."""

import os
from pathlib import Path

from deploy.local.state import (
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

RUNNING = RunningStack(
    phase="ready",
    supervisor=identity(os.getpid()),
    status=StackStatus(
        door="http://127.0.0.1:8080",
        kafka=KafkaStatus(bootstrap="127.0.0.1:9092", pid=None),
        postgres=PostgresStatus(pid=7, databases={"exams": "postgresql://x@127.0.0.1/x"}),
        processes={"door": ProcessStatus(pid=8, url="http://127.0.0.1:8080")},
    ),
)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """Nothing is lost; only the owner may read it; nothing else is left behind."""
    file = tmp_path / "running.json"
    save(file, RUNNING)
    assert load(file, RunningStack) == RUNNING
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    """A first start finds nothing."""
    assert load(tmp_path / "state.json", PortsAndPasswords) is None


def test_a_part_is_enough(tmp_path: Path) -> None:
    """What an earlier version didn't keep is empty."""
    file = tmp_path / "state.json"
    file.write_text('{"ports": {"door": 1}}')
    assert load(file, PortsAndPasswords) == PortsAndPasswords(ports={"door": 1}, passwords={})


def test_a_process_that_is_gone_has_no_identity() -> None:
    """An id beyond the kernel's largest is nobody's."""
    assert identity(2**22 + 1) is None
