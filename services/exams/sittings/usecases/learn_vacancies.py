"""VacancyPublished: which round the vacancy belongs to, and its kind of need."""

from services.exams.sittings.storage import SITTINGS
from shared.contracts.applications import VacancyPublished
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def learn_vacancies(connection: Connection, events: list[Event[VacancyPublished]]) -> None:
    """Keeps the vacancies: sittings can be scheduled for them from now on."""
    await SITTINGS.insert_vacancies(
        connection,
        vacancy_ids=[event.data.vacancy_id for event in events],
        round_ids=[event.data.round_id for event in events],
        needs=[event.data.need for event in events],
    )
