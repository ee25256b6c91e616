"""Functions stay simple and lines narrow; an exception has its reason."""

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import lizard

ROOT = Path(__file__).parents[2]
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
