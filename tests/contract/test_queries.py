"""Every call of a named query fits the .sql file that it comes from."""

from pathlib import Path

import pytest

from tests.contract.named_queries import WHICH_FILE, WRITTEN_OUT, faults

ROOT = Path(__file__).parents[2]
SQL_FILE = """\
-- name: add(place, seats)!
-- Adds a place.
INSERT INTO place VALUES (:place, :seats);

-- name: places(after)
-- The places that come after one.
SELECT place, ':no' FROM place WHERE place > :after;
"""
STORAGE = """\
from pathlib import Path

from shared.postgres import queries

SQL = queries.load(Path(__file__).with_name("queries.sql"))
"""
USE = """\
from services.hall.storage import SQL


async def add(connection):
    await SQL.add(connection, place="a", seats=1)
    return [row async for row in SQL.places(connection, after="")]
"""

OTHER_ROWS = "called without seats and with rows, which it doesn't have"
BY_NAME = 'getattr(SQL, "add")\n    await'


def test_every_query_and_every_call_fit() -> None:
    """Names exist, parameters are those that the statement names, and no query is unused."""
    assert faults(ROOT, "services", "shared", "deploy", called_in=("tests",)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("use.py", "SQL.add(", "SQL.ad(", "use.py:5: SQL.ad: there is no such query"),
        ("use.py", ", seats=1", "", "use.py:5: SQL.add is called without seats"),
        (
            "use.py",
            "seats=1",
            "seats=1, rows=2",
            "use.py:5: SQL.add is called with rows, which it doesn't have",
        ),
        (
            "use.py",
            "seats=1",
            "rows=2",
            f"use.py:5: SQL.add is {OTHER_ROWS}",
        ),
        (
            "use.py",
            'SQL.places(connection, after="")',
            "()",
            "storage/queries.sql: places is never called",
        ),
        ("use.py", "seats=1", "**seats", f"use.py:5: SQL.add: {WRITTEN_OUT}"),
        ("use.py", 'connection, after=""', 'after=""', f"use.py:6: SQL.places: {WRITTEN_OUT}"),
        (
            "use.py",
            "    await",
            f"    {BY_NAME}",
            "use.py:5: SQL is passed on: its use can't be read",
        ),
        (
            "use.py",
            "    await",
            "    await retry(SQL.add)\n    await",
            "use.py:5: SQL.add is passed on: its call can't be read",
        ),
        (
            "storage/__init__.py",
            "queries.sql",
            "query.sql",
            "storage/queries.sql: no module loads it",
        ),
        (
            "storage/__init__.py",
            "SQL = ",
            "SQL = None or ",
            "storage/__init__.py:5: queries are loaded into a variable of the module",
        ),
        (
            "storage/__init__.py",
            "Path(__file__)",
            "HERE",
            f"storage/__init__.py:5: name 'HERE' is not defined: {WHICH_FILE}",
        ),
        (
            "storage/queries.sql",
            "add(place, seats)",
            "add(place)",
            "storage/queries.sql: undeclared parameter name in query add: seats",
        ),
        (
            "storage/queries.sql",
            "add(place, seats)",
            "add(place, seats, rows)",
            "storage/queries.sql: unused declared parameter in query add: ['rows']",
        ),
    ],
)
def test_a_planted_fault_is_found(
    tmp_path: Path, file: str, old: str, new: str, fault: str
) -> None:
    """Each way in which a call and its query can differ is named with its place."""
    hall = tmp_path / "services" / "hall"
    (hall / "storage").mkdir(parents=True)
    sources = {
        "storage/queries.sql": SQL_FILE,
        "storage/__init__.py": STORAGE,
        "use.py": USE,
    }
    for name, text in sources.items():
        (hall / name).write_text(text, "utf-8")
    assert faults(tmp_path, "services") == []
    assert old in sources[file]
    (hall / file).write_text(sources[file].replace(old, new), "utf-8")
    assert f"services/hall/{fault}" in faults(tmp_path, "services")


def test_a_call_in_a_test_is_checked_but_is_no_use(tmp_path: Path) -> None:
    """A query that tests alone call is never called."""
    for name, text in (
        ("services/hall/storage/queries.sql", SQL_FILE),
        ("services/hall/storage/__init__.py", STORAGE),
        ("tests/test_hall.py", USE.replace("seats", "rows")),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    assert faults(tmp_path, "services", called_in=("tests",)) == [
        f"tests/test_hall.py:5: SQL.add is {OTHER_ROWS}",
        "services/hall/storage/queries.sql: add is never called",
        "services/hall/storage/queries.sql: places is never called",
    ]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ('**{"place": "a", "seats": 1}', None),
        ("**column", None),
        ("**self.asked", None),
        ("**other.which", None),
        ("**wrong", "with rows, which it doesn't have"),
        ("**{**column, **wrong}", "with rows, which it doesn't have"),
    ],
)
def test_parameters_in_a_dict_are_read_too(tmp_path: Path, given: str, fault: str | None) -> None:
    """A dict that a variable, an attribute or a property holds is read where it is written."""
    (tmp_path / "hall").mkdir()
    (tmp_path / "hall" / "queries.sql").write_text(SQL_FILE.partition("\n\n")[0], "utf-8")
    (tmp_path / "hall" / "hall.py").write_text(
        f"""{STORAGE}
class Hall:
    def __init__(self):
        self.asked = {{"place": "a", "seats": 1}}

    @property
    def which(self):
        return {{"place": "a", "seats": 1}}

    async def add(self, connection, other):
        column = {{"place": "a", "seats": 1}}
        wrong = {{**column, "rows": 2}}
        await SQL.add(connection, {given})
""",
        "utf-8",
    )
    found = faults(tmp_path, "hall")
    assert found == ([f"hall/hall.py:18: SQL.add is called {fault}"] if fault else [])
