"""CSV files that officers and examiners send.

A file is read row by row, in slices between which other requests are served. Bad rows are named,
and nothing is imported by half.
"""

import asyncio
import csv
import io
from bisect import insort
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError

from shared.phrases import Phrase
from shared.refusals import Refusal, ValueFault

FAULTS_SHOWN = 20
"""Faults of a file that an answer names, at most: more are not read at once."""

SLICE = 100
"""Rows read without a break: some milliseconds, the longest that other requests wait."""

LONGEST_LINE = 64 * 1024
"""Characters; the longest row of a national list has about 1,000."""

IN_FILES = {"decimal_written": "decimal_in_file"}
"""Kinds of faults of a value that a file writes otherwise than JSON does."""

Fault = dict[str, object]
"""What is wrong with a row: its line, its column and a reason."""

RowModel = TypeVar("RowModel", bound=BaseModel)
Item = TypeVar("Item")


class Faults:
    """The faults of a file: how many there are, and the first by line."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[Fault] = []

    def add(self, faults: Iterable[Fault]) -> None:
        """Counts them, and keeps those that are among the first."""
        for fault in faults:
            self.count += 1
            insort(self.first, fault, key=_line)
            del self.first[FAULTS_SHOWN:]

    def add_counted(self, faults: Iterable[Fault], count: int) -> None:
        """The same for `count` faults of which only the first are given."""
        before = self.count
        self.add(faults)
        self.count = before + count

    @property
    def more(self) -> int:
        """How many are not among the first."""
        return self.count - len(self.first)

    def refuse_if_any(self) -> None:
        """Raises Refusal `rows-refused` with the first faults, if there are any."""
        if self.count:
            raise Refusal(
                "rows-refused",
                count=self.count,
                shown=len(self.first),
                more=self.more,
                errors=self.first,
            )


def _line(fault: Fault) -> int:
    return int(str(fault.get("line") or 0))


def read_csv(file: BinaryIO, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a file as (line, {column: text}); the header is line 1.

    Raises Refusal `file-unreadable` where it is no UTF-8 CSV with exactly these columns, in any
    order, and `rows-refused` for a row with more or fewer values.
    """
    header = ",".join(columns)
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    reader = csv.reader(_lines(text, header), strict=True)
    try:
        yield from _rows(reader, columns, header)
    except csv.Error as error:
        raise _unreadable(Phrase("line-not-csv", line=reader.line_num), header) from error
    except UnicodeDecodeError as error:
        why = Phrase("line-not-utf8", line=_line_not_utf8(file))
        raise _unreadable(why, header) from error
    finally:
        text.detach()


def _unreadable(why: Phrase, header: str) -> Refusal:
    return Refusal("file-unreadable", why=why, header=header)


def _lines(text: io.TextIOWrapper, header: str) -> Iterator[str]:
    """The lines of a file, none of them longer than one may be."""
    for number, line in enumerate(iter(lambda: text.readline(LONGEST_LINE), ""), start=1):
        if len(line) == LONGEST_LINE:
            raise _unreadable(Phrase("line-too-long", line=number, most=LONGEST_LINE), header)
        yield line


def _line_not_utf8(file: BinaryIO) -> int:
    """The first line that is not UTF-8."""
    file.seek(0)
    return next(number for number, line in enumerate(file, start=1) if not _is_utf8(line))


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _rows(
    reader: Any, columns: tuple[str, ...], header: str
) -> Iterator[tuple[int, dict[str, str]]]:
    names = [name.strip() for name in next(reader, [])]
    if sorted(names) != sorted(columns):
        raise _unreadable(Phrase("header-wrong", header=",".join(names)[:200]), header)
    line = reader.line_num + 1
    for values in reader:
        if values:
            yield line, _row(line, names, values)
        line = reader.line_num + 1


def _row(line: int, names: list[str], values: list[str]) -> dict[str, str]:
    """The values by column. Raises Refusal `rows-refused` where there are more or fewer."""
    if len(values) != len(names):
        faults = Faults()
        reason = Phrase("row-length", values=len(values), names=len(names))
        faults.add([{"line": line, "reason": reason}])
        faults.refuse_if_any()
    return dict(zip(names, (value.strip() for value in values), strict=True))


async def checked_rows(
    file: BinaryIO, columns: tuple[str, ...], model: type[RowModel], faults: Faults
) -> AsyncIterator[tuple[int, RowModel]]:
    """The rows that `model` accepts, with their lines; what it doesn't is added to `faults`.

    Empty text means absent. Raises Refusal as `read_csv` does.
    """
    file.seek(0)
    for read, (line, row) in enumerate(read_csv(file, columns), start=1):
        try:
            yield line, model.model_validate({name: text for name, text in row.items() if text})
        except ValidationError as error:
            faults.add(_row_faults(line, error))
        if read % SLICE == 0:
            await asyncio.sleep(0)


def _row_faults(line: int, error: ValidationError) -> Iterator[Fault]:
    for fault in error.errors(include_url=False, include_input=False):
        column = ".".join(str(part) for part in fault["loc"])
        kind = IN_FILES.get(fault["type"], fault["type"])
        reason = ValueFault(kind, fault.get("ctx", {}), fault["msg"])
        yield {"line": line, "column": column, "reason": reason}


async def in_batches(items: AsyncIterator[Item], size: int) -> AsyncIterator[list[Item]]:
    """Lists of `size` items, the last one shorter."""
    batch: list[Item] = []
    async for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
