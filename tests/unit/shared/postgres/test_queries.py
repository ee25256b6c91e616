"""Named queries are read from .sql files."""

import inspect
from pathlib import Path

from shared.postgres import queries


def test_a_list_of_parameters_may_go_on(tmp_path: Path) -> None:
    """A long list of parameters takes several lines; the line that says what a query does stays."""
    path = tmp_path / "queries.sql"
    path.write_text(
        "-- name: add(number,\n--       name)!\n-- Adds one (or none).\n"
        "INSERT INTO things VALUES (:number, :name);\n\n"
        "-- name: all_of(name)\n-- All (of a name).\nSELECT * FROM things WHERE name = :name;\n"
    )
    found = queries.load(path)
    assert [*inspect.signature(found.add).parameters] == ["number", "name"]
    assert found.add.__doc__ == "Adds one (or none)."
    assert [*inspect.signature(found.all_of).parameters] == ["name"]
    assert found.all_of.__doc__ == "All (of a name)."
