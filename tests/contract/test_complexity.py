"""Functions stay simple and lines narrow: one gate for each, with few exceptions and a reason each.

While `complexity.json` is there, its totals may only go down:
`python -m tests.contract.test_complexity` writes those of today.
"""

import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import lizard
import pytest

ROOT = Path(__file__).parents[2]
TODAY = Path(__file__).with_name("complexity.json")
PACKAGES = ("services", "shared", "deploy")

COMPLEX = 10
"""More paths through a function than this are more than its tests try; lizard counts boolean
operators and conditions in comprehensions too."""
MOST = 15
"""No reason is good enough for more."""
SHARE = 0.02
"""Exceptions among all functions; more would be another rule."""
USUAL = 6
"""What nine functions of ten stay within."""
WIDTH = 100
"""Columns: two files side by side on one screen."""

EXCEPTIONS: dict[str, str] = {}
"""Functions above COMPLEX (`path::name`) and the reason of each."""
WIDE: dict[str, str] = {}
"""Files with wider lines and the reason of each."""

KINDS = (".py", ".sql", ".html", ".js", ".css", ".sh", ".ci/run", ".ci/pythons")


@dataclass(frozen=True, slots=True)
class Function:
    """A function, and the number of paths through it."""

    name: str  # path::name
    line: int
    paths: int

    @property
    def told(self) -> str:
        return f"{self.name} (line {self.line}): {self.paths}"


@cache
def functions() -> list[Function]:
    """Every function of the packages, nested ones by themselves."""
    return [
        Function(
            f"{path.relative_to(ROOT)}::{found.name}", found.start_line, found.cyclomatic_complexity
        )
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for found in lizard.analyze_file(str(path)).function_list
    ]


@cache
def wide_lines() -> list[str]:
    """Every wide line of a tracked file, as `path:line`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    return [
        f"{name}:{number}"
        for name in listed
        if name.endswith(KINDS) and (ROOT / name).exists()
        for number, line in enumerate((ROOT / name).read_text("utf-8").splitlines(), 1)
        if len(line) > WIDTH
    ]


def totals() -> dict[str, dict[str, int]]:
    """How many there are in each package: above COMPLEX, above MOST, and wide lines."""

    def by_package(names: list[str]) -> dict[str, int]:
        return dict(sorted(Counter(name.partition("/")[0] for name in names).items()))

    return {
        "complex": by_package([found.name for found in functions() if found.paths > COMPLEX]),
        "most": by_package([found.name for found in functions() if found.paths > MOST]),
        "wide": by_package(wide_lines()),
    }


@pytest.mark.skipif(not TODAY.exists(), reason="the limits themselves hold")
def test_nothing_gets_worse() -> None:
    """Until the limits hold, the totals of each package only go down."""
    before, now = json.loads(TODAY.read_text("utf-8")), totals()
    more = [
        f"{package}, {kind}: {number}, {before[kind].get(package, 0)} before"
        for kind, packages in now.items()
        for package, number in packages.items()
        if number > before[kind].get(package, 0)
    ]
    assert more == [], "\n".join(
        [*more, *(found.told for found in functions() if found.paths > COMPLEX), *wide_lines()]
    )


@pytest.mark.skipif(TODAY.exists(), reason="totals go down until the limits hold")
class TestLimits:
    """What holds of the whole tree."""

    def test_functions_are_simple(self) -> None:
        """A function above COMPLEX is a named exception, and none is above MOST."""
        above = [found for found in functions() if found.paths > COMPLEX]
        unnamed = [found.told for found in above if found.name not in EXCEPTIONS]
        assert unnamed == [], "cut it where it does two things"
        assert [found.told for found in above if found.paths > MOST] == []

    def test_exceptions_are_few_and_needed(self) -> None:
        """An exception that is no longer needed is taken out."""
        above = {found.name for found in functions() if found.paths > COMPLEX}
        assert sorted(EXCEPTIONS.keys() - above) == [], "take these out of EXCEPTIONS"
        assert len(EXCEPTIONS) <= SHARE * len(functions())
        assert all(EXCEPTIONS.values())

    def test_nine_of_ten_are_simpler_still(self) -> None:
        """The ninth decile of all functions."""
        paths = sorted(found.paths for found in functions())
        assert paths[len(paths) * 9 // 10] <= USUAL

    def test_no_line_is_wide(self) -> None:
        """Python, SQL, templates, styles, scripts and shell."""
        wide = wide_lines()
        files = {line.rpartition(":")[0] for line in wide}
        assert [line for line in wide if line.rpartition(":")[0] not in WIDE] == []
        assert sorted(WIDE.keys() - files) == [], "take these out of WIDE"


if __name__ == "__main__":
    TODAY.write_text(json.dumps(totals(), indent=1) + "\n", "utf-8")
