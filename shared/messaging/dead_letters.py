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
from shared.messaging.ignored import read_ignored
from shared.messaging.origins import Origins, RecordReader
from shared.messaging.outbox import (
    LARGEST_ROW,
    Outbox,
    Row,
    headers_as_text,
    headers_from_text,
    size,
)
from shared.messaging.parser import RecordFault, events, record_of
from shared.messaging.plan import Rejected
from shared.messaging.reference import (
    Reference,
    beginning_of,
    place_of,
    read_original,
    reference_to,
)
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

    `record` is None once it is settled: its bytes are gone. With a `reference` it is the beginning
    of what stands on the log.
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
    reference: Reference | None = None


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
    letters = [_kept(outbox, rejection, at) for rejection in rejected]
    await SQL.insert_dead_letters(connection, letters=[_letter_row(letter) for letter in letters])
    await outbox.append_rows(connection, [letter.row for letter in letters])


class _Kept(NamedTuple):
    """A dead letter to be: what is kept of its record, and the row that leaves by the outbox."""

    rejection: Rejected
    at: datetime
    record: Record
    reference: Reference | None
    row: Row


def _kept(outbox: Outbox, rejection: Rejected, at: datetime) -> _Kept:
    """The whole record, or where that is too large or asked for, a reference to it."""
    record = record_of(rejection.record.raw)
    id_ = uuid7()
    if rejection.keep == "whole":
        row = _row(outbox, rejection, record, None, id_, at)
        if size(row) <= LARGEST_ROW:
            return _Kept(rejection, at, record, None, row)
    reference = reference_to(record)
    part = place_of(record) if rejection.keep == "reference" else beginning_of(record)
    row = _row(outbox, rejection, part, reference, id_, at)
    return _Kept(rejection, at, part, reference, row)


def _letter_row(letter: _Kept) -> tuple[object, ...]:
    """The row of messaging.dead_letter, in the order of its columns."""
    identity, fault = letter.rejection.record.identity, letter.rejection.fault
    record = letter.record
    return (
        letter.row.event_id,
        letter.at,
        fault.code,
        fault.detail,
        letter.rejection.handler,
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        identity.sequence,
        identity.event,
        letter.rejection.record.type,
        record.key,
        headers_as_text(record.headers),
        record.value,
        None,  # settled_at
        *(letter.reference or (None,) * len(Reference._fields)),
    )


def _row(
    outbox: Outbox,
    rejection: Rejected,
    record: Record,
    reference: Reference | None,
    id_: UUID,
    at: datetime,
) -> Row:
    said = {
        "content-type": "application/octet-stream",
        "ce_specversion": "1.0",
        "ce_id": str(id_),
        "ce_source": outbox.source,
        "ce_type": TYPE,
        "ce_subject": f"{record.topic}/{record.partition}/{record.offset}",
        "ce_time": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "dead_reason": rejection.fault.code,
        "dead_detail": rejection.fault.detail,
        "dead_handler": rejection.handler,
        "dead_topic": record.topic,
        "dead_partition": str(record.partition),
        "dead_offset": str(record.offset),
        "dead_timestamp": str(record.timestamp),
        **({} if reference is None else _said_of(reference)),
    }
    own = tuple((name, text.encode()) for name, text in said.items())
    theirs = tuple((SOURCE_PREFIX + name, value) for name, value in record.headers)
    return Row(
        topic_of(outbox.service),
        record.partition,
        record.key,
        id_,
        TYPE,
        own + theirs,
        record.value,
    )


def _said_of(reference: Reference) -> dict[str, str]:
    """Headers that tell hash and sizes of a record that is not whole; null is no header."""
    said = {
        f"dead_{name}": str(value)
        for name, value in reference._asdict().items()
        if isinstance(value, int)
    }
    return {"dead_value_sha256": reference.value_sha256.hex(), **said}


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
        _reference(row),
    )


def _reference(row: Mapping[str, Any]) -> Reference | None:
    """The reference in this row, if its record is not whole."""
    if row.get("value_sha256") is None:
        return None
    return Reference(*(row[name] for name in Reference._fields))


class _DryRunError(Exception):
    """Rolls a replay back once it has shown that it would succeed."""


async def replay(
    pool: Pool,
    subscriptions: Sequence[Subscription],
    id_: UUID,
    *,
    origins: Origins,
    bootstrap_servers: str,
    at: datetime,
    dry_run: bool,
) -> None:
    """Hand a dead letter's record to this service's own use cases, and settle it.

    In one transaction; the position stays. With `dry_run` all of it happens and is taken back. A
    record that is kept by reference is read from its log.

    Raises Permanent, saying why, if the letter is unknown or settled, the record still can't be
    read or has no subscription any more, it has expired, or a rebuild is running; and whatever the
    use cases raise.
    """
    original = await _original(pool, id_, bootstrap_servers)
    try:
        async with pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(
                "SELECT pg_try_advisory_xact_lock_shared($1)", REPLAYING
            ):
                raise Permanent("a rebuild is running: replay when it has ended")
            row = await SQL.lock_open_dead_letter(connection, id=id_)
            if row is None:
                raise Permanent("no dead letter of this id waits to be settled")
            record = original or _letter(row).record
            assert record is not None  # an open letter keeps its bytes, by the table's check
            records = RecordReader(origins, await read_ignored(connection))
            subscription, event = _event(record, subscriptions, records)
            await subscription.take(connection, [event])
            await SQL.settle_dead_letter(connection, id=id_, at=at)
            if dry_run:
                raise _DryRunError
    except _DryRunError:
        return


async def _original(pool: Pool, id_: UUID, bootstrap_servers: str) -> Record | None:
    """The whole record of a dead letter that is kept by reference; None for any other."""
    letter = await show(pool, id_)
    if letter is None or letter.record is None or letter.reference is None:
        return None
    return await read_original(bootstrap_servers, letter.record, letter.reference)


def _event(
    record: Record, subscriptions: Sequence[Subscription], records: RecordReader
) -> tuple[Subscription, Event[Any]]:
    """The record as an event, and the subscription for it; raises Permanent if there is none."""
    inbound = records.read(record)
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
