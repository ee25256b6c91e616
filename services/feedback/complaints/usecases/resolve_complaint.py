"""An officer answers a complaint, once."""

from datetime import datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from services.feedback.complaints.domain.complaint import ComplaintOutcome, days_to_answer
from services.feedback.complaints.storage import COMPLAINTS
from services.feedback.complaints.usecases.file_complaint import FreeText
from shared.contracts.strict import Command
from shared.identity import Person
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class ResolveComplaint(Command):
    """The officer's answer.

    Only upheld complaints go on counting towards flags, beside those not answered yet.
    """

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
    officer: Person,
    complaint_id: UUID,
    command: ResolveComplaint,
    now: datetime,
    zone: ZoneInfo,
) -> Resolution:
    """Keeps the answer, which is stated without words when its day is over.

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
        resolved_on=today,
    )
    await COMPLAINTS.keep_answer(connection, complaint_id=complaint_id, answer=command.text)
    await audit.record(
        connection, officer, "complaint.resolved", str(complaint_id), at=now, reason=command.outcome
    )
    return Resolution(complaint_id=complaint_id, outcome=command.outcome, days=days)
