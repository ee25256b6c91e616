"""ApplicationWithdrawn: no result of the candidate is awaited any more."""

from services.exams.sittings.storage import SITTINGS
from shared.contracts.applications import ApplicationWithdrawn
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def learn_withdrawals(
    connection: Connection, events: list[Event[ApplicationWithdrawn]]
) -> None:
    """Keeps the participant numbers, whether or not their verification has arrived."""
    await SITTINGS.insert_withdrawals(
        connection,
        round_ids=[event.data.round_id for event in events],
        participant_nos=[event.data.participant_no for event in events],
    )
