"""Addresses that pages lead back to, and the words for codes and times that they share."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.languages import Language
from shared.policies import List

VACANCIES = "/ranking/vacancies.html"
VACANCY = "/ranking/vacancies/{vacancy_id}"
"""The pages that others lead back to."""


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


def local(at: datetime, zone: ZoneInfo, language: Language) -> str:
    """An instant as people of the province write it."""
    there = at.astimezone(zone)
    return (
        f"{there:%d-%m-%Y %H.%M} {there.tzname()}"
        if language == "id"
        else f"{there:%Y-%m-%d %H:%M} {there.tzname()}"
    )
