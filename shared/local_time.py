"""Instants as people of a province read them."""

from datetime import datetime
from zoneinfo import ZoneInfo


def in_words(instant: datetime, zone: ZoneInfo) -> str:
    """Day, hour and minute in the zone, with its name: `2030-01-07 08:00 Asia/Jakarta`."""
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"
