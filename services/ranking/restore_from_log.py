"""After a restored backup, takes back in what the service stated since (`terang recover`)."""

from collections.abc import Sequence
from typing import Any

from services.ranking.standings.usecases.restore_stated import restore_stated
from shared.contracts.catalogue import stated_by
from shared.contracts.fields import Fact
from shared.contracts.ranking import (
    ClosedListCorrected,
    SeatLeftEmpty,
    SeatOffered,
    StageClosed,
    StandingsPublished,
    StandingsRecomputed,
)
from shared.messaging.envelope import Event, Record
from shared.messaging.restoring import known_events, those_of
from shared.postgres.pool import Connection
from shared.proposals.usecases import close_restored


async def restore(connection: Connection, records: Sequence[Record]) -> list[str]:
    """Takes in the versions of the standings, so that no number is given twice.

    Fixed lists, seats and publications hold more than their events say: they are named, for
    officers to decide again. Returns lines for the operator.
    """
    found, lines = known_events(records, stated_by("ranking").values())
    await restore_stated(connection, those_of(found, StandingsRecomputed))
    return [*lines, *_decisions_lacking(found), *await close_restored(connection)]


def _decisions_lacking(found: Sequence[Event[Any]]) -> list[str]:
    """What was decided since the backup and has to be decided again, each once, and how."""
    return list(dict.fromkeys(filter(None, (_lacking(event.data) for event in found))))


def _lacking(data: Fact) -> str:
    """What an officer has to do about a decision that did not come back; empty for other facts."""
    match data:
        case StageClosed():
            return (
                f"Closed on the log and open here: list {data.list} of round {data.round_id}. Once"
                " ranking has caught up, an officer closes it again; where a vacancy's digest is"
                " then another than that of its StageClosed, something was corrected in between."
            )
        case ClosedListCorrected():
            return (
                f"Adopted on the log and not here: version {data.version} of list {data.list} of"
                f" vacancy {data.vacancy_id}. Two officers adopt it again, once the list is closed."
            )
        case SeatOffered() | SeatLeftEmpty():
            return (
                f"Seats of round {data.round_id} were offered on the log. If filling has not begun"
                " here, an officer begins it again once its lists are closed: the same people are"
                " asked, under the same offer ids. Orders that officers gave among equals are to be"
                " given again."
            )
        case StandingsPublished():
            return (
                f"Published on the log and not here: version {data.version} of round"
                f" {data.round_id}. Its file stays valid with whoever has it. Publish nothing of"
                " this round from this database: the version's number would be given again."
            )
        case _:
            return ""
