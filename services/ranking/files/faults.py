"""Why files are refused: faults with their file, line and column."""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

MOST_FAULTS = 100
"""Told at once: a file with more is wrong as a whole."""


@dataclass(frozen=True, slots=True)
class FileFault:
    """Why a file is refused; `line` counts from 1, which is the header's."""

    file: str
    line: int
    column: str
    reason: str

    @override
    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.column}: {self.reason}"


class FilesRefusedError(Exception):
    """Files that can't be ranked, with every fault that was found (at most some hundred)."""

    def __init__(self, faults: Sequence[FileFault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = list(faults)


def first_faults(faults: list[FileFault]) -> list[FileFault]:
    """The faults that are told, and a last one that says that there are more."""
    if len(faults) <= MOST_FAULTS:
        return faults
    last = faults[MOST_FAULTS]
    more = "there are more faults from here on; mend these first"
    return [*faults[:MOST_FAULTS], FileFault(last.file, last.line, "all", more)]
