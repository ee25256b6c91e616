"""ApplicationVerified, CandidateShortlisted, AdmissionRevoked: who may sit, and on what ground."""

from collections.abc import Sequence

from services.exams.sittings.domain import VERIFIED
from services.exams.sittings.storage import SITTINGS
from shared.contracts.applications import ApplicationVerified
from shared.contracts.ranking import AdmissionRevoked, CandidateShortlisted
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection

AdmissionEvent = Event[ApplicationVerified] | Event[CandidateShortlisted] | Event[AdmissionRevoked]


async def learn_verifications(
    connection: Connection, events: list[Event[ApplicationVerified]]
) -> None:
    """Keeps that these candidates may sit the first stage."""
    await _learn(connection, [(event, VERIFIED) for event in events])


async def learn_shortlists(
    connection: Connection, events: list[Event[CandidateShortlisted]]
) -> None:
    """Keeps that these candidates may sit the stage after the list."""
    await _learn(connection, [(event, event.data.list) for event in events])


async def learn_revocations(connection: Connection, events: list[Event[AdmissionRevoked]]) -> None:
    """Keeps that a corrected list no longer admits these candidates.

    Their results stay on record.
    """
    await _learn(connection, [(event, event.data.list) for event in events], revoked=True)


async def _learn(
    connection: Connection,
    admissions: Sequence[tuple[AdmissionEvent, str]],
    *,
    revoked: bool = False,
) -> None:
    """Keeps the newest event of each candidate and basis; `admissions` are (event, basis)."""
    newest = {
        (event.data.round_id, event.data.participant_no, basis): event
        for event, basis in admissions
    }
    round_ids, participant_nos, bases = zip(*newest, strict=True)
    await SITTINGS.upsert_admissions(
        connection,
        revoked=revoked,
        round_ids=round_ids,
        participant_nos=participant_nos,
        bases=bases,
        vacancy_ids=[event.data.vacancy_id for event in newest.values()],
        sequences=[event.sequence for event in newest.values()],
    )
