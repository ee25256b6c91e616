"""When a round may be opened."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.applications.rounds.domain import check_calendar
from shared.refusals import Refusal

ZONE = ZoneInfo("Asia/Jakarta")
NOW = datetime(2026, 8, 20, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("opens", "closes", "code"),
    [
        (NOW, NOW, "calendar-reversed"),
        (NOW + DAY, NOW, "calendar-reversed"),
        (NOW - DAY, NOW, "calendar-past"),
        (NOW - DAY, NOW + DAY, None),
    ],
)
def test_calendar(opens: datetime, closes: datetime, code: str | None) -> None:
    """A calendar runs forward and isn't over when the round is opened; it may have begun."""
    if code is None:
        check_calendar(opens, closes, NOW, ZONE)
    else:
        with pytest.raises(Refusal) as refused:
            check_calendar(opens, closes, NOW, ZONE)
        assert refused.value.code == code
