"""After a restored backup, rounds come back from the log."""

from services.applications.rounds.storage import ROUNDS
from shared.contracts.applications import RoundOpened
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def restore_rounds(connection: Connection, events: list[Event[RoundOpened]]) -> None:
    """Takes in the rounds that the database lacks."""
    rounds = [
        {**event.data.model_dump(mode="json"), "opened_at": event.time.isoformat()}
        for event in events
    ]
    await ROUNDS.restore_rounds(connection, rounds=rounds)
