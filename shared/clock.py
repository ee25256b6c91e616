"""The wall clock, for those who put processes together; everything else is told the time."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)
