"""Projections made anew from the log, beside the living ones, and put in their place at exactly the
living position. (rule 20 in README.md)

The same use cases run as in the worker, in transactions whose search_path names projections_next,
with an outbox that states nothing; first all facts are learnt, then what follows from them is made
once. Several processes share that, partition by partition. The living worker goes on meanwhile;
only at the end, for the last records and the swap, it waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from aiokafka import TopicPartition

from shared.messaging import log_check
from shared.messaging.consumer import collect_rarely
from shared.messaging.dead_letters import REPLAYING
from shared.messaging.dispatch import SQL, lock, position_of
from shared.messaging.position import LogSnapshot, Position
from shared.messaging.rebuild_processes import HelperProcess
from shared.messaging.rebuild_share import NEXT, Projections, RebuildShare, RefusedError, log_reader
from shared.postgres.pool import Connection

LIVING, OLD = "projections", "projections_old"

NEAR_END = 2_000
"""Records left to read at which the living positions are locked: the worker then waits about a
tenth of a second."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did: events that took effect anew, and in how many partitions."""

    events: int
    partitions: int


Progress = Callable[[str, int, int], None]
"""Told what is being done (`reading the log`, `deriving`), and how much of how much is done."""


async def rebuild(
    anew: Projections,
    helpers: Sequence[HelperProcess] = (),
    progress: Progress = lambda what, done, total: None,
) -> Rebuilt:
    """Make the schema `projections` anew from the whole log, and swap it in at exactly the living
    positions; helpers take their share of it.

    Raises RefusedError, having changed nothing; OperatorNeeded if the positions were made on
    another log; and what the servers or a use case raise: then too nothing has changed. Afterwards
    the helpers have ended.
    """
    collect_rarely()
    pool = await anew.connect()
    try:
        async with pool.acquire() as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", REPLAYING):
                raise RefusedError("another rebuild, or a replay of dead letters, is running")
            try:
                return await _Rebuild(anew, connection, helpers, progress).run()
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
        anew: Projections,
        connection: Connection,
        helpers: Sequence[HelperProcess],
        progress: Progress,
    ) -> None:
        self._anew = anew
        self._connection = connection
        self._helpers = helpers
        self._progress = progress
        self._topics = [each.contract.topic for each in anew.subscriptions(anew.outbox)]
        self._stands: dict[TopicPartition, Position] = {}

    async def run(self) -> Rebuilt:
        living = await self._living()
        _check_start(await log_check.check_log(self._anew.bootstrap_servers, living))
        schema = await clone(self._connection)
        own = RebuildShare(self._anew, self._connection, schema)
        self._stands = own.stands
        self._stands.update((each.partition, Position(each.partition)) for each in living)
        for helper in self._helpers:
            await helper.begin(schema)
        await self._read(own, living, whole=False)
        await self._make(own)
        while _left(living := await self._living(), self._stands) > NEAR_END:
            await self._read(own, living, whole=True)
        await self._finish(own)
        return Rebuilt(
            own.events + sum(helper.events for helper in self._helpers), len(self._stands)
        )

    async def _living(self) -> list[Position]:
        rows = await self._connection.fetch(
            "SELECT * FROM messaging.position WHERE topic = ANY ($1) ORDER BY topic, partition",
            self._topics,
        )
        return [position_of(row) for row in rows]

    async def _read(self, own: RebuildShare, living: Sequence[Position], *, whole: bool) -> None:
        """Read up to these positions; each process takes every so manyth partition, the same of
        every topic.
        """
        total = sum(each.next_offset for each in living)
        tell = self._count("reading the log", total - _left(living, self._stands), total)
        shares = 1 + len(self._helpers)
        lots = [
            [each for each in living if each.partition.partition % shares == n]
            for n in range(shares)
        ]
        works = [own.learn(lots[0], whole=whole, progress=tell)]
        for helper, lot in zip(self._helpers, lots[1:], strict=True):
            works.append(helper.learn(self._stands, lot, whole=whole, progress=tell))
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
                    each.make(number, parts[n :: len(shares)], progress=tell)
                    for n, each in enumerate(shares)
                ]
            )

    def _count(self, what: str, done: int, total: int) -> Callable[[int], None]:
        def more(some: int) -> None:
            nonlocal done
            done += some
            self._progress(what, done, total)

        more(0)
        return more

    async def _finish(self, own: RebuildShare) -> None:
        """Lock the living positions, apply exactly up to them, and swap, in one transaction."""
        async with (
            log_reader(self._anew.bootstrap_servers) as reader,
            self._connection.transaction(),
        ):
            await self._connection.execute("SET LOCAL lock_timeout = '30s'")
            locked = await lock(self._connection, self._stands)
            async for batch in own.batches(reader, list(locked.values())):
                await own.apply(batch, own.next_to_public, whole=True)
            for partition, living in locked.items():
                stands = self._stands[partition]
                if _mark(stands) != _mark(living):
                    raise RefusedError(
                        f"{partition.topic}/{partition.partition}: the log leads to {_mark(stands)}, the worker stands at {_mark(living)}"
                    )
            await self._connection.execute(f"ALTER SCHEMA {LIVING} RENAME TO {OLD}")
            await self._connection.execute(f"ALTER SCHEMA {NEXT} RENAME TO {LIVING}")
            await self._connection.execute(f"DROP SCHEMA {OLD} CASCADE")
            await SQL.forget_unheard(self._connection, types=list(own.subscriptions))


async def _all(works: Iterable[Awaitable[None]]) -> None:
    """All of these, or the first failure: then none of them goes on."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _left(living: Iterable[Position], stands: Mapping[TopicPartition, Position]) -> int:
    return sum(each.next_offset - stands[each.partition].next_offset for each in living)


def _check_start(shown: Mapping[TopicPartition, LogSnapshot]) -> None:
    """Nothing of what took effect may be missing at the log's beginning."""
    cut = [
        f"{partition.topic}/{partition.partition}"
        for partition, evidence in sorted(shown.items())
        if evidence.start > 0
    ]
    if cut:
        raise RefusedError(
            f"{', '.join(cut)} no longer begin at offset 0: what has expired there would be missing from the projections."
            " Keep them, or restore a backup of this service's database"
        )


def _mark(position: Position) -> tuple[int, int, int | None, UUID | None]:
    return (
        position.next_offset,
        position.sequence,
        position.sequence_offset,
        position.sequence_event,
    )


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

# Read with search_path = projections, so that names in definitions stand unqualified and mean the
# new tables when they are run again.
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


async def clone(connection: Connection) -> int:
    """Make projections_next: the tables of projections, empty, with the same names for their
    indexes and constraints. Returns its oid.

    Raises RefusedError for what can't be copied so: views, triggers, functions, sequences of their
    own.
    """
    if things := [row["thing"] for row in await connection.fetch(_UNCLONABLE)]:
        raise RefusedError(
            f"the schema projections holds what a rebuild can't copy: {', '.join(things)}"
        )
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
            # Indexes come by their definitions: LIKE would give them other names, and the next
            # migration would not find them.
            await connection.execute(
                f"CREATE TABLE {NEXT}.{table} (LIKE {LIVING}.{table} INCLUDING ALL EXCLUDING INDEXES)"
            )
        for (statement,) in rest:
            await connection.execute(statement)
        schema: int = await connection.fetchval("SELECT $1::regnamespace::oid::bigint", NEXT)
        return schema
