"""The wall clock, for those who put processes together; everything else is told the time."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


class DemoClock:
    """The clock of a demonstration: the present, and ahead of it by the seconds in a file.

    All processes read the same file, so a demonstration lets days pass for all of them at once.
    Without a file it is the wall clock. It goes forward only: what happened must not lie ahead.
    Tokens, TLS and Kafka never ask it.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    @property
    def ahead(self) -> timedelta:
        """How far it is ahead of the wall clock."""
        try:
            return timedelta(seconds=int(self._file.read_text("ascii")))
        except FileNotFoundError:
            return timedelta()

    def move(self, by: timedelta) -> None:
        """Moves it ahead by whole seconds. One process alone moves it: the demo issuer's.

        Raises ValueError for a move back.
        """
        if by < timedelta():
            raise ValueError("A demonstration's clock goes forward only.")
        draft = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        draft.write_text(str(int((self.ahead + by).total_seconds())), "ascii")
        draft.replace(self._file)
