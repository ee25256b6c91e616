"""Brings the standing of candidates up to all that is known of them.

Every change of facts ends here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from services.ranking.standings.storage import SQL
from services.ranking.standings.storage.facts import Pair, candidates_known, vacancies_known
from shared.messaging.dead_letters import REPLAYING
from shared.messaging.envelope import Event
from shared.messaging.outbox import CORRELATION_ID
from shared.postgres.pool import Connection
from shared.refusals import Refusal

MOST_NAMES_A_NOTICE = 100
"""Vacancy ids have at most 64 characters, a notification 8,000 bytes; one for many vacancies, since
each costs a server-wide lock's time."""


async def lock_vacancies(connection: Connection, causes: Mapping[str, str | None]) -> None:
    """Lock the vacancies, in sorted order, and owe their standings.

    `causes` says by vacancy id which event or request changes it, by its id. Comes before anything
    else in the transaction: whoever learns something of the same vacancy meanwhile waits, and then
    sees it.
    """
    vacancies = sorted(causes)
    await SQL.lock_vacancies(
        connection, vacancies=vacancies, causes=[causes[vacancy_id] for vacancy_id in vacancies]
    )


async def lock_vacancies_of(connection: Connection, events: Iterable[Event[Any]]) -> None:
    """The same for the vacancies of these events; the last of a vacancy is its cause."""
    last = {event.data.vacancy_id: event.id for event in events}
    await lock_vacancies(connection, {vacancy_id: str(id_) for vacancy_id, id_ in last.items()})


async def lock_vacancies_to_decide(connection: Connection, vacancy_ids: Iterable[str]) -> None:
    """Lock the vacancies for a decision, which changes standings without an event.

    Raises Refusal `rebuilding` while a rebuild is under way, which would not see the decision.
    """
    if not await SQL.stay_unrebuilt(connection, lock=REPLAYING):
        raise Refusal("rebuilding")
    await lock_vacancies(connection, dict.fromkeys(vacancy_ids, CORRELATION_ID.get()))


async def recompute(connection: Connection, pairs: Collection[Pair]) -> None:
    """Write where these candidates stand now, on every list of their vacancies.

    The vacancies have been locked in this transaction.

    What was written is a function of all that is known, so it doesn't matter in which order it
    came. Vacancies whose round hasn't arrived yet are left; the round recomputes them.
    """
    vacancy_ids = sorted({vacancy_id for vacancy_id, _ in pairs})
    vacancies = await vacancies_known(connection, vacancy_ids)
    places: list[tuple[str, str, str, int, int | None, bytes]] = []
    gone: list[tuple[str, str, str]] = []
    for vacancy, candidate in await candidates_known(connection, vacancies, list(pairs)):
        for rules in vacancy.open_lists:
            standing = rules.standing_of(candidate)
            place = (vacancy.vacancy_id, rules.code, candidate.participant_no)
            if standing is not None:
                places.append((*place, standing.gate, standing.combined_score, standing.merit_key))
            elif rules.after is None:  # what a closed list admitted stays admitted
                gone.append(place)
    places.sort(key=itemgetter(0, 1, 2))  # neighbours in the index are written together
    if places:
        vacancy_column, lists, participants, gates, scores, keys = zip(*places, strict=True)
        placed = SQL.place(
            connection,
            vacancies=vacancy_column,
            lists=lists,
            participants=participants,
            gates=gates,
            scores=scores,
            keys=keys,
        )
        await _forget_counts(connection, [row async for row in placed])
    await take_off(connection, gone)
    if vacancies:
        await notify(connection, list(vacancies))


async def take_off(connection: Connection, places: Sequence[tuple[str, str, str]]) -> None:
    """Candidates (vacancy id, list, participant number) who are not on that list any more."""
    if places:
        vacancies, lists, participants = zip(*places, strict=True)
        displaced = SQL.displace(
            connection, vacancies=vacancies, lists=lists, participants=participants
        )
        await _forget_counts(connection, [row async for row in displaced])


async def _forget_counts(connection: Connection, empty: Sequence[Sequence[object]]) -> None:
    if empty:
        vacancies, lists, gates, scores = zip(*empty, strict=True)
        await SQL.forget_counts(
            connection, vacancies=vacancies, lists=lists, gates=gates, scores=scores
        )


async def candidates_of(connection: Connection, vacancy_ids: Collection[str]) -> list[Pair]:
    """Everyone of whom anything is known in these vacancies."""
    rows = SQL.candidates_of(connection, vacancies=sorted(vacancy_ids))
    return [(row["vacancy_id"], row["participant_no"]) async for row in rows]


async def recompute_vacancies(connection: Connection, vacancy_ids: Collection[str]) -> None:
    """The same for every candidate of these vacancies."""
    await recompute(connection, await candidates_of(connection, vacancy_ids))


async def vacancies_to_recompute(connection: Connection) -> list[str]:
    """Vacancies in which anyone may stand."""
    return [row["vacancy_id"] async for row in SQL.vacancies_to_recompute(connection)]


async def notify(connection: Connection, vacancy_ids: list[str]) -> None:
    """Wake the streams of these vacancies when the transaction commits."""
    payloads = [
        ",".join(vacancy_ids[start : start + MOST_NAMES_A_NOTICE])
        for start in range(0, len(vacancy_ids), MOST_NAMES_A_NOTICE)
    ]
    await SQL.notify(connection, payloads=payloads)
