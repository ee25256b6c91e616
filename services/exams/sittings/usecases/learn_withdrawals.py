"""ApplicationWithdrawn: no result of the candidate is awaited any more."""

from services.exams.sittings.storage import SQL
from shared.contracts.applications import ApplicationWithdrawn
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def note_withdrawals(
    connection: Connection, events: list[Event[ApplicationWithdrawn]]
) -> None:
    """Kept by number, whether or not the candidate's verification has arrived."""
    await SQL.keep_withdrawals(
        connection,
        round_ids=[event.data.round_id for event in events],
        participant_nos=[event.data.participant_no for event in events],
    )
