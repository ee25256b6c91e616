"""One process's share of a rebuild: records of some partitions take effect in projections_next,
then what follows from them is made. (rule 20 in README.md)
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging import log_check
from shared.messaging.dispatch import SQL, Read, make_plan, read_ahead
from shared.messaging.leadership import new_reader
from shared.messaging.outbox import Outbox, SilentOutbox
from shared.messaging.parser import InboundRecord, read_headers
from shared.messaging.position import Position
from shared.messaging.subscription import Derived, Subscription, by_type
from shared.postgres.pool import Connection, Pool

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
    """What is made anew: a service's projections, from the log that it hears.

    `marks` are the tables outside of them (`public.owed`) in which event use cases do nothing but
    set a mark for a duty: to set one again is harmless.
    """

    service: str
    connect: Callable[[], Awaitable[Pool]]
    outbox: Outbox
    subscriptions: Callable[[Outbox], Sequence[Subscription]]
    bootstrap_servers: str
    marks: Sequence[str] = ()


class RebuildShare:
    """What one process does, over one connection, in the projections_next whose oid is `schema`.

    Where it stands in each of its partitions lives in memory: if it dies, the next rebuild begins
    anew.
    """

    def __init__(self, anew: Projections, connection: Connection, schema: int) -> None:
        self._anew = anew
        self._connection = connection
        self._schema = schema
        self.subscriptions: Mapping[str, Subscription] = by_type(
            anew.subscriptions(SilentOutbox(anew.outbox))
        )
        self.derived: list[Derived] = list(
            dict.fromkeys(each.derived for each in self.subscriptions.values() if each.derived)
        )
        self.stands: dict[TopicPartition, Position] = {}
        self.events = 0

    async def learn(
        self, ends: Sequence[Position], *, whole: bool, progress: Callable[[int], None]
    ) -> None:
        """Apply the log from where this share stands up to these positions, a batch after the
        other; the next is read meanwhile.

        With `whole`, what follows from the facts is brought up to date with each batch; else it
        waits for `make`. `progress` is told of records as they are done. Raises RefusedError for
        what can't take effect as it did; and what the servers or a use case raise.
        """
        applying: asyncio.Task[None] | None = None
        async with log_reader(self._anew.bootstrap_servers) as reader:
            try:
                async for batch in self.batches(reader, ends):
                    read = await read_ahead(batch, self.subscriptions)
                    if applying is not None:
                        await applying
                    applying = asyncio.create_task(
                        self._apply(batch, read, whole, progress), name="rebuild-batch"
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
        """Make the derived rows (the `number`th kind) of these parts, of which there are none yet;
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
        """Records from where this share stands up to these positions."""
        unread = {
            each.partition: each.next_offset
            for each in ends
            if self.stands[each.partition].next_offset < each.next_offset
        }
        reader.assign(list(unread))
        for partition in unread:
            reader.seek(partition, self.stands[partition].next_offset)
        found_at = time.monotonic()
        while unread:
            batch: list[InboundRecord] = []
            for partition, records in (
                await reader.getmany(*unread, timeout_ms=1000, max_records=BATCH_RECORDS)
            ).items():
                found_at = time.monotonic()
                batch += [
                    read_headers(record) for record in records if record.offset < unread[partition]
                ]
                if records[-1].offset + 1 >= unread[partition]:
                    reader.pause(partition)
                    del unread[partition]
            if batch:
                yield batch
            if time.monotonic() - found_at > log_check.SECONDS:
                raise TimeoutError(f"Kafka gave no records of {sorted(unread)}")

    async def apply(
        self,
        batch: Sequence[InboundRecord],
        within: Callable[[], AbstractAsyncContextManager[None]],
        *,
        whole: bool,
        read: Read | None = None,
    ) -> None:
        """Effects of a batch, as the worker's, except those whose dead letter was never settled; of
        each run of one type `within` what it is given.

        A batch need not take effect as one: a rebuild that dies begins anew. And two shares whose
        transactions held several runs each could wait for each other: a round's vacancies stand in
        all partitions.
        """
        plan = make_plan(
            self.stands,
            batch,
            self.subscriptions,
            service=self._anew.service,
            read=read,
            most_in_a_row=None,
        )
        unsettled = {tuple(row) async for row in SQL.unsettled_records(self._connection)}
        for rejection in plan.rejected:
            raw = rejection.record.raw
            if (
                rejection.record.identity.sequence is not None
                and (raw.topic, raw.partition, raw.offset) not in unsettled
            ):
                raise RefusedError(
                    f"{raw.topic}/{raw.partition}, offset {raw.offset} took effect, and this version can't read it ({rejection.fault.code})"
                )
        for subscription, run in plan.runs:
            events = (
                [
                    event
                    for event in run
                    if (event.topic, event.partition, event.offset) not in unsettled
                ]
                if unsettled
                else run
            )
            if events:
                async with within():
                    await (subscription.take if whole else subscription.learn)(
                        self._connection, events
                    )
                self.events += len(events)
        self.stands.update((end.partition, end) for end in plan.ends)

    @asynccontextmanager
    async def next_to_public(self) -> AsyncIterator[None]:
        """In the transaction that is open, unqualified names mean projections_next.

        Raises RefusedError at its end if anything else was written.
        """
        await self._connection.execute(f"SET LOCAL search_path = {NEXT}, public")
        yield
        found = await self._connection.fetchrow(_WRITTEN, NEXT, self._schema, self._anew.marks)
        assert found is not None
        if found["elsewhere"]:
            raise RefusedError(
                f"an event use case writes {', '.join(found['elsewhere'])}, outside the projections: a rebuild would decide a second time."
                " What follows from events alone belongs into the schema projections"
            )
        if not found["ours"]:
            raise RefusedError("another rebuild has begun")

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        """PostgreSQL need not have it on disk before the swap, whose commit waits for all before
        it: a rebuild that dies begins anew.
        """
        async with self._connection.transaction():
            await self._connection.execute("SET LOCAL synchronous_commit = off")
            async with self.next_to_public():
                yield

    async def _apply(
        self,
        batch: Sequence[InboundRecord],
        read: Read,
        whole: bool,
        progress: Callable[[int], None],
    ) -> None:
        await self.apply(batch, self._transaction, whole=whole, read=read)
        progress(len(batch))


@asynccontextmanager
async def log_reader(bootstrap_servers: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Reads partitions from offset to offset, much at once."""
    reader = new_reader(bootstrap_servers, fetch_bytes=FETCH_BYTES)
    try:
        await reader.start()
        yield reader
    finally:
        await reader.stop()


# What this transaction wrote outside of the schema $1 and the tables $3, and whether that schema is
# still the one with the oid $2: tables that were written to can't be dropped before the transaction
# ends.
_WRITTEN = """
SELECT ARRAY(SELECT schemaname || '.' || relname FROM pg_stat_xact_user_tables
              WHERE schemaname <> $1 AND schemaname NOT LIKE 'pg\\_%' AND n_tup_ins + n_tup_upd + n_tup_del > 0
                AND schemaname || '.' || relname <> ALL ($3::text[])
              ORDER BY 1) AS elsewhere,
       coalesce(to_regnamespace($1)::oid = $2::bigint::oid, false) AS ours
"""
