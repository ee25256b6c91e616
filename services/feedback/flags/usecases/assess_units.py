"""Compares every unit with the province and states which flags are raised and cleared.

An assessment is owed whenever something that it rests on changed, and on each new day.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.feedback.flags.domain import (
    FlagLimits,
    OpenFlag,
    UnitYear,
    Window,
    by_group,
    decide,
    norms_of,
    window_of,
)
from services.feedback.flags.storage import FLAGS, NORMS
from shared.contracts.feedback import FlagKind, UnitCleared, UnitFlagged
from shared.messaging.outbox import Outbox, Statement
from shared.postgres.pool import Connection


async def assess_units(
    connection: Connection, outbox: Outbox, now: datetime, zone: ZoneInfo, limits: FlagLimits
) -> list[UnitFlagged | UnitCleared]:
    """Makes an assessment if one is owed, and returns the flags that it stated.

    Its figures hold everything that was committed before it removed the marks.
    """
    today = now.astimezone(zone).date()
    if not await FLAGS.is_assessment_owed(connection, today=today):
        return []
    await FLAGS.lock_assessment(connection)
    await FLAGS.clear_marks(connection)
    window = window_of(today)
    units = await _units(connection, window)
    open_flags = [
        OpenFlag(row["unit_id"], row["kind"]) async for row in FLAGS.open_flags(connection)
    ]
    norms = norms_of(units, window)
    changes = decide(units, open_flags, norms, limits)
    await _keep_flags(connection, changes, now)
    await FLAGS.keep_assessment(
        connection, assessed_on=today, assessed_at=now, norms=NORMS.dump_python(norms, mode="json")
    )
    await outbox.append(connection, [Statement(change, time=now) for change in changes])
    return changes


async def _units(connection: Connection, window: Window) -> list[UnitYear]:
    """All units with their figures in the window."""
    rows = FLAGS.units_with_counts(connection, window_start=window.start, window_to=window.to)
    return [
        UnitYear(
            row["unit_id"],
            row["staff"],
            row["services"],
            row["months"],
            by_group(row["complaints"]),
        )
        async for row in rows
    ]


async def _keep_flags(
    connection: Connection, changes: Sequence[UnitFlagged | UnitCleared], now: datetime
) -> None:
    """Keeps what is cleared, then what is raised: a flag that changes its kind stands once."""
    unit_ids, kinds, figures = _columns(changes, UnitCleared)
    await FLAGS.clear_flags(connection, unit_ids=unit_ids, kinds=kinds, figures=figures, at=now)
    unit_ids, kinds, figures = _columns(changes, UnitFlagged)
    await FLAGS.raise_flags(connection, unit_ids=unit_ids, kinds=kinds, figures=figures, at=now)


def _columns(
    changes: Sequence[UnitFlagged | UnitCleared], model: type[UnitFlagged | UnitCleared]
) -> tuple[list[str], list[FlagKind], list[dict[str, Any]]]:
    """Unit ids, kinds and figures of the changes of one model."""
    some = [change for change in changes if isinstance(change, model)]
    return (
        [change.unit_id for change in some],
        [change.kind for change in some],
        [change.figures.model_dump(mode="json") for change in some],
    )
