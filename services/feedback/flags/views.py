"""How units stand, for everyone: figures, flags, counts of complaints."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from services.feedback.flags.domain import (
    CATEGORIES,
    Group,
    Limits,
    Unit,
    assess,
    is_judged,
    window_of,
)
from services.feedback.flags.usecases.assess_units import NORMS
from services.feedback.units.storage import SQL
from shared.contracts.feedback import ComplaintCategory, FlagFigures, FlagKind
from shared.paging import Page, from_cursor, page
from shared.postgres.pool import Connection
from shared.refusals import Refusal

PAST_FLAGS_SHOWN = 50


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

    group: Group = Field(description="`slow`: slow-service; `people`: conduct and competence")
    figures: FlagFigures = Field(description="As they are now")
    unit_rate_low: Decimal = Field(
        description="With 90 % the unit's rate per 1,000 of exposure lies above this …"
    )
    unit_rate_high: Decimal = Field(description="… and below this")


class MonthCount(BaseModel):
    """Complaints filed in a month, however they were answered."""

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
    """A unit, how it stands against the province, and what citizens complained about in the last
    twelve months.
    """

    staff: int = Field(description="People who work there")
    services: int = Field(description="Services rendered, as far as reported, in the window")
    window_from: date = Field(description="First day of the twelve months that count")
    window_to: date = Field(description="First day after the window")
    assessed_at: datetime | None = Field(
        description="When the province's figures were last summed up, UTC; none before the first time"
    )
    groups: list[GroupView] = Field(
        description="Empty before the first assessment. Units with fewer than 5 staff are not judged by `people`: it would point at persons"
    )
    past_flags: list[PastFlag] = Field(
        description=f"The last {PAST_FLAGS_SHOWN} that were lowered, the newest first"
    )
    complaints: list[MonthCount] = Field(description="By month and category, in the window")


async def show_unit(
    connection: Connection, unit_id: str, now: datetime, zone: ZoneInfo, limits: Limits
) -> UnitView:
    """One unit, against the province as last assessed. Raises Refusal `unknown-unit`."""
    last = await SQL.last_assessment(connection)
    norms = NORMS.validate_python(last["norms"]) if last else None
    window = norms.window if norms else window_of(now.astimezone(zone).date())
    within = {"window_start": window.start, "window_to": window.to}
    row = await SQL.unit(connection, unit_id=unit_id, **within)
    if row is None:
        raise Refusal("unknown-unit", unit_id=unit_id)
    counting = {
        count["category"]: count["complaints"]
        async for count in SQL.counting_complaints_of_unit(connection, unit_id=unit_id, **within)
    }
    complaints = {
        group: sum(counting.get(category, 0) for category in of) for group, of in CATEGORIES.items()
    }
    unit = Unit(unit_id, row["staff"], row["services"], row["months"], complaints)
    groups = []
    if norms:
        for group in CATEGORIES:
            if is_judged(unit, group):
                found = assess(unit, group, norms, limits)
                groups.append(
                    GroupView(
                        group=group,
                        figures=found.figures,
                        unit_rate_low=found.low,
                        unit_rate_high=found.high,
                    )
                )
    return UnitView(
        unit_id=unit_id,
        path=row["path"],
        staff=row["staff"],
        services=row["services"],
        window_from=window.start,
        window_to=window.to,
        assessed_at=last["assessed_at"] if last else None,
        groups=groups,
        flags=[_flag(flag) async for flag in SQL.flags_of_units(connection, unit_ids=[unit_id])],
        past_flags=[
            PastFlag(
                **dict(_flag(flag)),
                until=flag["cleared_at"],
                figures_at_end=FlagFigures(**flag["cleared_figures"]),
            )
            async for flag in SQL.past_flags(connection, unit_id=unit_id, most=PAST_FLAGS_SHOWN)
        ],
        complaints=[
            MonthCount(
                month=f"{count['month']:%Y-%m}",
                category=count["category"],
                complaints=count["complaints"],
            )
            async for count in SQL.counts_by_month(connection, unit_id=unit_id, **within)
        ],
    )


async def list_units(
    connection: Connection, flagged: bool | None, cursor: str | None, limit: int
) -> Page[UnitInList]:
    """Units by id with their flags; only those with or without one where `flagged` says so."""
    key = from_cursor(cursor, fields=1)
    after = str(key[0]) if key else None
    rows = [
        row async for row in SQL.units(connection, after=after, flagged=flagged, most=limit + 1)
    ]
    flags: dict[str, list[FlagView]] = {row["unit_id"]: [] for row in rows}
    async for flag in SQL.flags_of_units(connection, unit_ids=list(flags)):
        flags[flag["unit_id"]].append(_flag(flag))
    items = [
        UnitInList(unit_id=row["unit_id"], path=row["path"], flags=flags[row["unit_id"]])
        for row in rows
    ]
    return page(items, limit, lambda item: (item.unit_id,))


def _flag(row: dict[str, object]) -> FlagView:
    return FlagView.model_validate(
        {"kind": row["kind"], "since": row["flagged_at"], "figures": row["flagged_figures"]}
    )
