"""The pages of a vacancy's list, and of the vacancies of a round."""

import re
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.ranking.lists.handlers.pages import WhichVersion
from services.ranking.page_words import VACANCIES, VACANCY, local
from services.ranking.publication.storage.publications import public_version
from services.ranking.standings.handlers.live import LINES
from services.ranking.standings.handlers.request_fields import WhichList
from services.ranking.standings.storage.requested_list import State, load_list
from services.ranking.vacancies.handlers.http import Search
from services.ranking.vacancies.handlers.list_words import code_meanings, which_lines, why_nobody
from services.ranking.vacancies.views.show_vacancies import RoundVacancies, show_vacancies
from services.ranking.vacancies.views.show_vacancy_page import VacancyPage, show_vacancy_page
from shared.contracts.fields import VacancyId
from shared.languages import Language
from shared.postgres.pool import Connection, reading
from shared.refusals import Refusal
from shared.web.dependencies import ResourcesDependency
from shared.web.kept_answers import Answer, KeptAnswersDependency
from shared.web.pages import Pages
from shared.web.parameters import Cursor
from shared.web.problems import reader_language
from shared.web.routes import APIRouter

OrEmpty = Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{0,40}$")]
"""A code, or nothing: a form sends its fields empty, too."""

ON_PAPER = 1000
"""Lines of a fixed list on one page, for printing: some forty sheets. A longer list goes on on a
further page."""

NUMBER = re.compile(r"([0-9]{4,6})-?([0-9]{6})")
"""A participant number as people type it: phones' keyboards for digits have no hyphen."""


def vacancy_pages(pages: Pages, zone: ZoneInfo) -> APIRouter:
    """A vacancy's list, and the way to one candidate's explanation.

    They are no part of the API's documentation.
    """
    routes = pages.router("/vacancies", back=VACANCY)

    @routes.get("/{vacancy_id}")
    async def standings(
        request: Request,
        vacancy_id: VacancyId,
        resources: ResourcesDependency,
        kept: KeptAnswersDependency,
        list_: WhichList = None,
        version: WhichVersion | None = None,
        cursor: Cursor = None,
        on_paper: Annotated[
            bool, Query(alias="all", description="Of a fixed list: as one page")
        ] = False,
    ) -> Response:
        state: State | None = "closed" if on_paper else None
        limit = ON_PAPER if on_paper else LINES

        async def make() -> Answer:
            async with reading(resources.pool) as connection:
                page = await show_vacancy_page(
                    connection, vacancy_id, list_, version, state, cursor, limit
                )
            as_of = local(resources.clock(), zone, reader_language(request))
            shown = _list_page(pages, request, page, zone, cursor, as_of, on_paper=on_paper)
            return Answer(shown, page.standings.state == "closed")

        return await kept.answer(
            request, vacancy_id, lambda: public_version(resources.pool, vacancy_id), make
        )

    @routes.get("/{vacancy_id}/candidate")
    async def candidate(
        request: Request,
        vacancy_id: VacancyId,
        resources: ResourcesDependency,
        participant_no: str = "",
        list_: WhichList = None,
    ) -> Response:
        async with reading(resources.pool) as connection:
            why = await _explanation_of(connection, vacancy_id, participant_no, list_)
        return RedirectResponse(f"{why}lang={reader_language(request)}", 303)

    return routes


def _list_page(
    pages: Pages,
    request: Request,
    page: VacancyPage,
    zone: ZoneInfo,
    cursor: str | None,
    as_of: str,
    *,
    on_paper: bool,
) -> HTMLResponse:
    language = reader_language(request)
    words = pages.words(request)
    shown, policy = page.standings, page.round.policy
    lists = {policy_list.code: getattr(policy_list.name, language) for policy_list in policy.lists}
    return pages.render(
        request,
        "standings.html",
        shown=shown,
        round_name=page.round.name,
        lists=lists,
        list_name=lists[shown.list],
        need_name=getattr(policy.needs[shown.need].name, language),
        within_code=page.policy_list.codes.within,
        meanings=code_meanings(words, page),
        closed_at=shown.closed_at and local(shown.closed_at, zone, language),
        history=page.history,
        this=page.history and page.history.find(shown.version),
        published=page.published,
        seats_moved=page.seats_moved,
        nobody=why_nobody(words, page, lists),
        lines_shown=which_lines(words, shown, cursor),
        as_of=as_of,
        local=lambda at: local(at, zone, language),
        first_page=cursor is None,
        on_paper=on_paper,
        moves=shown.state == "live" and cursor is None,
    )


async def _explanation_of(
    connection: Connection, vacancy_id: str, participant_no: str, list_code: str | None
) -> str:
    """The address of a candidate's explanation, to be followed by a last query parameter.

    The newest list isn't named in it: a candidate whom no list let go on is on an earlier one.
    Raises Refusal as load_list does, and `not-on-the-list` for what is no participant number.
    """
    newest = (await load_list(connection, vacancy_id, None, None)).rules.code
    number = NUMBER.fullmatch(participant_no.strip())
    if number is None:
        raise Refusal("not-on-the-list", participant_no=participant_no, list=list_code or newest)
    which = "" if list_code in {None, newest} else f"list={list_code}&"
    return f"/ranking/vacancies/{vacancy_id}/candidates/{'-'.join(number.groups())}/why?{which}"


def vacancies_page(pages: Pages) -> APIRouter:
    """The way in: the vacancies of a round, to be searched without a script."""
    routes = pages.router("", back=VACANCIES)

    @routes.get("")
    @routes.get("/")
    async def way_in(
        request: Request, round_id: OrEmpty = "", search: Search = "", need: OrEmpty = ""
    ) -> RedirectResponse:
        asked = {"round_id": round_id, "search": search, "need": need}
        asked["lang"] = request.query_params.get("lang", "")
        query = urlencode({name: value for name, value in asked.items() if value})
        page = f"{request.url.path.rstrip('/')}/vacancies.html"
        return RedirectResponse(f"{page}?{query}" if query else page, 302)

    @routes.get("/vacancies.html")
    async def vacancies(
        request: Request,
        resources: ResourcesDependency,
        round_id: OrEmpty = "",
        search: Search = "",
        need: OrEmpty = "",
        cursor: Cursor = None,
    ) -> HTMLResponse:
        async with reading(resources.pool) as connection:
            shown = await show_vacancies(connection, round_id, search, need or None, cursor, LINES)
        asked = {"search": search, "need": need, "lang": reader_language(request)}
        return _round_page(pages, request, shown, asked)

    return routes


def _round_page(
    pages: Pages, request: Request, shown: RoundVacancies | None, asked: dict[str, str]
) -> HTMLResponse:
    """The page of a round's vacancies, or of none. `asked`: the search, as its form repeats it."""
    asked = {"round_id": shown.round.round_id if shown else "", **asked}
    needs, lists = _names(shown, reader_language(request)) if shown else ({}, {})
    return pages.render(
        request,
        "vacancies.html",
        shown=shown,
        needs=needs,
        lists=lists,
        asked=asked,
        query=urlencode(asked),
    )


def _names(shown: RoundVacancies, language: Language) -> tuple[dict[str, str], dict[str, str]]:
    """The names of the kinds of need and of the lists, by code."""
    policy = shown.round.policy
    return (
        {code: getattr(need.name, language) for code, need in policy.needs.items()},
        {policy_list.code: getattr(policy_list.name, language) for policy_list in policy.lists},
    )
