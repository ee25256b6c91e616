"""When a round takes registrations."""

from datetime import datetime
from zoneinfo import ZoneInfo

from shared.local_time import in_words
from shared.refusals import Refusal


def check_calendar(opens: datetime, closes: datetime, now: datetime, zone: ZoneInfo) -> None:
    """Raises Refusal `calendar-reversed`, or `calendar-past` where nobody could ever register."""
    if closes <= opens:
        raise Refusal("calendar-reversed")
    if closes <= now:
        raise Refusal("calendar-past", closes=in_words(closes, zone))
