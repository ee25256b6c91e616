"""Live standings: what is read for whoever watches a vacancy's list."""

from typing import NamedTuple

from services.ranking.standings.views.show_standings import show_standings
from shared.postgres.pool import Pool, reading
from shared.web.live import LiveViews

CHANNEL = "ranking_standings"
"""Where recompute.notify says which vacancies changed, their ids with commas between."""

LINES = 100
"""Of the list's beginning, in each message; a page of the table."""


class WatchedList(NamedTuple):
    """A vacancy's list that people watch; by default the newest that has begun."""

    vacancy_id: str
    list_code: str | None


def live_standings(database_url: str, pool: Pool) -> LiveViews[WatchedList]:
    """The beginnings of watched lists, as JSON (Standings)."""

    async def read(watched: WatchedList) -> str:
        async with reading(pool) as connection:
            shown = await show_standings(connection, *watched, state=None, cursor=None, limit=LINES)
        return shown.model_dump_json()

    return LiveViews(
        database_url=database_url,
        application="ranking-api-listener",
        channel=CHANNEL,
        read=read,
        subject_of=lambda watched: watched.vacancy_id,
    )
