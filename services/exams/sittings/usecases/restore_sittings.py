"""After a restored backup, sittings and their closings come back from the log."""

from collections.abc import Sequence

from services.exams.sittings.storage import SITTINGS
from shared.contracts.exams import ExamScheduled, SittingClosed
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def restore_sittings(connection: Connection, events: Sequence[Event[ExamScheduled]]) -> None:
    """Takes in sittings with their vacancies; one that is known stays as it is."""
    scheduled = [event.data for event in events]
    sittings = {data.sitting_id: data for data in scheduled}
    await SITTINGS.restore_sittings(
        connection,
        sitting_ids=list(sittings),
        round_ids=[data.round_id for data in sittings.values()],
        stages=[data.stage for data in sittings.values()],
        sites=[data.site for data in sittings.values()],
        starts_at=[data.starts_at for data in sittings.values()],
    )
    await SITTINGS.restore_sitting_vacancies(
        connection,
        sitting_ids=[data.sitting_id for data in scheduled],
        vacancy_ids=[data.vacancy_id for data in scheduled],
    )


async def restore_closings(connection: Connection, events: Sequence[Event[SittingClosed]]) -> None:
    """Closes the sittings that are closed on the log, as of then."""
    closed = {event.data.sitting_id: event.time for event in events}
    await SITTINGS.restore_closings(
        connection, sitting_ids=list(closed), closed_at=list(closed.values())
    )
