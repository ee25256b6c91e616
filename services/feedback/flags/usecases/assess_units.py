"""Compares every unit with the province and states which flags rise and fall.

Owed whenever something that it rests on changed.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from services.feedback.flags.domain import (
    CATEGORIES,
    Limits,
    Norms,
    OpenFlag,
    Unit,
    decide,
    norms_of,
    window_of,
)
from services.feedback.units.storage import SQL
from shared.contracts.feedback import UnitCleared, UnitFlagged
from shared.messaging.outbox import Outbox, Statement
from shared.postgres.pool import Connection

NORMS = TypeAdapter(Norms)
"""How the province's sums are kept as JSON."""


async def assess_units(
    connection: Connection, outbox: Outbox, now: datetime, zone: ZoneInfo, limits: Limits
) -> list[UnitFlagged | UnitCleared]:
    """Settles the mark, if it is set or the day is new: whatever happened before this transaction's
    marks were removed is in its figures.

    Returns what it stated.
    """
    today = now.astimezone(zone).date()
    if not await SQL.is_assessment_owed(connection, today=today):
        return []
    await SQL.take_the_assessment(connection)
    await SQL.clear_marks(connection)
    window = window_of(today)
    units = [
        Unit(
            row["unit_id"],
            row["staff"],
            row["services"],
            row["months"],
            {
                group: sum(row["complaints"].get(category, 0) for category in categories)
                for group, categories in CATEGORIES.items()
            },
        )
        async for row in SQL.units_with_counts(
            connection, window_start=window.start, window_to=window.to
        )
    ]
    standing = [OpenFlag(row["unit_id"], row["kind"]) async for row in SQL.open_flags(connection)]
    norms = norms_of(units, window)
    changes = decide(units, standing, norms, limits)
    # cleared first: a flag that changes its kind never stands twice
    cleared = [change for change in changes if isinstance(change, UnitCleared)]
    await SQL.clear_flags(
        connection,
        unit_ids=[change.unit_id for change in cleared],
        kinds=[change.kind for change in cleared],
        figures=[change.figures.model_dump(mode="json") for change in cleared],
        at=now,
    )
    raised = [change for change in changes if isinstance(change, UnitFlagged)]
    await SQL.raise_flags(
        connection,
        unit_ids=[change.unit_id for change in raised],
        kinds=[change.kind for change in raised],
        figures=[change.figures.model_dump(mode="json") for change in raised],
        at=now,
    )
    await SQL.keep_assessment(
        connection, assessed_on=today, assessed_at=now, norms=NORMS.dump_python(norms, mode="json")
    )
    await outbox.append(connection, [Statement(change, time=now) for change in changes])
    return changes
