"""What a worker's log and /ready say while a server is away: which, where, and since when."""

import time
from dataclasses import dataclass
from typing import Self

import structlog
from aiokafka import errors as kafka

from shared.messaging.failures import Unavailable
from shared.postgres.errors import address_shown

log = structlog.get_logger(__name__)

TOLD_EVERY_S = 60.0
"""An outage is told once, then so often, however many times a server is asked."""

LONGEST = 200
"""Characters of a library's message."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where a process' servers are: PostgreSQL as `host:port/database`, Kafka as its addresses.

    An api process has no Kafka.
    """

    postgres: str
    kafka: str | None

    @classmethod
    def of(cls, database_url: str, bootstrap_servers: str | None = None) -> Self:
        """As the settings say; user and password are left out."""
        return cls(address_shown(database_url), bootstrap_servers)

    def described(self, failure: BaseException) -> str:
        """Which server failed and how, in one line."""
        if isinstance(failure, BaseExceptionGroup):
            return "; ".join(sorted({self.described(inner) for inner in failure.exceptions}))
        if isinstance(failure, Unavailable) and failure.__cause__ is None:
            return str(failure)
        name, text = type(failure).__name__, str(failure).partition("\n")[0][:LONGEST]
        said = text if name in text else f"{name}: {text}".removesuffix(": ")
        return f"{self._server(failure)}: {said}"

    def _server(self, failure: BaseException) -> str:
        """Which of the two a failure comes from; asyncpg leaves those of sockets as they are."""
        postgres, broker = f"PostgreSQL at {self.postgres}", f"Kafka at {self.kafka}"
        if isinstance(failure, kafka.KafkaError | Unavailable):
            return broker
        if self.kafka and isinstance(failure, TimeoutError) and failure.errno is None:
            return f"{postgres} or {broker}"
        return postgres


class Outage:
    """What one part of a worker waits for, if it does.

    `event` is what the log says then, with `facts`.
    """

    def __init__(self, servers: Servers, event: str, **facts: object) -> None:
        self.why: str | None = None
        """Which server is away, in words for an operator; None while all is well."""
        self._servers = servers
        self._event = event
        self._facts = facts
        self._times = 0
        self._began = self._told = 0.0

    def failed(self, failure: BaseException) -> None:
        """A server failed once more."""
        now = time.monotonic()
        if self.why is None:
            self._began, self._times = now, 0
        self._times += 1
        is_due = self.why is None or now - self._told >= TOLD_EVERY_S
        self.why = self._servers.described(failure)
        if is_due:
            self._told = now
            log.warning(self._event, why=self.why, times=self._times, **self._facts)

    def over(self) -> None:
        """All answered."""
        if self.why is None:
            return
        seconds = round(time.monotonic() - self._began, 1)
        log.info(
            "goes on",
            after=self._event,
            why=self.why,
            seconds=seconds,
            times=self._times,
            **self._facts,
        )
        self.why = None
