"""Where the fault tests end this process, between two instructions.

Not an option of the product: it does nothing unless a test sets it, nothing in deploy/ does, and it
has no use but to break. A test's child process sets `TERANG_FAILPOINT=name[:nth[:stop]]` (a name
has no colon). At the nth time (1 unless given) that the program comes by the place of that name it
gets SIGKILL, as from a power cut; with `stop` it gets SIGSTOP, as a process that the machine forgot
for a while, and the test wakes it.
"""

import os
import signal

_passed: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Marks a place between two instructions.

    Call it per batch, not per record: it reads the environment each time.
    """
    wanted = os.environ.get("TERANG_FAILPOINT")
    if wanted is None:
        return
    place, _, rest = wanted.partition(":")
    if place != name:
        return
    nth, _, action = rest.partition(":")
    _passed[name] = _passed.get(name, 0) + 1
    if _passed[name] == int(nth or "1"):
        os.kill(os.getpid(), signal.SIGSTOP if action == "stop" else signal.SIGKILL)
