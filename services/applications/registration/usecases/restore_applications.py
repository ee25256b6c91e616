"""After a restored backup, applications come back from the log."""

from collections.abc import Collection, Iterable

from services.applications.registration.storage import REGISTRATION
from shared.contracts.applications import (
    ApplicantFactsStated,
    ApplicationEvent,
    ApplicationSubmitted,
    RegistrationClosed,
)
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def restore_applications(
    connection: Connection, events: list[Event[ApplicationSubmitted]]
) -> list[str]:
    """Takes in applications without their persons.

    Returns the subjects of those whose participant number is another person's in the database,
    who registered after the restoring: these are left out.
    """
    return [
        event.subject
        for event in events
        if not await REGISTRATION.restore_application(
            connection,
            vacancy_id=event.data.vacancy_id,
            participant_no=event.data.participant_no,
            round_id=event.data.round_id,
            at=event.time,
        )
    ]


async def restore_facts(connection: Connection, events: list[Event[ApplicantFactsStated]]) -> None:
    """Takes in what applicants stated, as the log last has it: a verifier may state it anew."""
    newest = {(event.data.vacancy_id, event.data.participant_no): event.data for event in events}
    for facts in newest.values():
        await REGISTRATION.restore_facts(
            connection,
            vacancy_id=facts.vacancy_id,
            participant_no=facts.participant_no,
            round_id=facts.round_id,
            account=facts.account,
            education_level=facts.education_level,
            gpa=facts.gpa,
            birth_date=facts.birth_date,
            experience=facts.relevant_experience_months,
            priority=facts.priority,
        )


async def restore_counters(
    connection: Connection,
    applications: Iterable[ApplicationEvent],
    closed: Collection[RegistrationClosed],
) -> list[str]:
    """Moves each vacancy's counter past the participant numbers on the log.

    Returns a line for each counter that moved.
    """
    shown = {count.vacancy_id: count.submitted for count in closed}
    for application in applications:
        number = int(application.participant_no.rpartition("-")[2])
        shown[application.vacancy_id] = max(number, shown.get(application.vacancy_id, 0))
    moved = REGISTRATION.push_counters(
        connection, vacancy_ids=list(shown), numbers=list(shown.values())
    )
    return [
        f"Vacancy {row['vacancy_id']}: participant numbers go on above {row['number']}"
        async for row in moved
    ]


async def restore_closed(connection: Connection, events: list[Event[RegistrationClosed]]) -> None:
    """Closes registration where the log says that it is closed."""
    for event in events:
        await REGISTRATION.restore_closed(
            connection,
            vacancy_ids=[event.data.vacancy_id],
            round_ids=[event.data.round_id],
            at=event.time,
        )
