"""Lists vacancies to anyone, by round and number."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from services.ranking.answer_fields import SeatsInAll, VacancyNumber
from services.ranking.vacancies.storage import SQL
from shared.contracts.fields import Agency, NeedCode, Post, RoundId, UnitPath, VacancyId
from shared.paging import Page, from_cursor, page
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class VacancyInList(BaseModel):
    """A vacancy in the list of vacancies."""

    vacancy_id: VacancyId
    round_id: RoundId
    number: VacancyNumber
    agency: Agency
    post: Post
    unit_path: UnitPath
    need: NeedCode
    seats: SeatsInAll
    closed: tuple[str, ...] = Field(description="Its lists that are fixed")


def words_of(search: str) -> list[str]:
    """The words of a search; PostgreSQL takes no NUL."""
    return search.replace("\x00", " ").split()


async def list_vacancies(
    connection: Connection,
    round_id: str | None,
    search: str,
    need: str | None,
    cursor: str | None,
    limit: int,
) -> Page[VacancyInList]:
    """Vacancies in order of round and number.

    As far as asked for: of a round, with all words of a search, for a kind of need. Raises Refusal
    `bad-cursor`.
    """
    after_round, after_number = _after(cursor)
    rows = SQL.vacancies_after(
        connection,
        round_id=round_id,
        words=words_of(search),
        need=need,
        after_round=after_round,
        after_number=after_number,
        most=limit + 1,
    )
    items = [_in_list(row) async for row in rows]
    return page(items, limit, lambda item: (item.round_id, item.number))


async def show_vacancy(connection: Connection, vacancy_id: str) -> VacancyInList:
    """One vacancy as the list has it. Raises Refusal `unknown-vacancy`."""
    row = await SQL.vacancy_listed(connection, vacancy_id=vacancy_id)
    if row is None:
        raise Refusal("unknown-vacancy", vacancy_id=vacancy_id)
    return _in_list(row)


def _in_list(row: Mapping[str, Any]) -> VacancyInList:
    return VacancyInList.model_validate(
        {**row, "closed": sorted(row["closed"] or ())}, extra="ignore"
    )


def _after(cursor: str | None) -> tuple[str, int]:
    """Round and number of the last vacancy seen. Raises Refusal `bad-cursor`."""
    round_id, number = from_cursor(cursor, fields=2) or ["", 0]
    if not isinstance(round_id, str) or not isinstance(number, int) or not 0 <= number < 2**31:
        raise Refusal("bad-cursor")
    return round_id, number
