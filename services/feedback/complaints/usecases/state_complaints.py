"""Complaints and answers are stated once their day is over, all of a day together.

What is stated one by one as it comes tells its moment by its arrival, whatever is in it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.feedback.complaints.domain.complaint import (
    days_to_answer,
    statement_day,
    time_of,
)
from services.feedback.complaints.storage import COMPLAINTS
from services.feedback.units.storage import UNITS
from shared.contracts.feedback import ComplaintFiled, ComplaintResolved
from shared.messaging.outbox import Outbox, Statement
from shared.postgres.pool import Connection

MOST = 5_000
"""Complaints of one transaction, and answers: more would hold their locks for seconds. Which come
first is chance."""


async def state_finished_days(
    connection: Connection, outbox: Outbox, now: datetime, zone: ZoneInfo
) -> bool:
    """States what was filed and answered before today, in any order within a day, once a day.

    Whether more is left to be stated now. A complaint is stated before its answer; an assessment is
    owed then. Marks and events are one transaction, so each is stated once.
    """
    today = statement_day(now, zone)
    if not await COMPLAINTS.lock_statement(connection, today=today):
        return False
    filed = [row async for row in COMPLAINTS.take_filed(connection, today=today, most=MOST)]
    answered = [row async for row in COMPLAINTS.take_answered(connection, today=today, most=MOST)]
    is_all = max(len(filed), len(answered)) < MOST
    if is_all:
        await COMPLAINTS.keep_statement(connection, today=today)
    if filed or answered:
        await UNITS.owe_assessment(connection)
    statements = [*map(_filed, filed), *map(_answered, answered)]
    await outbox.append(connection, statements)
    return not is_all


def _filed(row: Mapping[str, Any]) -> Statement:
    filed = ComplaintFiled(
        complaint_id=row["complaint_id"],
        unit_id=row["unit_id"],
        category=row["category"],
        filed_on=row["filed_on"],
    )
    return Statement(filed, time=time_of(row["filed_on"]))


def _answered(row: Mapping[str, Any]) -> Statement:
    resolved = ComplaintResolved(
        complaint_id=row["complaint_id"],
        unit_id=row["unit_id"],
        category=row["category"],
        outcome=row["outcome"],
        days=days_to_answer(row["filed_on"], row["resolved_on"]),
    )
    return Statement(resolved, time=time_of(row["resolved_on"]))
