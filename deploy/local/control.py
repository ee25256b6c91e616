"""Speaks to a local stack from outside: what runs, start it, end it, clear its data."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.local.process import StackError

FOLDER = Path(__file__).parents[2] / ".terang"
JARS = FOLDER / "jars"
DOWN_SECONDS = 60.0  # twice what the supervisor gives its children, and some


def running(folder: Path) -> dict[str, Any] | None:
    """What the stack of this folder says of itself: ``phase``, ``supervisor`` and ``status``; None
    when none runs.
    """
    if not _locked(folder):
        return None
    try:
        content: dict[str, Any] = json.loads((folder / "running.json").read_text())
    except FileNotFoundError:
        return {"phase": "starting", "supervisor": {"pid": None}, "status": None}
    return content


def start(folder: Path, tell: Callable[[str], None], *, outlives: bool) -> None:
    """Start a supervisor in the background; returns when all is ready.

    Parameters
    ----------
    folder
        The stack's.
    tell
        Called with what it is doing at the moment.
    outlives
        Whether it goes on when this process ends; else it ends with the thread that called this.

    Raises
    ------
    StackError
        It runs already, or can't be started.
    """
    if _locked(folder):
        raise StackError(
            f"The stack in {folder} is running already. See `terang local status`; end it with `terang local down`."
        )
    log = folder / "logs" / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    bound = [] if outlives else ["setpriv", "--pdeathsig", "TERM", "--"]
    command = [
        *bound,
        sys.executable,
        "-c",
        "from deploy.cli.main import app; app()",
        "local",
        "up",
        "--folder",
        str(folder),
    ]
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        while supervisor.poll() is None:
            said = running(folder)
            if said is not None and said["phase"] == "ready":
                return
            tell(said["phase"] if said is not None else "starting")
            time.sleep(0.1)
    except BaseException:
        supervisor.terminate()
        raise
    raise StackError(log.read_text(errors="replace").strip())


def stop(folder: Path) -> bool:
    """End the stack of this folder and wait until nothing of it is left; False when none runs.

    Raises
    ------
    StackError
        It is still there after a minute.
    """
    said = running(folder)
    if said is None:
        return False
    deadline = time.monotonic() + DOWN_SECONDS
    asked = None
    while _locked(folder):
        said = running(folder)
        pid = said["supervisor"]["pid"] if said is not None else None
        # right after its start it has not said its number yet
        if pid is not None and pid != asked:
            os.kill(pid, signal.SIGTERM)
            asked = pid
        if time.monotonic() > deadline:
            raise StackError(
                f"The stack (supervisor {pid}) is still there after {DOWN_SECONDS:.0f} s; see {folder / 'logs'}."
            )
        time.sleep(0.1)
    return True


def reset(folder: Path) -> None:
    """Clear all data of the stack; what was downloaded stays.

    Raises
    ------
    StackError
        It runs.
    """
    if _locked(folder):
        raise StackError("The stack is running: end it first with `terang local down`.")
    for path in folder.iterdir() if folder.exists() else ():
        if path == JARS or path.name == "installed":
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextmanager
def a_stack(folder: Path, tell: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """The status of the stack of this folder, as ``terang local status --json`` gives it; one that
    isn't running is started, and ended after the block.
    """
    said = running(folder)
    own = said is None
    if own:
        start(folder, tell, outlives=False)
    try:
        while (said := running(folder)) is None or said["phase"] != "ready":
            if said is None:
                raise StackError(
                    f"The stack in {folder} ended while it was starting; see {folder / 'logs'}."
                )
            tell(said["phase"])
            time.sleep(0.1)
        status: dict[str, Any] = said["status"]
        yield status
    finally:
        if own:
            stop(folder)


def _locked(folder: Path) -> bool:
    """Whether a supervisor holds the folder; the kernel lets go of the lock when it dies."""
    try:
        with (folder / "lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
