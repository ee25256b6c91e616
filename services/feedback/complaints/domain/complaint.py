"""What can become of a complaint, and what of it may be shown."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from shared.refusals import Refusal

ComplaintOutcome = Literal["upheld", "not-upheld", "referred"]

FEWEST_PEOPLE = 5
"""Below this many staff a statement on conduct or competence points at persons: complaints about
such a unit are shown without category."""

SETTLING = timedelta(hours=1)
"""How long after its end a day waits to be stated: a complaint that was written at midnight must
have arrived, or it would be stated a day later than all others of its day."""


def statement_day(now: datetime, zone: ZoneInfo) -> date:
    """The day, in the province's zone, before which all days are over and may be stated."""
    return (now - SETTLING).astimezone(zone).date()


def time_of(day: date) -> datetime:
    """All that may be told of when something about a complaint happened."""
    return datetime.combine(day, time(), tzinfo=UTC)


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
