"""Columns are ordered and told apart as their rows are, one by one, however great the numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.ranking.files.order import (
    Column,
    column_of,
    in_order,
    kinds_of,
    kinds_or_rows,
    places_of,
)

NUMBERS = st.one_of(
    st.integers(0, 3), st.integers(0, 5000), st.sampled_from([2**48, 2**48 - 1, 2**60, 2**60 + 1])
)
ROWS = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.tuples(*[NUMBERS] * width), min_size=1, max_size=60)
)


def columns_of(rows: list[tuple[int, ...]]) -> list[Column]:
    return [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)]


@given(ROWS)
def test_places_are_those_among_the_different_rows(rows: list[tuple[int, ...]]) -> None:
    """Equal rows have one place, and places order as rows do."""
    different = sorted(set(rows))
    assert places_of(columns_of(rows)).tolist() == [different.index(row) for row in rows]


@given(ROWS)
def test_rows_alike_stay_as_they_are(rows: list[tuple[int, ...]]) -> None:
    """The order is that of a stable sort."""
    assert in_order(columns_of(rows)).tolist() == sorted(range(len(rows)), key=lambda at: rows[at])


@given(ROWS)
def test_a_kind_for_each_different_row(rows: list[tuple[int, ...]]) -> None:
    """Each row's kind is shown by a row that is like it, the first of them, and kinds stand in
    order.
    """
    first, kind = kinds_of(columns_of(rows))
    assert [rows[at] for at in first.tolist()] == sorted(set(rows))
    assert [first[number] for number in kind.tolist()] == [rows.index(row) for row in rows]


@given(ROWS)
def test_kinds_or_rows_show_each_row(rows: list[tuple[int, ...]]) -> None:
    """Each row's kind is shown by a row that is like it, and kinds stand in order of the first
    column.
    """
    first, kind = kinds_or_rows(columns_of(rows))
    assert [rows[first[number]] for number in kind.tolist()] == rows
    assert [rows[at][0] for at in first.tolist()] == sorted(rows[at][0] for at in first.tolist())


def test_numbers_too_great_for_a_column_order_as_they_are() -> None:
    """Their places stand for them; others stand for themselves."""
    assert column_of([2**80, 7, 2**80 + 1, 7]).tolist() == [1, 0, 2, 0]
    assert column_of([2**60, 7]).tolist() == [2**60, 7]


def test_no_rows() -> None:
    """A file without candidates has neither kinds nor places."""
    nothing = [np.zeros(0, dtype=np.int64)] * 2
    assert [
        len(each)
        for each in (
            places_of(nothing),
            in_order(nothing),
            *kinds_of(nothing),
            *kinds_or_rows(nothing),
        )
    ] == [0] * 6
