"""ApplicationVerified, CandidateShortlisted and AdmissionRevoked: keep who may sit, and on what
ground.
"""

from collections.abc import Sequence

from services.exams.sittings.domain import VERIFIED
from services.exams.sittings.storage import SQL
from shared.contracts.applications import ApplicationVerified
from shared.contracts.ranking import AdmissionRevoked, CandidateShortlisted
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection

Said = Event[ApplicationVerified] | Event[CandidateShortlisted] | Event[AdmissionRevoked]


async def admit_verified(connection: Connection, events: list[Event[ApplicationVerified]]) -> None:
    """They may sit the first stage."""
    await _keep(connection, [(event, VERIFIED) for event in events])


async def admit_shortlisted(
    connection: Connection, events: list[Event[CandidateShortlisted]]
) -> None:
    """They may sit the stage after the list."""
    await _keep(connection, [(event, event.data.list) for event in events])


async def revoke_admissions(connection: Connection, events: list[Event[AdmissionRevoked]]) -> None:
    """They may no longer: the list was corrected. Results that they have stay on record."""
    await _keep(connection, [(event, event.data.list) for event in events], revoked=True)


async def _keep(
    connection: Connection, said: Sequence[tuple[Said, str]], *, revoked: bool = False
) -> None:
    newest = {
        (event.data.round_id, event.data.participant_no, basis): event for event, basis in said
    }
    await SQL.keep_admissions(
        connection,
        revoked=revoked,
        round_ids=[round_id for round_id, _, _ in newest],
        participant_nos=[participant_no for _, participant_no, _ in newest],
        bases=[basis for _, _, basis in newest],
        vacancy_ids=[event.data.vacancy_id for event in newest.values()],
        sequences=[event.sequence for event in newest.values()],
    )
