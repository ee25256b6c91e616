"""What a use case states goes into its own transaction here; the relay (relay.py) carries it to
Kafka.

The aggregate is locked or inserted first and `append` comes last: two transactions on one aggregate
then get their rows' ids, and by them their numbers, in the order in which they held the lock.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from aiokafka.partitioner import murmur2
from pydantic import BaseModel, ValidationError
from typing_extensions import override
from uuid_utils.compat import uuid7

from shared.messaging.envelope import Contract, Event
from shared.messaging.failures import Permanent
from shared.postgres.pool import Connection

CHANNEL = "messaging_outbox"
"""PostgreSQL's notification channel that wakes the relay."""

LARGEST_EVENT = 900_000
"""Bytes of key, headers and data. A broker refuses a batch above 1,048,588 by default, and one
refused row would hold up its partition for ever."""

LARGEST_ROW = 1_048_588 + 65_536
"""Bytes of any row: a dead letter holds a whole record as the broker let it in, and headers.
Dead-letter topics take that much (`max.message.bytes`)."""

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


@dataclass(frozen=True, slots=True)
class Statement:
    """A fact that became true at `time` (aware).

    With a `cause`, its id follows from it: handled twice, it is stated once.
    """

    data: BaseModel
    time: datetime
    cause: Event[Any] | None = None
    correlation_id: str | None = None


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
                f"{service} has contracts on topics whose partitions are not given: {sorted(strays)}"
            )

    async def append(self, connection: Connection, statements: Sequence[Statement]) -> list[UUID]:
        """Appends them in order, as the last thing in the use case's transaction; returns their
        event ids in that order.

        A statement whose cause already led to one of the same type, subject and place among its
        like is left as it stands. Raises Permanent for what could not be sent or read later: no
        contract, data its model refuses, naive time, too large.
        """
        placed: Counter[tuple[UUID, str, str]] = Counter()
        rows = [self._row(statement, placed) for statement in statements]
        await self.append_rows(connection, rows)
        return [row.event_id for row in rows]

    async def append_rows(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Appends finished rows in one insert, those whose event id is already there excepted.

        For dead letters, and for `append`.
        """
        if not rows:
            return
        for row in rows:
            if (
                row.topic not in self.partitions
                or not 0 <= row.partition < self.partitions[row.topic]
            ):
                raise Permanent(
                    f"{self.service} writes no partition {row.partition} of topic {row.topic}."
                )
            if size(row) > LARGEST_ROW:
                raise Permanent(
                    f"A record of type {row.type} has {size(row)} bytes; {LARGEST_ROW} is the most."
                )
        topics, partitions, keys, ids, types, headers, data = zip(*rows, strict=True)
        await connection.execute(
            _APPEND,
            topics,
            partitions,
            keys,
            ids,
            types,
            [headers_as_text(each) for each in headers],
            data,
            CHANNEL,
        )

    def _row(self, statement: Statement, placed: Counter[tuple[UUID, str, str]]) -> Row:
        contract = self.contracts.get(type(statement.data))
        if contract is None:
            raise Permanent(
                f"{self.service} has no contract to state {type(statement.data).__name__}."
            )
        if statement.time.tzinfo is None:
            raise Permanent(f"{contract.type}: the time it became true must say its zone.")
        value = statement.data.model_dump_json().encode()
        try:
            contract.model.model_validate_json(
                value
            )  # as a consumer will: a row must not turn out unreadable later
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
            )
            raise Permanent(f"{contract.type} is not as its model says: {faults}") from None
        subject, key, cause = (
            contract.subject(statement.data),
            contract.key(statement.data),
            statement.cause,
        )
        if cause is None:
            event_id = uuid7()
        else:
            alike = (cause.id, contract.type, subject)
            event_id = uuid5(
                cause.id, "\n".join((self.service, contract.type, subject, str(placed[alike])))
            )
            placed[alike] += 1
        correlation = statement.correlation_id or (
            cause and (cause.correlation_id or str(cause.id))
        )
        attributes = {
            "content-type": "application/json",
            "ce_specversion": "1.0",
            "ce_id": str(event_id),
            "ce_source": self.source,
            "ce_type": contract.type,
            "ce_subject": subject,
            "ce_time": statement.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "ce_dataschema": f"urn:terang:schema:{contract.type.removeprefix('terang.')}",
            "ce_partitionkey": key,
        }
        if correlation:
            attributes["ce_correlationid"] = correlation
        row = Row(
            contract.topic,
            partition_of(key.encode(), self.partitions[contract.topic]),
            key.encode(),
            event_id,
            contract.type,
            tuple((name, text.encode()) for name, text in attributes.items()),
            value,
        )
        if size(row) > LARGEST_EVENT:
            raise Permanent(
                f"A {contract.type} of {size(row)} bytes can't be stated; {LARGEST_EVENT} is the most."
            )
        return row


class SilentOutbox(Outbox):
    """An outbox in which nothing comes to stand: what a use case states during a rebuild was stated
    long ago.
    """

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
    """The partition that every Kafka client's default partitioner gives a record with this key, of
    `count`.
    """
    partition: int = (murmur2(key) & 0x7FFFFFFF) % count
    return partition


def size(row: Row) -> int:
    """Bytes of key, headers and data on the wire, nearly: a record adds some 20, a header 2 or 3."""
    inner = sum(len(name) + len(value or b"") + 4 for name, value in row.headers)
    return len(row.key or b"") + len(row.data or b"") + inner + 32


def headers_as_text(headers: Headers) -> str:
    """JSON that holds any bytes (a dead letter's headers may be anything): each byte as the Latin-1
    character of its number.
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


# Inserts in the given order. Wakes the relay unless rows are waiting already, whose writers woke
# it: a transaction that notifies holds a lock of the whole server until it has committed
# (PostgreSQL, async.c), and under load that would undo group commit.
_APPEND = """
WITH appended AS (
    INSERT INTO messaging.outbox (topic, partition, key, event_id, type, headers, data)
    SELECT topic, partition, key, event_id, type, headers, data
      FROM unnest($1::text[], $2::integer[], $3::bytea[], $4::uuid[], $5::text[], $6::text[], $7::bytea[])
           WITH ORDINALITY AS row (topic, partition, key, event_id, type, headers, data, place)
     ORDER BY place
    ON CONFLICT (event_id) DO NOTHING
)
SELECT pg_notify($8, '') WHERE NOT EXISTS (SELECT FROM messaging.outbox WHERE sequence IS NULL)
"""
