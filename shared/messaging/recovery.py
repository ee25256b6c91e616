"""After a restored backup: what the log knows and the database doesn't, and how counting can go on
(rule 21 in README.md).

`gather` reads the log once from the last place where both agree and makes a `Plan`, which `apply`
carries out in one transaction. All processes of the service are stopped and what they had sent has
arrived: else a late record could take a new one's number, lost silently.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from aiokafka import TopicPartition

from shared.messaging.envelope import Record
from shared.messaging.failures import OperatorNeeded
from shared.messaging.leadership import (
    RELAY_LOCK,
    OffsetRange,
    PublishedEvent,
    ScanStart,
    StoredPartition,
    check_partitions,
    new_reader,
    published_events,
    stored_partitions,
)
from shared.messaging.outbox import headers_as_text
from shared.messaging.parser import Raw, read_headers, record_of
from shared.postgres.pool import Connection

Restore = Callable[[Connection, Sequence[Record]], Awaitable[list[str]]]
"""A service's own part: takes its facts out of records that the log has and the database lacks,
pushes its counters past them (participant numbers), and says in lines for the operator what it did
and what it could not do. Runs in the transaction of `apply`."""


class OutboxRow(NamedTuple):
    """A row of the outbox as planning sees it."""

    event_id: UUID
    sequence: int | None


@dataclass(frozen=True, slots=True)
class PartitionPlan:
    """What becomes of one partition.

    `last` is the last number that the log holds (None: none); counting goes on above it.
    `renumbered` are rows that take the log's number, `sent_anew` rows whose number the log doesn't
    hold under their event: they get a new one. `lacking` are records that the outbox lacks. `lost`
    counts numbers that once were acknowledged and stand neither on the log nor in the outbox.
    """

    topic: str
    partition: int
    last: PublishedEvent | None
    renumbered: tuple[tuple[UUID, int], ...]
    sent_anew: tuple[UUID, ...]
    lacking: tuple[PublishedEvent, ...]
    lost: int

    @property
    def changes(self) -> bool:
        return bool(self.renumbered or self.sent_anew or self.lacking or self.lost)


@dataclass(frozen=True, slots=True)
class Plan:
    """One Lane a partition, and the records that the database lacks, in the order of topic,
    partition and offset.
    """

    lanes: tuple[PartitionPlan, ...]
    lacking: tuple[Record, ...]


def plan_partition(
    stored: StoredPartition,
    start: ScanStart,
    log: Sequence[PublishedEvent],
    rows: Sequence[OutboxRow],
    *,
    remedy: str,
) -> PartitionPlan:
    """Pure: from our records behind `start`, in order, and the outbox's rows that have a number
    above it or none.

    Raises OperatorNeeded when the log jumps over a number: consumers can't pass that, whatever the
    database says.
    """
    held: dict[int, PublishedEvent] = {}
    sequence = start.sequence
    for own in log:
        if sequence is not None and own.sequence <= sequence:
            continue  # a zombie's repeat
        if sequence is not None and own.sequence > sequence + 1:
            raise OperatorNeeded(
                f"{stored.topic}/{stored.partition} jumps from number {sequence} to {own.sequence} at offset {own.offset}; "
                "no consumer can pass that.",
                remedy=remedy,
            )
        held[own.sequence] = own
        sequence = own.sequence
    last = held.get(sequence or 0) or (stored.acknowledged if start.sequence else None)
    number_of = {own.event_id: own.sequence for own in held.values()}
    known = {row.event_id for row in rows}
    acknowledged = stored.acknowledged.sequence if stored.acknowledged else 0
    if start.sequence is None:
        # What stood between the backup's knowledge and the log's start has expired: a row may have
        # been sent and read there.
        rows = [row for row in rows if row.sequence is None or row.sequence > acknowledged]
        unsure = sum(1 for row in rows if row.event_id not in number_of)
        if unsure or not held:
            raise OperatorNeeded(
                f"{stored.topic}/{stored.partition} begins at offset {start.offset}, above what the database knows of it; whether "
                f"{unsure} rows were sent before, and how far counting went, can't be told.",
                remedy="restore a backup that is younger than the topic's retention",
            )
    end = last.sequence if last else 0
    still_there = {row.sequence for row in rows if row.sequence is not None}
    return PartitionPlan(
        stored.topic,
        stored.partition,
        last,
        tuple(
            (row.event_id, number)
            for row in rows
            if (number := number_of.get(row.event_id)) is not None and number != row.sequence
        ),
        tuple(
            row.event_id
            for row in rows
            if row.sequence is not None and row.event_id not in number_of
        ),
        tuple(
            own
            for own in held.values()
            if own.sequence > acknowledged and own.event_id not in known
        ),
        sum(1 for number in range(end + 1, acknowledged + 1) if number not in still_there),
    )


async def gather(
    connection: Connection,
    *,
    bootstrap_servers: str,
    service: str,
    partitions: Mapping[str, int],
    drain_seconds: float = 3.0,
) -> Plan:
    """Sees to it that nothing of the service runs, waits until no record arrives for
    `drain_seconds`, reads, and plans.

    `connection` holds the relay's lock afterwards, so that none can begin before `apply` on the
    same connection. Raises OperatorNeeded for what no plan can repair, or when a process of the
    service is connected.
    """
    await refuse_if_running(connection, service)
    remedy = f"delete the topic, make it anew (`terang topics`), then `terang recover {service}`"
    await check_partitions(bootstrap_servers, partitions, remedy=remedy)
    tps = [
        TopicPartition(topic, partition)
        for topic, count in partitions.items()
        for partition in range(count)
    ]
    stored = await stored_partitions(connection, partitions)
    consumer = new_reader(bootstrap_servers)
    try:
        await consumer.start()
        ends = await consumer.end_offsets(tps)
        while True:
            await asyncio.sleep(drain_seconds)
            later = await consumer.end_offsets(tps)
            if later == ends:
                break
            ends = later
        starts = await consumer.beginning_offsets(tps)
        known = {
            tp: own.offset
            for tp in tps
            if (own := stored[tp].acknowledged) and starts[tp] <= own.offset < ends[tp]
        }
        just_these = {tp: offset + 1 for tp, offset in known.items()}
        anchors = {tp: own async for tp, own, _ in published_events(consumer, known, just_these)}
        bases = {
            tp: recovery_start(stored[tp], OffsetRange(starts[tp], ends[tp]), anchors.get(tp))
            for tp in tps
        }
        rows = await _rows(connection, bases)
        ids = {row.event_id for lane in rows.values() for row in lane}
        log: dict[TopicPartition, list[PublishedEvent]] = {tp: [] for tp in tps}
        raws: dict[tuple[TopicPartition, int], Raw] = {}
        async for tp, own, raw in published_events(
            consumer, {tp: bases[tp].offset for tp in tps}, ends
        ):
            log[tp].append(own)
            if own.event_id not in ids:
                raws[tp, own.offset] = raw
    finally:
        await consumer.stop()
    lanes = tuple(
        plan_partition(stored[tp], bases[tp], log[tp], rows[tp], remedy=remedy) for tp in tps
    )
    lacking = tuple(
        record_of(raws[TopicPartition(lane.topic, lane.partition), own.offset])
        for lane in lanes
        for own in lane.lacking
    )
    return Plan(lanes, lacking)


async def refuse_if_running(connection: Connection, service: str) -> None:
    """Raises OperatorNeeded when any other session is on the database.

    Takes the relay's lock for this session.
    """
    others = await connection.fetch(
        "SELECT DISTINCT coalesce(nullif(application_name, ''), 'unnamed') AS name FROM pg_stat_activity"
        " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY name"
    )
    if others:
        raise OperatorNeeded(
            f"Others are connected to the database of {service}: {', '.join(row['name'] for row in others)}.",
            remedy=f"stop every api and worker of {service} and close other sessions, then `terang recover {service}` again",
        )
    if not await connection.fetchval(f"SELECT pg_try_advisory_lock({RELAY_LOCK})"):
        raise OperatorNeeded(
            f"A relay of {service} leads.",
            remedy=f"stop every worker of {service}, then `terang recover {service}` again",
        )


async def apply(
    connection: Connection, plan: Plan, *, service: str, restore: Restore | None = None
) -> list[str]:
    """Carries the plan out in one transaction, on the connection that `gather` had.

    Returns what `restore` said.

    Records that the outbox lacked become rows of it: what follows from an event and is stated
    again, because the positions are of yesterday too, then meets its own id there and is not sent
    twice.
    """
    await refuse_if_running(connection, service)
    async with connection.transaction():
        moved = [(event_id, number) for lane in plan.lanes for event_id, number in lane.renumbered]
        anew = [event_id for lane in plan.lanes for event_id in lane.sent_anew]
        # All of them give up their numbers before any takes one: two may trade places.
        await connection.execute(
            "UPDATE messaging.outbox SET sequence = NULL, numbered_at = NULL WHERE event_id = ANY($1::uuid[])",
            [event_id for event_id, _ in moved] + anew,
        )
        await connection.execute(
            "UPDATE messaging.outbox AS row SET sequence = moved.sequence, numbered_at = now()"
            " FROM unnest($1::uuid[], $2::bigint[]) AS moved (event_id, sequence) WHERE row.event_id = moved.event_id",
            [event_id for event_id, _ in moved],
            [number for _, number in moved],
        )
        await connection.executemany(_ADD_LACKING, [_as_row(record) for record in plan.lacking])
        await connection.executemany(
            _SET_LANE,
            [
                (lane.topic, lane.partition, own.sequence, own.offset, own.event_id)
                if (own := lane.last)
                else (lane.topic, lane.partition, 0, None, None)
                for lane in plan.lanes
            ],
        )
        return await restore(connection, plan.lacking) if restore else []


def recovery_start(
    stored: StoredPartition, bounds: OffsetRange, anchor: PublishedEvent | None
) -> ScanStart:
    """The last place where log and database agree; the log's start, if nowhere.

    Unlike `leadership.base` it stops for nothing.
    """
    known = stored.acknowledged
    if known is not None and (anchor == known or bounds.start == known.offset + 1):
        return ScanStart(known.offset + 1, known.sequence)
    return ScanStart(bounds.start, 0 if bounds.start == 0 else None)


async def _rows(
    connection: Connection, bases: Mapping[TopicPartition, ScanStart]
) -> dict[TopicPartition, list[OutboxRow]]:
    rows: dict[TopicPartition, list[OutboxRow]] = {tp: [] for tp in bases}
    found = await connection.fetch(
        """
        SELECT topic, partition, event_id, row.sequence
          FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS base (topic, partition, sequence)
          JOIN messaging.outbox AS row USING (topic, partition)
         WHERE row.sequence > base.sequence OR row.sequence IS NULL
         ORDER BY row.id
        """,
        [tp.topic for tp in bases],
        [tp.partition for tp in bases],
        [base.sequence or 0 for base in bases.values()],
    )
    for row in found:
        rows[TopicPartition(row["topic"], row["partition"])].append(
            OutboxRow(row["event_id"], row["sequence"])
        )
    return rows


def _as_row(record: Record) -> tuple[object, ...]:
    inbound = read_headers(record)
    headers = headers_as_text(
        tuple(header for header in record.headers if header[0] != "ce_sequence")
    )
    identity = inbound.identity
    return (
        record.topic,
        record.partition,
        record.key,
        identity.event,
        inbound.type or "",
        headers,
        record.value,
        identity.sequence,
    )


_ADD_LACKING = """
INSERT INTO messaging.outbox (topic, partition, key, event_id, type, headers, data, sequence, numbered_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())
"""

_SET_LANE = """
INSERT INTO messaging.outbox_partitions AS lane (topic, partition, numbered, acknowledged, acknowledged_offset, acknowledged_event)
VALUES ($1, $2, $3, $3, $4, $5)
ON CONFLICT (topic, partition) DO UPDATE
   SET numbered = excluded.numbered, acknowledged = excluded.acknowledged,
       acknowledged_offset = excluded.acknowledged_offset, acknowledged_event = excluded.acknowledged_event
"""
