"""Projections rebuilt from the log, beside the live ones, and swapped in at exactly their position.

The same use cases run as in the worker, in transactions whose search_path names projections_next,
with an outbox that states nothing; first all facts are learnt, then what follows from them is made
once. Several processes share that, partition by partition. The live worker goes on meanwhile; only
at the end, for the last records and the swap, it waits. (rule 20 in README.md)
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from aiokafka import TopicPartition

from shared.messaging.consumer import collect_rarely
from shared.messaging.dead_letters import REPLAYING
from shared.messaging.ignored import read_ignored
from shared.messaging.log_check import check_log
from shared.messaging.origins import RecordReader
from shared.messaging.position import LogSnapshot, Position
from shared.messaging.positions import lock_positions, position_of
from shared.messaging.rebuild_processes import HelperProcess
from shared.messaging.rebuild_share import NEXT, Projections, RebuildShare, RefusedError, log_reader
from shared.messaging.unheard_types import forget_unheard
from shared.postgres import queries
from shared.postgres.pool import Connection

SQL = queries.load(Path(__file__).with_name("rebuild.sql"))

LIVE, OLD = "projections", "projections_old"

NEAR_END = 2_000
"""Records left to read at which the live positions are locked: the worker then waits about a
tenth of a second."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did: events that took effect anew, and in how many partitions."""

    events: int
    partitions: int


Progress = Callable[[str, int, int], None]
"""Told what is being done (`reading the log`, `deriving`), and how much of how much is done."""


async def rebuild(
    projections: Projections,
    helpers: Sequence[HelperProcess] = (),
    progress: Progress = lambda what, done, total: None,
) -> Rebuilt:
    """Rebuild the schema `projections` from the whole log, and swap it in at the live positions.

    Helpers take their share of it. Raises RefusedError, having changed nothing; OperatorNeeded if
    the positions were made on another log; and what the servers or a use case raise: then too
    nothing has changed. Afterwards the helpers have ended.
    """
    collect_rarely()
    pool = await projections.connect()
    try:
        async with pool.acquire() as connection:
            if not await SQL.owns_projections(connection):
                raise RefusedError(
                    "this address of the database is for a role that doesn't own its tables: give"
                    " the owner's, which `terang migrate` has too"
                )
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", REPLAYING):
                raise RefusedError("another rebuild, or a replay of dead letters, is running")
            try:
                return await _Rebuild(projections, connection, helpers, progress).run()
            finally:
                for helper in helpers:
                    helper.end()  # else what it does holds up the end of the schema
                # else PostgreSQL has let the lock go, and the next rebuild drops the schema
                if not connection.is_closed():
                    await connection.execute(f"DROP SCHEMA IF EXISTS {NEXT} CASCADE")
                    await connection.fetchval("SELECT pg_advisory_unlock($1)", REPLAYING)
    finally:
        await pool.close()


class _Rebuild:
    """One rebuild. Its positions live in memory: if it dies, the next begins anew."""

    def __init__(
        self,
        projections: Projections,
        connection: Connection,
        helpers: Sequence[HelperProcess],
        progress: Progress,
    ) -> None:
        self._projections = projections
        self._connection = connection
        self._helpers = helpers
        self._progress = progress
        self._topics = [
            subscription.contract.topic
            for subscription in projections.subscriptions(projections.outbox)
        ]
        self._positions: dict[TopicPartition, Position] = {}

    async def run(self) -> Rebuilt:
        """The whole of it, to the swap."""
        live = await self._live_positions()
        _check_start(await self._check_log(live))
        schema = await clone(self._connection)
        own = RebuildShare(self._projections, self._connection, schema)
        self._positions = own.positions
        self._positions.update((known.partition, Position(known.partition)) for known in live)
        for helper in self._helpers:
            await helper.begin(schema)
        await self._read(own, live, whole=False)
        await self._make(own)
        while _left(live := await self._live_positions(), self._positions) > NEAR_END:
            await self._read(own, live, whole=True)
        await self._finish(own)
        return Rebuilt(
            own.events + sum(helper.events for helper in self._helpers), len(self._positions)
        )

    async def _check_log(self, live: Sequence[Position]) -> Mapping[TopicPartition, LogSnapshot]:
        records = RecordReader(self._projections.origins, await read_ignored(self._connection))
        return await check_log(self._projections.bootstrap_servers, live, records)

    async def _live_positions(self) -> list[Position]:
        rows = SQL.live_positions(self._connection, topics=self._topics)
        return [position_of(row) async for row in rows]

    async def _read(self, own: RebuildShare, live: Sequence[Position], *, whole: bool) -> None:
        """Read up to these positions.

        Each process takes every so manyth partition, the same of every topic.
        """
        total = sum(position.next_offset for position in live)
        tell = self._count("reading the log", total - _left(live, self._positions), total)
        shares = 1 + len(self._helpers)
        lots: list[list[Position]] = [[] for _ in range(shares)]
        for position in live:
            lots[position.partition.partition % shares].append(position)
        works = [own.learn(lots[0], whole=whole, progress=tell)]
        for helper, lot in zip(self._helpers, lots[1:], strict=True):
            works.append(helper.learn(self._positions, lot, whole=whole, progress=tell))
        await _all(works)

    async def _make(self, own: RebuildShare) -> None:
        """Make what follows from the facts; each process takes every so manyth part."""
        for number, derived in enumerate(own.derived):
            async with self._connection.transaction(), own.next_to_public():
                parts = await derived.parts(self._connection)
            tell = self._count("deriving", 0, len(parts))
            shares: list[RebuildShare | HelperProcess] = [own, *self._helpers]
            await _all(
                [
                    share.make(number, parts[n :: len(shares)], progress=tell)
                    for n, share in enumerate(shares)
                ]
            )

    def _count(self, what: str, done: int, total: int) -> Callable[[int], None]:
        """Tells the progress; the function returned is told of how much more is done."""

        def more(some: int) -> None:
            nonlocal done
            done += some
            self._progress(what, done, total)

        more(0)
        return more

    async def _finish(self, own: RebuildShare) -> None:
        """Lock the live positions, apply exactly up to them, and swap, in one transaction."""
        async with (
            log_reader(self._projections.bootstrap_servers) as reader,
            self._connection.transaction(),
        ):
            await self._connection.execute("SET LOCAL lock_timeout = '30s'")
            locked = await lock_positions(self._connection, self._positions)
            async for batch in own.batches(reader, list(locked.values())):
                await own.apply(batch, own.next_to_public, whole=True)
            for partition, live in locked.items():
                rebuilt = self._positions[partition]
                if _reached(rebuilt) != _reached(live):
                    raise RefusedError(
                        f"{partition.topic}/{partition.partition}: the log leads to"
                        f" {_reached(rebuilt)}, the worker stands at {_reached(live)}"
                    )
            await self._connection.execute(f"ALTER SCHEMA {LIVE} RENAME TO {OLD}")
            await self._connection.execute(f"ALTER SCHEMA {NEXT} RENAME TO {LIVE}")
            await self._connection.execute(f"DROP SCHEMA {OLD} CASCADE")
            await forget_unheard(self._connection, list(own.subscriptions))


async def _all(works: Iterable[Awaitable[None]]) -> None:
    """All of these, or the first failure: then none of them goes on."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _left(live: Iterable[Position], positions: Mapping[TopicPartition, Position]) -> int:
    """How many records are left to read up to the live positions."""
    return sum(
        position.next_offset - positions[position.partition].next_offset for position in live
    )


def _check_start(shown: Mapping[TopicPartition, LogSnapshot]) -> None:
    """Raises RefusedError if what took effect may be missing at the log's beginning."""
    cut = [
        f"{partition.topic}/{partition.partition}"
        for partition, snapshot in sorted(shown.items())
        if snapshot.start > 0
    ]
    if cut:
        raise RefusedError(
            f"{', '.join(cut)} no longer begin at offset 0: what has expired there would be missing"
            " from the projections. Keep them, or restore a backup of this service's database"
        )


def _reached(position: Position) -> tuple[int, int, int | None, UUID | None]:
    """What a rebuild must reach exactly; dead letters in a row are the live worker's alone."""
    return (
        position.next_offset,
        position.sequence,
        position.sequence_offset,
        position.sequence_event,
    )


async def clone(connection: Connection) -> int:
    """Make projections_next: the tables of projections, empty. Returns its oid.

    Indexes and constraints have the same names. Raises RefusedError for what can't be copied so:
    views, triggers, functions, sequences of their own.
    """
    if things := [row["thing"] async for row in SQL.uncopyable_objects(connection)]:
        raise RefusedError(
            f"the schema projections holds what a rebuild can't copy: {', '.join(things)}"
        )
    async with connection.transaction():
        await connection.execute(f"DROP SCHEMA IF EXISTS {NEXT} CASCADE")
        await connection.execute(f"CREATE SCHEMA {NEXT}")
        await connection.execute(f"SET LOCAL search_path = {LIVE}")
        tables = [row["name"] async for row in SQL.tables(connection)]
        statements = [row["statement"] async for row in SQL.constraints(connection)]
        statements += [row["statement"] async for row in SQL.indexes(connection)]
        await connection.execute(f"SET LOCAL search_path = {NEXT}, public")
        for table in tables:
            # Indexes come by their definitions: LIKE would give them other names, and the next
            # migration would not find them.
            await connection.execute(
                f"CREATE TABLE {NEXT}.{table} (LIKE {LIVE}.{table} INCLUDING ALL EXCLUDING INDEXES)"
            )
        for statement in statements:
            await connection.execute(statement)
        schema: int = await SQL.schema_oid(connection, name=NEXT)
        return schema
