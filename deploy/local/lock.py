"""The lock that says whether a supervisor holds a folder; the kernel frees it when one dies."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.process import StackError


@contextmanager
def hold_lock(folder: Path) -> Iterator[None]:
    """Hold the folder during the block. Raises StackError where another supervisor holds it."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise already_running(folder) from error
        yield


def lock_is_held(folder: Path) -> bool:
    """Whether a supervisor holds the folder."""
    try:
        with (folder / "lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def already_running(folder: Path) -> StackError:
    """What is said to who starts a second stack in one folder."""
    return StackError(
        f"The stack in {folder} is running already. See `terang local status`; "
        "end it with `terang local down`."
    )
