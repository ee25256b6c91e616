"""What is said of a local stack from outside."""

import os
from pathlib import Path

from deploy.local.control import running
from deploy.local.lock import hold_lock
from deploy.local.state import ProcessIdentity, RunningStack, identity, save


def test_what_a_killed_supervisor_left_is_not_said_of_the_next(tmp_path: Path) -> None:
    """While the next supervisor begins, the stack is starting and not ready as it was before."""
    gone = ProcessIdentity(pid=os.getpid(), created=1.0)
    save(tmp_path / "running.json", RunningStack(phase="ready", supervisor=gone))
    assert running(tmp_path) is None
    with hold_lock(tmp_path):
        assert running(tmp_path) == RunningStack(phase="starting")
        own = RunningStack(phase="ready", supervisor=identity(os.getpid()))
        save(tmp_path / "running.json", own)
        assert running(tmp_path) == own
