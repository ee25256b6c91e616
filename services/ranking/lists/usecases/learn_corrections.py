"""Notes which events replaced what was known of a candidate, so that it can be said why a fixed
list would be another one now.
"""

from collections.abc import Sequence
from typing import Any

from services.ranking.lists.storage.revisions import REVISIONS
from shared.contracts.applications import (
    ApplicantFactsStated,
    ApplicationRejected,
    ApplicationVerified,
)
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def note_corrections(connection: Connection, events: Sequence[Event[Any]]) -> None:
    """Keeps that these events came, without what they say."""
    if events:
        await REVISIONS.note_corrections(
            connection,
            vacancies=[event.data.vacancy_id for event in events],
            participants=[event.data.participant_no for event in events],
            events=[event.id for event in events],
            types=[type(event.data).__name__ for event in events],
            stages=[getattr(event.data, "stage", None) for event in events],
            times=[event.time for event in events],
        )


async def note_rejections(
    connection: Connection,
    events: Sequence[Event[ApplicationVerified]] | Sequence[Event[ApplicationRejected]],
) -> None:
    """The same for who is rejected after they were verified.

    Comes before the rejections are learnt.
    """
    rejected = [event for event in events if isinstance(event.data, ApplicationRejected)]
    if rejected:
        rows = REVISIONS.rejected_before(
            connection,
            vacancies=[event.data.vacancy_id for event in rejected],
            participants=[event.data.participant_no for event in rejected],
        )
        before = {(row["vacancy_id"], row["participant_no"]) async for row in rows}
        await note_corrections(
            connection,
            [
                event
                for event in rejected
                if (event.data.vacancy_id, event.data.participant_no) in before
            ],
        )


async def note_restated_facts(
    connection: Connection, events: Sequence[Event[ApplicantFactsStated]]
) -> None:
    """The same for facts that are others than those stated before.

    Comes before these are learnt.
    """
    rows = REVISIONS.facts_replaced(
        connection,
        vacancies=[event.data.vacancy_id for event in events],
        participants=[event.data.participant_no for event in events],
    )
    known = {
        (vacancy_id, participant_no): (sequence, tuple(values))
        async for vacancy_id, participant_no, sequence, *values in rows
    }
    restated = []
    for event in events:
        who, said = (event.data.vacancy_id, event.data.participant_no), _said(event.data)
        sequence, before = known.get(who, (0, said))
        if event.sequence > sequence:
            if before != said:
                restated.append(event)
            known[who] = event.sequence, said
    await note_corrections(connection, restated)


def _said(data: ApplicantFactsStated) -> tuple[object, ...]:
    return (
        data.gpa,
        data.birth_date,
        data.relevant_experience_months,
        data.education_level,
        data.priority,
    )
