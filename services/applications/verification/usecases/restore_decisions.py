"""After a restored backup, decisions and withdrawals come back from the log."""

import json

from services.applications.verification.storage import VERIFICATION
from shared.contracts.applications import (
    NOT_MET,
    ApplicationRejected,
    ApplicationVerified,
    ApplicationWithdrawn,
    RejectionReasonsStated,
)
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection

Decided = ApplicationVerified | ApplicationRejected | ApplicationWithdrawn


async def restore_decisions(connection: Connection, events: list[Event[Decided]]) -> None:
    """In the log's order: what was decided and then taken back ends as taken back.

    An older version's event has the reasons of a rejection itself.
    """
    decision: dict[str, object]
    for event in events:
        match event.data:
            case ApplicationVerified():
                decision = {"status": "verified", "decided_at": event.time}
            case ApplicationRejected(reasons=reasons):
                decision = {
                    "status": "rejected",
                    "decided_at": event.time,
                    "reasons": None if reasons == (NOT_MET,) else list(reasons),
                }
            case ApplicationWithdrawn():
                decision = {"status": "withdrawn", "withdrawn_at": event.time}
        await VERIFICATION.restore_status(
            connection,
            vacancy_id=event.data.vacancy_id,
            participant_no=event.data.participant_no,
            status=decision["status"],
            reasons=decision.get("reasons"),
            decided_at=decision.get("decided_at"),
            withdrawn_at=decision.get("withdrawn_at"),
        )


async def restore_reasons(
    connection: Connection, events: list[Event[RejectionReasonsStated]]
) -> None:
    """Why applications were rejected, as far as the restricted topic still has it."""
    await VERIFICATION.restore_reasons(
        connection,
        vacancy_ids=[event.data.vacancy_id for event in events],
        participant_nos=[event.data.participant_no for event in events],
        reasons=[json.dumps(event.data.reasons) for event in events],
    )
