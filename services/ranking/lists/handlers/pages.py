"""The page of who moved when a fixed list was corrected; no part of the API's documentation."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from services.ranking.lists.views.show_revisions import show_changes
from services.ranking.page_words import VACANCY, local
from services.ranking.rounds.storage import load_vacancy
from services.ranking.standings.handlers.live import LINES
from shared.contracts.fields import StageCode, VacancyId
from shared.contracts.strict import IN_DIGITS
from shared.postgres.pool import reading
from shared.web.dependencies import ResourcesDependency
from shared.web.pages import Pages
from shared.web.parameters import Cursor
from shared.web.problems import reader_language
from shared.web.routes import APIRouter

WhichVersion = Annotated[
    int,
    Field(ge=1, le=2**31 - 1),
    IN_DIGITS,
    Query(description="Of a fixed list; by default the one that counts"),
]


def changes_page(pages: Pages, zone: ZoneInfo) -> APIRouter:
    """Who moved in a version of a fixed list."""
    routes = pages.router("/vacancies", back=VACANCY)

    @routes.get("/{vacancy_id}/changes")
    async def changes(
        request: Request,
        vacancy_id: VacancyId,
        list_: Annotated[StageCode, Query(alias="list")],
        version: WhichVersion,
        resources: ResourcesDependency,
        cursor: Cursor = None,
    ) -> HTMLResponse:
        async with reading(resources.pool) as connection:
            shown = await show_changes(connection, vacancy_id, list_, version, cursor, LINES)
            about = await load_vacancy(connection, vacancy_id)
        language = reader_language(request)
        policy_list = about.round.policy.list_called(list_)
        assert policy_list is not None
        return pages.render(
            request,
            "changes.html",
            shown=shown,
            about=about,
            list_name=getattr(policy_list.name, language),
            local=lambda at: local(at, zone, language),
            first_page=cursor is None,
        )

    return routes
