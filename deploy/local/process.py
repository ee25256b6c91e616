"""One process of the local stack, which never outlives whoever started it."""

import os
import signal
import subprocess
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

LOG_LIMIT_BYTES = 20_000_000
"""A longer log is renamed at the next start; one such is kept."""


class StackError(Exception):
    """The local stack can't go on; the message says what failed and what to do."""


class Process:
    """A child process with a log file of its own.

    It is started through `setpriv --pdeathsig`: the kernel itself ends it when the thread that
    started it dies, even by SIGKILL. So `start` must be called from a thread that lives as long as
    the child should: the main thread.

    `name` is what people call it (`ranking-worker`); its output is appended to the file `log`;
    `environment` is set beside the variables of this process; `privileges` are further options of
    setpriv, such as the user to run as. `stop_signal` asks it to finish what it does and end;
    `death_signal` is what the kernel sends when the parent is gone, and must end it for certain.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        privileges: Sequence[str] = (),
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: str = "KILL",
    ) -> None:
        self.name = name
        self.log = log
        self._command = [
            "setpriv",
            *privileges,
            "--pdeathsig",
            death_signal,
            "--",
            *map(str, command),
        ]
        self._environment = dict(environment or {})
        self._stop_signal = stop_signal
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs, else None."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.pid is not None

    @property
    def status(self) -> int | None:
        """Exit status of the last run (negative: a signal's); None before it and while it runs."""
        return self._child.poll() if self._child is not None else None

    @abstractmethod
    def ready(self) -> bool:
        """Whether it answers what it is there for."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it; returns at once. Does nothing when it runs already.

        Raises StackError where a program is missing.
        """
        if self.alive:
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self._open_log() as log:
            try:
                self._child = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **self._environment},
                    # Ctrl-C on the terminal is for the supervisor, which then stops its children in
                    # order
                    start_new_session=True,
                )
            except FileNotFoundError as error:
                raise StackError(
                    f"{self.name}: the program {error.filename!r} is missing "
                    "(setpriv is in Debian's package util-linux)"
                ) from error

    def wait_ready(self, seconds: float) -> None:
        """Wait until it is ready.

        Raises StackError with the last lines of its log where it ends or isn't ready in time.
        """
        deadline = time.monotonic() + seconds
        while not self.ready():
            if not self.alive:
                raise StackError(
                    f"{self.name} ended with status {self.status} while starting. "
                    f"{self.last_lines()}"
                )
            if time.monotonic() > deadline:
                raise StackError(
                    f"{self.name} is not ready after {seconds:.0f} s. {self.last_lines()}"
                )
            time.sleep(0.05)

    def ask_to_stop(self) -> None:
        """Ask it to finish what it does and end; returns at once."""
        if self._child is not None:
            self._child.send_signal(self._stop_signal)

    def stop(self, seconds: float = 20) -> None:
        """Ask it to end, wait, and kill it when it doesn't."""
        stop_all([self], seconds)

    def kill(self) -> None:
        """End it and its own children at once, as a crash would."""
        if self._child is None or self._child.poll() is not None:
            return
        own = psutil.Process(self._child.pid)
        victims = [own, *own.children(recursive=True)]
        for victim in victims:
            try:
                victim.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(victims[1:], timeout=10)
        self._child.wait(10)

    def last_lines(self, count: int = 15) -> str:
        """The end of its log, introduced by where to find the rest."""
        lines = (
            self.log.read_text(errors="replace").splitlines()[-count:] if self.log.exists() else []
        )
        return f"The end of {self.log}:\n" + "\n".join(f"  {line}" for line in lines)

    def _open_log(self) -> IO[bytes]:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".old.log"))
        return self.log.open("ab")


def stop_all(processes: Sequence[Process], seconds: float) -> None:
    """Ask all to end at once; those that haven't within `seconds` are killed."""
    for process in processes:
        process.ask_to_stop()
    deadline = time.monotonic() + seconds
    while any(process.alive for process in processes) and time.monotonic() < deadline:
        time.sleep(0.02)
    for process in processes:
        process.kill()
