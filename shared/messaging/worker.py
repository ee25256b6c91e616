"""A service's worker process: its consumer, its relay, its duties, and its health."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple, NoReturn

import asyncpg
import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from typing_extensions import override

from shared.clock import utc_now
from shared.messaging.consumer import Consumer
from shared.messaging.dead_letters import forget_settled
from shared.messaging.failures import (
    Cause,
    OperatorNeeded,
    Unavailable,
    is_infrastructure,
    operator_needed_in,
)
from shared.messaging.origins import Origins
from shared.messaging.outages import Outage, Servers
from shared.messaging.outbox import Outbox
from shared.messaging.relay import Relay
from shared.messaging.retry import retry_while_unavailable
from shared.messaging.subscription import Subscription, by_type
from shared.messaging.unheard_types import heard_late
from shared.observability import metrics
from shared.postgres.pool import Pool, create_pool
from shared.settings import ServiceSettings

log = structlog.get_logger(__name__)

IN_TRANSACTION_MS = 60_000
"""PostgreSQL ends a transaction that says nothing for so long: a stopped process must not hold the
positions of its successor."""

FORGET_SECONDS = 3600.0
"""Between two looks for settled dead letters that were kept for their days."""

ASK_SECONDS = 5.0
"""Between two looks whether a rebuild is wanted."""

NAME_SECONDS = 30.0
"""How long a worker waits for its name to be free. One that was killed leaves it when PostgreSQL
notices, mostly at once."""

NAME_TICK = 0.2
"""Seconds between two tries at a name."""


CONSUMER, RELAY, ALL = "consumer", "relay", "worker"
"""Parts of a worker that may stand still."""

START = "start"

CLOCKS_APART_S = 60.0
"""By so much this machine's clock may differ from PostgreSQL's: far more than clocks that are kept
right, far less than any term that a duty watches."""


class NameTaken(OperatorNeeded):
    """Another worker has this one's name.

    It will be free once that one has gone, so here starting again is what helps.
    """


class Duty(NamedTuple):
    """A periodic task: `run` looks for marks in the database, and settles what is owed.

    Every worker of the service runs it, so it locks what it settles (FOR UPDATE SKIP LOCKED). A
    NOTIFY on `channel` wakes it early.
    """

    name: str
    every_seconds: float
    run: Callable[[Pool], Awaitable[None]]
    channel: str | None = None


class Worker:
    """One worker of one service.

    `subscriptions` makes what the service listens to, given where it states events: a rebuild gives
    it a silent outbox. `origins` says who writes each topic. `marks` are the tables outside the
    projections (`public.owed`) in which event use cases set marks for duties, and nothing else: a
    rebuild may set them again.
    `check_seconds` is how often an idle partition is checked against its log; `session_seconds` how
    long Kafka waits for a worker that says nothing before its partitions go to another.
    """

    def __init__(
        self,
        *,
        service: str,
        settings: ServiceSettings,
        outbox: Outbox,
        origins: Origins,
        subscriptions: Callable[[Outbox], Sequence[Subscription]],
        duties: Iterable[Duty] = (),
        marks: Iterable[str] = (),
        clock: Callable[[], datetime] = utc_now,
        check_seconds: float = 60.0,
        session_seconds: float = 10.0,
        in_transaction_ms: int = IN_TRANSACTION_MS,
    ) -> None:
        self.service = service
        self.settings = settings
        self.outbox = outbox
        self.origins = origins
        self.subscriptions = subscriptions
        self._duties = [
            *duties,
            Duty("forget_settled", FORGET_SECONDS, self._forget_settled),
            Duty("ask_for_rebuild", ASK_SECONDS, self._ask_for_rebuild),
        ]
        self.marks = list(marks)
        self._clock = clock
        self._check_seconds = check_seconds
        self._session_seconds = session_seconds
        self._in_transaction_ms = in_transaction_ms
        self._subscriptions = by_type(subscriptions(outbox))
        self._consumer: Consumer | None = None
        self._connected = False
        self._missed: dict[str, int] = {}
        """Events by type that passed before this version subscribed to it."""
        self._stopped: dict[str, OperatorNeeded] = {}
        """Why, by part; ALL where the whole worker stands still."""
        self._servers = Servers.of(settings.database_url, settings.kafka_bootstrap_servers)
        self._outages = {START: Outage(self._servers, "worker waits", service=service)}
        """Of the start, and of each duty."""
        self._relay: Relay | None = None

    @property
    def topics(self) -> list[str]:
        """Topics that the service listens to."""
        return sorted(
            {subscription.contract.topic for subscription in self._subscriptions.values()}
        )

    async def pool(self) -> Pool:
        """Connections to the service's database, as the worker uses them."""
        return await create_pool(
            self.settings.database_url,
            application=f"{self.service}-worker-{self.settings.replica}",
            size=4 + len(self._duties),
            idle_in_transaction_session_timeout=str(self._in_transaction_ms),
        )

    async def run(self, host: str, port: int) -> None:
        """Work until SIGTERM or SIGINT; the batch at hand is finished first.

        Serves /live, /ready and /metrics on host:port. A part (consumer, relay) that must not go
        on stops alone; where all of it must not, the worker stands still, connected to nothing, and
        goes on serving these until it is told to end. Then it raises SystemExit with a sentence for
        an operator, if anything had stopped.
        """
        for cause in Cause:
            metrics.STOPPED.labels(cause).set(0)
        for part in (CONSUMER, RELAY, ALL):
            metrics.PART_STOPPED.labels(part).set(0)
        told_to_end = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told_to_end.set)
        server = _Server(
            uvicorn.Config(self._app(), host=host, port=port, log_config=None, access_log=False)
        )
        serving = asyncio.create_task(server.serve(), name="health")
        working = asyncio.create_task(self._work(), name="work")
        ending = asyncio.create_task(told_to_end.wait(), name="end")
        try:
            await asyncio.wait((serving, working, ending), return_when=asyncio.FIRST_COMPLETED)
            needed = operator_needed_in(working.exception()) if working.done() else None
            if needed is not None and not isinstance(needed, NameTaken):
                self._stop(ALL, needed)
                await asyncio.wait((serving, ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
            working.cancel()
            (end,) = await asyncio.gather(working, return_exceptions=True)
            server.should_exit = True
            await asyncio.gather(serving, return_exceptions=True)
        self._end(end)

    def _end(self, end: BaseException | None) -> None:
        """Raises what the process ends with, if anything went wrong."""
        needed = operator_needed_in(end)
        if needed is not None and ALL not in self._stopped:
            self._stop(ALL, needed)
        elif needed is None and isinstance(end, Exception):
            raise end
        if self._stopped:
            stops = " ".join(str(needed) for needed in self._stopped.values())
            raise SystemExit(f"{self.service} worker stops. {stops}")

    def _stop(self, part: str, needed: OperatorNeeded) -> None:
        """Says why a part stands still, once; where it is all, nothing is connected any more."""
        self._stopped[part] = needed
        metrics.STOPPED.labels(needed.cause).set(1)
        metrics.PART_STOPPED.labels(part).set(1)
        log.critical(
            "worker stops" if part == ALL else "part of worker stops",
            service=self.service,
            part=part,
            cause=needed.cause,
            reason=needed.reason,
            remedy=needed.remedy,
        )

    async def _work(self) -> None:
        pool = await retry_while_unavailable(self.pool, self._outages[START])
        try:
            self._connected = True
            async with asyncio.TaskGroup() as tasks:
                wakes = {duty.name: asyncio.Event() for duty in self._duties}
                named = asyncio.Event()
                tasks.create_task(self._hold_name(named, wakes))
                await named.wait()
                self._relay = self._make_relay()
                tasks.create_task(self._run_part(RELAY, self._relay.run()))
                for duty in self._duties:
                    doing = self._run_duty(duty, pool, wakes[duty.name], self._relay.checked)
                    tasks.create_task(_for_ever(duty.name, doing))
                if self._subscriptions:
                    self._consumer = self._make_consumer(pool)
                    tasks.create_task(self._run_part(CONSUMER, self._consumer.run()))
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await pool.close()

    async def _run_part(self, part: str, work: Awaitable[object]) -> None:
        """Runs a part of the worker; if it must not go on, it stops alone where that is sound.

        Raises OperatorNeeded where all must stop.
        """
        try:
            await _for_ever(part, work)
        except OperatorNeeded as needed:
            if needed.cause.stops_all:
                raise
            self._stop(part, needed)

    async def _run_duty(
        self, duty: Duty, pool: Pool, wake: asyncio.Event, checked: asyncio.Event
    ) -> None:
        """Runs a duty once the own log fits: a database of yesterday decides nothing."""
        outage = Outage(self._servers, "duty waits", service=self.service, duty=duty.name)
        self._outages[duty.name] = outage
        await checked.wait()
        await _do(duty, pool, wake, outage)

    def _make_relay(self) -> Relay:
        return Relay(
            dsn=self.settings.database_url,
            bootstrap_servers=self.settings.kafka_bootstrap_servers,
            service=self.service,
            partitions=self.outbox.partitions,
            origins=self.origins,
            kept=timedelta(days=self.settings.outbox_kept_days),
        )

    def _make_consumer(self, pool: Pool) -> Consumer:
        return Consumer(
            service=self.service,
            member=f"{self.service}-{self.settings.replica}",
            bootstrap_servers=self.settings.kafka_bootstrap_servers,
            servers=self._servers,
            pool=pool,
            subscriptions=list(self._subscriptions.values()),
            outbox=self.outbox,
            origins=self.origins,
            clock=self._clock,
            check_seconds=self._check_seconds,
            session_seconds=self._session_seconds,
        )

    async def _forget_settled(self, pool: Pool) -> None:
        """Removes dead letters that were settled long ago."""
        kept = timedelta(days=self.settings.dead_letters_kept_days)
        await forget_settled(pool, self._clock() - kept)

    async def _ask_for_rebuild(self, pool: Pool) -> None:
        """Says so while events passed by of a type that this version subscribes to.

        An older worker beside this one may still pass over some; a rebuild ends it.
        """
        late = await heard_late(pool, list(self._subscriptions))
        metrics.REBUILD_WANTED.set(sum(row["events"] for row in late))
        missed = {row["type"]: row["events"] for row in late}
        if missed.keys() - self._missed.keys():
            log.warning(
                "events passed by unheard before this version: rebuild",
                service=self.service,
                missed=missed,
                command=f"terang rebuild {self.service}",
            )
        self._missed = missed

    async def _hold_name(self, named: asyncio.Event, wakes: Mapping[str, asyncio.Event]) -> None:
        """Holds the lock on this worker's name.

        The connection also tells when PostgreSQL was away and when a duty is due.
        """
        while True:
            connection = await retry_while_unavailable(
                self._direct_connection, self._outages[START]
            )
            lost = asyncio.Event()
            try:
                _on_loss(connection, lost)
                await self._take_name(connection)
                for duty in self._duties:
                    if duty.channel is not None:
                        await connection.add_listener(duty.channel, _waker(wakes[duty.name]))
                named.set()
                await lost.wait()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if not is_infrastructure(error):
                    raise
            finally:
                connection.terminate()
            if self._consumer is not None:
                self._consumer.needs_check("lost")

    async def _direct_connection(self) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(
            self.settings.database_url,
            timeout=10,
            server_settings={
                "application_name": f"{self.service}-worker-{self.settings.replica}-name"
            },
        )

    async def _take_name(self, connection: asyncpg.Connection) -> None:
        deadline = time.monotonic() + NAME_SECONDS
        name = f"terang worker {self.service} {self.settings.replica}"
        while not await connection.fetchval(
            "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", name
        ):
            if time.monotonic() > deadline:
                raise NameTaken(
                    f"Another worker of {self.service} is named {self.settings.replica}; two of one"
                    " name would take each other's partitions for ever.",
                    remedy="give each worker a TERANG_REPLICA of its own",
                )
            await asyncio.sleep(NAME_TICK)

    # Health

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/live", self._live),
                Route("/ready", self._ready),
                Route("/metrics", _metrics),
            ],
        )

    async def _live(self, _: Request) -> Response:
        # what stands still on purpose is alive: it would come to the same place again
        consumer = None if {ALL, CONSUMER} & self._stopped.keys() else self._consumer
        alive = consumer is None or consumer.alive
        return PlainTextResponse("live" if alive else "stuck", 200 if alive else 503)

    async def _ready(self, _: Request) -> Response:
        missing = self._told_stops() or self._told_servers() or self._told_reading()
        return PlainTextResponse(missing or self._told_ready(), 503 if missing else 200)

    def _told_ready(self) -> str:
        """That it is ready; and what it has missed, if anything."""
        if not self._missed:
            return "ready"
        types = ", ".join(f"{count} of {type_}" for type_, count in sorted(self._missed.items()))
        return (
            f"ready; events passed before this version heard them ({types}):"
            f" terang rebuild {self.service}"
        )

    def _told_stops(self) -> str:
        """Which parts stand still, and the remedy of each."""
        if not self._stopped:
            return ""
        stops = [
            f"stopped ({needed.cause}), {part}: {needed}" for part, needed in self._stopped.items()
        ]
        return "\n".join([*stops, "Then start this worker again."])

    def _told_servers(self) -> str:
        """Which servers are away, and how they failed."""
        relay = None if self._relay is None else self._relay.outage.why
        consumer = None if self._consumer is None else self._consumer.waits_for
        waits = {relay, consumer, *(outage.why for outage in self._outages.values())}
        return "\n".join(f"waits: {why}" for why in sorted(filter(None, waits)))

    def _told_reading(self) -> str:
        """How far the consumer still has to go."""
        condition = None if self._consumer is None else self._consumer.condition
        if not self._connected or (condition is None and self._subscriptions):
            return "waits for its name"
        if condition is None or (condition.servers_answer and condition.reached_end):
            return ""
        return f"reading: {condition.lag} records to go"


async def _metrics(_: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _for_ever(name: str, work: Awaitable[object]) -> NoReturn:
    """Runs work that never ends; whatever ends it, ends the worker, which is then started again.

    A task group passes over a member that ends by a cancellation which nobody asked for (a
    library's stray one): the worker would stand still unseen.
    """
    try:
        await work
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise RuntimeError(f"{name} was cancelled from inside") from None
    raise RuntimeError(f"{name} ended")


async def _do(duty: Duty, pool: Pool, wake: asyncio.Event, outage: Outage) -> None:
    while True:
        wake.clear()
        try:
            await _check_clock(pool)
            await duty.run(pool)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            metrics.DUTY_FAILURES.labels(duty.name).inc()
            outage.failed(error)
        else:
            outage.over()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(wake.wait(), duty.every_seconds)


async def _check_clock(pool: Pool) -> None:
    """Raises Unavailable while this machine's clock is far from PostgreSQL's.

    A duty would decide too early, or mark as done what is due later.
    """
    ahead = (utc_now() - await pool.fetchval("SELECT clock_timestamp()")).total_seconds()
    if abs(ahead) > CLOCKS_APART_S:
        raise Unavailable(
            f"This machine's clock is {ahead:.0f} s ahead of PostgreSQL's: duties wait until they"
            " agree."
        )


def _on_loss(connection: asyncpg.Connection, lost: asyncio.Event) -> None:
    connection.add_termination_listener(lambda _: lost.set())


def _waker(wake: asyncio.Event) -> Callable[..., None]:
    return lambda *_: wake.set()


class _Server(uvicorn.Server):
    """Leaves signals to the worker."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
