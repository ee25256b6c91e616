"""What a use case states becomes rows in its own transaction; relay.py carries them to Kafka.

The aggregate is locked or inserted first and `append` comes last: two transactions on one aggregate
then get their rows' ids, and by them their numbers, in the order in which they held the lock.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4, uuid5

from aiokafka.partitioner import murmur2
from pydantic import BaseModel, ValidationError
from typing_extensions import override
from uuid_utils.compat import uuid7

from shared.messaging.envelope import Contract, Event
from shared.messaging.failures import Permanent
from shared.postgres import queries
from shared.postgres.pool import Connection

SQL = queries.load(Path(__file__).with_name("outbox.sql"))

CHANNEL = "messaging_outbox"
"""PostgreSQL's notification channel that wakes the relay."""

LARGEST_EVENT = 900_000
"""Bytes of key, headers and data. A broker refuses a batch above 1,048,588 by default, and one
refused row would hold up its partition for ever."""

LARGEST_ROW = 1_048_588 + 65_536
"""Bytes of any row: a dead letter holds a whole record as the broker let it in, and headers.
Dead-letter topics take that much (`max.message.bytes`)."""

APPENDED_AT_ONCE = 100
"""Statements made into rows and inserted at once: some 5 ms, in which nobody else is served."""

MIDNIGHT = "T00:00:00Z"
"""How a `ce_time` ends that tells a day and no more."""

Headers = tuple[tuple[str, bytes | None], ...]


class Row(NamedTuple):
    """One record to be, but for its sequence.

    What `Outbox.append` makes of a statement, and what a dead letter is.
    """

    topic: str
    partition: int
    key: bytes | None
    event_id: UUID
    type: str
    headers: Headers
    data: bytes | None


CORRELATION_ID: ContextVar[str | None] = ContextVar("CORRELATION_ID", default=None)
"""What is under way in this process, a request for example: the correlation id of what it states,
and what caused it.

A statement's own, or its cause, goes before it. Events of which only the day is told carry neither.
"""


@dataclass(frozen=True, slots=True)
class Statement:
    """A fact that became true at `time` (aware).

    With a `cause`, its id follows from it: handled twice, it is stated once. `correlation_id` is
    the id of the request, where it isn't CORRELATION_ID; `causation_id` that of the event or
    request that led to it, where it is known by its id alone. Of an event whose contract is
    `day_only`, its day in the zone of `time` is all that is told, and its id is random: only the
    use case sees to it that it is stated once.
    """

    data: BaseModel
    time: datetime
    cause: Event[Any] | None = None
    correlation_id: str | None = None
    causation_id: str | None = None


class Outbox:
    """The one way out of a service. Made once per process; holds no connection.

    `source` is the CloudEvents source (`/provinces/99/ranking`), `contracts` the catalogue's rows
    of what the service may state, by model, `partitions` how many partitions each topic has.
    """

    def __init__(
        self,
        *,
        source: str,
        service: str,
        contracts: Mapping[type[BaseModel], Contract],
        partitions: Mapping[str, int],
    ) -> None:
        self.source = source
        self.service = service
        self.partitions = dict(partitions)
        self.contracts = dict(contracts)
        if strays := {contract.topic for contract in self.contracts.values()} - set(
            self.partitions
        ):
            raise ValueError(
                f"{service} has contracts on topics whose partitions are not given:"
                f" {sorted(strays)}"
            )

    async def append(self, connection: Connection, statements: Sequence[Statement]) -> list[UUID]:
        """Appends them in order; returns their event ids in that order.

        It is the last thing in the use case's transaction. A statement whose cause already led to
        one of the same type, subject and place among its like is left as it stands. Raises
        Permanent for what could not be sent or read later: no contract, data its model refuses,
        naive time, too large.
        """
        placed: Counter[tuple[UUID, str, str]] = Counter()
        event_ids: list[UUID] = []
        for start in range(0, len(statements), APPENDED_AT_ONCE):
            some = statements[start : start + APPENDED_AT_ONCE]
            rows = [self._row(statement, placed) for statement in some]
            await self.append_rows(connection, rows)
            event_ids += [row.event_id for row in rows]
        return event_ids

    async def append_rows(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Appends finished rows in one insert, except those whose event id is already there.

        For dead letters, and for `append`. Raises Permanent for a partition that the service
        doesn't write, or a row that is too large.
        """
        if not rows:
            return
        for row in rows:
            self._check(row)
        topics, partitions, keys, ids, types, headers, data = zip(*rows, strict=True)
        await connection.execute(
            SQL.append_rows.sql,
            topics,
            partitions,
            keys,
            ids,
            types,
            [headers_as_text(of_row) for of_row in headers],
            data,
            CHANNEL,
        )

    def _check(self, row: Row) -> None:
        """Raises Permanent for what could not be sent."""
        if row.topic not in self.partitions or not 0 <= row.partition < self.partitions[row.topic]:
            raise Permanent(
                f"{self.service} writes no partition {row.partition} of topic {row.topic}."
            )
        if size(row) > LARGEST_ROW:
            raise Permanent(
                f"A record of type {row.type} has {size(row)} bytes; {LARGEST_ROW} is the most."
            )

    def _row(self, statement: Statement, placed: Counter[tuple[UUID, str, str]]) -> Row:
        """The row of a statement; `placed` counts its like among those appended with it."""
        contract = self._contract(statement)
        value = _valid_data(contract, statement)
        subject, key = contract.subject(statement.data), contract.key(statement.data)
        event_id = self._event_id(contract, statement, subject, placed)
        headers = self._headers(contract, statement, event_id, subject, key)
        row = Row(
            contract.topic,
            partition_of(key.encode(), self.partitions[contract.topic]),
            key.encode(),
            event_id,
            contract.type,
            tuple((name, text.encode()) for name, text in headers.items()),
            value,
        )
        if size(row) > LARGEST_EVENT:
            raise Permanent(
                f"A {contract.type} of {size(row)} bytes can't be stated;"
                f" {LARGEST_EVENT} is the most."
            )
        return row

    def _contract(self, statement: Statement) -> Contract:
        """The contract by which this is stated; raises Permanent if there is none."""
        contract = self.contracts.get(type(statement.data))
        if contract is None:
            raise Permanent(
                f"{self.service} has no contract to state {type(statement.data).__name__}."
            )
        if statement.time.tzinfo is None:
            raise Permanent(f"{contract.type}: the time it became true must say its zone.")
        return contract

    def _event_id(
        self,
        contract: Contract,
        statement: Statement,
        subject: str,
        placed: Counter[tuple[UUID, str, str]],
    ) -> UUID:
        """A new id, or the one that follows from the cause and the place among its like.

        A UUIDv7 tells the moment at which it was made.
        """
        if contract.day_only:
            return uuid4()
        cause = statement.cause
        if cause is None:
            return uuid7()
        alike = (cause.id, contract.type, subject)
        name = "\n".join((self.service, contract.type, subject, str(placed[alike])))
        placed[alike] += 1
        return uuid5(cause.id, name)

    def _headers(
        self, contract: Contract, statement: Statement, event_id: UUID, subject: str, key: str
    ) -> dict[str, str]:
        """CloudEvents 1.0, Kafka binding, binary mode; the relay adds ce_sequence."""
        headers = {
            "content-type": "application/json",
            "ce_specversion": "1.0",
            "ce_id": str(event_id),
            "ce_source": self.source,
            "ce_type": contract.type,
            "ce_subject": subject,
            "ce_time": _time_told(contract, statement),
            "ce_dataschema": f"urn:terang:schema:{contract.type.removeprefix('terang.')}",
            "ce_partitionkey": key,
        }
        return headers if contract.day_only else headers | _origin(statement)


def _time_told(contract: Contract, statement: Statement) -> str:
    """When it became true, or of that the day: midnight UTC of it, which is that day here too."""
    if contract.day_only:
        return f"{statement.time.date()}{MIDNIGHT}"
    return statement.time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _origin(statement: Statement) -> dict[str, str]:
    """The headers that say where an event comes from, as far as that is known."""
    correlation = _correlation(statement)
    causation = str(statement.cause.id) if statement.cause else statement.causation_id
    named = {"ce_correlationid": correlation, "ce_causationid": causation or correlation}
    return {name: id_ for name, id_ in named.items() if id_}


def _correlation(statement: Statement) -> str | None:
    """The id of what the whole chain began with, or of what was under way when it became true."""
    cause = statement.cause
    if statement.correlation_id is None and cause is None:
        return CORRELATION_ID.get()
    return statement.correlation_id or (cause and (cause.correlation_id or str(cause.id)))


def _valid_data(contract: Contract, statement: Statement) -> bytes:
    """The data as JSON; raises Permanent where a consumer could not read them.

    They are read here as a consumer will: a row must not turn out unreadable later.
    """
    value = statement.data.model_dump_json().encode()
    try:
        contract.model.model_validate_json(value)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise Permanent(f"{contract.type} is not as its model says: {faults}") from None
    return value


class SilentOutbox(Outbox):
    """An outbox that keeps nothing: what a use case states in a rebuild was stated long ago."""

    def __init__(self, outbox: Outbox) -> None:
        super().__init__(
            source=outbox.source,
            service=outbox.service,
            contracts=outbox.contracts,
            partitions=outbox.partitions,
        )

    @override
    async def append_rows(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Nothing."""


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, count: int) -> int:
    """The partition of `count` that every Kafka client's default partitioner gives this key."""
    partition: int = (murmur2(key) & 0x7FFFFFFF) % count
    return partition


def size(row: Row) -> int:
    """Bytes of key, headers and data on the wire, nearly.

    A record adds some 20, a header 2 or 3.
    """
    inner = sum(len(name) + len(value or b"") + 4 for name, value in row.headers)
    return len(row.key or b"") + len(row.data or b"") + inner + 32


def headers_as_text(headers: Headers) -> str:
    """JSON that holds any bytes: each as the Latin-1 character of its number.

    A dead letter's headers may be anything.
    """
    return json.dumps(
        [(name, None if value is None else value.decode("latin-1")) for name, value in headers]
    )


def headers_from_text(text: str) -> list[tuple[str, bytes | None]]:
    """What `headers_as_text` was given."""
    return [
        (name, None if value is None else value.encode("latin-1"))
        for name, value in json.loads(text)
    ]
