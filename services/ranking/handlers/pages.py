"""Ranking's pages of a vacancy: its list, moving as results arrive, or as it was fixed; and who moved when a fixed list was corrected."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from services.ranking.domain.standing import UNDECIDED, WAIT
from services.ranking.handlers.http import Search, WhichList
from services.ranking.handlers.live import LINES
from services.ranking.usecases.show_revisions import show_changes, show_fixed, show_history
from services.ranking.usecases.show_round import the_round
from services.ranking.usecases.show_standings import Standings, show_standings
from services.ranking.usecases.show_vacancies import show_vacancies
from services.ranking.usecases.show_vacancy import the_vacancy
from shared.contracts.fields import StageCode, VacancyId
from shared.policies import List
from shared.postgres.pool import reading
from shared.refusals import Refusal
from shared.web.pages import Pages
from shared.web.paging import Cursor
from shared.web.parts import TheParts
from shared.web.problems import Language, reader_language

WhichVersion = Annotated[int, Query(ge=1, le=2**31 - 1, description="Of a fixed list; by default the one that counts")]
OrEmpty = Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{0,40}$")]
"""A code, or nothing: a form sends its fields empty, too."""

VACANCIES = "/ranking/vacancies.html"
VACANCY = "/ranking/vacancies/{vacancy_id}"
"""The pages that others lead back to."""


def router(pages: Pages, zone: ZoneInfo) -> APIRouter:
    """The pages; they are no part of the API's documentation."""
    routes = pages.router("/vacancies", back=VACANCY)

    @routes.get("/{vacancy_id}")
    async def standings(
        request: Request,
        vacancy_id: VacancyId,
        parts: TheParts,
        list_: WhichList = None,
        version: WhichVersion | None = None,
        cursor: Cursor = None,
    ) -> HTMLResponse:
        try:
            async with reading(parts.pool) as connection:
                if version is not None:
                    shown = await show_fixed(connection, vacancy_id, list_, version, cursor, LINES)
                else:
                    shown = await show_standings(connection, vacancy_id, list_, None, cursor, LINES)
                round_ = await the_round(connection, shown.round_id)
                history = None
                if shown.state == "closed":
                    history = await show_history(connection, shown.round_id, vacancy_id, shown.list)
        except Refusal as refusal:
            return pages.problem(request, refusal)
        language = reader_language(request)
        one = round_.policy.list_called(shown.list)
        assert one is not None
        need = round_.policy.needs[shown.need]
        return pages.answer(
            request,
            "standings.html",
            shown=shown,
            round_name=round_.name,
            lists={one.code: getattr(one.name, language) for one in round_.policy.lists},
            list_name=getattr(one.name, language),
            need_name=getattr(need.name, language),
            within_code=one.codes.within,
            meanings=_meanings(pages.words(request), shown, one, last=one is round_.policy.lists[-1]),
            closed_at=shown.closed_at and local(shown.closed_at, zone, language),
            history=history,
            this=history and history.find(shown.version),
            local=lambda at: local(at, zone, language),
            first_page=cursor is None,
            moves=shown.state == "live" and cursor is None,
        )

    @routes.get("/{vacancy_id}/changes")
    async def changes(
        request: Request,
        vacancy_id: VacancyId,
        list_: Annotated[StageCode, Query(alias="list")],
        version: WhichVersion,
        parts: TheParts,
        cursor: Cursor = None,
    ) -> HTMLResponse:
        async with reading(parts.pool) as connection:
            shown = await show_changes(connection, vacancy_id, list_, version, cursor, LINES)
            about = await the_vacancy(connection, vacancy_id)
        language = reader_language(request)
        one = about.round.policy.list_called(list_)
        assert one is not None
        return pages.answer(
            request,
            "changes.html",
            shown=shown,
            about=about,
            list_name=getattr(one.name, language),
            local=lambda at: local(at, zone, language),
            first_page=cursor is None,
        )

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
        parts: TheParts,
        round_id: OrEmpty = "",
        search: Search = "",
        need: OrEmpty = "",
        cursor: Cursor = None,
    ) -> HTMLResponse:
        async with reading(parts.pool) as connection:
            shown = await show_vacancies(connection, round_id, search, need or None, cursor, LINES)
        language = reader_language(request)
        policy = shown.round.policy if shown else None
        asked = {"round_id": shown.round.round_id if shown else "", "search": search, "need": need, "lang": language}
        return pages.answer(
            request,
            "vacancies.html",
            shown=shown,
            needs={code: getattr(one.name, language) for code, one in policy.needs.items()} if policy else {},
            lists={one.code: getattr(one.name, language) for one in policy.lists} if policy else {},
            asked=asked,
            query=urlencode(asked),
        )

    return routes


def meanings(words: Mapping[str, str], one: List, *, last: bool) -> dict[str, str]:
    """What each of a list's codes says, in words."""
    where = "seat" if last else "next"
    return {
        one.codes.within: words[f"within-{where}"],
        one.codes.passed: words[f"passed-{where}"],
        one.codes.below: words["below"],
        one.codes.absent: words["absent"],
        one.codes.disqualified: words["disqualified"],
        one.codes.withdrawn: words["withdrawn"],
        one.codes.rejected: words["rejected"],
    }


def _meanings(words: Mapping[str, str], shown: Standings, one: List, *, last: bool) -> dict[str, str]:
    """The same of the codes that stand on the list."""
    live = {WAIT: words["waiting"], UNDECIDED: words["undecided"]}
    always = shown.state == "live"
    return {
        code: text for code, text in (meanings(words, one, last=last) | live).items() if always or code in shown.codes
    }


def local(at: datetime, zone: ZoneInfo, language: Language) -> str:
    """An instant as people of the province write it."""
    there = at.astimezone(zone)
    return (
        f"{there:%d-%m-%Y %H.%M} {there.tzname()}" if language == "id" else f"{there:%Y-%m-%d %H:%M} {there.tzname()}"
    )
