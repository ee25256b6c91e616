"""One process's share of a rebuild: records of some partitions take effect in projections_next.

Then what follows from them is made. (rule 20 in README.md)
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.dead_letters import unsettled_records
from shared.messaging.dispatch import validate_ahead
from shared.messaging.envelope import Event
from shared.messaging.ignored import read_ignored
from shared.messaging.log_check import SECONDS
from shared.messaging.log_reader import open_reader
from shared.messaging.origins import Origins, RecordReader
from shared.messaging.outbox import Outbox, SilentOutbox
from shared.messaging.parser import InboundRecord
from shared.messaging.plan import Rejected, Validated, make_plan
from shared.messaging.position import Position
from shared.messaging.subscription import Derived, Subscription, by_type
from shared.postgres import queries
from shared.postgres.pool import Connection, Pool

SQL = queries.load(Path(__file__).with_name("rebuild_share.sql"))

NEXT = "projections_next"

BATCH_RECORDS = 10_000
"""Records of one batch at most. Nobody waits for it but the rebuild, and what is done once for each
vacancy and batch is done less often."""

FETCH_BYTES = 4_000_000
"""Bytes read from a partition at once."""

PARTS_AT_ONCE = 50
"""Parts whose derived rows are made in one transaction: enough that its round trips don't count,
few enough to fit into memory and to show progress."""


class RefusedError(Exception):
    """A rebuild can't be done, or can't be done right; nothing has changed. The text says why."""


@dataclass(frozen=True, slots=True)
class Projections:
    """What is rebuilt: a service's projections, from the log that it consumes.

    `marks` are the tables outside of them (`public.owed`) in which event use cases do nothing but
    set a mark for a duty: to set one again is harmless.
    """

    service: str
    connect: Callable[[], Awaitable[Pool]]
    outbox: Outbox
    subscriptions: Callable[[Outbox], Sequence[Subscription]]
    origins: Origins
    bootstrap_servers: str
    marks: Sequence[str] = ()


class RebuildShare:
    """What one process does, over one connection, in the projections_next whose oid is `schema`.

    Where it stands in each of its partitions lives in memory: if it dies, the next rebuild begins
    anew.
    """

    def __init__(self, projections: Projections, connection: Connection, schema: int) -> None:
        self._projections = projections
        self._connection = connection
        self._schema = schema
        self._records = RecordReader(projections.origins)
        self.subscriptions: Mapping[str, Subscription] = by_type(
            projections.subscriptions(SilentOutbox(projections.outbox))
        )
        self.derived: list[Derived] = list(
            dict.fromkeys(
                subscription.derived
                for subscription in self.subscriptions.values()
                if subscription.derived
            )
        )
        self.positions: dict[TopicPartition, Position] = {}
        self.events = 0

    async def learn(
        self, ends: Sequence[Position], *, whole: bool, progress: Callable[[int], None]
    ) -> None:
        """Apply the log from where this share stands up to these positions, batch after batch.

        The next batch is read meanwhile. With `whole`, what follows from the facts is brought up to
        date with each batch; else it waits for `make`. `progress` is told of records as they are
        done. Raises RefusedError for what can't take effect as it did; and what the servers or a
        use case raise.
        """
        applying: asyncio.Task[None] | None = None
        self._records.ignored = await read_ignored(self._connection)
        async with log_reader(self._projections.bootstrap_servers) as reader:
            try:
                async for batch in self.batches(reader, ends):
                    validated = await validate_ahead(batch, self.subscriptions)
                    if applying is not None:
                        await applying
                    applying = asyncio.create_task(
                        self._apply(batch, validated, whole, progress), name="rebuild-batch"
                    )
                if applying is not None:
                    await applying
            finally:
                if applying is not None and not applying.done():
                    applying.cancel()
                    await asyncio.wait([applying])

    async def make(
        self, number: int, parts: Sequence[str], *, progress: Callable[[int], None]
    ) -> None:
        """Make the derived rows (the `number`th kind) of these parts, of which there are none yet.

        `progress` is told of parts as they are done.
        """
        for start in range(0, len(parts), PARTS_AT_ONCE):
            some = list(parts[start : start + PARTS_AT_ONCE])
            async with self._transaction():
                await self.derived[number].make(self._connection, some)
            progress(len(some))

    async def batches(
        self, reader: AIOKafkaConsumer, ends: Sequence[Position]
    ) -> AsyncIterator[list[InboundRecord]]:
        """Records from where this share stands up to these positions.

        Raises TimeoutError when Kafka gives none for a while.
        """
        unread = {
            end.partition: end.next_offset
            for end in ends
            if self.positions[end.partition].next_offset < end.next_offset
        }
        reader.assign(list(unread))
        for partition in unread:
            reader.seek(partition, self.positions[partition].next_offset)
        found_at = time.monotonic()
        while unread:
            batch = await _fetch(reader, unread, self._records)
            if batch is not None:
                found_at = time.monotonic()
            if batch:
                yield batch
            if time.monotonic() - found_at > SECONDS:
                raise TimeoutError(f"Kafka gave no records of {sorted(unread)}")

    async def apply(
        self,
        batch: Sequence[InboundRecord],
        within: Callable[[], AbstractAsyncContextManager[None]],
        *,
        whole: bool,
        validated: Validated | None = None,
    ) -> None:
        """Effects of a batch, as the worker's; each call of use cases happens in a `within()`.

        Those whose dead letter was never settled have none. A batch need not take effect as one: a
        rebuild that dies begins anew. And two shares whose transactions held several calls each
        could wait for each other: a round's vacancies stand in all partitions.
        """
        plan = make_plan(
            self.positions,
            batch,
            self.subscriptions,
            service=self._projections.service,
            validated=validated,
            most_in_a_row=None,
        )
        unsettled = await unsettled_records(self._connection)
        _refuse_unreadable(plan.rejected, unsettled)
        for subscription, together in plan.calls:
            events = _settled(together, unsettled)
            if events:
                async with within():
                    take = subscription.take if whole else subscription.learn
                    await take(self._connection, events)
                self.events += len(events)
        self.positions.update((end.partition, end) for end in plan.ends)

    @asynccontextmanager
    async def next_to_public(self) -> AsyncIterator[None]:
        """In the transaction that is open, unqualified names mean projections_next.

        Raises RefusedError at its end if anything else was written.
        """
        await self._connection.execute(f"SET LOCAL search_path = {NEXT}, public")
        yield
        found = await SQL.written(
            self._connection, schema=NEXT, oid=self._schema, marks=self._projections.marks
        )
        if found["elsewhere"]:
            raise RefusedError(
                f"an event use case writes {', '.join(found['elsewhere'])}, outside the"
                " projections: a rebuild would decide a second time. What follows from events alone"
                " belongs into the schema projections"
            )
        if not found["ours"]:
            raise RefusedError("another rebuild has begun")

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        """A transaction that PostgreSQL need not have on disk before the swap.

        The swap's commit waits for all before it, and a rebuild that dies begins anew.
        """
        async with self._connection.transaction():
            await self._connection.execute("SET LOCAL synchronous_commit = off")
            async with self.next_to_public():
                yield

    async def _apply(
        self,
        batch: Sequence[InboundRecord],
        validated: Validated,
        whole: bool,
        progress: Callable[[int], None],
    ) -> None:
        await self.apply(batch, self._transaction, whole=whole, validated=validated)
        progress(len(batch))


async def _fetch(
    reader: AIOKafkaConsumer, unread: dict[TopicPartition, int], records: RecordReader
) -> list[InboundRecord] | None:
    """The next records below the ends of `unread`; None if Kafka gave none.

    A partition that has been read to its end leaves `unread`.
    """
    fetched = await reader.getmany(*unread, timeout_ms=1000, max_records=BATCH_RECORDS)
    batch: list[InboundRecord] = []
    for partition, found in fetched.items():
        end = unread[partition]
        batch += [records.read(raw) for raw in found if raw.offset < end]
        if found[-1].offset + 1 >= end:
            reader.pause(partition)
            del unread[partition]
    return batch if fetched else None


def _refuse_unreadable(rejected: Iterable[Rejected], unsettled: set[tuple[str, int, int]]) -> None:
    """Raises RefusedError for an event that took effect and can't be read any more."""
    for rejection in rejected:
        raw = rejection.record.raw
        ours = rejection.record.identity.sequence is not None
        if ours and (raw.topic, raw.partition, raw.offset) not in unsettled:
            raise RefusedError(
                f"{raw.topic}/{raw.partition}, offset {raw.offset} took effect, and this version"
                f" can't read it ({rejection.fault.code})"
            )


def _settled(events: list[Event[Any]], unsettled: set[tuple[str, int, int]]) -> list[Event[Any]]:
    """These events without those that never took effect."""
    if not unsettled:
        return events
    return [
        event for event in events if (event.topic, event.partition, event.offset) not in unsettled
    ]


@asynccontextmanager
async def log_reader(bootstrap_servers: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Reads partitions from offset to offset, much at once."""
    async with open_reader(bootstrap_servers, fetch_bytes=FETCH_BYTES) as reader:
        yield reader
