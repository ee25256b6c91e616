"""A round: when it takes registrations, and when its vacancies may be published."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.policies import Policy
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


def check_seats(seats: int, decreed: int) -> None:
    """The seats shown are the seats that the Minister fixed (PermenPANRB 6/2024, Pasal 22(3)).

    Raises Refusal `nothing-to-publish`, or `seats-differ`.
    """
    if seats == 0:
        raise Refusal("nothing-to-publish")
    if seats != decreed:
        raise Refusal("seats-differ", imported=seats, decreed=decreed)


def check_quotas(policy: Policy, seats: Mapping[str, int]) -> None:
    """`seats`: by kind of need. Raises Refusal `quotas-not-met`, with each that falls short."""
    if short := policy.quota_faults(seats):
        raise Refusal("quotas-not-met", short="; ".join(short))
