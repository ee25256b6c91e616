"""`terang verify` holds one vacancy in memory, however large the list is.

TERANG_VERIFY_LINES is the size of the large list: 3600000 in `make soak`.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.measure import FULL
from tests.bench.ranking.large_list import POLICY, write_large_list

LINES = int(os.environ.get("TERANG_VERIFY_LINES", "400000" if FULL else "8000"))
ROOM = 64
"""MiB that a list ten times as large may take more; its lines alone would take far more."""


def verify(folder: Path) -> tuple[int, float]:
    """MiB at most and seconds of processor time that the command takes, which must accept it."""
    command = ["verify", str(folder / "list.json"), "--key", str(folder / "public.pem")]
    child = subprocess.Popen(
        [sys.executable, "-m", "deploy.cli.main", *command, "--policy", POLICY],
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return used.ru_maxrss // 1024, used.ru_utime


def test_memory_does_not_grow_with_the_list(tmp_path: Path) -> None:
    """A tenth of the lines and all of them; per line the same time."""
    found = []
    for name, lines in (("small", LINES // 10), ("large", LINES)):
        folder = tmp_path / name
        folder.mkdir()
        written = write_large_list(folder, lines)
        began = time.perf_counter()
        memory, seconds = verify(folder)
        found.append(memory)
        print(
            f"{written:,} lines: {memory} MiB, {seconds:.1f} s of processor time "
            f"({seconds * 1e6 / written:.0f} µs a line), {time.perf_counter() - began:.1f} s"
        )
    assert found[1] <= found[0] + ROOM
