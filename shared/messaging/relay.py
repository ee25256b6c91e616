"""Carries the outbox to Kafka: one leader numbers rows, sends them in order, and acknowledges them.

Numbers are dense in each partition. `run` keeps a process ready to lead; `_lead` is one term of
leadership, from the lock to the first failure; `_publish` is its loop. Any failure ends the term:
producer, reader and connection are dropped, and the next term begins by asking the log anew.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from uuid import UUID

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka import errors as kafka

from shared.messaging.checksums import forget_owned, show_owned
from shared.messaging.failpoints import failpoint
from shared.messaging.failures import (
    Cause,
    OperatorNeeded,
    Unavailable,
    is_infrastructure,
    operator_needed_in,
)
from shared.messaging.leadership import LogEnd, survey, try_to_lead
from shared.messaging.log_reader import PublishedEvent
from shared.messaging.one_try_producer import SEND_SECONDS, one_try_producer
from shared.messaging.origins import Origins
from shared.messaging.outages import Outage, Servers
from shared.messaging.outbox import CHANNEL, MIDNIGHT, headers_from_text
from shared.messaging.position import sum_of
from shared.messaging.positions import partition_columns
from shared.observability import metrics
from shared.postgres import queries
from shared.postgres.pool import Connection

SQL = queries.load(Path(__file__).with_name("relay.sql"))

log = structlog.get_logger(__name__)

ROUND_ROWS = 8_000
"""Rows numbered and sent as one round: they fill a batch for each of 12 partitions, and the broker
writes each batch to disk before it answers."""

ROUND_BYTES = 16_000_000
"""… or so many bytes of data, whichever is less: two rounds stand in memory at once."""

POLL_SECONDS = 0.25
"""How long a row waits at most when its notification is lost or was not sent (outbox.sql says
when)."""

UPKEEP_SECONDS = 5.0
"""Between two looks at the backlog and two removals of old rows."""

SURVEY_SECONDS = 600.0
"""Reading a whole log of millions of records ends well within; a broker that hangs must not hold
the lead for ever."""

IDLE_CHECK_SECONDS = 60.0
"""An idle leader asks this often whether it is still the same log, so that a topic made anew is
found before something is sent into it."""

IN_ORDER_OF_INDEX = {"enable_sort": "off"}
"""PostgreSQL guesses few unnumbered rows, and would read and sort all of a large backlog for each
round instead of following the index."""

KEEPALIVE = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
"""After some 11 s PostgreSQL drops a leader whose machine is gone, and its lock with it. Otherwise
no one could lead for two hours."""

OutboxRows = Sequence[asyncpg.Record]
"""Rows of the outbox with their numbers, in the order of topic, partition and sequence."""


class Sent(NamedTuple):
    """What was sent of one partition: its first number, its last event, what its ids add up to."""

    first: int
    last: PublishedEvent
    added: int

    def columns(self) -> tuple[int, int, UUID, int, int]:
        """What is kept of it: number, offset and id of the last event, first number, sum."""
        return self.last.sequence, self.last.offset, self.last.event_id, self.first, self.added


class Relay:
    """The outbox's way to Kafka. Each worker of a service runs one; one of them leads.

    `dsn` must reach PostgreSQL directly: behind a pooler the lock belongs to no one. `partitions`
    are the service's own topics with their counts. Published rows are removed when they are older
    than `kept`.
    """

    def __init__(
        self,
        *,
        dsn: str,
        bootstrap_servers: str,
        service: str,
        partitions: Mapping[str, int],
        origins: Origins,
        kept: timedelta = timedelta(days=7),
    ) -> None:
        self.leading = False
        self.checked = asyncio.Event()
        """Set once the log was asked, by this relay or another that leads."""
        self.outage = Outage(Servers.of(dsn, bootstrap_servers), "relay waits", service=service)
        self._dsn = dsn
        self._bootstrap_servers = bootstrap_servers
        self._service = service
        self._partitions = dict(partitions)
        self._origins = origins
        self._kept = kept
        self._last: dict[TopicPartition, PublishedEvent | None] = {}
        self._ends: dict[TopicPartition, int] = {}
        """The offset at which the next batch of each partition will stand if nobody else writes."""
        self._strangers: set[TopicPartition] = set()
        """Partitions in which somebody else wrote since the log was asked."""
        self._awake = asyncio.Event()

    async def run(self) -> NoReturn:
        """Leads whenever it can.

        Never returns; raises OperatorNeeded when going on would be wrong, and whatever is neither
        that nor infrastructure.
        """
        pause = POLL_SECONDS
        while True:
            try:
                await self._lead()
            except Exception as failure:
                needed = operator_needed_in(failure)
                if needed is not None:
                    if not needed.cause.stops_all:
                        self.checked.set()
                    raise needed from failure
                if not is_infrastructure(failure):
                    raise
                pause = POLL_SECONDS if self.leading else min(pause * 2, 2.0)
                self.outage.failed(failure)
            finally:
                self.leading = False
                metrics.RELAY_LEADING.set(0)
                forget_owned()  # whoever leads now tells it
            await asyncio.sleep(pause)

    async def _lead(self) -> None:
        """One term: waits for the lock, asks the log, then publishes until something fails."""
        async with self._connection() as connection:
            while not await try_to_lead(connection):
                self.outage.over()  # another leads
                self.checked.set()
                await asyncio.sleep(POLL_SECONDS)
            await self._measure(connection)
            # Connected before the log is asked: a broker that loses its log's end after that answer
            # breaks these connections with it.
            async with one_try_producer(self._bootstrap_servers, self._partitions) as producer:
                await self._take_over(connection)
                await connection.add_listener(CHANNEL, lambda *_: self._awake.set())
                self.leading = True
                self.outage.over()
                self.checked.set()
                metrics.RELAY_LEADING.set(1)
                await self._publish(connection, producer)

    async def _take_over(self, connection: Connection) -> None:
        """Has the database say what the log says: which number each partition holds last."""
        self._know(await self._survey(connection))
        failpoint("relay.surveyed")
        topics, partitions = zip(*self._last, strict=True)
        found = list(self._last.values())
        async with connection.transaction():
            await SQL.ensure_partitions(connection, topics=topics, partitions=partitions)
            await SQL.set_acknowledged(
                connection,
                topics=topics,
                partitions=partitions,
                sequences=[event.sequence if event else 0 for event in found],
                offsets=[event.offset if event else None for event in found],
                event_ids=[event.event_id if event else None for event in found],
            )
        failpoint("relay.took-over")
        metrics.RELAY_TAKEOVERS.inc()
        log.info("relay leads", service=self._service, partitions=len(found))

    def _know(self, ends: Mapping[TopicPartition, LogEnd]) -> None:
        """Remembers what the log was found to hold."""
        self._last = {partition: end.last for partition, end in ends.items()}
        self._ends = {partition: end.next_offset for partition, end in ends.items()}
        self._strangers.clear()

    async def _survey(self, connection: Connection) -> dict[TopicPartition, LogEnd]:
        """Where the log of each partition ends."""
        try:
            async with asyncio.timeout(SURVEY_SECONDS):
                return await survey(
                    connection,
                    bootstrap_servers=self._bootstrap_servers,
                    service=self._service,
                    partitions=self._partitions,
                    origins=self._origins,
                )
        except OperatorNeeded:
            # Does it still lead? A process that was stopped in between holds an old answer against
            # what another has sent since.
            await connection.fetchval("SELECT 1")
            raise

    async def _publish(self, connection: Connection, producer: AIOKafkaProducer) -> NoReturn:
        """Numbers, sends and acknowledges rows; looks after old rows and the log in between."""
        clock = asyncio.get_running_loop().time
        # Those numbered before this term come first: no number may overtake a lower one.
        while unsent := await connection.fetch(SQL.unsent_rows.sql, ROUND_ROWS, ROUND_BYTES):
            await self._acknowledge(connection, await self._send(producer, unsent))
        moved_at = upkeep_at = clock()
        rows: OutboxRows = []
        while True:
            if rows:
                rows = await self._round(connection, producer, rows)
            else:
                rows = await self._number(connection)
            now = clock()
            if now - upkeep_at > UPKEEP_SECONDS:
                await self._measure(connection)
                await self._remove_old(connection)
                upkeep_at = now
            if rows:
                moved_at = now
                continue
            if now - moved_at > IDLE_CHECK_SECONDS:
                await self._check_idle(connection)
                moved_at = now
            await self._wait_for_rows()

    async def _check_idle(self, connection: Connection) -> None:
        """Raises Unavailable if the log no longer holds what was acknowledged: the term ends."""
        ends = await self._survey(connection)
        if {partition: end.last for partition, end in ends.items()} != self._last:
            raise Unavailable("The log no longer holds what was acknowledged.")
        self._know(ends)

    async def _wait_for_rows(self) -> None:
        """Waits for a notification, or for the time of the next look."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._awake.wait(), POLL_SECONDS)
        self._awake.clear()

    async def _round(
        self, connection: Connection, producer: AIOKafkaProducer, rows: OutboxRows
    ) -> OutboxRows:
        """Sends and acknowledges these; returns the next, which were being numbered meanwhile."""
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._send(producer, rows))
            numbering = tasks.create_task(self._number(connection))
        await self._acknowledge(connection, sending.result())
        return numbering.result()

    async def _number(self, connection: Connection) -> OutboxRows:
        """Numbers some rows in the order of their ids.

        Committed when this returns, so before any of them is sent.
        """
        failpoint("relay.numbering")
        # thousands of rows: fetched in one go
        rows = await connection.fetch(SQL.number_rows.sql, ROUND_ROWS, ROUND_BYTES)
        if rows:
            failpoint("relay.numbered")
        return sorted(rows, key=lambda row: (row["topic"], row["partition"], row["sequence"]))

    async def _send(
        self, producer: AIOKafkaProducer, rows: OutboxRows
    ) -> dict[TopicPartition, Sent]:
        """Sends rows; returns what of each partition is acknowledged."""
        rows_of = {
            TopicPartition(*partition): list(group)
            for partition, group in groupby(rows, key=lambda row: (row["topic"], row["partition"]))
        }
        for partition in rows_of:
            if partition.topic not in self._partitions:
                raise OperatorNeeded(
                    f"The outbox holds records for {partition.topic}, a topic that this version of"
                    f" {self._service} does not write.",
                    remedy="start the version that wrote them, or a newer one",
                    cause=Cause.TOPIC,
                )
        failpoint("relay.sending")
        async with asyncio.timeout(SEND_SECONDS), asyncio.TaskGroup() as tasks:
            sent = {
                partition: tasks.create_task(self._send_in_turn(producer, partition, of_partition))
                for partition, of_partition in rows_of.items()
            }
        failpoint("relay.acknowledged")
        return {partition: task.result() for partition, task in sent.items()}

    async def _send_in_turn(
        self, producer: AIOKafkaProducer, partition: TopicPartition, rows: OutboxRows
    ) -> Sent:
        """Sends the rows of one partition, one batch at a time.

        Nothing later of this partition leaves before the acknowledgement. A batch that stands
        further on than the end that is known tells of a stranger in between.
        """
        end = self._ends.get(partition, 0)
        done = 0
        while done < len(rows):
            batch, first = producer.create_batch(), done
            while done < len(rows) and _append(batch, rows[done]):
                done += 1
            batch.close()
            offset = await _send_batch(producer, partition, batch)
            if offset < end:
                raise Unavailable(
                    f"{partition.topic}/{partition.partition} put a batch at offset {offset}, not"
                    " above what it held: another log."
                )
            if offset > end:
                self._strangers.add(partition)
            end = offset + done - first
            failpoint("relay.batch-acknowledged")
        self._ends[partition] = end
        last = PublishedEvent(end - 1, rows[-1]["sequence"], rows[-1]["event_id"])
        return Sent(rows[0]["sequence"], last, sum_of(row["event_id"] for row in rows))

    async def _acknowledge(
        self, connection: Connection, sent: Mapping[TopicPartition, Sent]
    ) -> None:
        """Rows up to an acknowledged number are published: one short row a partition says so."""
        if self._strangers:
            await self._check_sent(connection, sent)
        topics, numbers = partition_columns(sent)
        sequences, offsets, event_ids, firsts, added = zip(
            *(rows.columns() for rows in sent.values()), strict=True
        )
        moved = [
            row
            async for row in SQL.acknowledge(
                connection,
                topics=topics,
                partitions=numbers,
                sequences=sequences,
                offsets=offsets,
                event_ids=event_ids,
                firsts=firsts,
                added=added,
            )
        ]
        failpoint("relay.marked")
        if len(moved) != len(sent):
            raise Unavailable("Another process moved what this leader had sent.")
        for topic, moved_by in moved:
            metrics.RELAY_PUBLISHED.labels(topic).inc(moved_by)
        self._last |= {partition: rows.last for partition, rows in sent.items()}

    async def _check_sent(
        self, connection: Connection, sent: Mapping[TopicPartition, Sent]
    ) -> None:
        """Asks the log again, since somebody else wrote there: is what was sent its last event?

        Raises OperatorNeeded if the stranger took a number of ours; Unavailable if it is not.
        """
        names = [f"{topic}/{number}" for topic, number in sorted(self._strangers)]
        log.warning("records that are not ours", service=self._service, partitions=names)
        ends = await self._survey(connection)
        if any(ends[partition].last != rows.last for partition, rows in sent.items()):
            raise Unavailable("The log does not end with what was sent.")
        self._know(ends)

    async def _measure(self, connection: Connection) -> None:
        """Measures the backlog, and how far what was stated is published."""
        await show_owned(connection)
        waiting = await SQL.waiting_rows(connection)
        metrics.OUTBOX_WAITING.set(waiting["rows"])
        metrics.OUTBOX_OLDEST_SECONDS.set(waiting["oldest_seconds"])

    async def _remove_old(self, connection: Connection) -> None:
        """Removes published rows past their time.

        A few small batches at a time: what is to be sent goes first.
        """
        for _ in range(10):
            removed = await SQL.remove_published(connection, older_than=self._kept, most=1_000)
            if removed < 1_000:
                break

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        connection = await asyncpg.connect(
            self._dsn,
            timeout=10,
            command_timeout=SEND_SECONDS,
            server_settings={
                "application_name": f"terang-{self._service}-relay",
                "synchronous_commit": "on",
                **KEEPALIVE,
                **IN_ORDER_OF_INDEX,
            },
        )
        try:
            yield connection
        finally:
            connection.terminate()  # a polite farewell could wait for a server that is gone


async def _send_batch(producer: AIOKafkaProducer, partition: TopicPartition, batch: Any) -> int:
    """Sends one batch and waits for the acknowledgement; returns the offset of its first record.

    Raises OperatorNeeded for a record that Kafka refuses as too large, else Unavailable.
    """
    topic, number = partition
    try:
        sent = await producer.send_batch(batch, topic, partition=number)
        sent.add_done_callback(_look_at_failure)
        written = await sent
    except (kafka.MessageSizeTooLargeError, kafka.RecordListTooLargeError) as refusal:
        raise OperatorNeeded(
            f"Kafka refuses a record for {topic}/{number} as too large.",
            remedy=f"raise max.message.bytes of {topic} (`terang topics` sets it)",
            cause=Cause.TOPIC,
        ) from refusal
    except kafka.KafkaError as failure:
        raise Unavailable(f"{topic}/{number}: {failure!r}") from failure
    offset: int = written.offset
    return offset


def _look_at_failure(sent: asyncio.Future[Any]) -> None:
    """Looks at how a batch went.

    Where several fail at once the first ends the round, and asyncio would complain of the others as
    of something overlooked.
    """
    if not sent.cancelled():
        sent.exception()


def _append(batch: Any, row: asyncpg.Record) -> bool:
    """Appends a row to a batch; False if it is full."""
    headers = headers_from_text(row["headers"])
    timestamp = _record_time(dict(headers).get("ce_time"))
    headers.append(("ce_sequence", str(row["sequence"]).encode()))
    appended = batch.append(timestamp=timestamp, key=row["key"], value=row["data"], headers=headers)
    return appended is not None


def _record_time(event_time: bytes | None) -> int | None:
    """Milliseconds since 1970 that a record says: None, the present, but for events of a day.

    Such an event tells its day alone, so its record must not tell more. It never lies ahead: a
    broker refuses that, and a demonstration's days may be ahead of it.
    """
    if event_time is None or not event_time.endswith(MIDNIGHT.encode()):
        return None
    day = datetime.fromisoformat(event_time.decode())
    return min(int(day.timestamp()), int(time.time())) * 1000
