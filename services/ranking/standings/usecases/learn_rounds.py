"""Learns rounds, vacancies, and how many applied: nobody is ranked before these are known."""

import json

from pydantic import ValidationError

from services.ranking.standings.storage import SQL
from services.ranking.standings.storage.facts import Pair
from services.ranking.standings.usecases.recompute import (
    candidates_of,
    lock_vacancies,
    lock_vacancies_of,
)
from shared.contracts.applications import RegistrationClosed, RoundOpened, VacancyPublished
from shared.messaging.envelope import Event
from shared.policies import Policy
from shared.postgres.pool import Connection
from shared.refusals import Refusal


async def learn_rounds(connection: Connection, events: list[Event[RoundOpened]]) -> list[Pair]:
    """Keeps each round's policy; returns whoever arrived before it.

    Raises Refusal `policy-not-understood` for a policy that this version can't apply.
    """
    causes: dict[str, str | None] = {}
    # the rounds in sorted order, too: whoever learns vacancies locks theirs
    for event in sorted(events, key=lambda event: event.data.round_id):
        await _keep(connection, event)
        rows = SQL.vacancies_of_round(connection, round_id=event.data.round_id)
        causes |= {row["vacancy_id"]: str(event.id) async for row in rows}
    await lock_vacancies(connection, causes)
    return await candidates_of(connection, causes)


async def _keep(connection: Connection, event: Event[RoundOpened]) -> None:
    """Keeps one round, unless a newer event of it is known.

    Raises Refusal as learn_rounds does.
    """
    data = event.data
    try:
        Policy.model_validate(data.policy)
    except ValidationError as error:
        raise Refusal(
            "policy-not-understood", round_id=data.round_id, faults=error.error_count()
        ) from error
    await SQL.learn_round(
        connection,
        round_id=data.round_id,
        name=data.name,
        policy=data.policy,
        policy_hash=data.policy_hash,
        seed=data.seed,
        decreed_seats=data.decreed_seats,
        registration_opens=data.calendar.registration_opens,
        sequence=event.sequence,
    )


async def learn_vacancies(
    connection: Connection, events: list[Event[VacancyPublished]]
) -> list[Pair]:
    """Keeps vacancies; returns whoever arrived before them."""
    newest = {event.data.vacancy_id: event for event in events}
    await SQL.lock_rounds(
        connection, rounds=sorted({event.data.round_id for event in newest.values()})
    )
    await lock_vacancies_of(connection, events)
    rounds, numbers, listings, agencies, posts, units, paths, needs, seats, education = zip(
        *(_columns(event.data) for event in newest.values()), strict=True
    )
    await SQL.learn_vacancies(
        connection,
        vacancies=list(newest),
        rounds=rounds,
        numbers=numbers,
        listings=listings,
        agencies=agencies,
        posts=posts,
        units=units,
        paths=paths,
        needs=needs,
        seats=seats,
        education=education,
        sequences=[event.sequence for event in newest.values()],
    )
    return await candidates_of(connection, newest)


def _columns(vacancy: VacancyPublished) -> tuple[object, ...]:
    """What is kept of a vacancy besides its id; `education` as JSON text."""
    return (
        vacancy.round_id,
        vacancy.number,
        vacancy.listing_id,
        vacancy.agency,
        vacancy.post,
        vacancy.unit_id,
        vacancy.unit_path,
        vacancy.need,
        vacancy.seats,
        json.dumps([accepted.model_dump() for accepted in vacancy.education]),
    )


async def learn_registrations(
    connection: Connection, events: list[Event[RegistrationClosed]]
) -> None:
    """Keeps how many participant numbers were given out for each vacancy."""
    newest = {event.data.vacancy_id: event for event in events}
    await lock_vacancies_of(connection, events)
    await SQL.learn_registrations(
        connection,
        vacancies=list(newest),
        submitted=[event.data.submitted for event in newest.values()],
        sequences=[event.sequence for event in newest.values()],
    )
