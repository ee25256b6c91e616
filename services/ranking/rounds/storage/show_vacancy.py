"""Says which vacancy of which round a page is about."""

from dataclasses import dataclass

from services.ranking.lists.views.show_round import Round, the_round
from services.ranking.standings.storage import SQL
from shared.postgres.pool import Connection
from shared.refusals import Refusal


@dataclass(frozen=True, slots=True)
class ThisVacancy:
    """A vacancy as one names it on paper, and its round with its law."""

    vacancy_id: str
    agency: str
    post: str
    unit_path: str
    need: str
    round: Round


async def the_vacancy(connection: Connection, vacancy_id: str) -> ThisVacancy:
    """The vacancy.

    Raises Refusal `unknown-vacancy`, `unknown-round` while its round has not arrived.
    """
    row = await SQL.vacancy(connection, vacancy_id=vacancy_id)
    if row is None:
        raise Refusal("unknown-vacancy", vacancy_id=vacancy_id)
    round_ = await the_round(connection, row["round_id"])
    return ThisVacancy(
        vacancy_id, row["agency"], row["post"], row["unit_path"], row["need"], round_
    )
