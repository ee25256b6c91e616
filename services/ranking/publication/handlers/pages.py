"""The published lists as a page to read and to print, and a page that checks them.

No part of the API's documentation.
"""

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse

from services.ranking.page_words import local, meanings
from services.ranking.publication.handlers.http import Version
from services.ranking.publication.views.show_page import show_page
from shared.contracts.fields import RoundId, VacancyId
from shared.web.dependencies import ResourcesDependency
from shared.web.pages import HERE as SHARED_PAGES
from shared.web.pages import Pages
from shared.web.problems import reader_language
from shared.web.routes import APIRouter

FILES = Path(__file__).parents[1] / "pages"


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


def verifying_page(pages: Pages) -> APIRouter:
    """The page that checks a published list on the reader's own device.

    It is one file, to be kept: style and script stand in it. Its policy lets just these two work,
    and lets the page reach no server, wherever it is opened.
    """
    routes = pages.router("")
    script = _text(FILES / "assets/verify.mjs", FILES / "verify_page.mjs")
    style = _text(SHARED_PAGES / "static/terang.css", FILES / "verify_page.css")
    words = pages.every_word("verify-")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )

    @routes.get("/verify.html")
    async def page(request: Request) -> HTMLResponse:
        answer = pages.render(
            request,
            "verify.html",
            script=script,
            style=style,
            policy=policy,
            every=words,
            spoken=json.dumps(words).replace("<", "\\u003c"),
        )
        answer.headers["Content-Security-Policy"] = f"{policy}; frame-ancestors 'none'"
        return answer

    return routes


def _text(*paths: Path) -> str:
    return "".join(path.read_text("utf-8") for path in paths)


def _hash(text: str) -> str:
    """As a Content-Security-Policy names what may stand in a page."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
