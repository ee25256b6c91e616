"""StageClosed and ClosedListCorrected: how many the list shortlisted, so that a sitting of the next
stage is not closed before all of them are known.
"""

from services.exams.sittings.storage import SQL
from shared.contracts.ranking import ClosedListCorrected, StageClosed
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def note_closed_lists(
    connection: Connection, events: list[Event[StageClosed]] | list[Event[ClosedListCorrected]]
) -> None:
    """The newest of each list counts."""
    newest = {(event.data.vacancy_id, event.data.list): event for event in events}
    await SQL.keep_closed_lists(
        connection,
        vacancy_ids=[vacancy_id for vacancy_id, _ in newest],
        lists=[list_ for _, list_ in newest],
        shortlisted=[event.data.shortlisted for event in newest.values()],
        sequences=[event.sequence for event in newest.values()],
    )
