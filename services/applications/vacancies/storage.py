"""The queries of queries.sql, by name; the tables stand in migrations/."""

from collections.abc import Sequence
from pathlib import Path

from services.applications.vacancies.domain.units import RegisteredUnit, path_key
from shared.postgres import queries
from shared.postgres.pool import Connection

VACANCIES = queries.load(Path(__file__).with_name("queries.sql"))


async def keep_units(connection: Connection, units: Sequence[RegisteredUnit]) -> None:
    """Adds new units and changes known ones; each unit is given once."""
    await VACANCIES.keep_units(
        connection,
        unit_ids=[unit.unit_id for unit in units],
        paths=[unit.path for unit in units],
        path_keys=[path_key(unit.path) for unit in units],
        staff=[unit.staff for unit in units],
    )
