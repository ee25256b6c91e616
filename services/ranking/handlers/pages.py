"""Ranking's one page: a vacancy's list, moving as results arrive."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.ranking.domain.standing import UNDECIDED, WAIT
from services.ranking.handlers.http import WhichList
from services.ranking.handlers.live import LINES
from services.ranking.usecases.show_round import the_round
from services.ranking.usecases.show_standings import Standings, show_standings
from shared.contracts.fields import VacancyId
from shared.policies import List
from shared.refusals import Refusal
from shared.web.pages import Pages
from shared.web.paging import Cursor
from shared.web.parts import TheParts
from shared.web.problems import Language, reader_language


def router(pages: Pages, zone: ZoneInfo) -> APIRouter:
    """The page; it is no part of the API's documentation."""
    routes = APIRouter(prefix="/vacancies", include_in_schema=False)

    @routes.get("/{vacancy_id}")
    async def standings(
        request: Request, vacancy_id: VacancyId, parts: TheParts, list_: WhichList = None, cursor: Cursor = None
    ) -> HTMLResponse:
        try:
            async with (
                parts.pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                shown = await show_standings(connection, vacancy_id, list_, None, cursor, LINES)
                round_ = await the_round(connection, shown.round_id)
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
            closed_at=shown.closed_at and _local(shown, zone, language),
            first_page=cursor is None,
            moves=shown.state == "live" and cursor is None,
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


def _local(shown: Standings, zone: ZoneInfo, language: Language) -> str:
    assert shown.closed_at is not None
    at = shown.closed_at.astimezone(zone)
    return f"{at:%d-%m-%Y %H.%M} {at.tzname()}" if language == "id" else f"{at:%Y-%m-%d %H:%M} {at.tzname()}"
