"""The published lists as a page to read and to print; no part of the API's documentation."""

from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse

from services.ranking.page_words import local, meanings
from services.ranking.publication.handlers.http import Version
from services.ranking.publication.views.show_page import show_page
from shared.contracts.fields import RoundId, VacancyId
from shared.web.dependencies import ResourcesDependency
from shared.web.pages import Pages
from shared.web.problems import reader_language
from shared.web.routes import APIRouter


def published_page(pages: Pages, zone: ZoneInfo) -> APIRouter:
    """The page of a round's published lists."""
    routes = pages.router("/rounds", back="/ranking/rounds/{round_id}/publication.html")

    @routes.get("/{round_id}/publication.html")
    async def page(
        request: Request,
        round_id: RoundId,
        resources: ResourcesDependency,
        version: Version = None,
        vacancy: VacancyId | None = None,
    ) -> HTMLResponse:
        async with resources.pool.acquire() as connection:
            shown = await show_page(connection, round_id, version, vacancy)
        return pages.render(
            request,
            "published.html",
            shown=shown,
            alone=vacancy is not None,
            local=lambda at: local(at, zone, reader_language(request)),
            meanings=meanings(pages.words(request), shown.last_list, last=True),
        )

    return routes
