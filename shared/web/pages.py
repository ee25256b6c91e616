"""Pages for people: a service's templates in the shared layout, in the reader's language."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.staticfiles import StaticFiles

from shared.languages import Language
from shared.refusals import Refusal
from shared.web.problems import Problems, reader_language
from shared.web.routes import APIRouter, GuardedRoute

HERE = Path(__file__).parent
SAME_ORIGIN = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing is loaded from elsewhere, and no script that did not come as a file of ours."""


class PageRoute(GuardedRoute):
    """A route that answers with a page, also where something goes wrong.

    `back`: the page that it hangs on, to be filled from the path.
    """

    back: str | None


class Assets(StaticFiles):
    """The files of several folders under one address."""

    def __init__(self, folders: Iterable[Path]) -> None:
        super().__init__()
        self.all_directories = [folder for folder in folders if folder.is_dir()]
        files = (
            str(path.relative_to(at))
            for at in self.all_directories
            for path in Path(at).rglob("*")
            if path.is_file()
        )
        _refuse_twice("asset", files)


class Pages:
    """The pages of one service.

    Each folder holds templates, and where needed their `words.toml` (tables `id` and `en`) and
    `assets/`. Raises ValueError where two folders define the same template, word or asset.
    """

    def __init__(self, service: str, folders: Path | Sequence[Path], problems: Problems) -> None:
        self._service = service
        self._folders = [folders] if isinstance(folders, Path) else list(folders)
        self.problems = problems
        searched = [HERE / "templates", *self._folders]
        _refuse_twice("template", (path.name for at in searched for path in at.glob("*.html")))
        self._templates = Environment(
            loader=FileSystemLoader(searched),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._words = _read_words(searched)

    def serve_assets(self, app: FastAPI) -> None:
        """Serves style and script files.

        /<service>/static is the layout's, /<service>/assets the service's own.
        """
        app.mount(f"/{self._service}/static", StaticFiles(directory=HERE / "static"))
        app.mount(f"/{self._service}/assets", Assets([at / "assets" for at in self._folders]))

    def router(self, prefix: str, back: str | None = None) -> APIRouter:
        """Takes routes of pages; they are no part of the API's documentation."""
        its_back = back

        class Route(PageRoute):
            back = its_back

        return APIRouter(prefix=prefix, route_class=Route, include_in_schema=False)

    def words(self, request: Request) -> Mapping[str, str]:
        """The words of the reader's language."""
        return self._words[reader_language(request)]

    def every_word(self, prefix: str) -> dict[str, dict[str, str]]:
        """The words that begin so, by language, for a page that holds both."""
        return {
            language: {word: text for word, text in words.items() if word.startswith(prefix)}
            for language, words in self._words.items()
        }

    def render(
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
                "Vary": "Accept-Language, Cookie",
            },
        )

    def problem(
        self, request: Request, refusal: Refusal, headers: Mapping[str, str] | None = None
    ) -> HTMLResponse:
        """What a person sees instead of a page that can't be shown.

        It says what failed, why, and what to do next.
        """
        details = self.problems.details(refusal, reader_language(request))
        back = _back(request, refusal)
        answer = self.render(
            request, "problem.html", status=details.status, problem=details, back=back
        )
        answer.headers.update(headers or {})
        return answer

    def wrong_address(self, request: Request, names: Iterable[str]) -> HTMLResponse:
        """The same where parts of the address are missing or not of their form.

        Their words are `part-…`.
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


def _read_words(folders: Iterable[Path]) -> dict[Language, dict[str, str]]:
    """The words of all folders, by language."""
    files = [folder / "words.toml" for folder in folders]
    tables = [tomllib.loads(path.read_text("utf-8")) for path in files if path.exists()]
    languages: tuple[Language, ...] = ("id", "en")
    for language in languages:
        _refuse_twice("word", (word for table in tables for word in table[language]))
    return {
        language: {word: text for table in tables for word, text in table[language].items()}
        for language in languages
    }


def _refuse_twice(kind: str, names: Iterable[str]) -> None:
    """Raises ValueError for names that are defined more than once."""
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise ValueError(f"{kind} defined twice: {', '.join(twice)}")
