"""ApplicationVerified and CandidateShortlisted: keep who may sit, and on what ground."""

from collections.abc import Sequence

from services.exams.domain.sitting import VERIFIED
from services.exams.storage.sittings import SQL
from shared.contracts.applications import ApplicationVerified
from shared.contracts.ranking import CandidateShortlisted
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def admit_verified(connection: Connection, events: list[Event[ApplicationVerified]]) -> None:
    """They may sit the first stage."""
    await _admit(connection, [event.data for event in events], [VERIFIED] * len(events))


async def admit_shortlisted(connection: Connection, events: list[Event[CandidateShortlisted]]) -> None:
    """They may sit the stage after the list."""
    await _admit(connection, [event.data for event in events], [event.data.list for event in events])


async def _admit(
    connection: Connection, who: Sequence[ApplicationVerified | CandidateShortlisted], bases: list[str]
) -> None:
    await SQL.keep_admissions(
        connection,
        round_ids=[each.round_id for each in who],
        participant_nos=[each.participant_no for each in who],
        bases=bases,
        vacancy_ids=[each.vacancy_id for each in who],
    )
