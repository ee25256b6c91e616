"""What ranking decided is kept for the applicants to see."""

from typing import Any

from services.applications.seats.storage import SEATS
from shared.contracts.ranking import (
    AdmissionRevoked,
    CandidateSelected,
    CandidateShortlisted,
    ClosedListCorrected,
    StageClosed,
)
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def note_results(
    connection: Connection,
    events: list[Event[CandidateShortlisted]] | list[Event[CandidateSelected]],
) -> None:
    """The candidates' results on a list; of several about one candidate and list, the newest stays."""
    newest: dict[Any, Event[Any]] = {
        (event.data.vacancy_id, event.data.participant_no, event.data.list): event
        for event in events
    }
    kept = newest.values()
    await SEATS.keep_results(
        connection,
        vacancy_ids=[event.data.vacancy_id for event in kept],
        participant_nos=[event.data.participant_no for event in kept],
        lists=[event.data.list for event in kept],
        selected=[isinstance(event.data, CandidateSelected) for event in kept],
        ranks=[event.data.rank for event in kept],
        scores=[event.data.score for event in kept],
        codes=[event.data.code for event in kept],
        ats=[event.time for event in kept],
        sequences=[event.sequence for event in kept],
    )


async def note_revocations(connection: Connection, events: list[Event[AdmissionRevoked]]) -> None:
    """What a corrected list takes back: from now on the candidate did not pass it."""
    newest = {
        (event.data.vacancy_id, event.data.participant_no, event.data.list): event
        for event in events
    }
    kept = newest.values()
    await SEATS.revoke_results(
        connection,
        vacancy_ids=[event.data.vacancy_id for event in kept],
        participant_nos=[event.data.participant_no for event in kept],
        lists=[event.data.list for event in kept],
        codes=[event.data.code for event in kept],
        ats=[event.time for event in kept],
        sequences=[event.sequence for event in kept],
    )


async def note_closed_lists(
    connection: Connection, events: list[Event[StageClosed]] | list[Event[ClosedListCorrected]]
) -> None:
    """The lists that were fixed, at the time of the version that counts."""
    newest = {(event.data.vacancy_id, event.data.list): event for event in events}
    kept = newest.values()
    await SEATS.keep_closed_lists(
        connection,
        vacancy_ids=[event.data.vacancy_id for event in kept],
        lists=[event.data.list for event in kept],
        ats=[event.time for event in kept],
        sequences=[event.sequence for event in kept],
    )
