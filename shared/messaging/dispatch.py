"""From a batch of records to effects: positions, use cases and dead letters in one transaction.

The transaction begins by locking the positions of the batch's partitions, in sorted order, and
moving them by compare-and-set. Only then do use cases run, as plan.py decided. What fails decides
what follows: infrastructure is waited out in place, a record that can't take effect is found by
halving the batch and rejected, and what would be wrong to go on with (a gap, too many dead letters
in a row) stops the process.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
from aiokafka import TopicPartition

from shared.messaging.brake import Brake, brake_stop
from shared.messaging.dead_letters import reject
from shared.messaging.deadly_records import MOST_DEATHS, count_death, deadly_stop
from shared.messaging.envelope import Event
from shared.messaging.failpoints import failpoint
from shared.messaging.failures import OperatorNeeded, Permanent, is_infrastructure
from shared.messaging.ignored import read_ignored
from shared.messaging.origins import stands_ignored
from shared.messaging.outages import Outage
from shared.messaging.outbox import Outbox
from shared.messaging.parser import SET_ASIDE, InboundRecord, RecordFault
from shared.messaging.plan import Plan, Validated, make_plan, partitions_of, validate
from shared.messaging.position import ElsewhereError, Position, Skipped
from shared.messaging.positions import lock_positions, move_positions
from shared.messaging.subscription import Subscription, by_type
from shared.messaging.unheard_types import note_unheard
from shared.observability import metrics
from shared.postgres.pool import Connection, Pool
from shared.refusals import Refusal

TRIES = 3
"""How often an event that fails alone for an unknown reason is tried before it is rejected."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds between tries while a server is away: doubled each time, capped so that the worker is
back within that time of the server."""

VALIDATED_AT_ONCE = 500
"""Records that are validated ahead in one go: some five milliseconds."""


class UseCaseFailedError(Exception):
    """A use case failed with events of this batch, for a reason that lies in them or in us.

    `__cause__` says which.
    """


@dataclass(slots=True)
class _Taking:
    """A batch under way: what is known of it, and what has come of it so far.

    `deadline` is of the monotonic clock; `ends` says where to read on; `brakes` are partitions of
    which nothing more is taken.
    """

    validated: Validated
    deadline: float
    ends: dict[TopicPartition, int] = field(default_factory=dict)
    brakes: list[Brake] = field(default_factory=list)

    def note(self, plan: Plan) -> None:
        """Some of the batch is committed."""
        self.ends.update((end.partition, end.next_offset) for end in plan.ends)
        self.brakes += plan.brakes

    def going_on(self, batch: Sequence[InboundRecord]) -> Sequence[InboundRecord]:
        """These records without those of partitions that the brake stopped."""
        if not self.brakes:
            return batch
        stopped = {(brake.partition.topic, brake.partition.partition) for brake in self.brakes}
        return [
            record for record in batch if (record.raw.topic, record.raw.partition) not in stopped
        ]


class Dispatch:
    """Takes batches for one service.

    `patience` is how many seconds one call may wait for servers in all, which `outage` is told of;
    `clock` dates dead letters; `check_log` is asked before events are skipped, and raises
    OperatorNeeded if the positions were made on another log (a new log counts from 1 again, and
    looks like repetition), or if another event stood under a number that is skipped. `look_ahead`
    follows a run of dead letters beyond the batch.
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
        outage: Outage,
        check_log: Callable[[Sequence[Position], Skipped], Awaitable[object]],
        look_ahead: Callable[[Brake], Awaitable[Brake]],
    ) -> None:
        self.service = service
        self._pool = pool
        self._subscriptions = by_type(subscriptions)
        self._outbox = outbox
        self._clock = clock
        self._patience = patience
        self._outage = outage
        self._check_log = check_log
        self._look_ahead = look_ahead
        self.waiting = False
        """True while a server is away and the batch is held."""

    async def validate_ahead(self, batch: Sequence[InboundRecord]) -> Validated:
        """The events of a batch that is not to be taken yet, or why they are none."""
        return await validate_ahead(batch, self._subscriptions)

    async def take(
        self, batch: Sequence[InboundRecord], validated: Validated | None = None
    ) -> dict[TopicPartition, int]:
        """Let the batch take effect, and return where each of its partitions is to be read on.

        `batch` holds consecutive records of each of its partitions, partition after partition;
        `validated` is what `validate_ahead` said of it, if it was asked. When this returns, all of
        it is committed. Raises ElsewhereError if it was not next; OperatorNeeded; or the server's
        failure once patience has run out: in each case some or none of it is committed, and
        PostgreSQL's positions say how much. Where the brake stops a partition, all before it and
        all of the others is.
        """
        if validated is None:
            validated = validate(batch, self._subscriptions)
        taking = _Taking(validated, time.monotonic() + self._patience)
        await self._take_or_halve(batch, taking)
        if taking.brakes:
            brakes = [await self._look_ahead(brake) for brake in taking.brakes]
            raise brake_stop(self.service, brakes)
        return taking.ends

    async def _take_or_halve(self, batch: Sequence[InboundRecord], taking: "_Taking") -> None:
        """The batch in one transaction; where something in it fails, its halves by themselves."""
        batch = taking.going_on(batch)
        if not batch:
            return
        try:
            taking.note(await self._retry_while_unavailable(batch, taking))
        except Exception as failure:
            if _lies_elsewhere(failure):
                raise
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._take_or_halve(batch[:middle], taking)
                await self._take_or_halve(batch[middle:], taking)
            else:
                taking.note(await self._take_alone(batch, taking, failure))

    async def _take_alone(
        self, batch: Sequence[InboundRecord], taking: "_Taking", failure: Exception
    ) -> Plan:
        """One record, after it failed by itself."""
        try:
            if isinstance(failure, UseCaseFailedError):
                return await self._retry_or_reject(batch, taking, failure)
        except Exception as another:
            if _lies_elsewhere(another):
                raise
            failure = another
        return await self._end_or_set_aside(batch[0], taking, failure)

    async def _end_or_set_aside(
        self, record: InboundRecord, taking: "_Taking", failure: Exception
    ) -> Plan:
        """One record at which this worker ends, for a reason that nothing here foresees.

        Raises that reason; or OperatorNeeded, if workers ended at it too often. If an operator has
        set it aside, it becomes a dead letter.
        """
        name = type(failure.__cause__ if isinstance(failure, UseCaseFailedError) else failure)
        deadly = await count_death(self._pool, record, name.__name__)
        if deadly.set_aside:
            fault = RecordFault(SET_ASIDE, name.__name__)
            return await self._retry_while_unavailable([record._replace(fault=fault)], taking)
        if deadly.deaths >= MOST_DEATHS:
            raise deadly_stop(self.service, record, name.__name__, deadly.deaths) from failure
        raise failure

    async def _retry_or_reject(
        self,
        batch: Sequence[InboundRecord],
        taking: "_Taking",
        failed: UseCaseFailedError,
    ) -> Plan:
        """An event that fails by itself: rejected if it was refused, else tried again first."""
        for attempt in range(1, TRIES):
            if isinstance(failed.__cause__, Refusal | Permanent):
                break
            await asyncio.sleep(FIRST_PAUSE * 2**attempt)
            try:
                return await self._retry_while_unavailable(batch, taking)
            except UseCaseFailedError as again:
                failed = again
        return await self._retry_while_unavailable(batch, taking, reject_as=_fault(failed))

    async def _retry_while_unavailable(
        self,
        batch: Sequence[InboundRecord],
        taking: "_Taking",
        reject_as: RecordFault | None = None,
    ) -> Plan:
        """One transaction, again and again while servers are away."""
        pause = FIRST_PAUSE
        try:
            while True:
                try:
                    plan = await self._transaction(batch, taking.validated, reject_as)
                except Exception as error:  # noqa: BLE001 - it is raised, unless it is waited out
                    self._wait_for(error, until=taking.deadline - pause)
                else:
                    self._outage.over()
                    return plan
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        finally:
            self.waiting = False

    def _wait_for(self, error: Exception, *, until: float) -> None:
        """Notes that a server is away; raises the error once patience is over, or any other."""
        if not is_infrastructure(error):
            raise error
        self._outage.failed(error)
        metrics.CONSUMER_RETRIES.labels(type(error).__name__).inc()
        if time.monotonic() > until:
            raise error
        self.waiting = True

    async def _transaction(
        self, batch: Sequence[InboundRecord], validated: Validated, reject_as: RecordFault | None
    ) -> Plan:
        """Positions, effects and dead letters of a batch.

        Raises UseCaseFailedError if a use case failed with it; nothing is committed then.
        """
        began = time.perf_counter()
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                failpoint("consumer.begun")
                positions = await _lock_positions(connection, batch)
                plan = make_plan(
                    positions,
                    batch,
                    self._subscriptions,
                    service=self.service,
                    validated=validated,
                    reject_as=reject_as,
                )
                if plan.skipped:
                    skipping = [positions[partition] for partition in sorted(plan.skipped)]
                    await self._check_before_skipping(connection, skipping, plan.skipped)
                await move_positions(connection, positions, plan.ends)
                failpoint("consumer.moved")
                for subscription, together in plan.calls:
                    await _call(subscription, connection, together)
                failpoint("consumer.applied")
                await self._keep_the_rest(connection, plan)
                failpoint("consumer.kept")
        except asyncpg.IntegrityConstraintViolationError as error:
            raise UseCaseFailedError from error  # a constraint that is checked at commit
        failpoint("consumer.committed")
        _count(plan)
        metrics.CONSUMER_BATCH_SECONDS.observe(time.perf_counter() - began)
        return plan

    async def _check_before_skipping(
        self, connection: Connection, positions: Sequence[Position], skipped: Skipped
    ) -> None:
        """Asks whether it is still their log, and whether these records are repeats."""
        try:
            await self._check_log(positions, skipped)
        except OperatorNeeded:
            # Are they still locked? A process that slept meanwhile holds what another may have
            # moved since.
            await connection.fetchval("SELECT 1")
            raise

    async def _keep_the_rest(self, connection: Connection, plan: Plan) -> None:
        """What a batch leaves besides its effects: types without a subscription, dead letters."""
        if plan.unheard:
            await note_unheard(connection, plan.unheard)
        if plan.rejected:
            await reject(connection, self._outbox, plan.rejected, self._clock())


def _lies_elsewhere(failure: Exception) -> bool:
    """Whether something other than the records is to blame, and all of it is to be tried again."""
    return isinstance(failure, ElsewhereError | OperatorNeeded) or is_infrastructure(failure)


async def _lock_positions(
    connection: Connection, batch: Sequence[InboundRecord]
) -> dict[TopicPartition, Position]:
    """The positions of the batch's partitions, locked.

    Raises ElsewhereError if a record was ignored since it was read: `terang ignore` locks the
    position too, so from here on it waits.
    """
    positions = await lock_positions(connection, partitions_of(batch))
    if stands_ignored(batch, await read_ignored(connection)):
        raise ElsewhereError
    return positions


async def _call(
    subscription: Subscription, connection: Connection, together: list[Event[Any]]
) -> None:
    """Lets the use cases take these events.

    Raises UseCaseFailedError for what is neither infrastructure nor an operator's.
    """
    try:
        await subscription.take(connection, together)
    except OperatorNeeded:
        raise
    except Exception as error:
        if is_infrastructure(error):
            raise
        raise UseCaseFailedError from error


def _fault(failed: UseCaseFailedError) -> RecordFault:
    """Why a use case could not take an event; code and words hold nothing of the event."""
    cause = failed.__cause__
    if isinstance(cause, Refusal):
        return RecordFault("refused", cause.code)
    if isinstance(cause, asyncpg.PostgresError):
        return RecordFault("failed", f"{type(cause).__name__} (SQLSTATE {cause.sqlstate})")
    code = "refused" if isinstance(cause, Permanent) else "failed"
    return RecordFault(code, type(cause).__name__)


async def validate_ahead(
    batch: Sequence[InboundRecord], subscriptions: Mapping[str, Subscription]
) -> Validated:
    """As `plan.validate`, some records at a time: what else goes on is held up for milliseconds."""
    validated: dict[int, Event[Any] | RecordFault] = {}
    for start in range(0, len(batch), VALIDATED_AT_ONCE):
        validated.update(validate(batch[start : start + VALIDATED_AT_ONCE], subscriptions))
        await asyncio.sleep(0)
    return validated


def _count(plan: Plan) -> None:
    """Counts what a committed batch did."""
    for _, together in plan.calls:
        metrics.CONSUMER_EVENTS.labels(together[0].topic, "applied").inc(len(together))
    for rejection in plan.rejected:
        metrics.CONSUMER_EVENTS.labels(rejection.record.raw.topic, "dead-letter").inc()
    for (partition, _), (_, count) in plan.unheard.items():
        metrics.CONSUMER_EVENTS.labels(partition.topic, "unheard").inc(count)
    for partition, repeats in plan.skipped.items():
        metrics.CONSUMER_EVENTS.labels(partition.topic, "skipped").inc(len(repeats))
