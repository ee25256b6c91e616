"""Carries the outbox to Kafka: one leader numbers rows densely per partition, sends them in that
order, and marks what was acknowledged.

Reads top down: `run` keeps a process ready to lead; `_lead` is one time in office, from the lock to
the first failure; `_carry` is its loop. Any failure ends the time in office: producer, reader and
connection are dropped and the next one begins by asking the log anew.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import groupby
from typing import Any, NoReturn

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka import errors as kafka
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.protocol.produce import ProduceRequest

from shared.messaging.failpoints import failpoint
from shared.messaging.failures import (
    Cause,
    OperatorNeeded,
    Unavailable,
    is_infrastructure,
    operator_needed_in,
)
from shared.messaging.leadership import RELAY_LOCK, PublishedEvent, survey
from shared.messaging.outbox import CHANNEL, headers_from_text
from shared.observability import metrics
from shared.postgres.pool import Connection

log = structlog.get_logger(__name__)

ROUND_ROWS = 8_000
"""Rows numbered and sent as one round: they fill a batch for each of 12 partitions, and the broker
writes each batch to disk before it answers."""

ROUND_BYTES = 16_000_000
"""… or so many bytes of data, whichever is less: two rounds stand in memory at once."""

BATCH_BYTES = 500_000
"""A batch closes at this size; a larger record goes alone. Half of what a broker takes by default
(message.max.bytes)."""

POLL_SECONDS = 0.25
"""How long a row waits at most when its notification is lost or was not sent (outbox.py says when).
"""

TEND_SECONDS = 5.0
"""Between two looks at the backlog and two removals of old rows."""

SURVEY_SECONDS = 600.0
"""Reading a whole log of millions of records ends well within; a broker that hangs must not hold
the lead for ever."""

IDLE_CHECK_SECONDS = 60.0
"""An idle leader asks this often whether it is still the same log, so that a topic made anew is
found before something is sent into it."""

SEND_SECONDS = 20.0
"""Without an acknowledgement for so long, the time in office ends. An idempotent producer itself
would try for ever."""

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

Row = asyncpg.Record
Partition = tuple[str, int]


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
        kept: timedelta = timedelta(days=7),
    ) -> None:
        self.leading = False
        self._dsn = dsn
        self._bootstrap_servers = bootstrap_servers
        self._service = service
        self._partitions = dict(partitions)
        self._kept = kept
        self._remedy = f"terang recover {service}"
        self._last: dict[Partition, PublishedEvent | None] = {}
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
                stop = operator_needed_in(failure)
                if stop is not None:
                    raise stop from failure
                if not is_infrastructure(failure):
                    raise
                pause = POLL_SECONDS if self.leading else min(pause * 2, 2.0)
                log.warning(
                    "relay waits", service=self._service, why=_described(failure), seconds=pause
                )
            finally:
                self.leading = False
                metrics.RELAY_LEADING.set(0)
            await asyncio.sleep(pause)

    async def _lead(self) -> None:
        """One time in office: waits for the lock, asks the log, then carries until something fails."""
        async with self._connection() as connection:
            while not await connection.fetchval(_TRY_LOCK):  # noqa: ASYNC110 (only asking tells)
                await asyncio.sleep(POLL_SECONDS)
            await self._measure(connection)
            # Connected before the log is asked: a broker that loses its log's end after that answer
            # breaks these connections with it.
            async with one_try_producer(self._bootstrap_servers, self._partitions) as producer:
                await self._take_over(connection)
                await connection.add_listener(CHANNEL, lambda *_: self._awake.set())
                self.leading = True
                metrics.RELAY_LEADING.set(1)
                await self._carry(connection, producer)

    async def _take_over(self, connection: Connection) -> None:
        """Has the database say what the log says: up to where each partition's numbers are there,
        marked or not.
        """
        self._last = await self._survey(connection)
        failpoint("relay.surveyed")
        topics, partitions = zip(*self._last, strict=True)
        found = list(self._last.values())
        async with connection.transaction():
            await connection.execute(_KNOW_PARTITIONS, topics, partitions)
            await connection.execute(
                _SET_ACKNOWLEDGED,
                topics,
                partitions,
                [own.sequence if own else 0 for own in found],
                [own.offset if own else None for own in found],
                [own.event_id if own else None for own in found],
            )
        failpoint("relay.took-over")
        metrics.RELAY_TAKEOVERS.inc()
        log.info("relay leads", service=self._service, partitions=len(found))

    async def _survey(self, connection: Connection) -> dict[Partition, PublishedEvent | None]:
        try:
            async with asyncio.timeout(SURVEY_SECONDS):
                return await survey(
                    connection,
                    bootstrap_servers=self._bootstrap_servers,
                    partitions=self._partitions,
                    remedy=self._remedy,
                )
        except OperatorNeeded:
            # Does it still lead? A process that was stopped in between holds an old answer against
            # what another has sent since.
            await connection.fetchval("SELECT 1")
            raise

    async def _carry(self, connection: Connection, producer: AIOKafkaProducer) -> NoReturn:
        clock = asyncio.get_running_loop().time
        rows: Sequence[Row]
        # Those numbered before this time in office come first: no number may overtake a lower one.
        while rows := await connection.fetch(_NUMBERED_UNSENT, ROUND_ROWS, ROUND_BYTES):
            await self._mark(connection, await self._send(producer, rows))
        moved_at = tended_at = clock()
        rows = []
        while True:
            rows = await (
                self._round(connection, producer, rows) if rows else self._number(connection)
            )
            now = clock()
            if now - tended_at > TEND_SECONDS:
                await self._measure(connection)
                await self._remove_old(connection)
                tended_at = now
            if rows:
                moved_at = now
                continue
            if now - moved_at > IDLE_CHECK_SECONDS:
                if await self._survey(connection) != self._last:
                    raise Unavailable("The log no longer holds what was acknowledged.")
                moved_at = now
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._awake.wait(), POLL_SECONDS)
            self._awake.clear()

    async def _round(
        self, connection: Connection, producer: AIOKafkaProducer, rows: Sequence[Row]
    ) -> Sequence[Row]:
        """Sends these and marks them; returns the next, which were being numbered meanwhile."""
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._send(producer, rows))
            numbering = tasks.create_task(self._number(connection))
        await self._mark(connection, sending.result())
        return numbering.result()

    async def _number(self, connection: Connection) -> Sequence[Row]:
        """Numbers some rows in the order of their ids; committed when this returns, so before any
        of them is sent.
        """
        failpoint("relay.numbering")
        rows = await connection.fetch(_NUMBER, ROUND_ROWS, ROUND_BYTES)
        if rows:
            failpoint("relay.numbered")
        return sorted(rows, key=lambda row: (row["topic"], row["partition"], row["sequence"]))

    async def _send(
        self, producer: AIOKafkaProducer, rows: Sequence[Row]
    ) -> dict[Partition, PublishedEvent]:
        """Sends rows that stand in the order of their partition and sequence; returns the last of
        each partition as acknowledged.
        """
        lanes = [
            (place, list(lane))
            for place, lane in groupby(rows, key=lambda row: (row["topic"], row["partition"]))
        ]
        for (topic, _), _ in lanes:
            if topic not in self._partitions:
                raise OperatorNeeded(
                    f"The outbox holds records for {topic}, a topic that this version of {self._service} does not write.",
                    remedy="start the version that wrote them, or a newer one",
                    cause=Cause.TOPIC,
                )
        failpoint("relay.sending")
        async with asyncio.timeout(SEND_SECONDS), asyncio.TaskGroup() as tasks:
            sent = {
                place: tasks.create_task(self._send_in_turn(producer, *place, lane))
                for place, lane in lanes
            }
        failpoint("relay.acknowledged")
        return {place: task.result() for place, task in sent.items()}

    async def _send_in_turn(
        self, producer: AIOKafkaProducer, topic: str, partition: int, rows: Sequence[Row]
    ) -> PublishedEvent:
        """One batch at a time: nothing later of this partition leaves before the acknowledgement."""
        last = self._last.get((topic, partition))
        done = 0
        while done < len(rows):
            batch, first = producer.create_batch(), done
            while done < len(rows) and _append(batch, rows[done]):
                done += 1
            batch.close()
            try:
                sent = await producer.send_batch(batch, topic, partition=partition)
                sent.add_done_callback(_seen)
                written = await sent
            except (kafka.MessageSizeTooLargeError, kafka.RecordListTooLargeError) as refusal:
                raise OperatorNeeded(
                    f"Kafka refuses a record for {topic}/{partition} as too large.",
                    remedy=f"raise max.message.bytes of {topic} (`terang topics` sets it)",
                    cause=Cause.TOPIC,
                ) from refusal
            except kafka.KafkaError as failure:
                raise Unavailable(f"{topic}/{partition}: {failure!r}") from failure
            if written.offset <= (last.offset if last else -1):
                raise Unavailable(
                    f"{topic}/{partition} put a batch at offset {written.offset}, not above the one before: another log."
                )
            failpoint("relay.batch-acknowledged")
            row = rows[done - 1]
            last = PublishedEvent(
                written.offset + done - first - 1, row["sequence"], row["event_id"]
            )
        assert last is not None
        return last

    async def _mark(self, connection: Connection, sent: Mapping[Partition, PublishedEvent]) -> None:
        """Rows up to an acknowledged number are published: one short row a partition says so for
        all of them.
        """
        marked = await connection.fetch(
            _MARK,
            [topic for topic, _ in sent],
            [partition for _, partition in sent],
            [own.sequence for own in sent.values()],
            [own.offset for own in sent.values()],
            [own.event_id for own in sent.values()],
        )
        failpoint("relay.marked")
        if len(marked) != len(sent):
            raise Unavailable("Another process moved what this leader had sent.")
        for topic, count in marked:
            metrics.RELAY_PUBLISHED.labels(topic).inc(count)
        self._last |= sent

    async def _measure(self, connection: Connection) -> None:
        waiting = await connection.fetchrow(_WAITING)
        assert waiting is not None
        metrics.OUTBOX_WAITING.set(waiting["rows"])
        metrics.OUTBOX_OLDEST_SECONDS.set(waiting["oldest_seconds"])

    async def _remove_old(self, connection: Connection) -> None:
        """Removes published rows past their time, a few small batches at a time: what is to be sent
        goes first.
        """
        for _ in range(10):
            removed = await connection.fetchval(_REMOVE_OLD, self._kept, 1_000)
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


@asynccontextmanager
async def one_try_producer(
    bootstrap_servers: str, partitions: Mapping[str, int]
) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that sends each batch once, on the connections that it began with, and none at all
    once the block is left.

    Those are to the brokers that lead `partitions` (topic: count) when the block begins; for a
    partition that has no leader then, or another one later, nothing is sent. aiokafka's idempotent
    producer repeats a failed send for ever, over new connections, to whatever log it finds there;
    and `stop()` waits for that. Here a failure, a refusal and a lost connection each fail the
    batch, and an abandoned producer can't speak any more.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers,
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES,
        request_timeout_ms=int(SEND_SECONDS * 1000),
    )
    client = producer.client
    send = client.send
    connections: dict[Any, Any] = {}
    abandoned = False

    async def send_once(node_id: Any, request: Any, *, group: Any = ConnectionGroup.DEFAULT) -> Any:
        if abandoned:
            raise OnceError("this producer was abandoned")
        if not isinstance(request, ProduceRequest):
            return await send(node_id, request, group=group)
        connection = connections.get(node_id)
        if (
            connection is None
            or not connection.connected()
            or client._conns.get((node_id, group)) is not connection
        ):
            raise OnceError("the connection was lost since the log was asked")
        try:
            response = await send(node_id, request, group=group)
        except kafka.KafkaError as failure:
            raise OnceError(repr(failure)) from failure
        for _, partitions in response.topics:
            for _, code, *_ in partitions:
                error = kafka.for_code(code)
                if error is not kafka.NoError:
                    raise OnceError(error.__name__) if error.retriable else error()
        return response

    client.send = send_once
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await producer.start()
            connections = await _connections_to_leaders(client, partitions)
        yield producer
    finally:
        abandoned = True
        await client.close()
        try:
            async with asyncio.timeout(5):
                await producer.stop()
        except TimeoutError:
            # Some batch waits for a broker that it will never speak to; its task goes with it.
            if (task := producer._sender.sender_task) is not None:
                task.cancel()


async def _connections_to_leaders(
    client: AIOKafkaClient, partitions: Mapping[str, int]
) -> dict[Any, Any]:
    """A connection, by its broker, to each that leads one of these partitions; what has no leader
    yet is left out.
    """
    cluster = (
        await client.fetch_all_metadata()
    )  # of all topics: to ask for one by its name may make it
    connections: dict[Any, Any] = {}
    for topic, count in partitions.items():
        for number in range(count):
            leader = cluster.leader_for_partition(TopicPartition(topic, number))
            if leader in (None, -1) or leader in connections:
                continue
            if not await client.ready(leader):
                raise Unavailable(f"The broker that leads {topic}/{number} can't be reached.")
            connections[leader] = client._conns[leader, ConnectionGroup.DEFAULT]
    return connections


class OnceError(kafka.KafkaError):  # type: ignore[misc]  # aiokafka has no types
    """A send that failed and is not to be tried again by this producer."""


def _seen(sent: asyncio.Future[Any]) -> None:
    """Looks at how a batch went: where several fail at once the first ends the round, and asyncio
    would complain of the others as of something overlooked.
    """
    if not sent.cancelled():
        sent.exception()


def _append(batch: Any, row: Row) -> bool:
    headers = headers_from_text(row["headers"])
    headers.append(("ce_sequence", str(row["sequence"]).encode()))
    return (
        batch.append(timestamp=None, key=row["key"], value=row["data"], headers=headers) is not None
    )


def _described(failure: BaseException) -> str:
    if isinstance(failure, BaseExceptionGroup):
        return "; ".join(sorted({_described(inner) for inner in failure.exceptions}))
    return f"{type(failure).__name__}: {failure}"


_TRY_LOCK = f"SELECT pg_try_advisory_lock({RELAY_LOCK})"

# Numbers up to $1 rows or $2 bytes of data (one row at least) by their ids, densely in each
# partition from its locked counter.
_NUMBER = """
WITH waiting AS MATERIALIZED (
    SELECT at, id, topic, partition, sum(coalesce(octet_length(data), 0)) OVER (ORDER BY id) - coalesce(octet_length(data), 0) AS before
      FROM (SELECT *, ctid AS at FROM messaging.outbox WHERE sequence IS NULL ORDER BY id LIMIT $1) AS first
), batch AS MATERIALIZED (
    SELECT at, topic, partition,
           row_number() OVER (PARTITION BY topic, partition ORDER BY id) AS place,
           count(*) OVER (PARTITION BY topic, partition) AS among
      FROM waiting
     WHERE before < $2
), counter AS (
    INSERT INTO messaging.outbox_partitions AS counter (topic, partition, numbered)
    SELECT topic, partition, count(*) FROM batch GROUP BY topic, partition ORDER BY topic, partition
    ON CONFLICT (topic, partition) DO UPDATE SET numbered = counter.numbered + excluded.numbered
    RETURNING topic, partition, numbered
)
UPDATE messaging.outbox AS row
   SET sequence = counter.numbered - batch.among + batch.place, numbered_at = now()
  FROM batch JOIN counter USING (topic, partition)
 WHERE row.ctid = batch.at
RETURNING row.topic, row.partition, row.sequence, row.key, row.event_id, row.headers, row.data
"""

# Rows that have a number above what the log is known to hold, in the order of sending; up to $1
# rows or $2 bytes of data.
_NUMBERED_UNSENT = """
SELECT topic, partition, sequence, key, event_id, headers, data
  FROM (SELECT row.*, sum(coalesce(octet_length(data), 0)) OVER (ORDER BY topic, partition, sequence) - coalesce(octet_length(data), 0) AS before
          FROM (SELECT row.*
                  FROM messaging.outbox_partitions AS lane JOIN messaging.outbox AS row USING (topic, partition)
                 WHERE lane.acknowledged < lane.numbered AND row.sequence > lane.acknowledged
                 ORDER BY topic, partition, sequence
                 LIMIT $1) AS row) AS row
 WHERE before < $2
 ORDER BY topic, partition, sequence
"""

# Moves the partitions' marks up to what was acknowledged; returns by how much, per topic.
_MARK = """
UPDATE messaging.outbox_partitions AS lane
   SET acknowledged = sent.sequence, acknowledged_offset = sent.at_offset, acknowledged_event = sent.event_id
  FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::uuid[]) AS sent (topic, partition, sequence, at_offset, event_id),
       messaging.outbox_partitions AS old
 WHERE (lane.topic, lane.partition) = (sent.topic, sent.partition) AND (old.topic, old.partition) = (sent.topic, sent.partition)
   AND lane.acknowledged < sent.sequence
RETURNING lane.topic, lane.acknowledged - old.acknowledged
"""

# Every partition has its row.
_KNOW_PARTITIONS = """
INSERT INTO messaging.outbox_partitions (topic, partition)
SELECT * FROM unnest($1::text[], $2::integer[])
ON CONFLICT (topic, partition) DO NOTHING
"""

# Sets the partitions' marks to what the log was found to hold, up or down.
_SET_ACKNOWLEDGED = """
UPDATE messaging.outbox_partitions AS lane
   SET acknowledged = found.sequence, acknowledged_offset = found.at_offset, acknowledged_event = found.event_id
  FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::uuid[]) AS found (topic, partition, sequence, at_offset, event_id)
 WHERE (lane.topic, lane.partition) = (found.topic, found.partition)
   AND (lane.acknowledged, lane.acknowledged_offset) IS DISTINCT FROM (found.sequence, found.at_offset)
"""

# Rows that the log is not known to hold: how many, and how long the oldest has waited.
_WAITING = """
SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(created)), 0)::float8 AS oldest_seconds
  FROM (SELECT created FROM messaging.outbox WHERE sequence IS NULL
        UNION ALL
        SELECT created FROM messaging.outbox_partitions AS lane JOIN messaging.outbox AS row USING (topic, partition)
         WHERE lane.acknowledged < lane.numbered AND row.sequence > lane.acknowledged) AS row
"""

# Removes up to $2 published rows numbered longer than $1 ago; returns how many.
_REMOVE_OLD = """
WITH removed AS (
    DELETE FROM messaging.outbox WHERE event_id IN (
        SELECT event_id FROM messaging.outbox AS row JOIN messaging.outbox_partitions AS lane USING (topic, partition)
         WHERE row.numbered_at < now() - $1::interval AND row.sequence <= lane.acknowledged
         LIMIT $2)
    RETURNING 1
)
SELECT count(*) FROM removed
"""
