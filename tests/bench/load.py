"""The load generator of the benches of HTTP doors: wrk, which takes little of what it measures."""

import re
import shutil
import subprocess
from dataclasses import dataclass

import pytest

CONNECTIONS = 32
THREADS = 1
WRK = f"wrk, {THREADS} thread, {CONNECTIONS} connections"
UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw: requests a second, the 99th percentile of their times, and other answers."""

    rate: float
    p99_ms: float
    refused: int


def wrk() -> str:
    """The program. Skips the bench where it is absent, and says how to get it."""
    program = shutil.which("wrk")
    if program is None:
        pytest.skip("wrk is absent: on Debian or Ubuntu, apt-get install wrk")
    return program


def load(url: str, seconds: int, script: str | None = None) -> Load:
    """Asks for one address with CONNECTIONS at once; `script` is the path of a Lua script."""
    command = [wrk(), f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    command += ["-s", script] if script else []
    said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", said)
    p99 = re.search(r"99%\s+([0-9.]+)(us|ms|s|m)\b", said)
    refused = re.search(r"Non-2xx or 3xx responses: ([0-9]+)", said)
    assert rate, said
    assert p99, said
    return Load(float(rate[1]), float(p99[1]) * UNITS_MS[p99[2]], int(refused[1]) if refused else 0)
