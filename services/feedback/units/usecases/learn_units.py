"""Applications stated units: keep how they are now."""

from services.feedback.units.storage import SQL
from shared.contracts.applications import UnitRegistered
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def hear_units(connection: Connection, events: list[Event[UnitRegistered]]) -> None:
    """The newest event of a unit says its path and staff; both enter the assessment."""
    newest = {event.data.unit_id: event for event in events}.values()
    await SQL.put_units(
        connection,
        unit_ids=[event.data.unit_id for event in newest],
        paths=[event.data.path for event in newest],
        staff=[event.data.staff for event in newest],
        sequences=[event.sequence for event in newest],
    )
    await SQL.owe_assessment(connection)
