"""CSV files that officers and examiners send.

A file is read whole, every bad row is named, and nothing is imported by half.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from shared.refusals import Refusal

FAULTS_SHOWN = 100
"""Faults of a file that an answer names, at most: more are not read at once."""

RowModel = TypeVar("RowModel", bound=BaseModel)


def read_csv(body: bytes, columns: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """Rows of a file as (line, {column: text}); the header is line 1.

    Raises Refusal `file-unreadable` where it is no UTF-8 CSV with exactly these columns, in any
    order.
    """
    header = ",".join(columns)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal(
            "file-unreadable", why=f"Byte {error.start} is not UTF-8", header=header
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return list(_rows(reader, columns, header))
    except csv.Error as error:
        raise Refusal(
            "file-unreadable", why=f"Line {reader.line_num}: {error}", header=header
        ) from error


def _rows(
    reader: Any, columns: tuple[str, ...], header: str
) -> Iterator[tuple[int, dict[str, str]]]:
    names = [name.strip() for name in next(reader, [])]
    if sorted(names) != sorted(columns):
        raise Refusal(
            "file-unreadable", why=f"The header is `{','.join(names)[:200]}`", header=header
        )
    line = reader.line_num + 1
    for values in reader:
        if values:
            yield line, _row(line, names, values)
        line = reader.line_num + 1


def _row(line: int, names: list[str], values: list[str]) -> dict[str, str]:
    """The values by column. Raises Refusal `rows-refused` where there are more or fewer."""
    if len(values) != len(names):
        reason = f"{len(values)} values, the header has {len(names)}"
        raise Refusal("rows-refused", count=1, errors=[{"line": line, "reason": reason}])
    return dict(zip(names, (value.strip() for value in values), strict=True))


def check_rows(
    rows: list[tuple[int, dict[str, str]]], model: type[RowModel], faults: list[dict[str, object]]
) -> list[tuple[int, RowModel]]:
    """The rows that `model` accepts; what it doesn't is added to `faults`, by line and column.

    Empty text means absent.
    """
    good = []
    for line, row in rows:
        try:
            good.append(
                (
                    line,
                    model.model_validate(
                        {name: value for name, value in row.items() if value != ""}
                    ),
                )
            )
        except ValidationError as error:
            faults.extend(_faults(line, error))
    return good


def _faults(line: int, error: ValidationError) -> Iterator[dict[str, object]]:
    for fault in error.errors():
        column = ".".join(str(part) for part in fault["loc"])
        yield {"line": line, "column": column, "reason": fault["msg"]}


def refuse_if_any(faults: list[dict[str, object]]) -> None:
    """Raises Refusal `rows-refused` with the first faults by line, if there are any."""
    if faults:
        first = sorted(faults, key=_line)[:FAULTS_SHOWN]
        raise Refusal("rows-refused", count=len(faults), errors=first)


def _line(fault: dict[str, object]) -> int:
    return int(str(fault.get("line") or 0))
