"""The queries of queries.sql, by name; the tables stand in migrations/."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.applications.vacancies.domain.units import RegisteredUnit, path_key
from shared.csv_files import Faults
from shared.postgres import queries
from shared.postgres.pool import Connection
from shared.refusals import Refusal

VACANCIES = queries.load(Path(__file__).with_name("queries.sql"))

COPY_S = 600
"""Seconds in which a file is read into PostgreSQL; a national list takes some ten."""


async def keep_units(connection: Connection, units: Sequence[RegisteredUnit]) -> None:
    """Adds new units and changes known ones; each unit is given once."""
    await VACANCIES.keep_units(
        connection,
        unit_ids=[unit.unit_id for unit in units],
        paths=[unit.path for unit in units],
        path_keys=[path_key(unit.path) for unit in units],
        staff=[unit.staff for unit in units],
    )


def add_faults(faults: Faults, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds faults that a query found: the first ones, each with how many there are (`found`)."""
    faults.add_counted(
        (
            {
                "line": row["line"],
                "column": row["named_column"],
                "reason": _reason(row["code"], row["facts"]),
            }
            for row in rows
        ),
        rows[0]["found"] if rows else 0,
    )


def _reason(code: str, facts: Mapping[str, Any]) -> Refusal:
    """What is wrong with a row, by the code that the query gives it."""
    match code:
        case "unknown-unit":
            return Refusal("unknown-unit", path=facts["path"])
        case "unknown-need":
            return Refusal("unknown-need", need=facts["need"])
        case "path-taken":
            return Refusal("path-taken", unit=facts["unit"])
        case "twice":
            return Refusal("twice", value=facts["value"], first=facts["first"])
        case _:
            return Refusal(
                "rows-differ",
                listing=facts["listing"],
                value=facts["value"],
                before=facts["before"],
                first=facts["first"],
            )
