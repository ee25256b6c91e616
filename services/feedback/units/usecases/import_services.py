"""An officer imports how many services units rendered in each month."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, BinaryIO
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, StringConstraints

from services.feedback.units.storage import UNITS
from shared.contracts.fields import UnitId
from shared.contracts.strict import IN_DIGITS
from shared.csv_files import Fault, Faults, checked_rows, in_batches
from shared.identity import Person
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal

COLUMNS = ("unit_id", "month", "services")

TAKEN_AT_ONCE = 1_000
"""Rows kept in one statement; others are served between two."""


class ServicesRow(BaseModel):
    """One row of the file: the services that a unit rendered in a month (YYYY-MM)."""

    unit_id: UnitId
    month: Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
    services: Annotated[int, Field(ge=0, le=1_000_000_000), IN_DIGITS]

    @property
    def first_day(self) -> date:
        return date.fromisoformat(f"{self.month}-01")


class Imported(BaseModel):
    """What an import took in."""

    rows: int = Field(description="Unit-months taken; each replaces what stood for it before")
    units: int = Field(description="Units among them")


async def import_services(
    connection: Connection, officer: Person, file: BinaryIO, now: datetime, zone: ZoneInfo
) -> Imported:
    """Takes the whole file or nothing of it; an assessment is owed then.

    Raises Refusal `file-unreadable`, or `rows-refused` naming bad rows: not of the form, a unit
    that applications has not stated, a month that has not begun, a unit and month that stand twice.
    """
    today = now.astimezone(zone).date()
    faults = Faults()
    read = checked_rows(file, COLUMNS, ServicesRow, faults)
    first_lines: dict[tuple[str, str], int] = {}
    taken, units = 0, set[str]()
    await UNITS.lock_services(connection)
    async for rows in in_batches(read, TAKEN_AT_ONCE):
        faults.add(_months_ahead(rows, today))
        faults.add(_repeated(rows, first_lines))
        faults.add(await _unknown_units(connection, rows))
        if not faults.count:
            await _keep(connection, [row for _, row in rows])
        taken += len(rows)
        units.update(row.unit_id for _, row in rows)
    faults.refuse_if_any()
    await audit.record(connection, officer, "services.imported", f"{taken} unit-months", at=now)
    await UNITS.owe_assessment(connection)
    return Imported(rows=taken, units=len(units))


async def _keep(connection: Connection, rows: Sequence[ServicesRow]) -> None:
    await UNITS.upsert_services(
        connection,
        unit_ids=[row.unit_id for row in rows],
        months=[row.first_day for row in rows],
        services=[row.services for row in rows],
    )


async def _unknown_units(
    connection: Connection, rows: Sequence[tuple[int, ServicesRow]]
) -> list[Fault]:
    found = UNITS.known_units(connection, unit_ids=[row.unit_id for _, row in rows])
    known = {unit["unit_id"] async for unit in found}
    return [
        _fault(line, "unit_id", Refusal("row-unknown-unit", unit_id=row.unit_id))
        for line, row in rows
        if row.unit_id not in known
    ]


def _months_ahead(rows: Sequence[tuple[int, ServicesRow]], today: date) -> list[Fault]:
    return [
        _fault(line, "month", Refusal("row-month-ahead", month=row.month))
        for line, row in rows
        if row.first_day > today
    ]


def _repeated(
    rows: Sequence[tuple[int, ServicesRow]], first_lines: dict[tuple[str, str], int]
) -> list[Fault]:
    """Rows whose unit and month stand in an earlier line; `first_lines` learns of the others."""
    faults: list[Fault] = []
    for line, row in rows:
        first = first_lines.setdefault((row.unit_id, row.month), line)
        if first != line:
            reason = Refusal("row-twice", unit_id=row.unit_id, month=row.month, first=first)
            faults.append(_fault(line, "month", reason))
    return faults


def _fault(line: int, column: str, reason: Refusal) -> Fault:
    return {"line": line, "column": column, "reason": reason}
