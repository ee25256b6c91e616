"""After a restored backup, takes back in what the service stated since (`terang recover`)."""

from collections.abc import Sequence

from services.exams.scores.usecases.restore_results import Result, restore_results
from services.exams.sittings.usecases.restore_sittings import restore_closings, restore_sittings
from shared.contracts.catalogue import stated_by
from shared.contracts.exams import ExamScheduled, SittingClosed
from shared.messaging.envelope import Record
from shared.messaging.restoring import known_events, those_of
from shared.postgres.pool import Connection
from shared.proposals.usecases import close_restored


async def restore(connection: Connection, records: Sequence[Record]) -> list[str]:
    """Takes in sittings, results and closings that the log has and the database lacks.

    `records` are in order of topic, partition and offset. Reasons in words are on no log. Returns
    lines for the operator: what was taken in, and what a person has to see to.
    """
    found, lines = known_events(records, stated_by("exams").values())
    await restore_sittings(connection, those_of(found, ExamScheduled))
    results = [event for event in found if isinstance(event.data, Result)]
    lines += await restore_results(connection, results)
    await restore_closings(connection, those_of(found, SittingClosed))
    return lines + await close_restored(connection)
