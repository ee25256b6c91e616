"""What the columns of vacancy and candidate files hold, and how their texts become exact values.

A text without a value has a reason; nothing is guessed.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from unicodedata import is_normalized

from shared.policies import Component, Policy

PARTICIPANT, VACANCY = "participant_no", "vacancy_id"

OF_VACANCIES = ("vacancy_id", "need", "seats")
DESCRIBING = ("agency", "post", "unit", "place", "education")
"""Columns that a vacancy file may have for its readers; no rule of an order asks for them."""

NAME = r"[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]{0,198}[^\x00-\x20\x7f])?"
"""A participant number or vacancy id: at most 200 characters without control characters, no blank
at either end. RE2 and Python read it alike."""

ASCII = "[\\x20-\\x7e]*"
"""A text in which nothing can look like something else; for RE2."""

DISQUALIFIED = "disqualified"
YES = frozenset({"true", "1", "yes", "ya"})
NO = frozenset({"false", "0", "no", "tidak"})

HIGHEST_MARK = 100
BIRTH_YEARS = range(1900, 2100)
"""Wider than any applicant's: what lies outside is a slip of whoever wrote the file, and would
decide between equals."""

Parse = Callable[[str], object]
"""A text that is not empty to its value; raises ValueError with the reason."""

_NUMBER = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")
_WHOLE = re.compile(r"[0-9]{1,6}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAME = re.compile(NAME)


def of_candidates(policy: Policy) -> Mapping[str, Parse]:
    """Every column that a candidate file may have, and how its texts are read."""
    components = {
        component.code: _points(component) for stage in policy.stages for component in stage.stated
    }
    facts: dict[str, Parse] = {
        "gpa": _mark,
        "birth_date": _day,
        "relevant_experience_months": _months,
        "education": _word(
            "education", policy.education_code, [level.code for level in policy.education]
        ),
        "priority": _word(
            "priority group", policy.priority_code, [group.code for group in policy.priority_groups]
        ),
        DISQUALIFIED: _disqualified([stage.code for stage in policy.stages]),
    }
    return {PARTICIPANT: name, VACANCY: name, **components, **facts}


def name(text: str) -> str:
    """A participant number or vacancy id as it is: what looks alike is the same."""
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} has a control character, a blank at an end, or more than 200 characters"
        )
    if not text.isprintable():
        raise ValueError(
            f"{text!r} has a character that nobody sees: of no width, a mark of direction, or "
            "another blank"
        )
    if not is_normalized("NFC", text):
        raise ValueError(f"{text!r} is not in Unicode's form NFC: it looks like another number")
    return text


def seats(text: str) -> int:
    """A vacancy's seats."""
    if not _WHOLE.fullmatch(text) or not int(text):
        raise ValueError(f"{text!r} is no whole number from 1 to 999999")
    return int(text)


def _decimal(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(
            f"{text!r} is no decimal number: digits, at most six before and six after a point, "
            "no sign, no exponent"
        )
    return Decimal(text)


def _points(component: Component) -> Parse:
    def points(text: str) -> str:
        if (fault := component.fault_of(_decimal(text))) is not None:
            raise ValueError(fault.told("en"))
        return text  # the rules count digits in a text like the decimal

    return points


def _mark(text: str) -> Decimal:
    mark = _decimal(text)
    if mark > HIGHEST_MARK:
        raise ValueError(
            f"{text!r} is above {HIGHEST_MARK}: a grade point average is at most 4, "
            "a school's mean diploma mark at most 100"
        )
    return mark


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError(f"{text!r} is no day of the calendar as YYYY-MM-DD")
    if day.year not in BIRTH_YEARS:
        raise ValueError(f"nobody who applies was born on {text}")
    return day


def _months(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no whole number of months, from 0 to 999999")
    return int(text)


def _word(what: str, code_of: Callable[[str], str | None], known: list[str]) -> Parse:
    def word(text: str) -> str:
        if known and code_of(text) is None:
            raise ValueError(f"the policy knows no {what} {text!r}; it has {', '.join(known)}")
        return text

    return word


def _disqualified(stages: list[str]) -> Parse:
    """True from the first list on, False, or the code of the stage in which it happened."""

    def disqualified(text: str) -> bool | str:
        if text in stages:
            return text
        if text.lower() in YES | NO:
            return text.lower() in YES
        raise ValueError(
            f"{text!r} is neither true nor false (1 or 0, yes or no, ya or tidak), "
            f"nor one of the stages {', '.join(stages)}"
        )

    return disqualified
