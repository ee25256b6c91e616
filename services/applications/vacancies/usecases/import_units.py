"""Imports units from an officer's file."""

from dataclasses import asdict
from datetime import datetime

from pydantic import BaseModel, Field

from services.applications.vacancies.domain import units
from services.applications.vacancies.storage import VACANCIES, keep_units
from shared.contracts.applications import UnitRegistered
from shared.csv_files import check_rows, refuse_if_any
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection


class UnitsImported(BaseModel):
    """What the file brought."""

    rows: int = Field(description="Units in the file")
    changed: int = Field(description="Units that are new, or whose path or staff the file changed")


async def import_units(
    connection: Connection,
    outbox: Outbox,
    officer: Person,
    rows: list[tuple[int, dict[str, str]]],
    now: datetime,
) -> UnitsImported:
    """Takes in the whole file or nothing; states UnitRegistered of new and changed units.

    Raises Refusal `rows-refused` with each fault by line, column and reason.
    """
    faults: list[units.ColumnFault] = []
    good = check_rows(rows, units.UnitRow, faults)
    await VACANCIES.lock_units(connection)
    known = await _known_units(connection, [row for _, row in good])
    refuse_if_any(faults + units.faults(good, known.values()))
    changed = units.changed((row for _, row in good), known)
    await keep_units(connection, changed)
    unit_ids = [unit.unit_id for unit in changed]
    await audit.record_many(connection, officer, "unit.registered", unit_ids, at=now)
    await outbox.append(
        connection,
        [Statement(UnitRegistered(**asdict(unit)), now) for unit in changed],
    )
    return UnitsImported(rows=len(good), changed=len(changed))


async def _known_units(
    connection: Connection, rows: list[units.UnitRow]
) -> dict[str, units.RegisteredUnit]:
    """The units that have an id or a path of these rows, by id."""
    found = VACANCIES.units_by_id_or_path(
        connection,
        unit_ids=[row.unit_id for row in rows],
        path_keys=[units.path_key(row.path) for row in rows],
    )
    return {row["unit_id"]: units.RegisteredUnit(**row) async for row in found}
