"""After a restored backup, takes back in what the service stated since (`terang recover`)."""

from collections.abc import Sequence

from services.applications.registration.usecases.restore_applications import (
    restore_applications,
    restore_closed,
    restore_counters,
    restore_facts,
)
from services.applications.rounds.usecases.restore_rounds import restore_rounds
from services.applications.seats.usecases.restore_answers import restore_answers
from services.applications.vacancies.usecases.restore_vacancies import (
    restore_units,
    restore_vacancies,
)
from services.applications.verification.usecases.restore_decisions import (
    Decided,
    restore_decisions,
    restore_reasons,
)
from shared.contracts.applications import (
    ApplicantFactsStated,
    ApplicationEvent,
    ApplicationSubmitted,
    RegistrationClosed,
    RejectionReasonsStated,
    RoundOpened,
    SeatAccepted,
    SeatDeclined,
    UnitRegistered,
    VacancyPublished,
)
from shared.contracts.catalogue import stated_by
from shared.messaging.envelope import Record
from shared.messaging.restoring import known_events, those_of
from shared.postgres.pool import Connection
from shared.proposals.usecases import close_restored


async def restore(connection: Connection, records: Sequence[Record]) -> list[str]:
    """Takes in what the log has and the database lacks, room by room.

    `records` are in order of topic, partition and offset. Who an application belongs to is on the
    log as a hash alone: the persons come back as they ask; notes and drafts are lost. Returns lines
    for the operator: what was taken in, and what a person has to see to.
    """
    found, lines = known_events(records, stated_by("applications").values())
    await restore_units(connection, those_of(found, UnitRegistered))
    await restore_rounds(connection, those_of(found, RoundOpened))
    lines += await restore_vacancies(connection, those_of(found, VacancyPublished))
    submitted = those_of(found, ApplicationSubmitted)
    given_twice = await restore_applications(connection, submitted)
    own = [event for event in found if event.subject not in given_twice]
    await restore_facts(connection, those_of(own, ApplicantFactsStated))
    await restore_decisions(connection, [event for event in own if isinstance(event.data, Decided)])
    await restore_reasons(connection, those_of(own, RejectionReasonsStated))
    await restore_answers(connection, those_of(found, SeatAccepted, SeatDeclined))
    closed = those_of(found, RegistrationClosed)
    applications = [event.data for event in those_of(found, ApplicationEvent)]
    counts = [event.data for event in closed]
    lines += await restore_counters(connection, applications, counts)
    await restore_closed(connection, closed)
    lines += await close_restored(connection)
    return [*lines, *_to_settle(given_twice, len(submitted) - len(given_twice))]


def _to_settle(given_twice: Sequence[str], without_person: int) -> list[str]:
    """What a person has to see to: numbers that two people hold, applications that nobody sees."""
    lines = [
        f"Given twice: {subject} is one person's on the log and another's in this database, who "
        "registered between the restoring and this command. What the log says of it was not taken "
        "in; an officer has to settle with both, who hold receipts with this number."
        for subject in given_twice
    ]
    if without_person > 0:
        lines.append(
            f"{without_person} applications came back without their persons. Each person has "
            "theirs again once they ask for their applications (GET /applications/me): the log "
            "has a hash of their account. Where only an older version stated the application it "
            "has none; then the participant number stands on the applicant's receipt."
        )
    return lines
