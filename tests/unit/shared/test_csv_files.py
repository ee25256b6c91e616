"""CSV files that people send: what is read, and how each fault is named."""

import pytest
from pydantic import BaseModel, Field

from shared.csv_files import FAULTS_SHOWN, check_rows, read_csv, refuse_if_any
from shared.refusals import Refusal

COLUMNS = ("name", "seats")


class Vacancy(BaseModel):
    """A row as tests ask for it."""

    name: str = Field(min_length=2)
    seats: int | None = None


def test_rows_come_with_their_lines() -> None:
    """Columns stand in any order, blanks are cut, empty lines count, quoted texts go on."""
    body = '\ufeffseats, name\n 1 ,Guru\n\n2,"two\nlines"\n3,Bidan\n'.encode()
    assert read_csv(body, COLUMNS) == [
        (2, {"seats": "1", "name": "Guru"}),
        (4, {"seats": "2", "name": "two\nlines"}),
        (6, {"seats": "3", "name": "Bidan"}),
    ]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"name,seats\nA\xff,1", "Byte 12 is not UTF-8"),
        (b"name,seat\nA,1", "The header is `name,seat`"),
        (b"", "The header is ``"),
        (b'name,seats\n"A"x,1', "Line 2: "),
    ],
)
def test_a_file_that_can_not_be_read_is_refused(body: bytes, why: str) -> None:
    """Another encoding, another header, a broken quote: the refusal says what, and the header."""
    with pytest.raises(Refusal) as refused:
        read_csv(body, COLUMNS)
    assert refused.value.code == "file-unreadable"
    assert str(refused.value.facts["why"]).startswith(why)
    assert refused.value.facts["header"] == "name,seats"


def test_a_row_of_another_length_is_named() -> None:
    """Values can't be told to columns then: nothing after it is read."""
    with pytest.raises(Refusal) as refused:
        read_csv(b"name,seats\nA,1\nB,2,3\n", COLUMNS)
    assert refused.value.errors == [{"line": 3, "reason": "3 values, the header has 2"}]


def test_each_wrong_row_is_named_by_line_and_column() -> None:
    """Right rows are kept beside wrong ones; empty text is absent."""
    faults: list[dict[str, object]] = []
    rows = [(2, {"name": "Guru", "seats": ""}), (3, {"name": "B", "seats": "x"})]
    assert check_rows(rows, Vacancy, faults) == [(2, Vacancy(name="Guru"))]
    assert [(fault["line"], fault["column"]) for fault in faults] == [(3, "name"), (3, "seats")]


def test_the_first_faults_are_shown_by_line() -> None:
    """All are counted; none is no refusal."""
    refuse_if_any([])
    faults: list[dict[str, object]] = [
        {"line": 300 - number, "reason": ""} for number in range(150)
    ]
    with pytest.raises(Refusal) as refused:
        refuse_if_any(faults)
    assert refused.value.facts["count"] == 150
    assert [error["line"] for error in refused.value.errors] == [*range(151, 151 + FAULTS_SHOWN)]
