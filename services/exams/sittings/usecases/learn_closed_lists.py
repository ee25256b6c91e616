"""StageClosed and ClosedListCorrected: how many candidates a list shortlisted.

A sitting of the next stage is not closed before all of them are known.
"""

from services.exams.sittings.storage import SITTINGS
from shared.contracts.ranking import ClosedListCorrected, StageClosed
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def learn_closed_lists(
    connection: Connection, events: list[Event[StageClosed]] | list[Event[ClosedListCorrected]]
) -> None:
    """Keeps the newest count of each list."""
    newest = {(event.data.vacancy_id, event.data.list): event for event in events}
    await SITTINGS.upsert_closed_lists(
        connection,
        vacancy_ids=[vacancy_id for vacancy_id, _ in newest],
        lists=[list_ for _, list_ in newest],
        shortlisted=[event.data.shortlisted for event in newest.values()],
        sequences=[event.sequence for event in newest.values()],
    )
