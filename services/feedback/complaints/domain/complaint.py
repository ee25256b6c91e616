"""What can become of a complaint, and what of it may be shown."""

from datetime import date
from typing import Literal

from shared.refusals import Refusal

ComplaintOutcome = Literal["upheld", "not-upheld", "referred"]

FEWEST_PEOPLE = 5
"""Below this many staff a statement on conduct or competence points at persons: complaints about
such a unit are shown without category."""


def shows_category(staff: int) -> bool:
    """Whether the public sees the category of a complaint about a unit with so many staff."""
    return staff >= FEWEST_PEOPLE


def check_happened(happened_on: date | None, today: date) -> None:
    """Raises Refusal `not-happened-yet` for a day that lies ahead."""
    if happened_on is not None and happened_on > today:
        raise Refusal(
            "not-happened-yet", happened_on=happened_on.isoformat(), today=today.isoformat()
        )


def days_to_answer(filed_on: date, today: date) -> int:
    """Whole days from filing to the answer; both are days in the province's zone."""
    return max((today - filed_on).days, 0)
