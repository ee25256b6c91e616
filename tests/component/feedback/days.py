"""Days that pass for feedback: what is due then is stated, as its worker does."""

from services.feedback.complaints.usecases.state_complaints import state_finished_days
from tests.component.conftest import ServiceApp


async def state(app: ServiceApp) -> None:
    """States what is due by the app's clock."""
    zone = app.app.state.resources.settings.zone
    more = True
    while more:
        async with app.pool.acquire() as connection, connection.transaction():
            more = await state_finished_days(connection, app.outbox, app.clock(), zone)


async def end_day(app: ServiceApp) -> None:
    """The day of the app's clock ends; it is the same hour of the next one, and all is stated."""
    app.clock.advance(days=1)
    await state(app)
