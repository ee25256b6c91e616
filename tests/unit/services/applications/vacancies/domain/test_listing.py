"""Rows of the national list, and the ids of its vacancies."""

import csv
import io
from importlib.resources import files

from services.applications.vacancies.domain.listing import ListingRow, own_id
from shared.policies import load

REAL = [
    ListingRow.model_validate(row)
    for row in csv.DictReader(
        io.StringIO((files("deploy.demo") / "vacancies-2024.csv").read_text("utf-8"))
    )
]


def test_needs_of_the_real_list() -> None:
    """The list's words for kinds of need are the policy's."""
    needs = {load("national-cpns-2024").need_code(row.formasi_nm) for row in REAL}
    assert needs == {"UMUM", "CUMLAUDE", "DISABILITAS"}


def test_ids_of_listings_used_elsewhere() -> None:
    """The id follows from round and listing, and differs by round."""
    assert own_id("r-1", "x") == own_id("r-1", "x")
    assert len({own_id(round_id, "x") for round_id in ("r-1", "r-2", "r-3")}) == 3
