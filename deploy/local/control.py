"""Speaks to a local stack from outside: what runs, start it, end it, clear its data."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.lock import already_running, lock_is_held
from deploy.local.process import StackError
from deploy.local.state import RunningStack, StackStatus, load, still_runs

FOLDER = Path(__file__).parents[2] / ".terang"
JARS = FOLDER / "jars"
DOWN_SECONDS = 60.0  # twice what the supervisor gives its children, and some
LOOK_SECONDS = 0.1  # between two looks at what it says


def running(folder: Path) -> RunningStack | None:
    """What the stack of this folder says of itself; None when none runs.

    What a supervisor that was killed left there says nothing of the one that starts now.
    """
    if not lock_is_held(folder):
        return None
    stack = load(folder / "running.json", RunningStack)
    if stack is None or stack.supervisor is None or not still_runs(stack.supervisor):
        return RunningStack()
    return stack


def start(folder: Path, show_progress: Callable[[str], None], *, outlives: bool) -> None:
    """Start a supervisor in the background; returns when all is ready.

    `show_progress` is called with what it is doing at the moment. With `outlives` it goes on when
    this process ends; else it ends with the thread that called this. Raises StackError where it
    runs already or can't be started.
    """
    if lock_is_held(folder):
        raise already_running(folder)
    log = folder / "logs" / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    bound = [] if outlives else ["setpriv", "--pdeathsig", "TERM", "--"]
    program = "from deploy.cli.main import app; app()"
    command = [*bound, sys.executable, "-c", program, "local", "up", "--folder", str(folder)]
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        while supervisor.poll() is None:
            stack = running(folder) or RunningStack()
            if stack.phase == "ready":
                return
            show_progress(stack.phase)
            time.sleep(LOOK_SECONDS)
    except BaseException:
        supervisor.terminate()
        raise
    raise StackError(log.read_text(errors="replace").strip())


def stop(folder: Path) -> bool:
    """End the stack of this folder and wait until nothing of it is left; False when none runs.

    Raises StackError where it is still there after a minute.
    """
    if not lock_is_held(folder):
        return False
    deadline = time.monotonic() + DOWN_SECONDS
    pid = signalled = None
    while (stack := running(folder)) is not None:
        # right after its start it has not said its number yet
        pid = stack.supervisor.pid if stack.supervisor else None
        if pid is not None and pid != signalled:
            os.kill(pid, signal.SIGTERM)
            signalled = pid
        if time.monotonic() > deadline:
            raise StackError(
                f"The stack (supervisor {pid}) is still there after {DOWN_SECONDS:.0f} s; "
                f"see {folder / 'logs'}."
            )
        time.sleep(LOOK_SECONDS)
    return True


def reset(folder: Path) -> None:
    """Clear all data of the stack; what was downloaded stays. Raises StackError where it runs."""
    if lock_is_held(folder):
        raise StackError("The stack is running: end it first with `terang local down`.")
    for path in folder.iterdir() if folder.exists() else ():
        if path == JARS or path.name == "installed":
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextmanager
def running_stack(folder: Path, show_progress: Callable[[str], None]) -> Iterator[StackStatus]:
    """The status of this folder's stack, ready; where none runs, one is started for the block.

    Raises StackError where it can't be started.
    """
    starts = running(folder) is None
    if starts:
        start(folder, show_progress, outlives=False)
    try:
        yield _when_ready(folder, show_progress)
    finally:
        if starts:
            stop(folder)


def _when_ready(folder: Path, show_progress: Callable[[str], None]) -> StackStatus:
    """Wait until all of the stack is ready. Raises StackError where it ends before that."""
    while (stack := running(folder)) is not None:
        if stack.phase == "ready" and stack.status is not None:
            return stack.status
        show_progress(stack.phase)
        time.sleep(LOOK_SECONDS)
    raise StackError(f"The stack in {folder} ended while it was starting; see {folder / 'logs'}.")
