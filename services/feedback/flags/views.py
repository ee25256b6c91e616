"""The pages of units that everyone sees: figures, flags, counts of complaints."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from services.feedback.flags.domain import (
    ComplaintGroup,
    FlagLimits,
    Norms,
    UnitYear,
    Window,
    assess,
    by_group,
    groups_of,
    window_of,
)
from services.feedback.flags.storage import FLAGS, NORMS
from shared.contracts.feedback import ComplaintCategory, FlagFigures, FlagKind
from shared.paging import Page, from_cursor, page
from shared.postgres.pool import Connection
from shared.refusals import Refusal

PAST_FLAGS_SHOWN = 50
"""Flags of a unit that were cleared; older ones stand in the log."""


class FlagView(BaseModel):
    """A flag that stands."""

    kind: FlagKind = Field(description="What the unit needs: staff, training, or another process")
    since: datetime = Field(description="When it was raised, UTC")
    figures: FlagFigures = Field(description="The figures on which it was raised")


class PastFlag(FlagView):
    """A flag that was lowered."""

    until: datetime = Field(description="When it was lowered, UTC")
    figures_at_end: FlagFigures = Field(description="The figures on which it was lowered")


class GroupView(BaseModel):
    """One group of complaints, compared with the province."""

    group: ComplaintGroup = Field(
        description="`slow`: slow-service; `people`: conduct and competence; `all`: of a unit "
        "with fewer than 5 staff, every complaint, since a category would point at persons"
    )
    figures: FlagFigures = Field(description="As they are now")
    unit_rate_low: Decimal = Field(
        description="With 90 % the unit's rate per 1,000 of exposure lies above this …"
    )
    unit_rate_high: Decimal = Field(description="… and below this")


class MonthCount(BaseModel):
    """Complaints filed in a month up to the last day stated, however they were answered."""

    month: str = Field(description="YYYY-MM", examples=["2026-11"])
    category: ComplaintCategory | None = Field(
        description="None: not shown, the unit had fewer than 5 staff and it would point at persons"
    )
    complaints: int = Field(ge=1, description="How many")


class UnitInList(BaseModel):
    """A unit with the flags that stand."""

    unit_id: str = Field(description="Unit of an agency, by the province's own code")
    path: str = Field(description="Agency, department, division …, separated by ` | `")
    flags: list[FlagView] = Field(description="The flags that stand, one of a kind")


class UnitView(UnitInList):
    """A unit against the province, and what citizens complained about in twelve months."""

    staff: int = Field(description="People who work there")
    services: int = Field(description="Services rendered, as far as reported, in the window")
    window_from: date = Field(description="First day of the twelve months that count")
    window_to: date = Field(description="First day after the window")
    assessed_at: datetime | None = Field(
        description="When the province's figures were last summed up, UTC; "
        "none before the first time"
    )
    groups: list[GroupView] = Field(
        description="Empty before the first assessment; `slow` and `people`, or `all`"
    )
    past_flags: list[PastFlag] = Field(
        description=f"The last {PAST_FLAGS_SHOWN} that were lowered, the newest first"
    )
    complaints: list[MonthCount] = Field(description="By month and category, in the window")


async def show_unit(
    connection: Connection, unit_id: str, now: datetime, zone: ZoneInfo, limits: FlagLimits
) -> UnitView:
    """One unit, compared with the province as last assessed. Raises Refusal `unknown-unit`."""
    last = await FLAGS.last_assessment(connection)
    norms = NORMS.validate_python(last["norms"]) if last else None
    window = norms.window if norms else window_of(now.astimezone(zone).date())
    row = await FLAGS.unit(
        connection, unit_id=unit_id, window_start=window.start, window_to=window.to
    )
    if row is None:
        raise Refusal("unknown-unit", unit_id=unit_id)
    counting = await _counting_complaints(connection, unit_id, window)
    unit = UnitYear(unit_id, row["staff"], row["services"], row["months"], by_group(counting))
    return UnitView(
        unit_id=unit_id,
        path=row["path"],
        staff=row["staff"],
        services=row["services"],
        window_from=window.start,
        window_to=window.to,
        assessed_at=last["assessed_at"] if last else None,
        groups=_groups(unit, norms, limits) if norms else [],
        flags=[_flag(flag) async for flag in FLAGS.flags_of_units(connection, unit_ids=[unit_id])],
        past_flags=[
            _past_flag(flag)
            async for flag in FLAGS.past_flags(connection, unit_id=unit_id, most=PAST_FLAGS_SHOWN)
        ],
        complaints=await _by_month(connection, unit_id, window),
    )


async def show_units(
    connection: Connection, flagged: bool | None, cursor: str | None, limit: int
) -> Page[UnitInList]:
    """Units by id with their flags; only those with or without one where `flagged` says so.

    Raises Refusal `bad-cursor`.
    """
    key = from_cursor(cursor, fields=1)
    after = str(key[0]) if key else None
    rows = [
        row async for row in FLAGS.units(connection, after=after, flagged=flagged, most=limit + 1)
    ]
    flags: dict[str, list[FlagView]] = {row["unit_id"]: [] for row in rows}
    async for flag in FLAGS.flags_of_units(connection, unit_ids=list(flags)):
        flags[flag["unit_id"]].append(_flag(flag))
    units = [
        UnitInList(unit_id=row["unit_id"], path=row["path"], flags=flags[row["unit_id"]])
        for row in rows
    ]
    return page(units, limit, lambda unit: (unit.unit_id,))


async def _counting_complaints(
    connection: Connection, unit_id: str, window: Window
) -> dict[str, int]:
    """A unit's complaints by category that count towards flags."""
    rows = FLAGS.counting_complaints_of_unit(
        connection, unit_id=unit_id, window_start=window.start, window_to=window.to
    )
    return {row["category"]: row["complaints"] async for row in rows}


async def _by_month(connection: Connection, unit_id: str, window: Window) -> list[MonthCount]:
    rows = FLAGS.counts_by_month(
        connection, unit_id=unit_id, window_start=window.start, window_to=window.to
    )
    return [
        MonthCount(
            month=f"{row['month']:%Y-%m}", category=row["category"], complaints=row["complaints"]
        )
        async for row in rows
    ]


def _groups(unit: UnitYear, norms: Norms, limits: FlagLimits) -> list[GroupView]:
    """The groups of complaints in which the unit is judged."""
    assessed = {group: assess(unit, group, norms, limits) for group in groups_of(unit)}
    return [
        GroupView(
            group=group,
            figures=assessment.figures,
            unit_rate_low=assessment.low,
            unit_rate_high=assessment.high,
        )
        for group, assessment in assessed.items()
    ]


def _flag(row: Mapping[str, Any]) -> FlagView:
    return FlagView.model_validate(
        {"kind": row["kind"], "since": row["flagged_at"], "figures": row["flagged_figures"]}
    )


def _past_flag(row: Mapping[str, Any]) -> PastFlag:
    return PastFlag(
        **dict(_flag(row)),
        until=row["cleared_at"],
        figures_at_end=FlagFigures(**row["cleared_figures"]),
    )
