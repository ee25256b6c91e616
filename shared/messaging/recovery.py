"""After a restored backup: the log's numbers and facts are taken over. (`terang recover`)

`gather` reads the log once from the last place where both agree and makes a plan, which `apply`
carries out in one transaction. All processes of the service are stopped and what they had sent has
arrived: else a late record could take a new one's number, lost silently.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.envelope import Record
from shared.messaging.failures import OperatorNeeded
from shared.messaging.ignored import read_ignored
from shared.messaging.leadership import (
    ScanStart,
    acknowledged_offsets,
    recover_command,
    stored_partitions,
    try_to_lead,
)
from shared.messaging.log_reader import (
    OffsetRange,
    PublishedEvent,
    check_partitions,
    events_at,
    open_reader,
    published_events,
)
from shared.messaging.origins import Origins, RecordReader
from shared.messaging.outbox import headers_as_text
from shared.messaging.parser import RawRecord, read_headers, record_of
from shared.messaging.positions import partition_columns
from shared.messaging.recovery_plan import (
    OutboxRow,
    PartitionPlan,
    RecoveryPlan,
    plan_partition,
    recovery_start,
)
from shared.postgres import queries
from shared.postgres.pool import Connection

SQL = queries.load(Path(__file__).with_name("recovery.sql"))

Restore = Callable[[Connection, Sequence[Record]], Awaitable[list[str]]]
"""A service's own part: takes its facts out of records that the log has and the database lacks,
pushes its counters past them (participant numbers), and says in lines for the operator what it did
and what it could not do. Runs in the transaction of `apply`."""


async def gather(
    connection: Connection,
    *,
    bootstrap_servers: str,
    service: str,
    partitions: Mapping[str, int],
    origins: Origins,
    drain_seconds: float = 3.0,
) -> RecoveryPlan:
    """Waits until no record arrives for `drain_seconds`, reads the log, and plans.

    `connection` holds the relay's lock afterwards, so that none can begin before `apply` on the
    same connection. Raises OperatorNeeded for what no plan can repair, or when a process of the
    service is connected.
    """
    await refuse_if_running(connection, service)
    remedy = recover_command(service)
    await check_partitions(bootstrap_servers, partitions, remedy=remedy)
    stored = await stored_partitions(connection, partitions)
    records = RecordReader(origins, await read_ignored(connection))
    async with open_reader(bootstrap_servers) as reader:
        offsets = await _offsets_at_rest(reader, list(stored), drain_seconds)
        anchors = await events_at(reader, acknowledged_offsets(stored), offsets, records)
        starts = {
            partition: recovery_start(known, offsets[partition], anchors.get(partition))
            for partition, known in stored.items()
        }
        rows = await _outbox_rows(connection, starts)
        unread = {
            partition: OffsetRange(start.offset, offsets[partition].end)
            for partition, start in starts.items()
        }
        log, unknown = await _read_log(reader, unread, rows, records)
    plans = {
        partition: plan_partition(
            known, starts[partition], log[partition], rows[partition], service=service
        )
        for partition, known in stored.items()
    }
    missing = tuple(
        record_of(unknown[partition, event.offset])
        for partition, plan in plans.items()
        for event in plan.missing
    )
    return RecoveryPlan(tuple(plans.values()), missing)


async def refuse_if_running(connection: Connection, service: str) -> None:
    """Takes the relay's lock for this session.

    Raises OperatorNeeded when any other session is on the database, or a relay leads.
    """
    others = [row["name"] async for row in SQL.other_sessions(connection)]
    if others:
        raise OperatorNeeded(
            f"Others are connected to the database of {service}: {', '.join(others)}.",
            remedy=f"stop every api and worker of {service} and close other sessions,"
            f" then `terang recover {service}` again",
        )
    if not await try_to_lead(connection):
        raise OperatorNeeded(
            f"A relay of {service} leads.",
            remedy=f"stop every worker of {service}, then `terang recover {service}` again",
        )


async def apply(
    connection: Connection, plan: RecoveryPlan, *, service: str, restore: Restore | None = None
) -> list[str]:
    """Carries the plan out in one transaction, on the connection that `gather` had.

    Records that the outbox lacked become rows of it: what follows from an event and is stated
    again, because the positions are of yesterday too, then meets its own id there and is not sent
    twice. Returns what `restore` said. Raises OperatorNeeded as `refuse_if_running` does.
    """
    await refuse_if_running(connection, service)
    async with connection.transaction():
        await _renumber(connection, plan.partitions)
        await _add_missing(connection, plan.missing)
        await _set_acknowledged(connection, plan.partitions)
        return await restore(connection, plan.missing) if restore else []


async def _offsets_at_rest(
    reader: AIOKafkaConsumer, partitions: Sequence[TopicPartition], drain_seconds: float
) -> dict[TopicPartition, OffsetRange]:
    """What the partitions hold once no record has arrived for so long."""
    ends = await reader.end_offsets(partitions)
    while True:
        await asyncio.sleep(drain_seconds)
        later = await reader.end_offsets(partitions)
        if later == ends:
            break
        ends = later
    starts = await reader.beginning_offsets(partitions)
    return {partition: OffsetRange(starts[partition], ends[partition]) for partition in partitions}


async def _read_log(
    reader: AIOKafkaConsumer,
    unread: Mapping[TopicPartition, OffsetRange],
    rows: Mapping[TopicPartition, list[OutboxRow]],
    records: RecordReader,
) -> tuple[dict[TopicPartition, list[PublishedEvent]], dict[tuple[TopicPartition, int], RawRecord]]:
    """The events in these offsets; and, by offset, the records of those that are in no row."""
    in_outbox = {row.event_id for found in rows.values() for row in found}
    log: dict[TopicPartition, list[PublishedEvent]] = {partition: [] for partition in unread}
    unknown: dict[tuple[TopicPartition, int], RawRecord] = {}
    async for partition, event, raw in published_events(reader, unread, records):
        log[partition].append(event)
        if event.event_id not in in_outbox:
            unknown[partition, event.offset] = raw
    return log, unknown


async def _outbox_rows(
    connection: Connection, starts: Mapping[TopicPartition, ScanStart]
) -> dict[TopicPartition, list[OutboxRow]]:
    """The outbox's rows that have a number above the starts, or none, in the order of their ids."""
    rows: dict[TopicPartition, list[OutboxRow]] = {partition: [] for partition in starts}
    topics, numbers = partition_columns(starts)
    found = SQL.rows_above_or_waiting(
        connection,
        topics=topics,
        partitions=numbers,
        sequences=[start.sequence or 0 for start in starts.values()],
    )
    async for row in found:
        rows[TopicPartition(row["topic"], row["partition"])].append(
            OutboxRow(row["event_id"], row["sequence"])
        )
    return rows


async def _renumber(connection: Connection, plans: Sequence[PartitionPlan]) -> None:
    """Rows take the log's numbers, or give up theirs.

    All give up their numbers before any takes one: two may trade places.
    """
    renumbered = [row for plan in plans for row in plan.renumbered]
    resent = [event_id for plan in plans for event_id in plan.resent]
    await SQL.give_up_numbers(
        connection, event_ids=[event_id for event_id, _ in renumbered] + resent
    )
    await SQL.take_numbers(
        connection,
        event_ids=[event_id for event_id, _ in renumbered],
        sequences=[number for _, number in renumbered],
    )


async def _add_missing(connection: Connection, records: Sequence[Record]) -> None:
    """Records that the outbox lacks become rows under the log's numbers."""
    if not records:
        return
    topics, partitions, keys, event_ids, types, headers, data, sequences = zip(
        *map(_as_row, records), strict=True
    )
    await SQL.add_rows(
        connection,
        topics=topics,
        partitions=partitions,
        keys=keys,
        event_ids=event_ids,
        types=types,
        headers=headers,
        data=data,
        sequences=sequences,
    )


def _as_row(record: Record) -> tuple[object, ...]:
    """The record as the outbox keeps it, without ce_sequence: the relay adds that when it sends."""
    inbound = read_headers(record)
    headers = tuple(header for header in record.headers if header[0] != "ce_sequence")
    return (
        record.topic,
        record.partition,
        record.key,
        inbound.identity.event,
        inbound.type or "",
        headers_as_text(headers),
        record.value,
        inbound.identity.sequence,
    )


async def _set_acknowledged(connection: Connection, plans: Sequence[PartitionPlan]) -> None:
    """What the log holds is all acknowledged; counting goes on above it, or above what is kept."""
    topics, partitions, numbered, sequences, offsets, event_ids, begins_after = zip(
        *map(_partition_columns, plans), strict=True
    )
    await SQL.set_partitions(
        connection,
        topics=topics,
        partitions=partitions,
        numbered=numbered,
        sequences=sequences,
        offsets=offsets,
        event_ids=event_ids,
        begins_after=begins_after,
    )


def _partition_columns(plan: PartitionPlan) -> tuple[object, ...]:
    """A partition as it is stored."""
    last = (
        (plan.last.sequence, plan.last.offset, plan.last.event_id) if plan.last else (0, None, None)
    )
    return plan.topic, plan.partition, plan.numbered, *last, plan.begins_after
