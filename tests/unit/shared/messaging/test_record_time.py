"""The time that a record says on Kafka: the present, or the day where only that is told."""

import time

from shared.messaging.relay import _record_time

DAY_S = 86_400


def test_a_record_of_a_day_says_the_day() -> None:
    """Milliseconds of that day's midnight, UTC."""
    assert _record_time(b"2026-08-20T00:00:00Z") == 1_787_184_000_000


def test_every_other_record_has_the_time_of_its_sending() -> None:
    """None lets Kafka's client say the present; so does a record without ce_time."""
    for event_time in (None, b"2026-08-20T03:00:00Z", b"2026-08-20T00:00:00.000001Z", b"\xff"):
        assert _record_time(event_time) is None


def test_no_record_lies_ahead_of_the_broker() -> None:
    """A broker refuses what is more than an hour ahead, as a demonstration's days are."""
    ahead = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() + 40 * DAY_S))
    said = _record_time(ahead.encode())
    assert said is not None
    assert said <= time.time() * 1000
