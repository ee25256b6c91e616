"""Learns what ranking decides, for applicants to see."""

from collections.abc import Callable, Collection, Hashable, Sequence
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


async def learn_results(
    connection: Connection,
    events: list[Event[CandidateShortlisted]] | list[Event[CandidateSelected]],
) -> None:
    """Keeps the results of candidates on a list: the newest of each candidate and list."""
    kept = _newest(events, _candidate_and_list)
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


async def learn_revocations(connection: Connection, events: list[Event[AdmissionRevoked]]) -> None:
    """Keeps that a corrected list takes a result back: the candidate did not pass it."""
    kept = _newest(events, _candidate_and_list)
    await SEATS.revoke_results(
        connection,
        vacancy_ids=[event.data.vacancy_id for event in kept],
        participant_nos=[event.data.participant_no for event in kept],
        lists=[event.data.list for event in kept],
        codes=[event.data.code for event in kept],
        ats=[event.time for event in kept],
        sequences=[event.sequence for event in kept],
    )


async def learn_closed_lists(
    connection: Connection, events: list[Event[StageClosed]] | list[Event[ClosedListCorrected]]
) -> None:
    """Keeps which lists are fixed, and since when the version that counts is."""
    kept = _newest(events, lambda event: (event.data.vacancy_id, event.data.list))
    await SEATS.keep_closed_lists(
        connection,
        vacancy_ids=[event.data.vacancy_id for event in kept],
        lists=[event.data.list for event in kept],
        ats=[event.time for event in kept],
        sequences=[event.sequence for event in kept],
    )


def _candidate_and_list(event: Event[Any]) -> Hashable:
    return event.data.vacancy_id, event.data.participant_no, event.data.list


def _newest(
    events: Sequence[Event[Any]], key: Callable[[Event[Any]], Hashable]
) -> Collection[Event[Any]]:
    """The last event of each key: one statement can't change a row twice."""
    return {key(event): event for event in events}.values()
