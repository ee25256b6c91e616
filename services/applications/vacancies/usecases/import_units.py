"""Imports units from an officer's file."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import BinaryIO

from pydantic import BaseModel, Field

from services.applications.vacancies.domain import units
from services.applications.vacancies.storage import COPY_S, VACANCIES, add_faults
from shared.contracts.applications import UnitRegistered
from shared.csv_files import Faults, checked_rows
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection

STATED_AT_ONCE = 100
"""Units in one statement; others are served between two."""


class UnitsImported(BaseModel):
    """What the file brought."""

    rows: int = Field(description="Units in the file")
    changed: int = Field(description="Units that are new, or whose path or staff the file changed")


async def import_units(
    connection: Connection, outbox: Outbox, officer: Person, file: BinaryIO, now: datetime
) -> UnitsImported:
    """Takes in the whole file or nothing; states UnitRegistered of new and changed units.

    Raises Refusal `file-unreadable`, or `rows-refused` with the first faults by line, column and
    reason.
    """
    faults = Faults()
    await VACANCIES.make_unit_rows(connection)
    await connection.copy_records_to_table(
        "unit_row", records=_unit_rows(file, faults), timeout=COPY_S
    )
    await VACANCIES.lock_units(connection)
    await VACANCIES.index_unit_rows(connection)
    add_faults(faults, [row async for row in VACANCIES.unit_faults(connection)])
    faults.refuse_if_any()
    rows = await VACANCIES.count_unit_rows(connection)
    await VACANCIES.drop_known_units(connection)
    await VACANCIES.keep_unit_rows(connection)
    changed = await _state_changed(connection, outbox, officer, now)
    return UnitsImported(rows=rows, changed=changed)


async def _unit_rows(
    file: BinaryIO, faults: Faults
) -> AsyncIterator[tuple[int, str, str, str, int]]:
    """Line, id, path, what its spellings have in common, and staff of each row."""
    async for line, row in checked_rows(file, units.COLUMNS, units.UnitRow, faults):
        yield line, row.unit_id, " ".join(row.path.split()), units.path_key(row.path), row.staff


async def _state_changed(
    connection: Connection, outbox: Outbox, officer: Person, now: datetime
) -> int:
    """States the units that are new or changed, in the file's order; returns how many."""
    changed = after = 0
    while page := [
        row async for row in VACANCIES.unit_rows_after(connection, after=after, most=STATED_AT_ONCE)
    ]:
        unit_ids = [row["unit_id"] for row in page]
        await audit.record_many(connection, officer, "unit.registered", unit_ids, at=now)
        stated = [
            UnitRegistered(unit_id=row["unit_id"], path=row["path"], staff=row["staff"])
            for row in page
        ]
        await outbox.append(connection, [Statement(unit, now) for unit in stated])
        changed, after = changed + len(page), page[-1]["line"]
    return changed
