"""Learns which events replaced what was known of a candidate.

By them it can be said why a fixed list would be another one now.
"""

from collections.abc import Sequence
from typing import Any

from services.ranking.lists.storage import SQL
from services.ranking.standings.usecases.recompute import lock_vacancies_of
from shared.contracts.applications import (
    ApplicantFactsStated,
    ApplicationRejected,
    ApplicationWithdrawn,
)
from shared.contracts.exams import CandidateDisqualified, ExamScoreCorrected
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def learn_corrections(
    connection: Connection,
    events: Sequence[
        Event[ApplicationWithdrawn] | Event[ExamScoreCorrected] | Event[CandidateDisqualified]
    ],
) -> None:
    """Keeps that these events came, without what they say."""
    await lock_vacancies_of(connection, events)
    await _keep(connection, events)


async def learn_rejections_after_verification(
    connection: Connection, events: Sequence[Event[ApplicationRejected]]
) -> None:
    """Keeps that verified people were rejected; runs before the rejections are learnt."""
    await lock_vacancies_of(connection, events)
    rows = SQL.verified_candidates(
        connection,
        vacancies=[event.data.vacancy_id for event in events],
        participants=[event.data.participant_no for event in events],
    )
    verified = {(row["vacancy_id"], row["participant_no"]) async for row in rows}
    await _keep(
        connection,
        [
            event
            for event in events
            if (event.data.vacancy_id, event.data.participant_no) in verified
        ],
    )


async def learn_restated_facts(
    connection: Connection, events: Sequence[Event[ApplicantFactsStated]]
) -> None:
    """Keeps that facts differ from those stated before; runs before the facts are learnt."""
    await lock_vacancies_of(connection, events)
    rows = SQL.known_facts(
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
        candidate = (event.data.vacancy_id, event.data.participant_no)
        stated = _facts(event.data)
        sequence, before = known.get(candidate, (0, stated))
        if event.sequence > sequence:
            if before != stated:
                restated.append(event)
            known[candidate] = event.sequence, stated
    await _keep(connection, restated)


async def _keep(connection: Connection, events: Sequence[Event[Any]]) -> None:
    if not events:
        return
    vacancies, participants, ids, types, stages, times = zip(
        *(_columns(event) for event in events), strict=True
    )
    await SQL.learn_corrections(
        connection,
        vacancies=vacancies,
        participants=participants,
        events=ids,
        types=types,
        stages=stages,
        times=times,
    )


def _columns(event: Event[Any]) -> tuple[object, ...]:
    """A correction as it is stored, without what the event says."""
    data = event.data
    stage = getattr(data, "stage", None)
    return data.vacancy_id, data.participant_no, event.id, type(data).__name__, stage, event.time


def _facts(data: ApplicantFactsStated) -> tuple[object, ...]:
    return (
        data.gpa,
        data.birth_date,
        data.relevant_experience_months,
        data.education_level,
        data.priority,
    )
