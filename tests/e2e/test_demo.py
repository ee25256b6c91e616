"""The demonstration as a person runs it, and as an operator who kills things while it runs."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import control
from deploy.local.state import StackStatus

APPLICANTS = 200
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(600)


def demo(door: str, folder: Path) -> subprocess.Popen[str]:
    """`terang demo` against a running stack, its files in `folder`."""
    folder.mkdir()
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "deploy.cli.main",
            "demo",
            "--url",
            door,
            "--applicants",
            str(APPLICANTS),
            "--exit",
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(playing: subprocess.Popen[str]) -> str:
    """What it printed, once it has ended well."""
    output, _ = playing.communicate(timeout=500)
    assert playing.returncode == 0, output[-6000:]
    return output


def victims(folder: Path) -> Iterator[tuple[str, int]]:
    """(name, pid) of every process of the stack, servers included, asked for anew each time."""
    names = ["ranking-worker", "exams-api", "kafka", "applications-worker", "door", "postgres"]
    names += ["ranking-api", "exams-worker", "applications-api", "feedback-worker", "feedback-api"]
    for name in names:
        stack = control.running(folder)
        assert stack is not None
        assert stack.status is not None
        status = stack.status
        pids = {process: found.pid for process, found in status.processes.items()}
        pid = {"kafka": status.kafka.pid, "postgres": status.postgres.pid, **pids}[name]
        if pid is not None:
            yield name, pid


@pytest.fixture(scope="module")
def first(stack: StackStatus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demonstration that nothing disturbed."""
    folder = tmp_path_factory.mktemp("demo") / "first"
    ended(demo(stack.door, folder))
    return folder / ".terang" / "demo"


def test_a_round_is_played_and_recomputed(first: Path) -> None:
    """Every published list equals an independent recomputation; Kafka has one event for a fact."""
    report = json.loads((first / "report.json").read_text())
    assert report["recomputation_equal"] is True
    assert report["events"]["ApplicationSubmitted"] == APPLICANTS
    decided = report["events"]["ApplicationVerified"] + report["events"]["ApplicationRejected"]
    assert decided == APPLICANTS
    assert report["events"]["ComplaintFiled"] == 600
    assert report["events"]["UnitFlagged"] >= 4
    assert (
        report["events"]["StandingsPublished"] == 2
    )  # the lists, then the seats that were filled after them
    answers = report["events"]["SeatAccepted"] + report["events"]["SeatDeclined"]
    assert answers == report["events"]["SeatOffered"] + report["seats"]["given_up"]
    assert report["seats"]["accepted"] == report["events"]["SeatAccepted"] > 0


def test_anyone_can_verify_what_was_published(first: Path) -> None:
    """With list or receipt, public key and no server; one digit changed in either is refused."""
    for name in ("list.json", "receipt.json"):
        command = [sys.executable, "-m", "deploy.cli.main", "verify", name, "--key", "public.pem"]
        command += ["--policy", "national-cpns-2024"]
        done = subprocess.run(
            command,
            cwd=first,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        content = (first / name).read_bytes()
        at = content.index(b'"place":') + len(b'"place":')
        other = b"1" if content[at : at + 1] != b"1" else b"2"
        (first / "changed.json").write_bytes(content[:at] + other + content[at + 1 :])
        command[4] = "changed.json"
        done = subprocess.run(
            command,
            cwd=first,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr.startswith("changed.json: ")


def test_nothing_that_dies_changes_the_lists(
    stack: StackStatus, stack_folder: Path, first: Path, tmp_path: Path
) -> None:
    """Each process, Kafka and PostgreSQL too, is killed once: the same lists to the byte."""
    playing = demo(stack.door, tmp_path / "second")
    killed = []
    try:
        for name, pid in victims(stack_folder):
            time.sleep(2)
            if playing.poll() is not None:
                break
            os.kill(pid, signal.SIGKILL)
            killed.append(name)
        output = ended(playing)
    finally:
        playing.kill()
    again = tmp_path / "second" / ".terang" / "demo"
    assert (again / "standings.csv").read_bytes() == (first / "standings.csv").read_bytes(), output[
        -3000:
    ]
    counts, undisturbed = (
        json.loads((folder / "report.json").read_text())["events"] for folder in (again, first)
    )
    for event in (
        "ApplicationSubmitted",
        "ExamScored",
        "CandidateShortlisted",
        "CandidateSelected",
        "ComplaintFiled",
    ):
        assert counts[event] == undisturbed[event]
    assert len(killed) >= 5, f"only {killed} were killed before the round was over"
