"""A seat that ranking offers: until when it may be answered, and that an answer is given once."""

from datetime import datetime, timedelta
from typing import Literal

from shared.phrases import Phrase
from shared.refusals import Refusal

SeatAnswer = Literal["accepted", "declined", "lapsed"]


def answer_before(offered_at: datetime, days: int) -> datetime:
    """The first instant at which an offer can no longer be answered."""
    return offered_at + timedelta(days=days)


def check_in_time(offered_at: datetime, days: int, now: datetime) -> None:
    """Raises Refusal `offer-lapsed` from `answer_before` on, even before the worker says so."""
    if now >= answer_before(offered_at, days):
        raise Refusal("offer-lapsed", days=days)


def check_same(answer: SeatAnswer, stood: SeatAnswer, days: int) -> None:
    """Raises Refusal `offer-lapsed` or `already-answered` unless the answers are the same."""
    if stood == "lapsed":
        raise Refusal("offer-lapsed", days=days)
    if answer != stood:
        raise Refusal("already-answered", answer=Phrase(stood))
