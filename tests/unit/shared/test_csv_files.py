"""CSV files that people send: what is read, and how each fault is named."""

import asyncio
import io
from collections.abc import AsyncIterator

import pytest
from pydantic import BaseModel, Field

from shared.csv_files import (
    FAULTS_SHOWN,
    LONGEST_LINE,
    SLICE,
    Faults,
    checked_rows,
    in_batches,
    read_csv,
)
from shared.phrases import fact_told
from shared.refusals import Refusal

COLUMNS = ("name", "seats")


class Vacancy(BaseModel):
    """A row as tests ask for it."""

    name: str = Field(min_length=2)
    seats: int | None = None


def test_rows_come_with_their_lines() -> None:
    """Columns stand in any order, blanks are cut, empty lines count, quoted texts go on."""
    body = '\ufeffseats, name\n 1 ,Guru\n\n2,"two\nlines"\n3,Bidan\n'.encode()
    assert list(read_csv(io.BytesIO(body), COLUMNS)) == [
        (2, {"seats": "1", "name": "Guru"}),
        (4, {"seats": "2", "name": "two\nlines"}),
        (6, {"seats": "3", "name": "Bidan"}),
    ]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"name,seats\nAnna,1\n" * 5_000 + b"A\xff,1", "Line 10001 is not UTF-8"),
        (b"name,seat\nA,1", "The header is `name,seat`"),
        (b"", "The header is ``"),
        (b'name,seats\n"A"x,1', "Line 2: a quotation mark"),
        (b"name,seats\n" + b"x" * LONGEST_LINE, f"Line 2 has {LONGEST_LINE} characters or more"),
        (b'name,seats\n"' + b"x\n" * 100_000, "Line 65538: "),
    ],
)
def test_a_file_that_can_not_be_read_is_refused(body: bytes, why: str) -> None:
    """Another encoding, another header, a broken quote, an endless line: the refusal says what, and
    the header.
    """
    with pytest.raises(Refusal) as refused:
        list(read_csv(io.BytesIO(body), ("name", "seats")))
    assert refused.value.code in {"file-unreadable", "rows-refused"}
    assert str(fact_told(refused.value.facts["why"], "en")).startswith(why)
    assert refused.value.facts["header"] == "name,seats"


def test_a_row_of_another_length_is_named() -> None:
    """Values can't be told to columns then: nothing after it is read."""
    with pytest.raises(Refusal) as refused:
        list(read_csv(io.BytesIO(b"name,seats\nA,1\nB,2,3\n"), COLUMNS))
    [fault] = refused.value.errors
    assert fault["line"] == 3
    assert fact_told(fault["reason"], "en") == "3 values, the header has 2"
    assert fact_told(fault["reason"], "id") == "Ada 3 nilai, sedangkan baris judul mempunyai 2"


async def test_each_wrong_row_is_named_by_line_and_column() -> None:
    """Right rows come beside wrong ones; empty text is absent."""
    faults = Faults()
    file = io.BytesIO(b"name,seats\nGuru,\nB,x\n")
    rows = [row async for row in checked_rows(file, COLUMNS, Vacancy, faults)]
    assert rows == [(2, Vacancy(name="Guru"))]
    assert [(fault["line"], fault["column"]) for fault in faults.first] == [
        (3, "name"),
        (3, "seats"),
    ]


async def test_others_are_served_while_a_file_is_read() -> None:
    """Between two slices of rows the event loop does what else there is."""
    file = io.BytesIO(b"name,seats\n" + b"Guru,1\n" * (10 * SLICE))
    served = 0

    async def serve() -> None:
        nonlocal served
        while True:
            served += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(serve())
    rows = [row async for row in checked_rows(file, COLUMNS, Vacancy, Faults())]
    others.cancel()
    assert len(rows) == 10 * SLICE
    assert served >= 9


def test_the_first_faults_are_shown_by_line() -> None:
    """All are counted, however they come; none is no refusal."""
    faults = Faults()
    faults.refuse_if_any()
    faults.add({"line": 300 - number, "reason": ""} for number in range(150))
    faults.add_counted([{"line": 1, "reason": ""}], 50)
    with pytest.raises(Refusal) as refused:
        faults.refuse_if_any()
    shown = [error["line"] for error in refused.value.errors]
    assert shown == [1, *range(151, 150 + FAULTS_SHOWN)]
    assert refused.value.facts == {"count": 200, "shown": FAULTS_SHOWN, "more": 180}


async def test_batches() -> None:
    """Items come in lists of one size, the last one shorter."""

    async def five() -> AsyncIterator[int]:
        for number in range(5):
            yield number

    assert [batch async for batch in in_batches(five(), 2)] == [[0, 1], [2, 3], [4]]
