"""An officer imports how many services units rendered in each month."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, StringConstraints

from services.feedback.units.storage import UNITS
from shared.contracts.fields import UnitId
from shared.csv_files import check_rows, refuse_if_any
from shared.identity import Person
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal

COLUMNS = ("unit_id", "month", "services")

RowFaults = list[dict[str, object]]
"""What is wrong with rows of a file, each fault with its line, its column and a reason."""


class ServicesRow(BaseModel):
    """One row of the file: the services that a unit rendered in a month (YYYY-MM)."""

    unit_id: UnitId
    month: Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
    services: Annotated[int, Field(ge=0, le=1_000_000_000)]

    @property
    def first_day(self) -> date:
        return date.fromisoformat(f"{self.month}-01")


class Imported(BaseModel):
    """What an import took in."""

    rows: int = Field(description="Unit-months taken; each replaces what stood for it before")
    units: int = Field(description="Units among them")


async def import_services(
    connection: Connection,
    officer: Person,
    lines: list[tuple[int, dict[str, str]]],
    now: datetime,
    zone: ZoneInfo,
) -> Imported:
    """Takes the whole file or nothing of it; an assessment is owed then.

    `lines` are (line, {column: text}). Raises Refusal `rows-refused` naming each bad row: not of
    the form, a unit that applications has not stated, a month that has not begun, a unit and month
    that stand twice.
    """
    faults: RowFaults = []
    rows = check_rows(lines, ServicesRow, faults)
    faults += await _unknown_units(connection, rows)
    faults += _months_ahead(rows, now.astimezone(zone).date())
    faults += _repeated(rows)
    refuse_if_any(faults)
    await UNITS.upsert_services(
        connection,
        unit_ids=[row.unit_id for _, row in rows],
        months=[row.first_day for _, row in rows],
        services=[row.services for _, row in rows],
    )
    await audit.record(connection, officer, "services.imported", f"{len(rows)} unit-months", at=now)
    await UNITS.owe_assessment(connection)
    return Imported(rows=len(rows), units=len({row.unit_id for _, row in rows}))


async def _unknown_units(
    connection: Connection, rows: Sequence[tuple[int, ServicesRow]]
) -> RowFaults:
    found = UNITS.known_units(connection, unit_ids=[row.unit_id for _, row in rows])
    known = {unit["unit_id"] async for unit in found}
    return [
        _fault(line, "unit_id", Refusal("row-unknown-unit", unit_id=row.unit_id))
        for line, row in rows
        if row.unit_id not in known
    ]


def _months_ahead(rows: Sequence[tuple[int, ServicesRow]], today: date) -> RowFaults:
    return [
        _fault(line, "month", Refusal("row-month-ahead", month=row.month))
        for line, row in rows
        if row.first_day > today
    ]


def _repeated(rows: Sequence[tuple[int, ServicesRow]]) -> RowFaults:
    faults: RowFaults = []
    first_lines: dict[tuple[str, str], int] = {}
    for line, row in rows:
        first = first_lines.setdefault((row.unit_id, row.month), line)
        if first != line:
            reason = Refusal("row-twice", unit_id=row.unit_id, month=row.month, first=first)
            faults.append(_fault(line, "month", reason))
    return faults


def _fault(line: int, column: str, reason: Refusal) -> dict[str, object]:
    return {"line": line, "column": column, "reason": reason}
