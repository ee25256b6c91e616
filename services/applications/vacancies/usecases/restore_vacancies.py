"""After a restored backup, units and published vacancies come back from the log."""

from collections.abc import Sequence

from services.applications.rounds.storage import ROUNDS
from services.applications.vacancies.domain.units import RegisteredUnit
from services.applications.vacancies.storage import VACANCIES, keep_units
from shared.contracts.applications import UnitRegistered, VacancyPublished
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def restore_units(connection: Connection, events: list[Event[UnitRegistered]]) -> None:
    """Takes in units as the log last states them."""
    newest = {event.data.unit_id: event.data for event in events}.values()
    units = [RegisteredUnit(unit.unit_id, unit.path, unit.staff) for unit in newest]
    await keep_units(connection, units)


async def restore_vacancies(
    connection: Connection, events: list[Event[VacancyPublished]]
) -> list[str]:
    """Takes in the published vacancies of each round in place of its draft.

    Returns a line for each round some of whose vacancies are not on the log.
    """
    by_round: dict[str, list[Event[VacancyPublished]]] = {}
    for event in events:
        by_round.setdefault(event.data.round_id, []).append(event)
    lines = []
    for round_id in sorted(by_round):
        lines += await _restore_round(connection, round_id, by_round[round_id])
    return lines


async def _restore_round(
    connection: Connection, round_id: str, events: Sequence[Event[VacancyPublished]]
) -> list[str]:
    await VACANCIES.drop_draft(connection, round_id=round_id)
    vacancies = [event.data.model_dump(mode="json") for event in events]
    await VACANCIES.keep_draft(connection, round_id=round_id, vacancies=vacancies)
    vacancy_ids = [event.data.vacancy_id for event in events]
    await VACANCIES.mark_published(connection, vacancy_ids=vacancy_ids)
    published_at = max(event.time for event in events)
    await VACANCIES.mark_round_published(connection, round_id=round_id, at=published_at)
    round_ = await ROUNDS.round_by_id(connection, round_id=round_id)
    if round_["seats"] == round_["decreed_seats"]:
        return []
    line = (
        f"Round {round_id} has {round_['seats']} of {round_['decreed_seats']} decreed seats: "
        "some of its vacancies never reached the log. Open a new round in its place."
    )
    return [line]
