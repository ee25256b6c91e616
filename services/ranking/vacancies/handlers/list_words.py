"""Words on the page of a vacancy's list that depend on what the page shows."""

from collections.abc import Mapping

from services.ranking.merit.domain.list_cut import UNDECIDED, WAIT
from services.ranking.page_words import meanings
from services.ranking.standings.views.show_standings import Standings
from services.ranking.vacancies.views.show_vacancy_page import VacancyPage
from shared.paging import from_cursor


def code_meanings(words: Mapping[str, str], page: VacancyPage) -> dict[str, str]:
    """What the codes on the list mean; of a live list all codes, since it moves."""
    live = {WAIT: words["waiting"], UNDECIDED: words["undecided"]}
    found = meanings(words, page.policy_list, last=page.is_last) | live
    shown = page.standings
    return {
        code: text for code, text in found.items() if shown.state == "live" or code in shown.codes
    }


def why_nobody(words: Mapping[str, str], page: VacancyPage, lists: Mapping[str, str]) -> str:
    """Why nobody is on the list. `lists`: their names by code."""
    if page.standings.state == "closed":
        return words["nobody"]
    after = page.policy_list.after
    return words["empty"] if after is None else words["empty-after"].format(list=lists[after])


def which_lines(words: Mapping[str, str], shown: Standings, cursor: str | None) -> str:
    """Which lines of the list the page has: paper does not show that there are others."""
    _, seen = from_cursor(cursor, fields=2) or (None, 0)
    count = len(shown.items)
    if isinstance(seen, str):  # of a live list: the last line seen may have moved meanwhile
        return words["lines-after"].format(count=count, number=seen, all=shown.candidates)
    return words["lines"].format(first=seen + 1, last=seen + count, all=shown.candidates)
