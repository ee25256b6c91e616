"""An officer answers a complaint, once."""

from datetime import datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from services.feedback.complaints.domain.complaint import ComplaintOutcome, days_to_answer
from services.feedback.complaints.storage import COMPLAINTS
from services.feedback.complaints.usecases.file_complaint import FreeText
from services.feedback.units.storage import UNITS
from shared.contracts.feedback import ComplaintResolved
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class ResolveComplaint(BaseModel):
    """The officer's answer.

    Only upheld complaints go on counting towards flags, beside those not answered yet.
    """

    model_config = ConfigDict(extra="forbid")

    outcome: Annotated[
        ComplaintOutcome,
        Field(
            description="Found right (`upheld`), found wrong (`not-upheld`), "
            "or for another body (`referred`)"
        ),
    ]
    text: Annotated[FreeText, Field(description="The answer that the complainant reads")]


class Resolution(BaseModel):
    """The complaint is answered."""

    complaint_id: UUID = Field(description="The complaint that was answered")
    outcome: ComplaintOutcome = Field(description="As the officer decided")
    days: int = Field(description="Whole days from filing to the answer")


async def resolve_complaint(
    connection: Connection,
    outbox: Outbox,
    officer: Person,
    complaint_id: UUID,
    command: ResolveComplaint,
    now: datetime,
    zone: ZoneInfo,
) -> Resolution:
    """States ComplaintResolved, without words.

    Raises Refusal `unknown-complaint`, `resolved-already`.
    """
    complaint = await COMPLAINTS.lock_complaint(connection, complaint_id=complaint_id)
    if complaint is None:
        raise Refusal("unknown-complaint", complaint_id=complaint_id)
    if complaint["outcome"] is not None:
        raise Refusal("resolved-already", complaint_id=complaint_id, outcome=complaint["outcome"])
    today = now.astimezone(zone).date()
    days = days_to_answer(complaint["filed_on"], today)
    await COMPLAINTS.close_complaint(
        connection,
        complaint_id=complaint_id,
        outcome=command.outcome,
        resolved_at=now,
        resolved_on=today,
    )
    await COMPLAINTS.keep_answer(connection, complaint_id=complaint_id, answer=command.text)
    await audit.record(
        connection, officer, "complaint.resolved", str(complaint_id), at=now, reason=command.outcome
    )
    await UNITS.owe_assessment(connection)
    resolved = ComplaintResolved(
        complaint_id=complaint_id,
        unit_id=complaint["unit_id"],
        category=complaint["category"] if complaint["category_shown"] else None,
        outcome=command.outcome,
        days=days,
    )
    await outbox.append(connection, [Statement(resolved, time=now)])
    return Resolution(complaint_id=complaint_id, outcome=command.outcome, days=days)
