"""Ranking's pages of a vacancy: its list, moving as results arrive, or as it was fixed; and who
moved when a fixed list was corrected.
"""

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.ranking.lists.views.show_revisions import show_fixed, show_history
from services.ranking.merit.domain.list_cut import UNDECIDED, WAIT
from services.ranking.page_words import VACANCIES, VACANCY, local, meanings
from services.ranking.publication.views.show_versions import newest_published
from services.ranking.rounds.storage import load_round
from services.ranking.seats.views.show_seats import seats_moved
from services.ranking.standings.handlers.live import LINES
from services.ranking.standings.handlers.request_fields import WhichList
from services.ranking.standings.storage.requested_list import State, load_list
from services.ranking.standings.views.show_standings import Standings, show_standings
from services.ranking.vacancies.handlers.http import Search
from services.ranking.vacancies.views.show_vacancies import show_vacancies
from shared.contracts.fields import VacancyId
from shared.paging import from_cursor
from shared.policies import List
from shared.postgres.pool import reading
from shared.refusals import Refusal
from shared.web.dependencies import ResourcesDependency
from shared.web.pages import Pages
from shared.web.parameters import Cursor
from shared.web.problems import reader_language

WhichVersion = Annotated[
    int, Query(ge=1, le=2**31 - 1, description="Of a fixed list; by default the one that counts")
]
OrEmpty = Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{0,40}$")]
"""A code, or nothing: a form sends its fields empty, too."""


ON_PAPER = 1000
"""Lines of a fixed list on one page, for printing: some forty sheets. A longer list goes on on a
further page."""

NUMBER = re.compile(r"([0-9]{4,6})-?([0-9]{6})")
"""A participant number as people type it: phones' keyboards for digits have no hyphen."""


def router(pages: Pages, zone: ZoneInfo) -> APIRouter:
    """The pages; they are no part of the API's documentation."""
    routes = pages.router("/vacancies", back=VACANCY)

    @routes.get("/{vacancy_id}")
    async def standings(
        request: Request,
        vacancy_id: VacancyId,
        resources: ResourcesDependency,
        list_: WhichList = None,
        version: WhichVersion | None = None,
        cursor: Cursor = None,
        on_paper: Annotated[
            bool, Query(alias="all", description="Of a fixed list: as one page")
        ] = False,
    ) -> HTMLResponse:
        most = ON_PAPER if on_paper else LINES
        history = published = None
        moved = False
        async with reading(resources.pool) as connection:
            if version is not None:
                shown = await show_fixed(connection, vacancy_id, list_, version, cursor, most)
            else:
                state: State | None = "closed" if on_paper else None
                shown = await show_standings(connection, vacancy_id, list_, state, cursor, most)
            round_ = await load_round(connection, shown.round_id)
            if shown.state == "closed":
                history = await show_history(connection, shown.round_id, vacancy_id, shown.list)
                published = await newest_published(connection, shown.round_id)
                if shown.list == round_.policy.lists[-1].code:
                    moved = await seats_moved(connection, vacancy_id)
        language = reader_language(request)
        one = round_.policy.list_called(shown.list)
        assert one is not None
        need = round_.policy.needs[shown.need]
        lists = {each.code: getattr(each.name, language) for each in round_.policy.lists}
        words = pages.words(request)
        return pages.render(
            request,
            "standings.html",
            shown=shown,
            round_name=round_.name,
            lists=lists,
            list_name=lists[one.code],
            need_name=getattr(need.name, language),
            within_code=one.codes.within,
            meanings=_meanings(words, shown, one, last=one is round_.policy.lists[-1]),
            closed_at=shown.closed_at and local(shown.closed_at, zone, language),
            history=history,
            this=history and history.find(shown.version),
            published=published,
            seats_moved=moved,
            nobody=_nobody(words, shown, one, lists),
            lines_shown=_lines_shown(words, shown, cursor),
            as_of=local(resources.clock(), zone, language),
            local=lambda at: local(at, zone, language),
            first_page=cursor is None,
            on_paper=on_paper,
            moves=shown.state == "live" and cursor is None,
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
            newest = (await load_list(connection, vacancy_id, None, None)).rules.code
        number = NUMBER.fullmatch(participant_no.strip())
        if number is None:
            raise Refusal("not-on-the-list", participant_no=participant_no, list=list_ or newest)
        # whom no list let go on stands on an earlier one than the newest: theirs is told
        which = "" if list_ in {None, newest} else f"list={list_}&"
        why = f"/ranking/vacancies/{vacancy_id}/candidates/{'-'.join(number.groups())}/why"
        return RedirectResponse(f"{why}?{which}lang={reader_language(request)}", 303)

    return routes


def vacancies_page(pages: Pages) -> APIRouter:
    """The way in: the vacancies of a round, to be searched without a script."""
    routes = pages.router("", back=VACANCIES)

    @routes.get("")
    @routes.get("/")
    async def way_in(request: Request) -> RedirectResponse:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{request.url.path.rstrip('/')}/vacancies.html{query}", 302)

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
        language = reader_language(request)
        policy = shown.round.policy if shown else None
        asked = {
            "round_id": shown.round.round_id if shown else "",
            "search": search,
            "need": need,
            "lang": language,
        }
        return pages.render(
            request,
            "vacancies.html",
            shown=shown,
            needs={code: getattr(one.name, language) for code, one in policy.needs.items()}
            if policy
            else {},
            lists={one.code: getattr(one.name, language) for one in policy.lists} if policy else {},
            asked=asked,
            query=urlencode(asked),
        )

    return routes


def _meanings(
    words: Mapping[str, str], shown: Standings, one: List, *, last: bool
) -> dict[str, str]:
    """The same of the codes that stand on the list."""
    live = {WAIT: words["waiting"], UNDECIDED: words["undecided"]}
    always = shown.state == "live"
    return {
        code: text
        for code, text in (meanings(words, one, last=last) | live).items()
        if always or code in shown.codes
    }


def _nobody(words: Mapping[str, str], shown: Standings, one: List, lists: Mapping[str, str]) -> str:
    """Why nobody is on the list."""
    if shown.state == "closed":
        return words["nobody"]
    return (
        words["empty"] if one.after is None else words["empty-after"].format(list=lists[one.after])
    )


def _lines_shown(words: Mapping[str, str], shown: Standings, cursor: str | None) -> str:
    """Which lines of the list the page has: paper does not show that there are others."""
    _, seen = from_cursor(cursor, fields=2) or (None, 0)
    if isinstance(seen, str):  # of a live list: the last line seen may have moved meanwhile
        return words["lines-after"].format(
            count=len(shown.items), number=seen, all=shown.candidates
        )
    return words["lines"].format(first=seen + 1, last=seen + len(shown.items), all=shown.candidates)
