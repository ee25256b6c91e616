"""Starts processes, starts again what dies, and ends all of them together."""

import signal
import time
from collections.abc import Callable, Iterable
from typing import NoReturn

import psutil

from deploy.local.http_process import HttpProcess
from deploy.local.process import Process, stop_all
from deploy.local.state import ProcessIdentity, identity, still_runs

STOP_SECONDS = 20.0  # a worker finishes its batch, uvicorn its requests
SHORTEST_PAUSE_SECONDS = 0.2  # before a process that ran well is started again
LONGEST_PAUSE_SECONDS = 10.0  # between two starts of a process that keeps ending
HEALTHY_SECONDS = 30.0  # a process that ran this long begins again with the shortest pause
LOOK_SECONDS = 0.2  # between two looks at all processes


class RestartSchedule:
    """When a process that ended is started again: later each time while it keeps ending early."""

    def __init__(self, now: float) -> None:
        """Of a process that was started `now`, in seconds of any clock."""
        self._started = now
        self._pause = SHORTEST_PAUSE_SECONDS
        self.due: float | None = None
        """When it is started again; None while it runs."""

    def ended(self, now: float) -> float:
        """Note that it ended; gives the seconds until it is started again."""
        healthy = now - self._started > HEALTHY_SECONDS
        self._pause = (
            SHORTEST_PAUSE_SECONDS if healthy else min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        )
        self.due = now + self._pause
        return self._pause

    def started(self, now: float) -> None:
        """Note that it was started again."""
        self._started = now
        self.due = None


class Supervisor:
    """The processes of a stack; those that end are started again.

    `tell` is called with sentences for people, `on_change` after each end and each restart. Methods
    are called in the main thread: the kernel ends processes with the thread that started them.
    """

    def __init__(self, tell: Callable[[str], None], on_change: Callable[[], None]) -> None:
        self._tell = tell
        self._on_change = on_change
        self.processes: dict[str, Process] = {}

    def start(self, process: Process) -> None:
        """Start the process, and restart it while `watch` runs; returns at once."""
        self.processes[process.name] = process
        process.start()

    @property
    def http_processes(self) -> list[HttpProcess]:
        """Those that serve HTTP, in the order of their start."""
        return [process for process in self.processes.values() if isinstance(process, HttpProcess)]

    @property
    def children(self) -> tuple[ProcessIdentity, ...]:
        """Those that run now."""
        pids = [process.pid for process in self.processes.values()]
        running = [identity(pid) for pid in pids if pid is not None]
        return tuple(child for child in running if child is not None)

    def watch(self) -> NoReturn:
        """Start again what ends, until a signal raises an exception."""
        now = time.monotonic()
        schedules = {name: RestartSchedule(now) for name in self.processes}
        while True:
            time.sleep(LOOK_SECONDS)
            for name, process in self.processes.items():
                if not process.alive:
                    self._restart(process, schedules[name], time.monotonic())

    def _restart(self, process: Process, schedule: RestartSchedule, now: float) -> None:
        """Say when a process that ended is started again, and start it when that time comes."""
        if schedule.due is None:
            pause = schedule.ended(now)
            self._tell(
                f"{process.name} ended ({ending(process.status)}); starting it again in "
                f"{pause:.1f} s. Its log: {process.log}"
            )
            self._on_change()
        elif now >= schedule.due:
            schedule.started(now)
            process.start()
            self._on_change()

    def stop(self) -> None:
        """End all: first those that use the servers, then the servers."""
        clients = self.http_processes
        servers = [
            process for process in self.processes.values() if not isinstance(process, HttpProcess)
        ]
        stop_all(clients, STOP_SECONDS)
        stop_all(servers, STOP_SECONDS)


def ending(status: int | None) -> str:
    """An exit status in words; a negative one is the signal that ended the process."""
    if status is None:
        return "unknown"
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"status {status}"


def end_leftovers(children: Iterable[ProcessIdentity]) -> None:
    """End what a supervisor that was killed left behind, where the kernel hasn't done so yet."""
    for child in children:
        if not still_runs(child):
            continue
        try:
            process = psutil.Process(child.pid)
            family = [process, *process.children(recursive=True)]
            for member in family:
                member.kill()
            psutil.wait_procs(family, timeout=10)
        except psutil.NoSuchProcess:
            continue
