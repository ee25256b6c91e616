"""An officer imports how many services units rendered in each month."""

from collections import defaultdict
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, StringConstraints

from services.feedback.units.storage import SQL
from shared.contracts.fields import UnitId
from shared.csv_files import check_rows, refuse_if_any
from shared.identity import Person
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal

COLUMNS = ("unit_id", "month", "services")


class Row(BaseModel):
    """One line of the file."""

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
    rows: list[tuple[int, dict[str, str]]],
    now: datetime,
    zone: ZoneInfo,
) -> Imported:
    """Takes the whole file or nothing of it. `rows` are (line, {column: text}).

    Raises Refusal `rows-refused` naming each bad row: not of the form, a unit that applications has
    not stated, a month that has not begun, a unit-month twice.
    """
    faults: list[dict[str, object]] = []
    good = check_rows(rows, Row, faults)
    known = {
        row["unit_id"]
        async for row in SQL.known_units(connection, unit_ids=[row.unit_id for _, row in good])
    }
    today = now.astimezone(zone).date()
    lines: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for line, row in good:
        lines[row.unit_id, row.month].append(line)
        if row.unit_id not in known:
            faults.append(
                {
                    "line": line,
                    "column": "unit_id",
                    "reason": Refusal("row-unknown-unit", unit_id=row.unit_id),
                }
            )
        if row.first_day > today:
            faults.append(
                {
                    "line": line,
                    "column": "month",
                    "reason": Refusal("row-month-ahead", month=row.month),
                }
            )
    faults.extend(
        {
            "line": line,
            "column": "month",
            "reason": Refusal("row-twice", unit_id=unit_id, month=month, first=first),
        }
        for (unit_id, month), (first, *again) in lines.items()
        for line in again
    )
    refuse_if_any(faults)
    await SQL.put_services(
        connection,
        unit_ids=[row.unit_id for _, row in good],
        months=[row.first_day for _, row in good],
        services=[row.services for _, row in good],
    )
    await audit.record(connection, officer, "services.imported", f"{len(good)} unit-months", at=now)
    await SQL.owe_assessment(connection)
    return Imported(rows=len(good), units=len({row.unit_id for _, row in good}))
