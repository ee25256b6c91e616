"""Learns who applied, who meets the requirements, who withdrew, and the facts that ties use.

What changes where people stand returns them.
"""

from services.ranking.standings.storage import SQL
from services.ranking.standings.storage.facts import Pair
from services.ranking.standings.usecases.recompute import lock_vacancies_of
from shared.contracts.applications import (
    ApplicantFactsStated,
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationVerified,
    ApplicationWithdrawn,
    RejectionReasonsStated,
)
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def learn_submissions(
    connection: Connection, events: list[Event[ApplicationSubmitted]]
) -> None:
    """Counts who applied; nobody is ranked by that."""
    pairs = sorted({(event.data.vacancy_id, event.data.participant_no) for event in events})
    await lock_vacancies_of(connection, events)
    await SQL.learn_submissions(
        connection, vacancies=[pair[0] for pair in pairs], participants=[pair[1] for pair in pairs]
    )


async def learn_verifications(
    connection: Connection,
    events: list[Event[ApplicationVerified]] | list[Event[ApplicationRejected]],
) -> list[Pair]:
    """Keeps who meets the requirements (MS) and who does not (TMS)."""
    newest = {(event.data.vacancy_id, event.data.participant_no): event for event in events}
    vacancies, participants = zip(*newest, strict=True)
    await lock_vacancies_of(connection, events)
    await SQL.learn_verifications(
        connection,
        vacancies=vacancies,
        participants=participants,
        verified=[isinstance(event.data, ApplicationVerified) for event in newest.values()],
        sequences=[event.sequence for event in newest.values()],
    )
    return list(newest)


async def learn_rejections(
    connection: Connection, events: list[Event[RejectionReasonsStated]]
) -> None:
    """Keeps why applications were rejected: nobody is ranked by that, so no standings are owed."""
    newest = {(event.data.vacancy_id, event.data.participant_no): event for event in events}
    await SQL.learn_rejections(
        connection,
        vacancies=[vacancy_id for vacancy_id, _ in newest],
        participants=[participant_no for _, participant_no in newest],
        reasons=[",".join(event.data.reasons) for event in newest.values()],
        sequences=[event.sequence for event in newest.values()],
    )


async def learn_withdrawals(
    connection: Connection, events: list[Event[ApplicationWithdrawn]]
) -> list[Pair]:
    """Marks who withdrew (APS)."""
    pairs = sorted({(event.data.vacancy_id, event.data.participant_no) for event in events})
    await lock_vacancies_of(connection, events)
    await SQL.learn_withdrawals(
        connection, vacancies=[pair[0] for pair in pairs], participants=[pair[1] for pair in pairs]
    )
    return pairs


async def learn_applicant_facts(
    connection: Connection, events: list[Event[ApplicantFactsStated]]
) -> list[Pair]:
    """Keeps the facts that order equals, as last stated or corrected."""
    newest = {(event.data.vacancy_id, event.data.participant_no): event for event in events}
    vacancies, participants = zip(*newest, strict=True)
    await lock_vacancies_of(connection, events)
    gpas, birth_dates, months, education, priorities = zip(
        *(_facts(event.data) for event in newest.values()), strict=True
    )
    await SQL.learn_applicant_facts(
        connection,
        vacancies=vacancies,
        participants=participants,
        gpas=gpas,
        birth_dates=birth_dates,
        months=months,
        education=education,
        priorities=priorities,
        sequences=[event.sequence for event in newest.values()],
    )
    return list(newest)


def _facts(stated: ApplicantFactsStated) -> tuple[object, ...]:
    return (
        stated.gpa,
        stated.birth_date,
        stated.relevant_experience_months,
        stated.education_level,
        stated.priority,
    )
