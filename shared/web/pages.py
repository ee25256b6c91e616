"""Pages for people: templates of one service in the layout that all share, words in the reader's
language.
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.staticfiles import StaticFiles

from shared.refusals import Refusal
from shared.web.problems import Problems, reader_language

HERE = Path(__file__).parent
SAME_ORIGIN = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
"""Nothing is loaded from elsewhere, and no script that did not come as a file of ours."""


class PageRoute(APIRoute):
    """A route that answers with a page, also where something goes wrong.

    `back`: the page that it hangs on, to be filled from the path.
    """

    pages: "Pages"
    back: str | None


class Pages:
    """The pages of one service: `folder` holds its templates, `words.toml` with the tables `id` and
    `en`, and `assets/`.
    """

    def __init__(self, service: str, folder: Path, problems: Problems) -> None:
        self._service = service
        self._folder = folder
        self._problems = problems
        self._templates = Environment(
            loader=FileSystemLoader([folder, HERE / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._words = {
            language: {
                word: text
                for path in (HERE / "templates" / "words.toml", folder / "words.toml")
                for word, text in tomllib.loads(path.read_text("utf-8"))[language].items()
            }
            for language in ("id", "en")
        }

    def serve_assets(self, app: FastAPI) -> None:
        """Style and script files: /<service>/static is the layout's, /<service>/assets the
        service's own.
        """
        app.mount(f"/{self._service}/static", StaticFiles(directory=HERE / "static"))
        app.mount(f"/{self._service}/assets", StaticFiles(directory=self._folder / "assets"))

    def router(self, prefix: str, back: str | None = None) -> APIRouter:
        """Takes routes of pages; they are no part of the API's documentation."""
        its_pages, its_back = self, back

        class Route(PageRoute):
            pages = its_pages
            back = its_back

        return APIRouter(prefix=prefix, route_class=Route, include_in_schema=False)

    def words(self, request: Request) -> Mapping[str, str]:
        """The words of the reader's language."""
        return self._words[reader_language(request)]

    def answer(
        self, request: Request, template: str, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """A template filled in.

        It sees `words`, `language`, `service`, the addresses of this page in both languages, and
        `values`.
        """
        language = reader_language(request)
        html = self._templates.get_template(template).render(
            words=self._words[language],
            language=language,
            service=self._service,
            here={
                code: str(request.url.include_query_params(lang=code).query)
                for code in ("id", "en")
            },
            **values,
        )
        return HTMLResponse(
            html,
            status_code=status,
            headers={
                "Content-Language": language,
                "Content-Security-Policy": SAME_ORIGIN,
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "same-origin",
                "Vary": "Accept-Language, Cookie",
            },
        )

    def problem(
        self, request: Request, refusal: Refusal, headers: Mapping[str, str] | None = None
    ) -> HTMLResponse:
        """What a person sees instead of a page that can't be shown: what failed, why, and what to
        do next.
        """
        details = self._problems.details(refusal, reader_language(request))
        back = _back(request, refusal)
        answer = self.answer(
            request, "problem.html", status=details.status, problem=details, back=back
        )
        answer.headers.update(headers or {})
        return answer

    def wrong_address(self, request: Request, names: Iterable[str]) -> HTMLResponse:
        """The same where parts of the address are missing or not of their form: their words are
        `part-…`.
        """
        words = self.words(request)
        parts = ", ".join(dict.fromkeys(words.get(f"part-{name}", name) for name in names))
        return self.problem(request, Refusal("wrong-address", parts=parts))


def _back(request: Request, refusal: Refusal) -> str | None:
    """Where a problem leads back to: not to what isn't there, nor to itself."""
    route = request.scope.get("route")
    if not isinstance(route, PageRoute) or route.back is None:
        return None
    back = route.back.format_map(request.path_params)
    if back == request.url.path and set(request.query_params) <= {"lang"}:
        return None
    return None if any(back.endswith(f"/{fact}") for fact in refusal.facts.values()) else back
