"""From rows of the national list to vacancies."""

import csv
import io
from collections import defaultdict
from importlib.resources import files

from hypothesis import given, settings
from hypothesis import strategies as st

from services.applications.vacancies.domain.listing import ListingRow, vacancies, vacancy_id
from services.applications.vacancies.domain.units import path_key
from shared.policies import load

REAL = [
    (line, ListingRow.model_validate(row))
    for line, row in enumerate(
        csv.DictReader(
            io.StringIO((files("deploy.demo") / "vacancies-2024.csv").read_text("utf-8"))
        ),
        start=2,
    )
]
UNITS = {path_key(row.lokasi_nm): f"U-{line}" for line, row in REAL}
NEED_OF = load("national-cpns-2024").need_code


@settings(max_examples=30)
@given(st.permutations(REAL))
def test_order_of_rows_does_not_count(rows: list[tuple[int, ListingRow]]) -> None:
    """However the rows of the real list are ordered, the same vacancies get the same numbers."""
    found, faults = vacancies(rows, UNITS, NEED_OF)
    assert faults == []
    assert [vacancy.listing_id for vacancy in found] == sorted({row.formasi_id for _, row in rows})
    assert [vacancy.number for vacancy in found] == list(range(1, 99))
    programmes = defaultdict(set)
    for _, row in rows:
        programmes[row.formasi_id].add((row.jenjang_studi, row.program_studi))
    assert {vacancy.listing_id: set(vacancy.education) for vacancy in found} == programmes


def test_needs_of_the_real_list() -> None:
    """The list's words for kinds of need become the policy's codes."""
    found, _ = vacancies(REAL, UNITS, NEED_OF)
    assert {vacancy.need for vacancy in found} == {"UMUM", "CUMLAUDE", "DISABILITAS"}
    assert sum(vacancy.seats for vacancy in found) == 144


def test_a_fault_anywhere_leaves_nothing() -> None:
    """A row that differs from the first of its vacancy is named, and nothing comes of the list."""
    line, row = REAL[0]
    found, (fault,) = vacancies(
        [*REAL, (999, row.model_copy(update={"gaji_max": 1, "program_studi": "X"}))], UNITS, NEED_OF
    )
    assert found == []
    assert (fault["line"], fault["column"]) == (999, "gaji_max")
    assert fault["reason"].facts == {  # type: ignore[attr-defined]
        "listing": row.formasi_id,
        "value": 1,
        "before": row.gaji_max,
        "first": line,
    }


def test_an_unknown_unit_is_named_once() -> None:
    """A vacancy whose unit isn't registered is named at its first row, not at each."""
    of_one = [
        (line, row)
        for line, row in REAL
        if row.formasi_id == "52f93f9d-f07b-44f4-b6d9-3b8cec098e79"
    ]
    assert len(of_one) == 9
    _, faults = vacancies(of_one, {}, NEED_OF)
    assert [(fault["line"], fault["column"]) for fault in faults] == [(of_one[0][0], "lokasi_nm")]


def test_vacancy_id() -> None:
    """A listing id that is free is the vacancy's.

    Otherwise the id follows from round and listing, and differs by round.
    """
    assert vacancy_id("r-1", "x", used=False) == "x"
    assert vacancy_id("r-1", "x", used=True) == vacancy_id("r-1", "x", used=True)
    assert len({vacancy_id(round_id, "x", used=True) for round_id in ("r-1", "r-2", "r-3")}) == 3
