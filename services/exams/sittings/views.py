"""The list of sittings that examiners, proctors and officers see."""

from typing import Any
from uuid import UUID

from services.exams.sittings.storage import SITTINGS
from services.exams.sittings.usecases.schedule_sitting import SittingView
from shared.paging import Page, from_cursor, page
from shared.postgres.pool import Connection
from shared.refusals import Refusal


async def show_sittings(
    connection: Connection, round_id: str | None, stage: str | None, cursor: str | None, limit: int
) -> Page[SittingView]:
    """Sittings in the order in which they were scheduled. Raises Refusal `bad-cursor`."""
    after = _sitting_id(from_cursor(cursor, fields=1))
    rows = SITTINGS.sittings(
        connection, round_id=round_id, stage=stage, after=after, most=limit + 1
    )
    sittings = [SittingView(**row) async for row in rows]
    return page(sittings, limit, lambda sitting: (str(sitting.sitting_id),))


def _sitting_id(key: list[Any] | None) -> UUID | None:
    try:
        return UUID(key[0]) if key else None
    except (ValueError, AttributeError, TypeError) as error:
        raise Refusal("bad-cursor") from error
