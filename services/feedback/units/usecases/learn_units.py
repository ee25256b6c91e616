"""UnitRegistered: a unit's path and staff."""

from services.feedback.units.storage import UNITS
from shared.contracts.applications import UnitRegistered
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def learn_units(connection: Connection, events: list[Event[UnitRegistered]]) -> None:
    """Keeps what the newest event of each unit says; an assessment is owed then."""
    newest = {event.data.unit_id: event for event in events}.values()
    await UNITS.upsert_units(
        connection,
        unit_ids=[event.data.unit_id for event in newest],
        paths=[event.data.path for event in newest],
        staff=[event.data.staff for event in newest],
        sequences=[event.sequence for event in newest],
    )
    await UNITS.owe_assessment(connection)
