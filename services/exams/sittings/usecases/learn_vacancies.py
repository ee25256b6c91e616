"""VacancyPublished: keep which round the vacancy belongs to, and its kind of need."""

from services.exams.sittings.storage import SQL
from shared.contracts.applications import VacancyPublished
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def keep_vacancies(connection: Connection, events: list[Event[VacancyPublished]]) -> None:
    """Vacancies can be scheduled from here on."""
    await SQL.keep_vacancies(
        connection,
        vacancy_ids=[event.data.vacancy_id for event in events],
        round_ids=[event.data.round_id for event in events],
        needs=[event.data.need for event in events],
    )
