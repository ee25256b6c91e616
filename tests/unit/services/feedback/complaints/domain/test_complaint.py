"""What may be filed, shown and counted of a complaint."""

from datetime import date

import pytest

from services.feedback.complaints.domain.complaint import (
    check_happened,
    days_to_answer,
    shows_category,
)
from shared.refusals import Refusal

TODAY = date(2026, 8, 20)


@pytest.mark.parametrize("day", [None, TODAY, date(1999, 1, 1)])
def test_what_happened_today_or_before_may_be_complained_about(day: date | None) -> None:
    """No day, today, and long ago are all taken."""
    check_happened(day, TODAY)


def test_what_lies_ahead_has_not_happened() -> None:
    """Tomorrow is refused, with both days."""
    with pytest.raises(Refusal) as refused:
        check_happened(date(2026, 8, 21), TODAY)
    assert refused.value.code == "not-happened-yet"
    assert refused.value.facts == {"happened_on": "2026-08-21", "today": "2026-08-20"}


def test_a_category_is_shown_from_five_people_on() -> None:
    """About four people it would be a statement on persons."""
    assert [shows_category(staff) for staff in (0, 4, 5)] == [False, False, True]


def test_days_are_whole_and_never_negative() -> None:
    """Answered on the day of filing: 0."""
    assert days_to_answer(TODAY, TODAY) == 0
    assert days_to_answer(date(2026, 8, 1), TODAY) == 19
