"""A service as small as one can be: it states that steps were taken on paths, on one topic.

What tests of messaging run.

As a program (`python -m tests.small_service DSN BOOTSTRAP TOPIC PARTITIONS`) it is a worker that
does nothing but relay; it prints `leads` when it takes the lead, and `stop: REASON` when it must
not go on (exit status 3).
"""

import asyncio
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import BaseModel

from shared.messaging.failures import OperatorNeeded
from shared.messaging.origins import Origins
from shared.messaging.outbox import Outbox, Statement
from shared.messaging.recovery import gather
from shared.messaging.recovery_plan import RecoveryPlan
from shared.messaging.relay import Relay

if TYPE_CHECKING:  # the program runs as a test's child and starts quicker without
    from tests.servers import Servers

SOURCE = "/provinces/99/small"
MIGRATIONS = [Path(__file__).parents[1] / "shared" / "messaging" / "migrations"]
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class StepTaken(BaseModel):
    """The nth step on a path; the path is the aggregate, so its steps must arrive as 1, 2, 3 …"""

    path: str
    n: int
    note: str = ""


@dataclass(frozen=True)
class OneContract:
    model: type[BaseModel]
    topic: str
    key: Callable[[Any], str]
    subject: Callable[[Any], str]
    type: str
    day_only: bool = False


def outbox(topic: str, partitions: int) -> Outbox:
    contract = OneContract(
        StepTaken, topic, attrgetter("path"), attrgetter("path"), "terang.StepTaken"
    )
    return Outbox(
        source=SOURCE,
        service="small",
        contracts={StepTaken: contract},
        partitions={topic: partitions},
    )


UNSENT = """
SELECT count(*)
  FROM messaging.outbox AS row
  LEFT JOIN messaging.outbox_partitions AS known USING (topic, partition)
 WHERE row.sequence IS NULL OR row.sequence > known.acknowledged
"""


@dataclass
class Small:
    """The service at work on one database and one topic.

    `stated` is what it decided, in order: the oracle.
    """

    dsn: str
    bootstrap: str
    topic: str
    partitions: int = 3
    stated: list[UUID] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)

    @property
    def origins(self) -> Origins:
        """It writes its topic alone."""
        return Origins({self.topic: SOURCE}, {"terang.StepTaken": [self.topic]})

    def relay(self, kept: timedelta = timedelta(days=7)) -> Relay:
        return Relay(
            dsn=self.dsn,
            bootstrap_servers=self.bootstrap,
            service="small",
            partitions={self.topic: self.partitions},
            origins=self.origins,
            kept=kept,
        )

    async def recovery_plan(self, connection: "asyncpg.Connection[Any]") -> RecoveryPlan:
        """What `terang recover` would do about the service's own log."""
        return await gather(
            connection,
            bootstrap_servers=self.bootstrap,
            service="small",
            partitions={self.topic: self.partitions},
            origins=self.origins,
            drain_seconds=0.3,
        )

    async def walk(self, steps: int, paths: int = 5, *, note: str = "") -> list[UUID]:
        """States so many steps, turn by turn on so many paths, in one transaction.

        Returns their event ids.
        """
        statements = []
        for turn in range(steps):
            path = f"path-{turn % paths}"
            self.taken[path] = self.taken.get(path, 0) + 1
            statements.append(Statement(StepTaken(path=path, n=self.taken[path], note=note), NOON))
        connection = await asyncpg.connect(self.dsn)
        try:
            async with connection.transaction():
                ids = await outbox(self.topic, self.partitions).append(connection, statements)
        finally:
            await connection.close()
        self.stated += ids
        return ids

    async def rows(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    async def unsent(self) -> int:
        """Rows that the database doesn't yet know to be on the log."""
        count: int = (await self.rows(UNSENT))[0][0]
        return count

    async def drained(self, seconds: float = 30) -> None:
        """Waits until the database knows all that was stated to be on the log."""
        async with asyncio.timeout(seconds):
            connection = await asyncpg.connect(
                self.dsn
            )  # one for all questions: to log in costs more than all of them
            try:
                while await connection.fetchval(UNSENT):
                    await asyncio.sleep(0.05)
            finally:
                connection.terminate()

    async def log(self) -> list[Any]:
        """All records of the topic, by partition and offset, as aiokafka gives them."""
        return await read_log(self.bootstrap, self.topic, self.partitions)

    async def check_effect(self, *, repeats_allowed: bool = True) -> None:
        """What a consumer that follows the rules makes of the log.

        Every stated event once, each path's steps in order, no gap.
        """
        consumed: list[UUID] = []
        steps: dict[str, int] = {}
        last: dict[int, int] = {}
        ignored = {
            (row["partition"], row["record_offset"])
            for row in await self.rows("SELECT * FROM messaging.ignored_record")
        }
        for record in await self.log():
            headers = dict(record.headers)
            foreign = headers.get("ce_source") != SOURCE.encode()
            if foreign or (record.partition, record.offset) in ignored:
                continue
            sequence, before = int(headers["ce_sequence"]), last.get(record.partition, 0)
            if sequence <= before and repeats_allowed:
                continue
            assert sequence == before + 1, (
                f"gap or repeat at {record.partition}/{record.offset}: {before} then {sequence}"
            )
            last[record.partition] = sequence
            consumed.append(UUID(headers["ce_id"].decode()))
            step = StepTaken.model_validate_json(record.value)
            assert step.n == steps.get(step.path, 0) + 1, (
                f"{step.path}: step {step.n} after {steps.get(step.path)}"
            )
            steps[step.path] = step.n
        assert len(consumed) == len(set(consumed))
        assert set(consumed) == set(self.stated)


async def new(servers: "Servers", name: str, partitions: int = 3) -> Small:
    """The service with an empty database and an empty topic of its own."""
    topic = "small." + re.sub(r"[^A-Za-z0-9]+", "-", name)[:60]
    await servers.fresh_topics(topic, partitions=partitions)
    return Small(servers.database("small", MIGRATIONS), servers.bootstrap, topic, partitions)


async def read_log(bootstrap: str, topic: str, partitions: int) -> list[Any]:
    reader = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=50
    )
    await reader.start()
    try:
        tps = [TopicPartition(topic, partition) for partition in range(partitions)]
        reader.assign(tps)
        ends: Mapping[TopicPartition, int] = await reader.end_offsets(tps)
        starts: Mapping[TopicPartition, int] = await reader.beginning_offsets(tps)
        found: dict[TopicPartition, list[Any]] = {tp: [] for tp in tps}
        unread = {tp for tp in tps if starts[tp] < ends[tp]}
        async with asyncio.timeout(30):
            while unread:
                for tp, records in (await reader.getmany(*unread, timeout_ms=1000)).items():
                    found[tp] += records
                    if records[-1].offset + 1 >= ends[tp]:
                        unread.discard(tp)
        return [record for tp in tps for record in found[tp]]
    finally:
        await reader.stop()


async def main(dsn: str, bootstrap: str, topic: str, partitions: str) -> int:
    relay = Small(dsn, bootstrap, topic, int(partitions)).relay()

    async def report() -> None:
        led = False
        while True:
            if relay.leading and not led:
                print("leads", flush=True)
            led = relay.leading
            await asyncio.sleep(0.02)

    reporting = asyncio.create_task(report())
    try:
        await relay.run()
    except OperatorNeeded as stop:
        print(f"stop: {stop}", flush=True)
        return 3
    finally:
        reporting.cancel()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
