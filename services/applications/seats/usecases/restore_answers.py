"""After a restored backup, answers to seats come back from the log."""

from services.applications.seats.storage import SEATS
from shared.contracts.applications import SeatAccepted, SeatDeclined
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def restore_answers(
    connection: Connection, events: list[Event[SeatAccepted | SeatDeclined]]
) -> None:
    """Takes in the answers that the database lacks."""
    await SEATS.restore_answers(
        connection,
        vacancy_ids=[event.data.vacancy_id for event in events],
        participant_nos=[event.data.participant_no for event in events],
        offer_ids=[event.data.offer_id for event in events],
        answers=[
            event.data.reason if isinstance(event.data, SeatDeclined) else "accepted"
            for event in events
        ],
        ats=[event.time for event in events],
    )
