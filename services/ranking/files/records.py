"""Reads CSV record by record, and says in which line and column something is wrong."""

import csv
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from services.ranking.files.columns import Parse
from services.ranking.files.faults import (
    MOST_FAULTS,
    FileFault,
    FilesRefusedError,
    first_faults,
)

Record = tuple[int, list[str]]
"""The line in which it begins, and its values."""


def records_of(path: Path) -> Iterator[Record]:
    """The file's records, empty lines left out.

    Raises FilesRefusedError where it is no CSV in UTF-8.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        line = 1
        try:
            for texts in reader:
                if texts:
                    yield line, texts
                line = reader.line_num + 1
        except csv.Error as error:
            fault = FileFault(str(path), line, "all", f"it is no CSV: {error}")
            raise FilesRefusedError([fault]) from error
        except UnicodeDecodeError as error:
            raise FilesRefusedError([_not_utf8(path)]) from error


def _not_utf8(path: Path) -> FileFault:
    with path.open("rb") as file:
        for line, text in enumerate(file, 1):
            try:
                text.decode()
            except UnicodeDecodeError as error:
                reason = f"byte {error.start + 1} of the line is not UTF-8"
                return FileFault(str(path), line, "all", reason)
    return FileFault(str(path), 1, "all", "it is not UTF-8")


def read_header(
    path: Path, records: Iterator[Record], required: Collection[str], known: Collection[str]
) -> list[str]:
    """The names of the columns: known ones, each once, and all that are required.

    Raises FilesRefusedError where they are not.
    """
    line, names = next(records, (1, []))
    faults = FaultsOfFile(path)
    _refuse_other_separators(faults, line, names)
    may_be = ", ".join(sorted(known))
    for number, name in enumerate(names, 1):
        if name not in known:
            reason = f"there is no such column; there may be {may_be}"
            faults.add(line, name or f"number {number}", reason)
        if len(faults.found) > MOST_FAULTS:
            break
    for name, count in Counter(names).items():
        if count > 1:
            faults.add(line, name, "the column stands twice")
            break
    for name in required:
        if name not in names:
            faults.add(line, name, "the column is missing")
    if faults.found:
        raise FilesRefusedError(first_faults(faults.found))
    return names


def _refuse_other_separators(faults: "FaultsOfFile", line: int, names: list[str]) -> None:
    """Raises FilesRefusedError for a header of one column with what other programs write between.

    Spreadsheets write semicolons where the comma is the decimal sign, as in Indonesia.
    """
    for sign, called in ((";", "semicolons"), ("\t", "tabs")):
        if len(names) == 1 and sign in names[0]:
            reason = f"its values are separated by {called}; save the file with commas between them"
            faults.add(line, "all", reason)
            raise FilesRefusedError(faults.found)


class FaultsOfFile:
    """Reads the values of one file's records, and gathers what is wrong with them."""

    def __init__(self, path: Path) -> None:
        self._file = str(path)
        self.found: list[FileFault] = []

    def add(self, line: int, column: str, reason: str) -> None:
        """Notes a fault."""
        self.found.append(FileFault(self._file, line, column, reason))

    def row(self, header: list[str], record: Record) -> dict[str, str] | None:
        """The record's values by column, or none where their number is another."""
        line, texts = record
        if len(texts) == len(header):
            return dict(zip(header, texts, strict=True))
        column = header[len(texts)] if len(texts) < len(header) else f"number {len(header) + 1}"
        self.add(line, column, f"{len(texts)} values, the header has {len(header)}")
        return None

    def value(self, line: int, column: str, text: str, parse: Parse) -> object:
        """The text's value, or none where it has none."""
        if not text:
            self.add(line, column, "it is empty")
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.add(line, column, str(error))
            return None
