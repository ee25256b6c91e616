"""Learns sittings and their results: the events that come by the thousand on an exam day."""

from pydantic_core import to_json

from services.ranking.merit.domain.candidate import Outcome
from services.ranking.standings.storage import SQL
from services.ranking.standings.storage.facts import Pair
from services.ranking.standings.usecases.recompute import lock_vacancies_of
from shared.contracts.exams import (
    CandidateDisqualified,
    ExamMissed,
    ExamScheduled,
    ExamScoreCorrected,
    ExamScored,
    SittingClosed,
)
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection

Result = ExamScored | ExamScoreCorrected | ExamMissed | CandidateDisqualified

OUTCOMES: dict[type[Result], Outcome] = {
    ExamScored: Outcome.SCORED,
    ExamScoreCorrected: Outcome.SCORED,
    ExamMissed: Outcome.MISSED,
    CandidateDisqualified: Outcome.DISQUALIFIED,
}


async def learn_results(connection: Connection, events: list[Event[Result]]) -> set[Pair]:
    """Keeps the newest result of each candidate in each sitting; returns these candidates."""
    newest = {
        (
            event.data.vacancy_id,
            event.data.participant_no,
            event.data.stage,
            event.data.sitting_id,
        ): event
        for event in events
    }
    vacancies, participants, stages, sittings = zip(*newest, strict=True)
    await lock_vacancies_of(connection, events)
    await SQL.learn_results(
        connection,
        vacancies=vacancies,
        participants=participants,
        stages=stages,
        sittings=sittings,
        outcomes=[OUTCOMES[type(event.data)] for event in newest.values()],
        points=[_points(event.data) for event in newest.values()],
        sequences=[event.sequence for event in newest.values()],
    )
    return set(zip(vacancies, participants, strict=True))


async def learn_sittings(connection: Connection, events: list[Event[ExamScheduled]]) -> None:
    """Keeps which sittings are to close before a list may."""
    newest = {(event.data.vacancy_id, event.data.sitting_id): event for event in events}
    vacancies, sittings = zip(*newest, strict=True)
    await lock_vacancies_of(connection, events)
    await SQL.learn_sittings(
        connection,
        vacancies=vacancies,
        sittings=sittings,
        stages=[event.data.stage for event in newest.values()],
        sequences=[event.sequence for event in newest.values()],
    )


async def learn_closed_sittings(connection: Connection, events: list[Event[SittingClosed]]) -> None:
    """Keeps what each sitting counted, so that it can be seen when all of it has arrived."""
    newest = {(event.data.vacancy_id, event.data.sitting_id): event for event in events}
    vacancies, sittings = zip(*newest, strict=True)
    await lock_vacancies_of(connection, events)
    stages, scored, missed, disqualified = zip(
        *(_counts(event.data) for event in newest.values()), strict=True
    )
    await SQL.learn_closed_sittings(
        connection,
        vacancies=vacancies,
        sittings=sittings,
        stages=stages,
        scored=scored,
        missed=missed,
        disqualified=disqualified,
        sequences=[event.sequence for event in newest.values()],
    )


def _points(data: Result) -> str | None:
    if isinstance(data, ExamScored | ExamScoreCorrected):
        return to_json(data.points).decode()
    return None


def _counts(closed: SittingClosed) -> tuple[str, int, int, int]:
    return closed.stage, closed.scored, closed.missed, closed.disqualified
