"""An officer sends the list of units."""

from datetime import datetime

from pydantic import BaseModel, Field

from services.applications.vacancies.domain import units
from services.applications.vacancies.storage import VACANCIES
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
    """Takes over the whole file, or nothing; states UnitRegistered of what is new or changed.

    Raises Refusal `rows-refused` with each fault by line, column and reason.
    """
    faults: list[units.Fault] = []
    good = check_rows(rows, units.UnitRow, faults)
    await VACANCIES.lock_units(connection)
    known = {
        row["unit_id"]: units.Unit(**row)
        async for row in VACANCIES.units_by_id_or_path(
            connection,
            unit_ids=[row.unit_id for _, row in good],
            path_keys=[units.path_key(row.path) for _, row in good],
        )
    }
    refuse_if_any(faults + units.faults(good, known.values()))
    changed = units.changed((row for _, row in good), known)
    await VACANCIES.keep_units(
        connection,
        unit_ids=[each.unit_id for each in changed],
        paths=[each.path for each in changed],
        path_keys=[units.path_key(each.path) for each in changed],
        staff=[each.staff for each in changed],
    )
    await audit.record_many(
        connection, officer, "unit.registered", [each.unit_id for each in changed], at=now
    )
    await outbox.append(
        connection,
        [
            Statement(UnitRegistered(unit_id=each.unit_id, path=each.path, staff=each.staff), now)
            for each in changed
        ],
    )
    return UnitsImported(rows=len(good), changed=len(changed))
