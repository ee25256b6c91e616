"""From a batch of records to effects: position, use cases and dead letters in one transaction, or
nothing.

The transaction begins by locking the positions of the batch's partitions, in sorted order, and
moving them by compare-and-set. Only then do use cases run, each given events of one type, those of
each partition consecutive there. What fails decides what follows: infrastructure is waited out in
place, a record that can't take effect is found by halving the batch and rejected, and what would
be wrong to go on with (a gap, too many dead letters in a row) stops the process.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import TopicPartition

from shared.messaging.dead_letters import Rejected, reject
from shared.messaging.envelope import Event
from shared.messaging.failpoints import failpoint
from shared.messaging.failures import Cause, OperatorNeeded, Permanent, is_infrastructure
from shared.messaging.log_check import REMEDY
from shared.messaging.outbox import Outbox
from shared.messaging.parser import InboundRecord, RecordFault, events
from shared.messaging.position import Position, Verdict, judge_all
from shared.messaging.subscription import Subscription, by_type
from shared.observability import metrics
from shared.postgres import queries
from shared.postgres.pool import Connection, Pool
from shared.refusals import Refusal

SQL = queries.load(Path(__file__).with_name("inbound.sql"))

Run = tuple[Subscription, list[Event[Any]]]

MOST_IN_A_ROW = 20
"""Dead letters in a row in one partition; one more stops the worker. So many together mean that the
fault is ours or the log's, not a record's."""

TRIES = 3
"""How often an event that fails alone for an unknown reason is tried before it is rejected."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds between tries while a server is away: doubled each time, capped so that the worker is
back within that time of the server."""

READ_AT_ONCE = 500
"""Records that are read ahead in one go: some five milliseconds."""

Read = Mapping[int, Event[Any] | RecordFault]
"""Events, or why there is none, by id() of their InboundRecord."""

NOBODY = "none"
"""Stands for the handler of a record that says too little for one to be chosen."""


class ElsewhereError(Exception):
    """The batch is not what comes next for PostgreSQL: another worker took it, or it was read from
    a wrong place. Seek and read again.
    """


class BlamedError(Exception):
    """A use case failed with events of this batch, for a reason that lies in them or in us:
    `__cause__` says which.
    """


def position_of(row: asyncpg.Record) -> Position:
    """One row of messaging.position."""
    return Position(
        TopicPartition(row["topic"], row["partition"]),
        row["next_offset"],
        row["sequence"],
        row["sequence_offset"],
        row["sequence_event"],
        row["failures"],
    )


class Dispatch:
    """Takes batches for one service.

    `patience` is how many seconds one call may wait for servers in all; `clock` dates dead letters;
    `check_log` is asked before events are skipped, and raises OperatorNeeded if the positions were
    made on another log: a new log counts from 1 again, and looks like repetition.
    """

    def __init__(
        self,
        *,
        service: str,
        pool: Pool,
        subscriptions: Iterable[Subscription],
        outbox: Outbox,
        clock: Callable[[], datetime],
        patience: float,
        check_log: Callable[[Sequence[Position]], Awaitable[object]],
    ) -> None:
        self.service = service
        self._pool = pool
        self._subscriptions = by_type(subscriptions)
        self._outbox = outbox
        self._clock = clock
        self._patience = patience
        self._check_log = check_log
        self.waiting = False
        """True while a server is away and the batch is held."""

    async def read_ahead(self, batch: Sequence[InboundRecord]) -> Read:
        """What a batch says that is not to be taken yet."""
        return await read_ahead(batch, self._subscriptions)

    async def take(
        self, batch: Sequence[InboundRecord], read: Read | None = None
    ) -> dict[TopicPartition, int]:
        """Let the batch take effect, and return where each of its partitions is to be read on.

        `batch` holds consecutive records of each of its partitions, partition after partition;
        `read` is what `read_ahead` said of it, if it was asked. When this returns, all of it is
        committed. Raises ElsewhereError if it was not next; OperatorNeeded; or the server's failure
        once patience has run out: in each case some or none of it is committed, and PostgreSQL's
        positions say how much.
        """
        ends: dict[TopicPartition, int] = {}
        deadline = time.monotonic() + self._patience
        await self._take(
            batch, read_all(batch, self._subscriptions) if read is None else read, ends, deadline
        )
        return ends

    async def _take(
        self,
        batch: Sequence[InboundRecord],
        read: Read,
        ends: dict[TopicPartition, int],
        deadline: float,
    ) -> None:
        try:
            ends.update(await self._patiently(batch, read, deadline))
        except BlamedError as blamed:
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._take(batch[:middle], read, ends, deadline)
                await self._take(batch[middle:], read, ends, deadline)
            else:
                ends.update(await self._alone(batch, read, blamed, deadline))

    async def _alone(
        self, batch: Sequence[InboundRecord], read: Read, blamed: BlamedError, deadline: float
    ) -> dict[TopicPartition, int]:
        """An event that fails by itself: at once a dead letter if it was refused, else after a few
        tries.
        """
        for attempt in range(1, TRIES):
            if isinstance(blamed.__cause__, Refusal | Permanent):
                break
            await asyncio.sleep(FIRST_PAUSE * 2**attempt)
            try:
                return await self._patiently(batch, read, deadline)
            except BlamedError as again:
                blamed = again
        return await self._patiently(batch, read, deadline, condemned=_fault(blamed))

    async def _patiently(
        self,
        batch: Sequence[InboundRecord],
        read: Read,
        deadline: float,
        condemned: RecordFault | None = None,
    ) -> dict[TopicPartition, int]:
        """One transaction, again and again while servers are away."""
        pause = FIRST_PAUSE
        try:
            while True:
                try:
                    return await self._transaction(batch, read, condemned)
                except Exception as error:
                    if not is_infrastructure(error) or time.monotonic() + pause > deadline:
                        raise
                    self.waiting = True
                    metrics.CONSUMER_RETRIES.labels(type(error).__name__).inc()
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        finally:
            self.waiting = False

    async def _transaction(
        self, batch: Sequence[InboundRecord], read: Read, condemned: RecordFault | None
    ) -> dict[TopicPartition, int]:
        """Position, effects and dead letters of a batch.

        Raises BlamedError if a use case failed with it; nothing is committed then.
        """
        began = time.perf_counter()
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                failpoint("consumer.begun")
                stands = await lock(connection, partitions_of(batch))
                plan = make_plan(
                    stands,
                    batch,
                    self._subscriptions,
                    service=self.service,
                    read=read,
                    condemned=condemned,
                )
                if plan.skipped:
                    await self._check_before_skipping(
                        connection, [stands[partition] for partition in sorted(plan.skipped)]
                    )
                await move(connection, stands, plan.ends)
                failpoint("consumer.moved")
                for subscription, run in plan.runs:
                    await _run(subscription, connection, run)
                failpoint("consumer.applied")
                await self._keep(connection, plan)
                failpoint("consumer.kept")
        except asyncpg.IntegrityConstraintViolationError as error:
            raise BlamedError from error  # a constraint that is checked at commit
        failpoint("consumer.committed")
        _count(plan)
        metrics.CONSUMER_BATCH_SECONDS.observe(time.perf_counter() - began)
        return {end.partition: end.next_offset for end in plan.ends}

    async def _check_before_skipping(
        self, connection: Connection, positions: Sequence[Position]
    ) -> None:
        """Asks whether it is still their log, before records are skipped as repeats."""
        try:
            await self._check_log(positions)
        except OperatorNeeded:
            # Are they still locked? A process that slept meanwhile holds what another may have
            # moved since.
            await connection.fetchval("SELECT 1")
            raise

    async def _keep(self, connection: Connection, plan: "Plan") -> None:
        """What the batch leaves besides its effects: types that nobody here hears, and dead
        letters.
        """
        if plan.unheard:
            await SQL.note_unheard(
                connection,
                topics=[partition.topic for partition, _ in plan.unheard],
                partitions=[partition.partition for partition, _ in plan.unheard],
                types=[type_ for _, type_ in plan.unheard],
                first_offsets=[offset for offset, _ in plan.unheard.values()],
                events=[count for _, count in plan.unheard.values()],
            )
        if plan.rejected:
            await reject(connection, self._outbox, plan.rejected, self._clock())


async def _run(subscription: Subscription, connection: Connection, run: list[Event[Any]]) -> None:
    try:
        await subscription.take(connection, run)
    except OperatorNeeded:
        raise
    except Exception as error:
        if is_infrastructure(error):
            raise
        raise BlamedError from error


def _fault(blamed: BlamedError) -> RecordFault:
    """Why a use case could not take an event, in a code and words that hold nothing of the event."""
    cause = blamed.__cause__
    if isinstance(cause, Refusal):
        return RecordFault("refused", cause.code)
    if isinstance(cause, asyncpg.PostgresError):
        return RecordFault("failed", f"{type(cause).__name__} (SQLSTATE {cause.sqlstate})")
    return RecordFault(
        "refused" if isinstance(cause, Permanent) else "failed", type(cause).__name__
    )


def partitions_of(batch: Sequence[InboundRecord]) -> set[TopicPartition]:
    """The partitions that a batch's records stand in."""
    places = {(record.raw.topic, record.raw.partition) for record in batch}
    return {TopicPartition(*place) for place in places}


async def lock(
    connection: Connection, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, Position]:
    """The positions of these partitions, locked in sorted order until the transaction ends."""
    wanted = sorted(partitions)
    rows = SQL.lock_positions(
        connection,
        topics=[partition.topic for partition in wanted],
        partitions=[partition.partition for partition in wanted],
    )
    return {position.partition: position async for row in rows if (position := position_of(row))}


async def move(
    connection: Connection, stands: Mapping[TopicPartition, Position], ends: Sequence[Position]
) -> None:
    """Compare-and-set of each position to its end.

    Raises ElsewhereError if any stands no longer where it was read.
    """
    moved = [
        row
        async for row in SQL.move_positions(
            connection,
            topics=[end.partition.topic for end in ends],
            partitions=[end.partition.partition for end in ends],
            expected=[stands[end.partition].next_offset for end in ends],
            next_offsets=[end.next_offset for end in ends],
            sequences=[end.sequence for end in ends],
            sequence_offsets=[end.sequence_offset for end in ends],
            sequence_events=[end.sequence_event for end in ends],
            failures=[end.failures for end in ends],
        )
    ]
    if len(moved) != len(ends):
        raise ElsewhereError


@dataclass(slots=True)
class Plan:
    """What a transaction does with a batch: where the partitions stand afterwards, and what happens
    to each record.
    """

    ends: list[Position] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    unheard: dict[tuple[TopicPartition, str], tuple[int, int]] = field(default_factory=dict)
    """First offset and count, by partition and type."""
    skipped: Counter[TopicPartition] = field(default_factory=Counter)

    def count_unheard(self, partition: TopicPartition, record: InboundRecord) -> None:
        first, count = self.unheard.get((partition, record.type or ""), (record.identity.offset, 0))
        self.unheard[partition, record.type or ""] = (first, count + 1)


def make_plan(
    stands: Mapping[TopicPartition, Position],
    batch: Sequence[InboundRecord],
    subscriptions: Mapping[str, Subscription],
    *,
    service: str,
    read: Read | None = None,
    condemned: RecordFault | None = None,
    most_in_a_row: int | None = MOST_IN_A_ROW,
) -> Plan:
    """Judge each record against the positions and decide what becomes of it.

    Pure. `read` is what `read_all` says of the batch.

    With `condemned` every event that would take effect is rejected for that reason instead. Raises
    ElsewhereError if the batch is not what comes next; OperatorNeeded on a gap, or for more than
    `most_in_a_row` dead letters in a row in one partition.
    """
    plan = Plan()
    parts: list[tuple[Position, list[InboundRecord], list[Verdict]]] = []
    for partition, part in _parts(batch):
        if partition not in stands:
            raise ElsewhereError
        verdicts, end = judge_all(stands[partition], [record.identity for record in part])
        if verdicts[-1] is Verdict.ELSEWHERE:
            raise ElsewhereError
        if verdicts[-1] is Verdict.GAP:
            raise _gap(service, end, part[len(verdicts) - 1])
        parts.append((end, part, verdicts))
    read = read_all(batch, subscriptions) if read is None else read
    lanes: list[deque[Run]] = []
    for end, part, verdicts in parts:
        lane: deque[Run] = deque()
        failures = stands[end.partition].failures
        run: list[Event[Any]] = []
        run_type: str | None = None
        for record, verdict in zip(part, verdicts, strict=True):
            if verdict is Verdict.SKIP:
                plan.skipped[end.partition] += 1
                continue
            subscription = subscriptions.get(record.type) if record.type is not None else None
            if subscription is None and record.fault is None:
                plan.count_unheard(end.partition, record)
                continue
            outcome = record.fault or condemned or read[id(record)]
            if isinstance(outcome, RecordFault):
                failures += 1
                if most_in_a_row is not None and failures > most_in_a_row:
                    raise _brake(service, record, outcome)
                plan.rejected.append(
                    Rejected(
                        record,
                        outcome,
                        NOBODY if subscription is None else subscription.handler,
                    )
                )
                continue
            assert (
                subscription is not None
            )  # a record without a fault that nobody hears went before
            failures = 0
            if record.type != run_type:
                run, run_type = [], record.type
                lane.append((subscription, run))
            run.append(outcome)
        plan.ends.append(replace(end, failures=failures))
        lanes.append(lane)
    plan.runs = side_by_side(lanes)
    return plan


def side_by_side(lanes: Iterable[deque[Run]]) -> list[Run]:
    """The runs of all partitions, as few as can be: those of one type that come next in several
    partitions are one. Each partition keeps its order, between partitions there is none.
    """
    waiting = [lane for lane in lanes if lane]
    runs: list[Run] = []
    while waiting:
        subscription = waiting[0][0][0]
        runs.append(
            (
                subscription,
                [
                    event
                    for lane in waiting
                    if lane[0][0] is subscription
                    for event in lane.popleft()[1]
                ],
            )
        )
        waiting = [lane for lane in waiting if lane]
    return runs


def _gap(service: str, position: Position, record: InboundRecord) -> OperatorNeeded:
    raw = record.raw
    return OperatorNeeded(
        f"{service}: {raw.topic}/{raw.partition} holds sequence {record.identity.sequence} at offset {raw.offset}, but"
        f" {position.sequence + 1} comes next: an event is missing on the log.",
        remedy=REMEDY,
        cause=Cause.GAP,
    )


def _brake(service: str, record: InboundRecord, fault: RecordFault) -> OperatorNeeded:
    raw = record.raw
    return OperatorNeeded(
        f"{service}: {MOST_IN_A_ROW} records in a row of {raw.topic}/{raw.partition} became dead letters, and offset {raw.offset} would be"
        f" the next ({fault.code}: {fault.detail}). Mend the handler and start again; it goes on with the first record that takes effect.",
        remedy=f"terang dead-letters release {service} (only if these records are to become dead letters)",
        cause=Cause.BRAKE,
    )


def _parts(batch: Sequence[InboundRecord]) -> list[tuple[TopicPartition, list[InboundRecord]]]:
    """The batch by partition, in sorted order."""
    parts: dict[TopicPartition, list[InboundRecord]] = {}
    for (topic, partition), part in groupby(
        batch, key=lambda record: (record.raw.topic, record.raw.partition)
    ):
        parts.setdefault(TopicPartition(topic, partition), []).extend(part)
    return sorted(parts.items())


def read_all(batch: Iterable[InboundRecord], subscriptions: Mapping[str, Subscription]) -> Read:
    """The events of these records, or why they are none, each type validated at once.

    Of a type that nobody here hears, nothing.
    """
    wanted: dict[str, list[InboundRecord]] = {}
    for record in batch:
        if record.fault is None and record.type in subscriptions:
            wanted.setdefault(record.type or "", []).append(record)
    read: dict[int, Event[Any] | RecordFault] = {}
    for type_, records in wanted.items():
        read.update(
            zip(map(id, records), events(subscriptions[type_].contract, records), strict=True)
        )
    return read


async def read_ahead(
    batch: Sequence[InboundRecord], subscriptions: Mapping[str, Subscription]
) -> Read:
    """The same, some records at a time, so that whatever else goes on is held up for milliseconds
    only.
    """
    read: dict[int, Event[Any] | RecordFault] = {}
    for start in range(0, len(batch), READ_AT_ONCE):
        read.update(read_all(batch[start : start + READ_AT_ONCE], subscriptions))
        await asyncio.sleep(0)
    return read


def _count(plan: Plan) -> None:
    """Counts what a committed batch did."""
    for _, run in plan.runs:
        metrics.CONSUMER_EVENTS.labels(run[0].topic, "applied").inc(len(run))
    for rejection in plan.rejected:
        metrics.CONSUMER_EVENTS.labels(rejection.record.raw.topic, "dead-letter").inc()
    for (partition, _), (_, count) in plan.unheard.items():
        metrics.CONSUMER_EVENTS.labels(partition.topic, "unheard").inc(count)
    for partition, count in plan.skipped.items():
        metrics.CONSUMER_EVENTS.labels(partition.topic, "skipped").inc(count)
