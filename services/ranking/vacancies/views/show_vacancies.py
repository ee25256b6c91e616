"""Shows everyone the vacancies of a round: the way to their lists, seats and publications."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.ranking.publication.views.show_versions import newest_published
from services.ranking.rounds.domain import Round
from services.ranking.rounds.storage import load_round
from services.ranking.seats.storage import SQL as SEATS
from services.ranking.vacancies.storage import SQL
from services.ranking.vacancies.views.list_vacancies import VacancyInList, list_vacancies, words_of
from shared.paging import Page, from_cursor
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class RoundVacancies:
    """A page of the vacancies of a round that a search finds."""

    rounds: Mapping[str, str]
    """Rounds that have vacancies, by id with their names, the newest first."""
    round: Round
    page: Page[VacancyInList]
    found: int
    before: int
    """How many of them are on the pages before."""
    filling: bool
    """Whether empty seats of the round are, or were, being filled."""
    published: bool


async def show_vacancies(
    connection: Connection,
    round_id: str | None,
    search: str,
    need: str | None,
    cursor: str | None,
    limit: int,
) -> RoundVacancies | None:
    """The vacancies, of the newest round if none is named; none while no round has any.

    Raises Refusal `unknown-round`, `bad-cursor`.
    """
    rounds = {row["round_id"]: row["name"] async for row in SQL.rounds_to_look_at(connection)}
    round_id = round_id or next(iter(rounds), None)
    if round_id is None:
        return None
    round_ = await load_round(connection, round_id)
    page = await list_vacancies(connection, round_id, search, need, cursor, limit)
    _, after = from_cursor(cursor, fields=2) or ["", 0]
    counts = await SQL.vacancies_found(
        connection, round_id=round_id, words=words_of(search), need=need, after_number=after
    )
    return RoundVacancies(
        rounds={round_id: round_.name, **rounds} if round_id not in rounds else rounds,
        round=round_,
        page=page,
        found=counts["found"],
        before=counts["before"],
        filling=await SEATS.filling_start(connection, round_id=round_id) is not None,
        published=await newest_published(connection, round_id) is not None,
    )
