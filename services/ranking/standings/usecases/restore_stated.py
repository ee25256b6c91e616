"""After a restored backup, the versions of standings that were stated come back from the log."""

from collections.abc import Sequence

from services.ranking.standings.storage import SQL
from shared.contracts.ranking import StandingsRecomputed
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def restore_stated(
    connection: Connection, events: Sequence[Event[StandingsRecomputed]]
) -> None:
    """Takes in the newest version of each list: counting goes on above it.

    Its digest, too: a list that has not changed since is not stated again.
    """
    newest = {(event.data.vacancy_id, event.data.list): event for event in events}
    stated = [event.data for event in newest.values()]
    await SQL.restore_stated(
        connection,
        vacancies=[data.vacancy_id for data in stated],
        lists=[data.list for data in stated],
        versions=[data.version for data in stated],
        digests=[data.digest for data in stated],
        times=[event.time for event in newest.values()],
    )
