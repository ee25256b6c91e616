"""When a round takes registrations."""

from datetime import datetime
from zoneinfo import ZoneInfo

from shared.refusals import Refusal


def in_words(instant: datetime, zone: ZoneInfo) -> str:
    """An instant as people of the province read it."""
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"


def check_calendar(opens: datetime, closes: datetime, now: datetime, zone: ZoneInfo) -> None:
    """Raises Refusal `calendar-reversed`, or `calendar-past` where nobody could ever register."""
    if closes <= opens:
        raise Refusal("calendar-reversed")
    if closes <= now:
        raise Refusal("calendar-past", closes=in_words(closes, zone))
