"""Prints branch coverage by package; ends with 1 where a package is below its floor.

Reads `coverage json -o -`. `--write` sets the floors to one percent below what is seen.
"""

import json
import sys
import tomllib
from collections import Counter
from math import floor
from pathlib import Path

FILE = Path(__file__).with_name("coverage.toml")
HEAD = """\
# The least of statements and branches, in percent, that `make test` reaches in each package: one
# below what was seen, since some branches depend on time. `--write` writes this.
[floors]
"""


def seen() -> dict[str, float]:
    """Statements and branches together, in percent of those that a package has."""
    reached: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for name, file in json.load(sys.stdin)["files"].items():
        package = "/".join(Path(name).parent.parts[:2])
        counts = file["summary"]
        reached[package] += counts["covered_lines"] + counts["covered_branches"]
        there[package] += counts["num_statements"] + counts["num_branches"]
    return {package: 100 * reached[package] / there[package] for package in sorted(+there)}


def main() -> int:
    found = seen()
    if "--write" in sys.argv:
        rows = [f'"{package}" = {max(0, floor(found[package]) - 1)}\n' for package in found]
        FILE.write_text(HEAD + "".join(rows), "utf-8")
    floors = tomllib.loads(FILE.read_text("utf-8"))["floors"]
    below = []
    for package in sorted(found.keys() | floors.keys()):
        percent, least = found.get(package, 0.0), floors.get(package)  # a new package has none
        print(f"{package:24} {percent:6.1f} %   floor {least}")
        if least is not None and percent < least:
            below.append(package)
    if below:
        print(f"below the floor in .ci/coverage.toml: {', '.join(below)}")
    return bool(below)


if __name__ == "__main__":
    sys.exit(main())
