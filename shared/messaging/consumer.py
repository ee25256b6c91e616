"""Reads batches from Kafka, from the positions kept in PostgreSQL, and hands them to dispatch.py.

FastStream joins the group, reads batches and hands them to `_receive`. Kafka's group only shares
out partitions; where to read is decided here: a partition that needs a check (newly assigned,
failed, taken by another worker, and all of them each minute and after a lost connection) is checked
against its log and sought to PostgreSQL's position before a record of it is taken.
"""

import asyncio
import contextlib
import gc
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import IllegalStateError, KafkaError, KafkaTimeoutError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from typing_extensions import override

from shared.messaging import dead_letters, log_check
from shared.messaging.checksums import fill_unknown, show_consumed
from shared.messaging.dispatch import Dispatch
from shared.messaging.failpoints import failpoint
from shared.messaging.failures import OperatorNeeded, Unavailable, is_infrastructure
from shared.messaging.ignored import read_ignored
from shared.messaging.look_ahead import look_ahead
from shared.messaging.origins import Origins, RecordReader
from shared.messaging.outages import Outage, Servers
from shared.messaging.outbox import Outbox
from shared.messaging.parser import InboundRecord, parse
from shared.messaging.plan import Validated, partitions_of
from shared.messaging.position import ElsewhereError, Position, Skipped
from shared.messaging.positions import ensure_positions, read_positions
from shared.messaging.retry import Answer, retry_while_unavailable
from shared.messaging.subscription import Subscription, by_type
from shared.messaging.unheard_types import count_missed, note_heard
from shared.observability import metrics
from shared.postgres.pool import Pool

log = structlog.get_logger(__name__)

BATCH_RECORDS = 5_000
"""Records of one transaction at most: enough that its round trips don't count, few enough that it
ends within a second."""

READ_AHEAD_FROM = BATCH_RECORDS // 5
"""Records of a batch from which the next is read while it is with PostgreSQL. With fewer we have
caught up, and what comes next should come soon."""

BATCH_WAIT_MS = 10
"""How long a read waits for records, which end the wait. When there were none FastStream sleeps as
long once more: then an event may wait."""

FETCH_WAIT_MS = 100
"""How long the broker holds a fetch while there is nothing. A partition that is sought meanwhile is
read only with the next fetch."""

MAX_POLL_SECONDS = 300.0
"""Kafka takes the partitions from a worker that doesn't read for so long."""

PATIENCE = MAX_POLL_SECONDS / 2 - 10
"""Seconds that a batch is held while servers are away; then it is given back and read again, so
that Kafka sees a reader."""

FETCH_BYTES = 4_000_000
"""Bytes read from a partition at once: a batch, where all events are of one; above the largest
record that a broker takes by default (1,048,588)."""

GRACE_SECONDS = 10.0
"""How long a worker that is told to end waits for the batch at hand."""

TICK = 0.2
"""Seconds between looks at what needs a check and at offsets to commit."""

MEASURE_SECONDS = 5.0
"""Seconds between measurements of lag, and of whether both servers answer."""

COLLECT_AFTER = 100_000
"""Objects made before Python looks for cycles among them. A batch makes as many, with none; at the
default, 700, looking took half of the time."""

STUCK_SECONDS = 120.0
"""Seconds without a batch, while there are records and both servers answer, after which this
process calls itself dead."""


def collect_rarely() -> None:
    """Has Python look for cycles rarely, and never among what is loaded now."""
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)


@dataclass(slots=True)
class Condition:
    """How the consumer is, for /live and /ready. Times are of the monotonic clock."""

    joined: bool = False
    reached_end: bool = False
    servers_answer: bool = False
    lag: int = 0
    ticked_at: float = field(default_factory=time.monotonic)
    took_at: float = 0.0


class Consumer:
    """One member of a service's group, for all its topics.

    `member` is its name in the group; two processes never have one name at a time. `check_seconds`
    is how often every partition is checked against its log; `session_seconds` how long Kafka waits
    for a silent member before its partitions go to another; `servers` is what the log says of where
    Kafka and PostgreSQL are.
    """

    def __init__(
        self,
        *,
        service: str,
        member: str,
        bootstrap_servers: str,
        servers: Servers,
        pool: Pool,
        subscriptions: Sequence[Subscription],
        outbox: Outbox,
        origins: Origins,
        clock: Callable[[], datetime],
        check_seconds: float,
        session_seconds: float,
    ) -> None:
        self.condition = Condition()
        self._outage = Outage(servers, "consumer waits", service=service)
        self._held = Outage(servers, "batch waits", service=service)
        self._service = service
        self._member = member
        self._bootstrap_servers = bootstrap_servers
        self._pool = pool
        self._records = RecordReader(origins)
        self._contracts = [subscription.contract for subscription in subscriptions]
        self._topics = sorted({contract.topic for contract in self._contracts})
        self._check_seconds = check_seconds
        self._session_seconds = session_seconds
        self._dispatch = Dispatch(
            service=service,
            pool=pool,
            subscriptions=subscriptions,
            outbox=outbox,
            clock=clock,
            patience=PATIENCE,
            outage=self._held,
            check_log=self._check_before_skipping,
            look_ahead=lambda brake: look_ahead(
                bootstrap_servers, brake, self._records, by_type(subscriptions)
            ),
        )
        self._kafka: AIOKafkaConsumer | None = None
        self._partition_counts: Counter[str] = Counter()
        self._turn = asyncio.Lock()
        """Held while a batch is being taken, and while partitions are being sought."""
        self._taking: asyncio.Task[None] | None = None
        self._checked = asyncio.Event()
        self._ending = False
        self._needs_check: dict[TopicPartition, str] = {}
        """Why, by partition."""
        self._being_checked: set[TopicPartition] = set()
        self._ends: dict[TopicPartition, int] = {}
        """Offsets to commit."""
        self._seeks: Counter[TopicPartition] = Counter()
        self._failure: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()

    async def run(self) -> NoReturn:
        """Consume until cancelled; the batch at hand is finished then.

        Raises OperatorNeeded when going on would be wrong.
        """
        collect_rarely()
        partitions = await self._make_positions()
        broker = KafkaBroker(
            self._bootstrap_servers,
            client_id=self._member,
            allow_auto_create_topics=False,
            metadata_max_age_ms=int(self._check_seconds * 1000),
            consumer_only=True,
            graceful_timeout=GRACE_SECONDS,
            apply_types=False,
            logger=logging.getLogger(
                "terang.faststream"
            ),  # its own of the name faststream prints past our logs
            log_level=logging.DEBUG,  # a line for each batch; what goes wrong is said louder
        )
        subscriber = broker.subscriber(
            *self._topics,
            group_id=self._service,
            group_instance_id=self._member,
            batch=True,
            max_records=BATCH_RECORDS,
            batch_timeout_ms=BATCH_WAIT_MS,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            partition_assignment_strategy=[_assignor(self._seen)],
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_poll_interval_ms=int(MAX_POLL_SECONDS * 1000),
            session_timeout_ms=int(self._session_seconds * 1000),
            heartbeat_interval_ms=int(self._session_seconds * 1000 / 5),
            listener=_RebalanceListener(self),
            parser=parse,
            decoder=self._decode,
            persistent=True,
        )

        # Any, since FastStream makes a model of the annotations, even where nothing is to be
        # validated.
        async def take(batch: Any) -> None:
            await self._receive(batch)

        subscriber(take)
        keeping: asyncio.Task[NoReturn] | None = None
        checking = asyncio.create_task(self._check_all(partitions))
        try:
            await self._ask(lambda: _start(broker))
            self._kafka = subscriber.consumer
            keeping = asyncio.create_task(self._keep())
            await asyncio.wait((keeping, self._failure), return_when=asyncio.FIRST_COMPLETED)
        finally:
            checking.cancel()
            try:
                await self._end(keeping)
            finally:
                await broker.stop()
        raise AssertionError("unreachable: one of the two has raised")

    async def _end(self, keeping: asyncio.Task[NoReturn] | None) -> None:
        """Lets the batch at hand end, commits, and raises what ended the consumer, if anything."""
        self._ending = True
        if keeping is not None and not keeping.done():
            keeping.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS), self._turn:
                await self._commit()
        if self._taking is not None:
            self._taking.cancel()
        if self._failure.done():
            self._failure.result()
        if keeping is not None and keeping.done() and not keeping.cancelled():
            keeping.result()

    def needs_check(self, cause: str, partitions: Iterable[TopicPartition] | None = None) -> None:
        """Has these partitions (all that are assigned, unless said) checked and sought.

        No record of them is taken before that.
        """
        for partition in self._assigned() if partitions is None else partitions:
            self._needs_check.setdefault(partition, cause)

    def join(self, partitions: Iterable[TopicPartition]) -> None:
        """Kafka has given us these partitions."""
        self.needs_check("assigned", partitions)
        self.condition.joined = True

    @property
    def alive(self) -> bool:
        """False when the loops have stopped, or the consumer is stuck."""
        # while it starts, it ticks each time that it asks for a server
        patience = STUCK_SECONDS if self._kafka is None else STUCK_SECONDS / 4
        looping = time.monotonic() - self.condition.ticked_at < patience
        return looping and (self._dispatch.waiting or not self._stuck)

    @property
    def waits_for(self) -> str | None:
        """Which server it waits for, in words for an operator."""
        return self._outage.why or (self._held.why if self._dispatch.waiting else None)

    @property
    def _stuck(self) -> bool:
        """Whether records stand and nothing happens though both servers answer."""
        condition = self.condition
        return (
            condition.servers_answer
            and condition.lag > 0
            and time.monotonic() - condition.took_at > STUCK_SECONDS
        )

    def _assigned(self) -> set[TopicPartition]:
        return set() if self._kafka is None else set(self._kafka.assignment())

    async def _ask(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """What a server answers, however long it is away."""

        async def ask() -> Answer:
            self.condition.ticked_at = time.monotonic()
            return await question()

        return await retry_while_unavailable(ask, self._outage)

    async def _make_positions(self) -> list[TopicPartition]:
        """Waits for the topics, and makes a row for each of their partitions.

        Rows exist from the start.
        """
        partitions = await self._ask(self._find_partitions)
        self._partition_counts = Counter(partition.topic for partition in partitions)
        await self._ask(lambda: ensure_positions(self._pool, partitions))
        await self._ask(lambda: note_heard(self._pool, self._contracts))
        return partitions

    async def _check_all(self, partitions: Sequence[TopicPartition]) -> None:
        """Checks every partition, also those that will be another worker's; counts what is unknown.

        A topic that was made anew may be nobody's for a while. Our own come first: each is checked
        before a record of it is taken, and people wait for these.
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._checked.wait(), MEASURE_SECONDS)
        try:
            await retry_while_unavailable(lambda: self._checked_positions(partitions), self._outage)
            await retry_while_unavailable(
                lambda: fill_unknown(self._pool, self._bootstrap_servers, self._records),
                self._outage,
            )
            await retry_while_unavailable(
                lambda: count_missed(self._pool, self._bootstrap_servers, self._records),
                self._outage,
            )
        except Exception as error:  # noqa: BLE001 - an operator is needed, or a fault of ours
            self._fail(error)

    def _seen(self) -> bytes:
        """The partitions that this member knows of, as it tells its group."""
        if self._kafka is not None:
            self._partition_counts = Counter(
                {
                    topic: len(self._kafka.partitions_for_topic(topic) or ())
                    for topic in self._topics
                }
            )
        return repr(sorted(self._partition_counts.items())).encode()

    async def _find_partitions(self) -> list[TopicPartition]:
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self._bootstrap_servers, request_timeout_ms=10_000
        )
        try:
            await admin.start()
            there = {row["topic"]: row["partitions"] for row in await admin.describe_topics()}
        finally:
            await admin.close()
        missing = [topic for topic in self._topics if topic not in there]
        if missing:
            raise Unavailable(
                f"Topics {', '.join(missing)} are not there; `terang topics` makes them."
            )
        return sorted(
            TopicPartition(topic, row["partition"])
            for topic in self._topics
            for row in there[topic]
        )

    # The batch

    async def _decode(self, message: KafkaMessage) -> list[InboundRecord]:
        """FastStream's decoder for a batch: what each record says of itself, in their order."""
        read = self._records.read
        return [read(raw) for raw in message.raw_message]

    async def _receive(self, batch: list[InboundRecord]) -> None:
        """FastStream's handler: hands the batch over, and returns for the next.

        The next is read and validated while the one before is with PostgreSQL. It never raises:
        FastStream would swallow it, with its own position already past the batch.
        """
        deadline, seeks = time.monotonic() + PATIENCE, dict(self._seeks)
        try:
            if len(batch) < READ_AHEAD_FROM:
                batch = batch + await self._come_meanwhile()
            partitions = partitions_of(batch)
            validated = await self._dispatch.validate_ahead(batch)
        except Exception as error:  # noqa: BLE001 - ours, since what a record holds raises nothing
            self._fail(error)
            return
        if self._taking is not None:
            await asyncio.wait([self._taking])
        if await self._wait_for_check(partitions, deadline):
            return
        await self._turn.acquire()
        sought = {
            partition
            for partition in partitions
            if self._seeks[partition] != seeks.get(partition, 0)
        }
        if sought:
            self._turn.release()
            # What was sought since it was read will be read again, and would come twice; the other
            # partitions' records would be missing.
            self.needs_check("moved", partitions - sought)
            return
        self._taking = asyncio.create_task(self._take(batch, partitions, validated), name="batch")
        if len(batch) < READ_AHEAD_FROM:  # we have caught up: what comes meanwhile makes one batch
            await asyncio.wait([self._taking])

    async def _come_meanwhile(self) -> list[InboundRecord]:
        """What came while the batch before was with PostgreSQL.

        aiokafka asks for more only once what it holds was taken, so it is one request away.
        """
        if self._kafka is None:  # FastStream reads before it has told that it began
            return []
        try:
            found = await self._kafka.getmany(timeout_ms=BATCH_WAIT_MS, max_records=BATCH_RECORDS)
        except KafkaError:
            return []  # FastStream's own read meets it next
        return [self._records.read(record) for records in found.values() for record in records]

    async def _take(
        self, batch: list[InboundRecord], partitions: set[TopicPartition], validated: Validated
    ) -> None:
        """Lets the batch take effect; has the turn, and gives it back."""
        try:
            if self._ending or self._failure.done():
                return
            self._ends.update(await self._dispatch.take(batch, validated))
        except ElsewhereError:
            self.needs_check("moved", partitions)
        except Exception as error:  # noqa: BLE001 - what isn't waited out ends the consumer
            if is_infrastructure(error):
                self._held.failed(error)  # the batch is given back
                self.needs_check("failed")
            else:
                self._fail(error)
        finally:
            self.condition.took_at = time.monotonic()
            self._turn.release()

    def _fail(self, error: Exception) -> None:
        if not self._failure.done():
            self._failure.set_exception(error)

    async def _wait_for_check(self, partitions: set[TopicPartition], deadline: float) -> bool:
        """True if any of the batch's partitions needed a check.

        All of them are sought then, and the batch is read again. Waits until they have been sought:
        what is read before that is stale too, and its own checks would make the next stale, for
        ever. But not so long that Kafka takes us for dead.
        """
        if partitions.isdisjoint(self._needs_check) and partitions.isdisjoint(self._being_checked):
            return False
        self.needs_check("failed", partitions - self._being_checked)
        while not (partitions & self._assigned()).isdisjoint(
            {*self._needs_check, *self._being_checked}
        ):
            if self._ending or time.monotonic() > deadline:
                break
            self._checked.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._checked.wait(), TICK)
        return True

    # What is kept up beside it

    async def _keep(self) -> NoReturn:
        """Checks and seeks, commits offsets, measures; never while a batch is being taken."""
        pause = TICK
        seek_at = measure_at = 0.0
        check_at = time.monotonic() + self._check_seconds
        while True:
            now = self.condition.ticked_at = time.monotonic()
            if now >= check_at:
                # a topic may have been made anew, or our database restored, without a word
                self.needs_check("due")
                check_at = now + self._check_seconds
            if self._needs_check and now >= seek_at and not self._turn.locked():
                async with self._turn:
                    sought = await self._check_and_seek()
                pause = TICK / 4 if sought else min(2 * pause, MEASURE_SECONDS)
                seek_at = now + pause
            await self._commit()
            if now >= measure_at:
                await self._measure()
                measure_at = now + (MEASURE_SECONDS if self.condition.reached_end else TICK)
            await asyncio.sleep(TICK / 4 if self._needs_check else TICK)

    async def _check_and_seek(self) -> bool:
        """Checks the partitions that are ours and need it; seeks them to PostgreSQL's positions.

        False while a server is away.
        """
        causes = {
            partition: self._needs_check[partition]
            for partition in sorted(self._needs_check.keys() & self._assigned())
        }
        for partition in causes:  # a need that comes up meanwhile is a new one
            del self._needs_check[partition]
        self._being_checked = set(causes)
        try:
            positions = await self._checked_positions(list(causes))
        except Exception as error:
            if not is_infrastructure(error):
                raise
            self._outage.failed(error)
            for partition, cause in causes.items():
                self._needs_check.setdefault(partition, cause)
            return False
        finally:
            self._being_checked = set()
        for position in positions:
            self._seek(position, causes[position.partition])
        self._checked.set()
        return True

    async def _checked_positions(self, partitions: Sequence[TopicPartition]) -> list[Position]:
        """PostgreSQL's positions of these partitions, made on the log that is there now.

        Raises OperatorNeeded if they weren't.
        """
        self._records.ignored = await read_ignored(self._pool)
        positions = await read_positions(self._pool, partitions)
        try:
            await log_check.check_log(self._bootstrap_servers, positions, self._records)
        except OperatorNeeded as needed:
            # A process that slept between its two questions holds old positions against a newer
            # log.
            if await read_positions(self._pool, partitions) != positions:
                raise Unavailable("The positions moved while the log was asked.") from needed
            raise
        return positions

    async def _check_before_skipping(self, positions: Sequence[Position], skipped: Skipped) -> None:
        """Raises OperatorNeeded if it is another log, or if what is skipped is no repeat."""
        await log_check.check_log(self._bootstrap_servers, positions, self._records)
        await log_check.check_repeats(
            self._bootstrap_servers, self._service, positions, skipped, self._records
        )

    def _seek(self, position: Position, cause: str) -> None:
        assert self._kafka is not None
        with contextlib.suppress(IllegalStateError):  # lost meanwhile: whoever has it seeks it
            self._kafka.seek(position.partition, position.next_offset)
            self._seeks[position.partition] += 1
            metrics.CONSUMER_SEEKS.labels(cause).inc()

    async def _commit(self) -> None:
        """Tells Kafka where we are, for its tools. Nothing depends on it."""
        ends = {
            partition: end for partition, end in self._ends.items() if partition in self._assigned()
        }
        self._ends.clear()
        if not ends or self._kafka is None:
            return
        failpoint("consumer.before-offsets")
        try:
            async with asyncio.timeout(MEASURE_SECONDS):
                await self._kafka.commit(ends)
        except (KafkaError, TimeoutError) as error:
            log.info("offsets not committed", service=self._service, why=type(error).__name__)

    async def _end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Where the logs end. Raises KafkaError while Kafka is away."""
        assert self._kafka is not None
        try:
            async with asyncio.timeout(MEASURE_SECONDS):
                ends: dict[TopicPartition, int] = await self._kafka.end_offsets(partitions)
        except TimeoutError as error:
            raise KafkaTimeoutError from error
        return ends

    async def _measure(self) -> None:
        """Lag, readiness, and whether the servers answer; if not, everything needs a check."""
        partitions = sorted(self._assigned())
        try:
            async with asyncio.timeout(MEASURE_SECONDS):
                positions = await read_positions(self._pool, partitions)
                metrics.DEAD_LETTERS_OPEN.set(await dead_letters.count_open(self._pool))
            ends = await self._end_offsets(partitions)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            self.condition.servers_answer = False
            self._outage.failed(error)
            self.needs_check("lost")
            return
        self._outage.over()
        show_consumed(positions)
        metrics.CONSUMER_LAG.clear()
        lags = {
            position.partition: ends[position.partition] - position.next_offset
            for position in positions
        }
        for partition, lag in lags.items():
            metrics.CONSUMER_LAG.labels(partition.topic, str(partition.partition)).set(lag)
        self.condition.servers_answer = True
        self.condition.lag = sum(lags.values())
        self.condition.reached_end |= self.condition.joined and self.condition.lag <= 0


class _RebalanceListener(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """Tells the consumer what Kafka gave and took.

    It does no more: aiokafka swallows a listener's failure, and may deadlock on its waits.
    """

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self._consumer.needs_check("assigned", revoked)

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._consumer.join(assigned)


async def _start(broker: KafkaBroker) -> None:
    try:
        await broker.start()
    except BaseException:
        await broker.stop()  # the next try begins with nothing of this one
        raise


def _assignor(seen: Callable[[], bytes]) -> type[RangePartitionAssignor]:
    """An assignor by range, which sends what a member sees of its topics with its request to join.

    By range, equal partitions of all topics go to one member. Kafka gives a member that comes back
    under its old name its old partitions, and asks nobody anew, unless the request has changed. A
    member that joined while a topic was away would never get it; and with the topics in no order,
    each restart would ask everyone anew.
    """

    class Assignor(RangePartitionAssignor):  # type: ignore[misc] # aiokafka has no types
        @classmethod
        @override
        def metadata(cls, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
            return ConsumerProtocolMemberMetadata(cls.version, sorted(topics), seen())

    return Assignor
