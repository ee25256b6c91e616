"""An exam day for the benches: vacancies and verified candidates in ranking's database, and their
results on a log of its own.
"""

import asyncio
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer
from typing_extensions import override

from services.ranking.standings.usecases.learn_rounds import learn_rounds, learn_vacancies
from services.ranking.subscriptions import subscriptions
from shared.clock import utc_now
from shared.contracts.catalogue import BY_MODEL, TOPICS, EventContract
from shared.contracts.fields import Fact
from shared.messaging.envelope import Event
from shared.messaging.outbox import Outbox, Row, Statement
from shared.messaging.subscription import Subscription
from shared.postgres.pool import Connection, create_pool
from shared.service_outbox import source
from tests.component.ranking.conftest import Facts
from tests.servers import Servers, owner_address

PARTITIONS = 12
# the outbox is not used
OF_RANKING = {contract.contract.topic for contract in subscriptions(None)}  # type: ignore[arg-type]

_numbers = itertools.count(1)


def topics(prefix: str) -> dict[str, str]:
    """The topics that ranking hears, by the names that they have in this scene: their own, where
    there is no prefix.
    """
    return {topic: f"{prefix}.{topic}" if prefix else topic for topic in sorted(OF_RANKING)}


def subscriptions_to(prefix: str, *models: type[Fact]) -> list[Subscription]:
    """What ranking hears (of these models, or all), on the scene's topics: several logs stand side
    by side.
    """
    names = topics(prefix)
    return [
        Subscription(
            replace(known.contract, topic=names[known.contract.topic]),  # type: ignore[type-var]
            *known.use_cases,
            derived=known.derived,
        )
        for known in subscriptions(None)  # type: ignore[arg-type]
        if not models or known.contract.model in models
    ]


def sources(prefix: str) -> dict[str, str]:
    """The services that write the topics, by topic."""
    names = topics(prefix)
    return {names[topic.name]: source("99", topic.owner) for topic in TOPICS if topic.name in names}


class _Kept(Outbox):
    """Keeps the rows that it would write, each as that of its topic's owner."""

    def __init__(self, sources: dict[str, str], **settings: Any) -> None:
        super().__init__(source="", **settings)
        self.rows: list[Row] = []
        self._sources = sources

    @override
    async def append_rows(self, connection: Connection, rows: Sequence[Row]) -> None:
        self.rows += [
            row._replace(
                headers=tuple(
                    (name, self._sources[row.topic].encode() if name == "ce_source" else value)
                    for name, value in row.headers
                )
            )
            for row in rows
        ]


async def records(prefix: str, facts: Iterable[Fact]) -> list[Row]:
    """The records of these facts as their owners' outboxes and relays would make them, without a
    sequence yet.
    """
    names = topics(prefix)
    contracts: dict[Any, EventContract] = {
        model: replace(contract, topic=names[contract.topic])
        for model, contract in BY_MODEL.items()
        if contract.topic in names
    }
    outbox = _Kept(
        sources(prefix),
        service="bench",
        contracts=contracts,
        partitions=dict.fromkeys(names.values(), PARTITIONS),
    )
    statements = [Statement(fact, utc_now()) for fact in facts]
    await outbox.append(None, statements)  # type: ignore[arg-type]
    return outbox.rows


class Log:
    """Writes records to Kafka in order, numbered per partition as a relay does."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._sequences = Counter[tuple[str, int]]()

    def headers(self, row: Row) -> list[tuple[str, bytes | None]]:
        self._sequences[row.topic, row.partition] += 1
        return [
            *row.headers,
            ("ce_sequence", str(self._sequences[row.topic, row.partition]).encode()),
        ]

    async def producer(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            max_batch_size=500_000,
        )
        await producer.start()
        return producer

    async def write(self, rows: Sequence[Row]) -> None:
        """All of them, in batches made for each partition."""
        by_partition: dict[tuple[str, int], list[Row]] = defaultdict(list)
        for row in rows:
            by_partition[row.topic, row.partition].append(row)
        producer = await self.producer()

        async def send_partition(topic: str, partition: int, waiting: list[Row]) -> None:
            done = 0
            headers = [self.headers(row) for row in waiting]
            while done < len(waiting):
                batch = producer.create_batch()
                while done < len(waiting):
                    row = waiting[done]
                    if (
                        batch.append(
                            timestamp=None, key=row.key, value=row.data, headers=headers[done]
                        )
                        is None
                    ):
                        break
                    done += 1
                await (await producer.send_batch(batch, topic, partition=partition))

        await asyncio.gather(
            *(send_partition(*place, waiting) for place, waiting in by_partition.items())
        )
        await producer.stop()


@dataclass
class Scene:
    """A round whose verified candidates sit the SKD. `database` is the template: `copy` it."""

    servers: Servers
    prefix: str
    facts: Facts
    candidates: int
    database: str
    log: Log

    @property
    def places(self) -> list[tuple[str, int]]:
        """Each candidate's vacancy and number in it, in an order as chance has it, the same in
        every run.
        """
        vacancies = list(self.facts.seats)
        each = self.candidates // len(vacancies)
        found = [(vacancy, number) for vacancy in vacancies for number in range(1, each + 1)]
        random.Random(1).shuffle(found)
        return found

    def results(self, places: Iterable[tuple[str, int]]) -> list[Fact]:
        """An ExamScored for each, with points as chance has them."""
        chance = random.Random(2)
        return [
            self.facts.skd(
                vacancy,
                number,
                5 * chance.randint(8, 30),
                5 * chance.randint(10, 35),
                chance.randint(120, 225),
            )
            for vacancy, number in places
        ]

    async def copy(self, database: str | None = None) -> str:
        """Address of a copy of the database (or of one that is such a copy).

        The sessions of the template must have ended.
        """
        address = urlsplit(database or self.database)
        name = f"{address.path[1:]}_{next(_numbers)}"
        connection = await asyncpg.connect(self.servers.superuser)
        await connection.execute(
            f'CREATE DATABASE "{name}" TEMPLATE "{address.path[1:]}" OWNER owner STRATEGY file_copy'
        )
        await connection.execute("CHECKPOINT")  # else one run pays for the writing of another
        await connection.close()
        return address._replace(path=f"/{name}").geturl()

    async def drop(self, database: str) -> None:
        connection = await asyncpg.connect(self.servers.superuser)
        await connection.execute(f'DROP DATABASE "{urlsplit(database).path[1:]}" WITH (FORCE)')
        await connection.close()


async def scene(
    servers: Servers, prefix: str, *, vacancies: int, candidates: int, known: bool = True
) -> Scene:
    """Makes the scene: empty topics, and with `known` a database that knows round, vacancies and
    verified candidates.
    """
    facts = Facts(
        {f"v{number}": max(1, candidates // vacancies // 50) for number in range(1, vacancies + 1)}
    )
    await servers.fresh_topics(*topics(prefix).values(), partitions=PARTITIONS)
    found = Scene(
        servers,
        prefix,
        facts,
        candidates,
        servers.service_database("ranking"),
        Log(servers.bootstrap),
    )
    if known:
        pool = await create_pool(owner_address(found.database), application="bench", size=1)
        async with pool.acquire() as connection, connection.transaction():
            await _learn(connection, facts)
            await connection.execute(VERIFIED, vacancies, candidates // vacancies, timeout=600)
        for table in ("candidate", "standing", "tally", "vacancy_lock"):
            await pool.execute(f"VACUUM ANALYZE {table}", timeout=600)
        await pool.close()
    return found


async def _learn(connection: Connection, facts: Facts) -> None:
    opened, *published = [
        _event(fact, number) for number, fact in enumerate(facts.opened(), start=1)
    ]
    await learn_rounds(connection, [opened])
    await learn_vacancies(connection, published)


def _event(data: Fact, sequence: int) -> Event[Any]:
    contract = BY_MODEL[type(data)]
    row = TOPICS[0].name
    return Event(
        _NOBODY,
        contract.type,
        "bench",
        contract.subject(data),
        utc_now(),
        sequence,
        row,
        0,
        sequence - 1,
        None,
        data,
    )


_NOBODY = UUID(int=0)

# What the use cases write for a verified candidate without a result; test_scene says so.
VERIFIED = """
WITH place AS (
    SELECT 'v' || v AS vacancy_id,
           to_char(v, 'FM0000') || '-' || to_char(n, 'FM000000') AS participant_no
      FROM generate_series(1, $1::integer) AS v, generate_series(1, $2::integer) AS n
), candidates AS (
    INSERT INTO candidate (vacancy_id, participant_no, verified, verified_sequence, submitted)
    SELECT vacancy_id, participant_no, true, 1, true FROM place
), standings AS (
    INSERT INTO standing (vacancy_id, list, participant_no, gate, score, merit_key)
    SELECT vacancy_id, 'skd', participant_no, 6, NULL, '\\x06'::bytea || participant_no::bytea
      FROM place ORDER BY 1, 3
)
INSERT INTO tally (vacancy_id, list, gate, score, candidates)
SELECT vacancy_id, 'skd', 6, 0, count(*) FROM place GROUP BY 1
"""
