"""Sorts columns of integers, and finds rows that are alike in several of them.

Several columns go into one number wherever they fit, since these sort fastest.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]

_MOST = 2**62


def column_of(numbers: list[int]) -> Column:
    """Numbers from 0 as a column.

    Where a number is too great, the column has the places of all among those that occur.
    """
    if max(numbers, default=0) >= _MOST:
        place = {number: at for at, number in enumerate(sorted(set(numbers)))}
        numbers = [place[number] for number in numbers]
    return np.array(numbers, dtype=np.int64)


def kinds_of(columns: Sequence[Column]) -> tuple[Column, Column]:
    """Rows that are alike in every column are one kind: a row of each kind, and each row's kind.

    Kinds are in the order of the columns.
    """
    kind, size = _countable(columns) or (places_of(columns), len(columns[0]))
    first = np.full(size, -1, dtype=np.int64)
    first[kind[::-1]] = np.arange(len(kind) - 1, -1, -1)
    occurs = first >= 0
    return first[occurs], (np.cumsum(occurs) - 1)[kind]


def kinds_or_rows(columns: Sequence[Column]) -> tuple[Column, Column]:
    """The same as kinds_of where there are few kinds.

    Where there may be too many, each row is a kind of its own, in the order of the first column.
    """
    if _countable(columns) is not None:
        return kinds_of(columns)
    first = in_order(columns[:1])
    kind = np.empty_like(first)
    kind[first] = np.arange(len(first))
    return first, kind


def places_of(columns: Sequence[Column]) -> Column:
    """Each row's place among the different ones, by the first column, then the next."""
    rows = len(columns[0])
    packed = [column for column, _ in _packed(columns, _MOST // max(1, rows))]
    order = in_order(packed[:1])
    if len(packed) > 1:  # the others are looked at only where the first leaves rows alike
        first = packed[0][order]
        same = first[1:] == first[:-1]
        alike = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
        among = order[alike]
        order[alike] = among[np.lexsort([column[among] for column in reversed(packed)])]
    parted = np.zeros(max(0, rows - 1), dtype=bool)
    for column in packed:
        ordered = column[order]
        parted |= ordered[1:] != ordered[:-1]
    place = np.zeros(rows, dtype=np.int64)
    place[order[1:]] = np.cumsum(parted)
    return place


def in_order(columns: Sequence[Column]) -> Column:
    """The rows by the first column, then the next; rows alike in all stay as they are."""
    rows = len(columns[0])
    packed = _packed([*columns, np.arange(rows, dtype=np.int64)], _MOST)
    if len(packed) > 1:
        return np.lexsort([*reversed(columns)])
    return np.sort(packed[0][0]) % max(1, rows)


def _countable(columns: Sequence[Column]) -> tuple[Column, int] | None:
    """One number for each row, alike where the rows are, and what all numbers are below.

    None where there may be too many different ones to count them off.
    """
    most = 4 * len(columns[0])
    packed = _packed(columns, most)
    return packed[0] if len(packed) == 1 and packed[0][1] <= most else None


def _packed(columns: Sequence[Column], most: int) -> list[tuple[Column, int]]:
    """Few columns that order as these do together, each with what all its numbers are below.

    No number is negative. The bound is at most `most`, but where a single column has greater ones.
    """
    found: list[tuple[Column, int]] = []
    for column in columns:
        least = int(column.min()) if len(column) else 0
        width = int(column.max(initial=0)) - least + 1
        if found and found[-1][1] * width <= most:
            before, size = found.pop()
            found.append((before * width + (column - least), size * width))
        else:
            found.append((column - least, width))
    return found
