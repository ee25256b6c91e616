"""Projections made anew from the log, beside the living ones, and put in their place at exactly the living position. (rule 20 in README.md)

The same use cases run as in the worker, in transactions whose search_path names projections_next, with an outbox that states nothing. The
living worker goes on meanwhile; only at the end, for the last records and the swap, it waits.
"""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from typing_extensions import override

from shared.messaging import same_log
from shared.messaging.consumer import COLLECT_AFTER
from shared.messaging.dead_letters import REPLAYING
from shared.messaging.dispatch import SQL, Hears, Read, by_type, lock, make_plan, position_of, read_ahead
from shared.messaging.lead import new_reader
from shared.messaging.outbox import Outbox, Row
from shared.messaging.parser import Heard, hear
from shared.messaging.position import Evidence, Place, Position
from shared.postgres.pool import Connection, Pool

LIVING, NEXT, OLD = "projections", "projections_next", "projections_old"

NEAR_END = 2_000
"""Records left to read at which the living positions are locked: the worker then waits about a tenth of a second."""

BATCH_RECORDS = 10_000
"""Records of one transaction at most. Nobody waits for it but the rebuild, and what is done once for each vacancy and batch is done less often."""

FETCH_BYTES = 4_000_000
"""Bytes read from a partition at once."""


class RefusedError(Exception):
    """A rebuild can't be done, or can't be done right; nothing has changed. The text says why."""


class SilentOutbox(Outbox):
    """An outbox in which nothing comes to stand: what a use case states during a rebuild was stated long ago."""

    def __init__(self, outbox: Outbox) -> None:
        super().__init__(
            source=outbox.source, service=outbox.service, contracts=outbox.contracts, partitions=outbox.partitions
        )

    @override
    async def append_rows(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did: events that took effect anew, and in how many partitions."""

    events: int
    partitions: int


async def rebuild(
    *,
    service: str,
    pool: Pool,
    outbox: Outbox,
    hears: Callable[[Outbox], Sequence[Hears]],
    bootstrap_servers: str,
    marks: Iterable[str] = (),
    progress: Callable[[int, int], None] = lambda done, records: None,
) -> Rebuilt:
    """Make the schema `projections` anew from the whole log, and swap it in at exactly the living positions.

    `marks` are the tables outside of it (`public.owed`) in which event use cases do nothing but set a mark for a duty: to
    set one again is harmless. `progress` is told how many of how many records have been read. Raises RefusedError, having changed nothing; Stop if the
    positions were made on another log; and what the servers or a use case raise: then too nothing has changed.
    """
    gc.set_threshold(COLLECT_AFTER, 20, 20)
    async with pool.acquire() as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", REPLAYING):
            raise RefusedError("another rebuild, or a replay of dead letters, is running")
        try:
            silent = _Rebuild(
                service, connection, by_type(hears(SilentOutbox(outbox))), bootstrap_servers, list(marks), progress
            )
            return await silent.run()
        finally:
            if not connection.is_closed():  # else PostgreSQL has let the lock go, and the next rebuild drops the schema
                await connection.execute(f"DROP SCHEMA IF EXISTS {NEXT} CASCADE")
                await connection.fetchval("SELECT pg_advisory_unlock($1)", REPLAYING)


class _Rebuild:
    """One rebuild, over one connection. Its positions live in memory: if it dies, the next begins anew."""

    def __init__(
        self,
        service: str,
        connection: Connection,
        hears: Mapping[str, Hears],
        bootstrap_servers: str,
        marks: list[str],
        progress: Callable[[int, int], None],
    ) -> None:
        self._service = service
        self._connection = connection
        self._hears = hears
        self._bootstrap_servers = bootstrap_servers
        self._marks = marks
        self._progress = progress
        self._topics = list(dict.fromkeys(each.contract.topic for each in hears.values()))
        self._stands: dict[Place, Position] = {}
        self._events = 0

    async def run(self) -> Rebuilt:
        living = await self._living()
        _check_start(await same_log.assure(self._bootstrap_servers, living))
        await clone(self._connection)
        self._stands = {each.place: Position(each.place) for each in living}
        reader = new_reader(self._bootstrap_servers, fetch_bytes=FETCH_BYTES)
        try:
            await reader.start()
            reader.assign([TopicPartition(*place) for place in self._stands])
            for place in self._stands:
                reader.seek(TopicPartition(*place), 0)
            while self._left(living) > NEAR_END:
                await self._read_up_to(reader, living)
                living = await self._living()
            await self._finish(reader)
        finally:
            await reader.stop()
        return Rebuilt(self._events, len(self._stands))

    async def _living(self) -> list[Position]:
        rows = await self._connection.fetch(
            "SELECT * FROM messaging.position WHERE topic = ANY ($1) ORDER BY topic, partition", self._topics
        )
        return [position_of(row) for row in rows]

    def _left(self, living: Iterable[Position]) -> int:
        return sum(each.next_offset - self._stands[each.place].next_offset for each in living)

    async def _read_up_to(self, reader: AIOKafkaConsumer, living: Sequence[Position]) -> None:
        """Apply what the worker has taken up to these positions, a batch to a transaction; the next is read meanwhile.

        The topics that a service lists last come first: what is said of someone is learnt before who they are, and takes effect with that, once.
        """
        applying: asyncio.Task[None] | None = None
        try:
            for topic in reversed(self._topics):
                async for batch in self._batches(reader, [each for each in living if each.place.topic == topic]):
                    read = await read_ahead(batch, self._hears)
                    if applying is not None:
                        await applying
                        self._progress(*self._done(living))
                    applying = asyncio.create_task(self._commit(batch, read), name="rebuild-batch")
            if applying is not None:
                await applying
                self._progress(*self._done(living))
        finally:
            if applying is not None and not applying.done():
                applying.cancel()
                await asyncio.wait([applying])

    async def _commit(self, batch: Sequence[Heard], read: Read) -> None:
        """Apply a batch. PostgreSQL need not have it on disk before the swap, whose commit waits for all before it: a rebuild that dies begins anew."""
        async with self._connection.transaction():
            await self._connection.execute("SET LOCAL synchronous_commit = off")
            await self._apply(batch, read)

    def _done(self, living: Iterable[Position]) -> tuple[int, int]:
        total = sum(each.next_offset for each in living)
        return total - self._left(living), total

    async def _batches(self, reader: AIOKafkaConsumer, ends: Sequence[Position]) -> AsyncIterator[list[Heard]]:
        """Records from where the rebuild stands up to these positions."""
        unread = {
            TopicPartition(*each.place): each.next_offset
            for each in ends
            if self._stands[each.place].next_offset < each.next_offset
        }
        reader.resume(*unread)
        found_at = time.monotonic()
        while unread:
            batch: list[Heard] = []
            for partition, records in (
                await reader.getmany(*unread, timeout_ms=1000, max_records=BATCH_RECORDS)
            ).items():
                found_at = time.monotonic()
                batch += [hear(record) for record in records if record.offset < unread[partition]]
                if records[-1].offset + 1 >= unread[partition]:
                    reader.pause(partition)
                    reader.seek(partition, unread.pop(partition))  # it may have been read too far
            if batch:
                yield batch
            if time.monotonic() - found_at > same_log.SECONDS:
                raise TimeoutError(f"Kafka gave no records of {sorted(unread)}")

    async def _apply(self, batch: Sequence[Heard], read: Read | None = None) -> None:
        """Effects of a batch, as the worker's, except those whose dead letter was never settled."""
        connection = self._connection
        await connection.execute(f"SET LOCAL search_path = {NEXT}, public")
        plan = make_plan(self._stands, batch, self._hears, service=self._service, read=read, most_in_a_row=None)
        unsettled = {tuple(row) async for row in SQL.unsettled_places(connection)}
        for aside in plan.asides:
            raw = aside.heard.raw
            if aside.heard.mark.sequence is not None and (raw.topic, raw.partition, raw.offset) not in unsettled:
                raise RefusedError(
                    f"{raw.topic}/{raw.partition}, offset {raw.offset} took effect, and this version can't read it ({aside.fault.code})"
                )
        for hearing, run in plan.runs:
            events = [event for event in run if (event.topic, event.partition, event.offset) not in unsettled]
            if events:
                await hearing.use_case(connection, events)
                self._events += len(events)
        written = await connection.fetch(
            "SELECT schemaname || '.' || relname AS name FROM pg_stat_xact_user_tables"
            " WHERE schemaname <> $1 AND schemaname NOT LIKE 'pg_%' AND n_tup_ins + n_tup_upd + n_tup_del > 0"
            " AND schemaname || '.' || relname <> ALL ($2)",
            NEXT,
            self._marks,
        )
        if written:
            names = ", ".join(sorted(row["name"] for row in written))
            raise RefusedError(
                f"an event use case writes {names}, outside the projections: a rebuild would decide a second time."
                " What follows from events alone belongs into the schema projections"
            )
        self._stands.update((end.place, end) for end in plan.ends)

    async def _finish(self, reader: AIOKafkaConsumer) -> None:
        """Lock the living positions, apply exactly up to them, and swap, in one transaction."""
        async with self._connection.transaction():
            await self._connection.execute("SET LOCAL lock_timeout = '30s'")
            locked = await lock(self._connection, self._stands)
            async for batch in self._batches(reader, list(locked.values())):
                await self._apply(batch)
            for place, living in locked.items():
                stands = self._stands[place]
                if _mark(stands) != _mark(living):
                    raise RefusedError(
                        f"{place.topic}/{place.partition}: the log leads to {_mark(stands)}, the worker stands at {_mark(living)}"
                    )
            await self._connection.execute(f"ALTER SCHEMA {LIVING} RENAME TO {OLD}")
            await self._connection.execute(f"ALTER SCHEMA {NEXT} RENAME TO {LIVING}")
            await self._connection.execute(f"DROP SCHEMA {OLD} CASCADE")
            await SQL.forget_unheard(self._connection, types=list(self._hears))


def _check_start(shown: Mapping[Place, Evidence]) -> None:
    """Nothing of what took effect may be missing at the log's beginning."""
    cut = [f"{place.topic}/{place.partition}" for place, evidence in sorted(shown.items()) if evidence.start > 0]
    if cut:
        raise RefusedError(
            f"{', '.join(cut)} no longer begin at offset 0: what has expired there would be missing from the projections."
            " Keep them, or restore a backup of this service's database"
        )


def _mark(position: Position) -> tuple[int, int, int | None, UUID | None]:
    return position.next_offset, position.sequence, position.sequence_offset, position.sequence_event


_UNCLONABLE = """
SELECT format('%s %s', CASE relkind WHEN 'S' THEN 'sequence' WHEN 'p' THEN 'partitioned table' ELSE 'view' END, relname) AS thing
  FROM pg_class
 WHERE relnamespace = 'projections'::regnamespace AND relkind IN ('v', 'm', 'f', 'p', 'S')
   AND NOT (relkind = 'S' AND EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'i'))
UNION ALL
SELECT format('trigger %s', tgname) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
 WHERE relnamespace = 'projections'::regnamespace AND NOT tgisinternal
UNION ALL
SELECT format('function %s', proname) FROM pg_proc WHERE pronamespace = 'projections'::regnamespace
UNION ALL
SELECT format('foreign key %s, from another schema,', conname) FROM pg_constraint JOIN pg_class ON pg_class.oid = confrelid
 WHERE contype = 'f' AND relnamespace = 'projections'::regnamespace AND connamespace <> relnamespace
"""

# Read with search_path = projections, so that names in definitions stand unqualified and mean the new tables when they are run again.
_CONSTRAINTS = """
SELECT format('ALTER TABLE projections_next.%I ADD CONSTRAINT %I %s', relname, conname, pg_get_constraintdef(pg_constraint.oid))
  FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
 WHERE connamespace = 'projections'::regnamespace AND contype IN ('p', 'u', 'x', 'f')
 ORDER BY contype = 'f', conname
"""

_INDEXES = """
SELECT replace(pg_get_indexdef(indexrelid), ' ON projections.', ' ON projections_next.')
  FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
 WHERE relnamespace = 'projections'::regnamespace AND relkind = 'r'
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
"""


async def clone(connection: Connection) -> None:
    """Make projections_next: the tables of projections, empty, with the same names for their indexes and constraints.

    Raises RefusedError for what can't be copied so: views, triggers, functions, sequences of their own.
    """
    if things := [row["thing"] for row in await connection.fetch(_UNCLONABLE)]:
        raise RefusedError(f"the schema projections holds what a rebuild can't copy: {', '.join(things)}")
    async with connection.transaction():
        await connection.execute(f"DROP SCHEMA IF EXISTS {NEXT} CASCADE")
        await connection.execute(f"CREATE SCHEMA {NEXT}")
        await connection.execute(f"SET LOCAL search_path = {LIVING}")
        tables = await connection.fetch(
            "SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = 'projections'::regnamespace AND relkind = 'r'"
        )
        rest = [*await connection.fetch(_CONSTRAINTS), *await connection.fetch(_INDEXES)]
        await connection.execute(f"SET LOCAL search_path = {NEXT}, public")
        for (table,) in tables:
            # Indexes come by their definitions: LIKE would give them other names, and the next migration would not find them.
            await connection.execute(
                f"CREATE TABLE {NEXT}.{table} (LIKE {LIVING}.{table} INCLUDING ALL EXCLUDING INDEXES)"
            )
        for (statement,) in rest:
            await connection.execute(statement)
