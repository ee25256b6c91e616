"""A verifier decides whether an application meets the requirements."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.applications.domain.application import Decision, decide
from services.applications.storage import SQL
from shared.contracts.applications import ApplicationRejected, ApplicationVerified
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class VerifyApplication(BaseModel):
    """A decision."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision = Field(description="MS: meets the requirements; TMS: does not")
    reasons: list[str] = Field(
        [],
        max_length=20,
        description="For TMS at least one code of /applications/verification-reasons; for MS none",
        examples=[["diploma-does-not-match"]],
    )
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00]*$")] = Field(
        "", description="For verifiers and officers alone; never stated in an event"
    )


class DecisionView(BaseModel):
    """What was decided."""

    vacancy_id: str
    participant_no: str
    status: str = Field(examples=["verified", "rejected"])
    reasons: list[str]
    decided_at: datetime


async def verify_application(
    connection: Connection,
    outbox: Outbox,
    verifier: Person,
    vacancy_id: str,
    participant_no: str,
    command: VerifyApplication,
    now: datetime,
) -> DecisionView:
    """Decides once, and states ApplicationVerified or ApplicationRejected; the same decision again is no other one.

    Raises Refusal `not-found`, `own-application`, `reasons-needed`, `reasons-not-taken`, `unknown-reasons`,
    `already-withdrawn`, or `already-decided`.
    """
    application = await SQL.lock_application(connection, vacancy_id=vacancy_id, participant_no=participant_no)
    if application is None:
        raise Refusal("not-found", what=f"application {participant_no} for vacancy {vacancy_id}")
    if application["subject"] == verifier.subject:
        raise Refusal("own-application")
    reasons = sorted(set(command.reasons))
    status = "verified" if command.decision == "MS" else "rejected"
    is_new = decide(application["status"], application["reasons"], command.decision, reasons)
    if is_new:
        await SQL.keep_decision(
            connection,
            vacancy_id=vacancy_id,
            participant_no=participant_no,
            status=status,
            reasons=reasons,
            note=command.note,
            at=now,
        )
        object_ = f"{vacancy_id}/{participant_no}"
        await audit.record(connection, verifier, f"application.{status}", object_, at=now, reason=", ".join(reasons))
        one = {"vacancy_id": vacancy_id, "round_id": application["round_id"], "participant_no": participant_no}
        fact = (
            ApplicationVerified(**one) if status == "verified" else ApplicationRejected(**one, reasons=tuple(reasons))
        )
        await outbox.append(connection, [Statement(fact, now)])
    return DecisionView(
        vacancy_id=vacancy_id,
        participant_no=participant_no,
        status=status,
        reasons=reasons,
        decided_at=now if is_new else application["decided_at"],
    )
