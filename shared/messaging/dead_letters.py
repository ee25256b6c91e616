"""Records that can't take effect: rejected with their reason, listed, replayed, or discarded.

A dead letter leaves by the service's outbox, in the transaction that moves the position past its
record: there is no instant at which the record is neither ahead nor rejected. Its copy in
`messaging.dead_letter` is what a replay settles. A replay never publishes the record again: other
consumers took it long ago.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from aiokafka import TopicPartition
from uuid_utils.compat import uuid7

from shared.messaging.envelope import Event, Record
from shared.messaging.failures import Permanent
from shared.messaging.origins import Origins, RecordReader
from shared.messaging.outbox import Outbox, Row, headers_as_text, headers_from_text
from shared.messaging.parser import RecordFault, events, record_of
from shared.messaging.plan import Rejected
from shared.messaging.subscription import Subscription
from shared.postgres import queries
from shared.postgres.pool import Connection, Pool

SQL = queries.load(Path(__file__).with_name("dead_letters.sql"))

TYPE = "terang.DeadLetter"
SOURCE_PREFIX = "source_"
"""Stands before the name of each header that the failed record had."""

FORGOTTEN_AT_ONCE = 1_000

REPLAYING = 0x7465_0001
"""Advisory lock: replays share it, a rebuild has it alone, so that no event takes effect between a
rebuild's reading and its swap."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter as operators see it.

    `record` is None once it is settled: its bytes are gone.
    """

    id: UUID
    at: datetime
    reason: str
    detail: str
    handler: str
    topic: str
    partition: int
    offset: int
    type: str | None
    event_id: UUID | None
    settled_at: datetime | None
    record: Record | None = None


def topic_of(service: str) -> str:
    """The topic of a service's dead letters."""
    return f"terang.{service}.dead-letters"


async def reject(
    connection: Connection, outbox: Outbox, rejected: Sequence[Rejected], at: datetime
) -> None:
    """Append the records to the outbox as dead letters, and keep them for a replay.

    In the caller's transaction. Whatever it raises is no fault of the records: nothing is lost as
    long as the caller's transaction does not commit.
    """
    rows = [_row(outbox, rejection, uuid7(), at) for rejection in rejected]
    letters = [
        _letter_row(rejection, row.event_id, at)
        for rejection, row in zip(rejected, rows, strict=True)
    ]
    await SQL.insert_dead_letters(connection, letters=letters)
    await outbox.append_rows(connection, rows)


def _letter_row(rejection: Rejected, id_: UUID, at: datetime) -> tuple[object, ...]:
    """The row of messaging.dead_letter, in the order of its columns."""
    record, fault = rejection.record, rejection.fault
    raw = record_of(record.raw)
    return (
        id_,
        at,
        fault.code,
        fault.detail,
        rejection.handler,
        raw.topic,
        raw.partition,
        raw.offset,
        raw.timestamp,
        record.identity.sequence,
        record.identity.event,
        record.type,
        raw.key,
        headers_as_text(raw.headers),
        raw.value,
        None,  # settled_at
    )


def _row(outbox: Outbox, rejection: Rejected, id_: UUID, at: datetime) -> Row:
    raw = rejection.record.raw
    said = {
        "content-type": "application/octet-stream",
        "ce_specversion": "1.0",
        "ce_id": str(id_),
        "ce_source": outbox.source,
        "ce_type": TYPE,
        "ce_subject": f"{raw.topic}/{raw.partition}/{raw.offset}",
        "ce_time": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "dead_reason": rejection.fault.code,
        "dead_detail": rejection.fault.detail,
        "dead_handler": rejection.handler,
        "dead_topic": raw.topic,
        "dead_partition": str(raw.partition),
        "dead_offset": str(raw.offset),
        "dead_timestamp": str(raw.timestamp),
    }
    own = tuple((name, text.encode()) for name, text in said.items())
    theirs = tuple((SOURCE_PREFIX + name, value) for name, value in raw.headers)
    return Row(topic_of(outbox.service), raw.partition, raw.key, id_, TYPE, own + theirs, raw.value)


async def list_all(pool: Pool, *, every: bool = False, most: int = 1000) -> list[DeadLetter]:
    """The oldest `most` dead letters that wait to be settled; with `every`, settled ones too."""
    return [_letter(row) async for row in SQL.list_dead_letters(pool, every=every, most=most)]


async def show(pool: Pool, id_: UUID) -> DeadLetter | None:
    """One dead letter with its record; None if there is none of this id."""
    row = await SQL.show_dead_letter(pool, id=id_)
    return None if row is None else _letter(row)


def _letter(row: Mapping[str, Any]) -> DeadLetter:
    record = None
    if row.get("headers") is not None:
        record = Record(
            row["topic"],
            row["partition"],
            row["record_offset"],
            row["key"],
            row["value"],
            tuple(headers_from_text(row["headers"])),
            row["record_timestamp"],
        )
    return DeadLetter(
        row["id"],
        row["at"],
        row["reason"],
        row["detail"],
        row["handler"],
        row["topic"],
        row["partition"],
        row["record_offset"],
        row["type"],
        row["event_id"],
        row["settled_at"],
        record,
    )


class _DryRunError(Exception):
    """Rolls a replay back once it has shown that it would succeed."""


async def replay(
    pool: Pool,
    subscriptions: Sequence[Subscription],
    id_: UUID,
    *,
    origins: Origins,
    at: datetime,
    dry_run: bool,
) -> None:
    """Hand a dead letter's record to this service's own use cases, and settle it.

    In one transaction; the position stays. With `dry_run` all of it happens and is taken back.
    Raises Permanent, saying why, if the letter is unknown or settled, the record still can't be
    read or has no subscription any more, or a rebuild is running; and whatever the use cases raise.
    """
    try:
        async with pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(
                "SELECT pg_try_advisory_xact_lock_shared($1)", REPLAYING
            ):
                raise Permanent("a rebuild is running: replay when it has ended")
            row = await SQL.lock_open_dead_letter(connection, id=id_)
            if row is None:
                raise Permanent("no dead letter of this id waits to be settled")
            record = _letter(row).record
            assert record is not None  # an open letter keeps its bytes, by the table's check
            subscription, event = _event(record, subscriptions, origins)
            await subscription.take(connection, [event])
            await SQL.settle_dead_letter(connection, id=id_, at=at)
            if dry_run:
                raise _DryRunError
    except _DryRunError:
        return


def _event(
    record: Record, subscriptions: Sequence[Subscription], origins: Origins
) -> tuple[Subscription, Event[Any]]:
    """The record as an event, and the subscription for it; raises Permanent if there is none."""
    inbound = RecordReader(origins).read(record)
    if inbound.fault is not None:
        raise Permanent(f"{inbound.fault.code}: {inbound.fault.detail}")
    for subscription in subscriptions:
        if subscription.contract.type == inbound.type:
            (event,) = events(subscription.contract, [inbound])
            if isinstance(event, RecordFault):
                raise Permanent(f"{event.code}: {event.detail}")
            return subscription, event
    raise Permanent(f"this service has no subscription to {inbound.type}")


async def unsettled_records(connection: Connection) -> set[tuple[str, int, int]]:
    """Records that never took effect, as (topic, partition, offset)."""
    return {tuple(row) async for row in SQL.unsettled_records(connection)}


async def forget_settled(pool: Pool, until: datetime) -> None:
    """Removes dead letters that were settled before `until`, in small transactions."""
    while await SQL.forget_settled(pool, until=until, at_most=FORGOTTEN_AT_ONCE):
        pass


class LettersOf(NamedTuple):
    """Dead letters of one partition: how many, and the first and last offset of their records."""

    topic: str
    partition: int
    letters: int
    first: int
    last: int

    def told(self) -> str:
        """In words, for an operator and for the trail of decisions."""
        return (
            f"{self.topic}/{self.partition}: {self.letters} records, offsets {self.first} to"
            f" {self.last}"
        )


async def foreign(pool: Pool, partition: TopicPartition | None) -> list[tuple[LettersOf, str]]:
    """Dead letters that carry no event of this platform and wait, by partition and reason."""
    topic, number = partition or (None, None)
    rows = SQL.foreign_letters(pool, topic=topic, partition=number)
    return [(_letters_of(row), row["reason"]) async for row in rows]


async def discard_foreign(
    connection: Connection, partition: TopicPartition | None, *, most: int, at: datetime
) -> list[LettersOf]:
    """Settles so many of them, in the caller's transaction, and forgets their bytes."""
    topic, number = partition or (None, None)
    rows = SQL.discard_foreign(connection, topic=topic, partition=number, most=most, at=at)
    return [_letters_of(row) async for row in rows]


def _letters_of(row: Mapping[str, Any]) -> LettersOf:
    return LettersOf(row["topic"], row["partition"], row["letters"], row["first"], row["last"])


async def count_by_reason(pool: Pool, *, every: bool) -> dict[str, int]:
    """How many dead letters there are for each reason, most first."""
    rows = SQL.count_by_reason(pool, every=every)
    return {row["reason"]: row["letters"] async for row in rows}


async def count_open(pool: Pool) -> int:
    """How many dead letters wait to be settled."""
    count: int = await SQL.open_dead_letters(pool)
    return count
