"""The supervisor starts again what ends, sooner or later, and ends what another one left."""

import signal
import subprocess
from pathlib import Path

import pytest
from typing_extensions import override

from deploy.local.process import Process
from deploy.local.state import identity
from deploy.local.supervisor import (
    HEALTHY_SECONDS,
    LONGEST_PAUSE_SECONDS,
    SHORTEST_PAUSE_SECONDS,
    RestartSchedule,
    Supervisor,
    end_leftovers,
    ending,
)


class Sleeper(Process):
    """A process that does nothing for a minute."""

    def __init__(self, folder: Path) -> None:
        super().__init__("sleeper", ["sleep", "60"], log=folder / "sleeper.log")

    @override
    def ready(self) -> bool:
        return self.alive


def test_what_keeps_ending_is_started_later_each_time() -> None:
    """The pause doubles up to its limit."""
    schedule = RestartSchedule(now=100.0)
    pauses = []
    now = 100.0
    for _ in range(8):
        pauses.append(schedule.ended(now))
        now += pauses[-1]
        assert schedule.due == now
        schedule.started(now)
        assert schedule.due is None
    assert pauses[:3] == [SHORTEST_PAUSE_SECONDS * factor for factor in (2, 4, 8)]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_what_ran_well_is_started_at_once_again() -> None:
    """After a long run the pause is the shortest again."""
    schedule = RestartSchedule(now=0.0)
    schedule.ended(1.0)
    schedule.started(2.0)
    assert schedule.ended(2.0 + HEALTHY_SECONDS + 1) == SHORTEST_PAUSE_SECONDS


@pytest.mark.parametrize(
    ("status", "words"),
    [(None, "unknown"), (0, "status 0"), (3, "status 3"), (-signal.SIGKILL, "killed by SIGKILL")],
)
def test_an_exit_status_in_words(status: int | None, words: str) -> None:
    """A negative status is the signal that ended the process."""
    assert ending(status) == words


def test_children_are_those_that_run(tmp_path: Path) -> None:
    """A process is a child from its start to its end."""
    supervisor = Supervisor(tell=lambda _sentence: None, on_change=lambda: None)
    sleeper = Sleeper(tmp_path)
    supervisor.start(sleeper)
    try:
        assert [child.pid for child in supervisor.children] == [sleeper.pid]
    finally:
        supervisor.stop()
    assert supervisor.children == ()
    assert not sleeper.alive


def test_leftovers_are_ended_and_others_spared() -> None:
    """What has the id of a leftover and was started at another time is another's process."""
    with subprocess.Popen(["sleep", "60"]) as process:
        leftover = identity(process.pid)
        assert leftover is not None
        end_leftovers([leftover.model_copy(update={"created": leftover.created - 5})])
        assert process.poll() is None
        end_leftovers([leftover])
        process.wait(10)
        assert identity(leftover.pid) is None
    end_leftovers([leftover])
