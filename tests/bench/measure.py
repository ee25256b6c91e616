"""What every bench says in the same way: what the machine is, each side's runs with median and
spread, ratios, and a JSON file of it all.
"""

import json
import os
import platform
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal

from typing_extensions import override

FULL = os.environ.get("TERANG_TEST_SIZE") == "full"
TIMES = 3 if FULL else 1
FOLDER = Path(__file__).parents[2] / ".terang" / "bench"

Sides = Mapping[str, Callable[[], Awaitable[float]]]


async def interleaved(sides: Sides, times: int = TIMES) -> dict[str, list[float]]:
    """Each side's figures; every side runs once before any runs again, so that what else the
    machine does meets them all.
    """
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(times):
        for name, run in sides.items():
            found[name].append(await run())
    return found


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the values that so many percent are not above."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(percent * 100) // 10_000) - 1)]


def calibration() -> float:
    """Seconds that this machine takes now for a fixed piece of work of one processor: half Python,
    half hashing.
    """
    began = time.perf_counter()
    total = 0
    for number in range(2_000_000):
        total += number % 7
    block = bytes(1 << 20)
    for _ in range(200):
        sha256(block)
    return time.perf_counter() - began


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "load": [round(one, 2) for one in os.getloadavg()],
        "calibration_s": round(calibration(), 3),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


@dataclass
class Row:
    """One line of the table: a figure, its baseline's, their ratio, and what is asked of it."""

    what: str
    unit: str
    runs: list[float]
    baseline: str
    baseline_runs: list[float]
    ratio: float
    asked: float
    asked_for: Literal["at least", "at most"]
    remark: str = ""

    @property
    def reached(self) -> bool:
        return (
            self.ratio >= self.asked if self.asked_for == "at least" else self.ratio <= self.asked
        )

    @override
    def __str__(self) -> str:
        return (
            f"{self.what}: {_runs(self.runs)} {self.unit}; {self.baseline}:"
            f" {_runs(self.baseline_runs)} {self.unit};"
            f" ratio {self.ratio:.3g}"
            f" ({'reached' if self.reached else 'NOT reached'}: {self.asked_for} {self.asked:g})"
            + (f"; {self.remark}" if self.remark else "")
        )


@dataclass
class Report:
    """One bench's rows, printed as they come; `save` writes them to .terang/bench/NAME.json."""

    name: str
    rows: list[Row] = field(default_factory=list)
    machine: dict[str, object] = field(default_factory=machine)

    def __post_init__(self) -> None:
        print(
            f"\n{self.name}: "
            + ", ".join(f"{name} {value}" for name, value in self.machine.items())
        )

    def rates(
        self,
        what: str,
        runs: list[float],
        baseline: str,
        baseline_runs: list[float],
        asked: float,
        remark: str = "",
    ) -> None:
        """Of two rates (events a second): the median of the ratios of runs that stood next to each
        other.
        """
        ratio = statistics.median(a / b for a, b in zip(runs, baseline_runs, strict=True))
        self._add(Row(what, "/s", runs, baseline, baseline_runs, ratio, asked, "at least", remark))

    def times(
        self,
        what: str,
        runs: list[float],
        baseline: str,
        baseline_runs: list[float],
        asked: float,
        remark: str = "",
    ) -> None:
        """Of two times in milliseconds, where less is better."""
        ratio = statistics.median(a / b for a, b in zip(runs, baseline_runs, strict=True))
        self._add(Row(what, "ms", runs, baseline, baseline_runs, ratio, asked, "at most", remark))

    def limit(self, what: str, runs: list[float], asked: float, remark: str = "") -> None:
        """A time in milliseconds that has a limit of its own."""
        ratio = statistics.median(runs) / asked
        self._add(Row(what, "ms", runs, "the limit", [asked], ratio, 1, "at most", remark))

    def _add(self, row: Row) -> None:
        self.rows.append(row)
        print(row)

    def save(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        rows = [
            asdict(row) | {"reached": row.reached, "median": statistics.median(row.runs)}
            for row in self.rows
        ]
        said = {"name": self.name, "full_size": FULL, "machine": self.machine, "rows": rows}
        (FOLDER / f"{self.name}.json").write_text(json.dumps(said, indent=1) + "\n")


def _runs(runs: list[float]) -> str:
    """The median, and from what to what the runs went."""
    middle = statistics.median(runs)
    if len(runs) == 1:
        return f"{middle:,.4g}" if middle < 1000 else f"{middle:,.0f}"
    low, high = min(runs), max(runs)
    return (
        f"{middle:,.0f} ({low:,.0f} to {high:,.0f})"
        if middle >= 1000
        else f"{middle:.4g} ({low:.4g} to {high:.4g})"
    )
