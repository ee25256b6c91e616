"""Kafka's volume is lost in the middle of a round, and the operators' procedure is followed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from deploy.local.ports import free_port
from shared.contracts.catalogue import TOPICS, Service
from shared.contracts.exams import ExamScoreCorrected
from shared.messaging.outbox import Statement
from tests.component.applications.conftest import ROUND, UNITS, VACANCIES, Office, ok
from tests.component.conftest import Issuer, ServiceApp
from tests.component.processes import until, worker
from tests.component.restored import on_the_log, recover
from tests.component.test_objection import mine
from tests.component.test_seats import VACANCY, sat
from tests.servers import Servers

pytestmark = pytest.mark.timeout(300)

KEPT: dict[Service, str] = {
    "applications": "SELECT participant_no, rank, code FROM projections.results ORDER BY 1",
    "exams": "SELECT participant_no, basis, revoked FROM projections.admission ORDER BY 1, 2",
    "ranking": "SELECT list, participant_no, gate, merit_key FROM projections.standing"
    " ORDER BY 1, 2",
    "feedback": "SELECT unit_id, staff FROM projections.unit ORDER BY 1",
}
STATED = "SELECT event_id FROM messaging.outbox"
LETTERS = "SELECT count(*) FROM messaging.dead_letter"

Start = Callable[..., Awaitable[ServiceApp]]


class Platform:
    """All four services: apps over their databases, workers while a block runs."""

    def __init__(self, servers: Servers, issuer: Issuer, databases: dict[Service, str]) -> None:
        self.servers, self.issuer, self.databases = servers, issuer, databases
        self.ports: dict[Service, int] = {}

    @contextmanager
    def workers(self) -> Iterator[None]:
        """A worker of each service."""
        with ExitStack() as running:
            for service, database in self.databases.items():
                self.ports[service] = port = free_port()
                running.enter_context(worker(self.servers, self.issuer, service, database, port))
            yield

    async def answers(self) -> dict[Service, str]:
        """What each worker says of itself."""
        said: dict[Service, str] = {}
        async with httpx.AsyncClient() as http:
            for service, port in self.ports.items():
                try:
                    answer = await http.get(f"http://127.0.0.1:{port}/ready")
                except httpx.HTTPError:
                    said[service] = "away"
                else:
                    said[service] = answer.text
        return said

    async def ready(self) -> None:
        """Returns once all four say that they are."""
        await until(self.answers, dict.fromkeys(self.ports, "ready"))

    async def ask(self, query: str) -> dict[Service, Any]:
        """The answer of each database."""
        found: dict[Service, Any] = {}
        for service, database in self.databases.items():
            connection = await asyncpg.connect(database)
            found[service] = [tuple(row) for row in await connection.fetch(query)]
            await connection.close()
        return found

    async def kept(self) -> dict[Service, Any]:
        """What each service knows of the others."""
        found: dict[Service, Any] = {}
        for service, query in KEPT.items():
            connection = await asyncpg.connect(self.databases[service])
            found[service] = [tuple(row) for row in await connection.fetch(query)]
            await connection.close()
        return found

    async def points(self) -> list[str]:
        """What ranking knows of one component, by participant number."""
        connection = await asyncpg.connect(self.databases["ranking"])
        rows = await connection.fetch(
            "SELECT points->>'TKP' AS points FROM projections.result ORDER BY participant_no"
        )
        await connection.close()
        return [row["points"] for row in rows]

    async def each_once(self) -> None:
        """Every event of every outbox stands on its log, once, and nothing else does.

        Asked again while they differ: a duty may state something in between.
        """
        for service in self.databases:

            async def difference(service: Service = service) -> set[UUID]:
                stated: set[UUID] = {row[0] for row in (await self.ask(STATED))[service]}
                return stated ^ set(await on_the_log(service, self.servers.bootstrap))

            await until(difference, set())
            assert set((await on_the_log(service, self.servers.bootstrap)).values()) <= {1}


async def test_one_service_stood_still_for_ever_after_the_volume_was_lost(
    servers: Servers,
    service_app: Start,
    new_database: Callable[[str], Awaitable[str]],
    issuer: Issuer,
) -> None:
    """Workers are ended, topics made anew, `terang recover` run for each: all four are ready.

    Nothing is lost that an outbox had, nothing takes effect twice, and the round goes on.
    """
    await servers.fresh_topics(*(topic.name for topic in TOPICS))
    office, exams = Office(await service_app("applications")), await service_app("exams")
    databases: dict[Service, str] = {
        "applications": office.service.address,
        "exams": exams.address,
        "ranking": await new_database("ranking"),
        "feedback": await new_database("feedback"),
    }
    platform = Platform(servers, issuer, databases)
    ok(await office.post("/units/import", office.officer(), UNITS))
    ok(await office.open(), 201)
    ok(await office.post(f"/rounds/{ROUND}/vacancies/import", office.officer(), VACANCIES))
    ok(await office.publish())
    numbers = [await verified(office, n) for n in range(1, 4)]

    async def ranked() -> int:
        return len((await platform.kept())["ranking"])

    with platform.workers():
        await until(ranked, 3)
        ok(await office.close())
        points = {
            number: {"TWK": "100", "TIU": "100", "TKP": str(200 - n)}
            for n, number in enumerate(numbers)
        }
        scored = sat("skd", points)
        await states(exams, scored)
        await until(platform.points, ["200", "199", "198"])
        await platform.ready()
    # what was decided while no worker ran is on no log yet
    first = next(fact for fact in scored if getattr(fact, "participant_no", None) == numbers[0])
    right = {**first.model_dump(), "points": {"TWK": "100", "TIU": "100", "TKP": "215"}}
    await states(exams, [ExamScoreCorrected.model_validate(right)])
    await office.service.pool.close()
    await exams.pool.close()
    known = await platform.kept()
    await servers.fresh_topics(*(topic.name for topic in TOPICS))

    with platform.workers():  # who starts them as they are is told what to do
        said = await stopped(platform)
    assert all("terang recover" in text for text in said.values()), said
    assert await platform.kept() == known
    for service, database in platform.databases.items():
        recovered = await recover(service, database, servers.bootstrap, "--yes")
        assert recovered.returncode == 0, recovered.stderr + recovered.stdout
    with platform.workers():
        await platform.ready()
        await platform.each_once()
        await until(platform.points, ["215", "199", "198"])
        assert (await platform.kept())["exams"] == known["exams"]
        assert (await platform.kept())["feedback"] == known["feedback"]
        assert set(map(str, (await platform.ask(LETTERS)).values())) == {"[(0,)]"}


async def stopped(platform: Platform) -> dict[Service, str]:
    """What the workers say once each stands still."""
    async with asyncio.timeout(60):
        while True:
            said = await platform.answers()
            if all("Remedy" in text for text in said.values()):
                return said
            await asyncio.sleep(0.2)


async def verified(office: Office, n: int) -> str:
    """A person who applied and meets the requirements; gives the participant number."""
    facts = {
        "education_level": "SMK/SLTA Kejuruan",
        "education_programme": "SMK ADMINISTRASI",
        "gpa": "85.5",
    }
    ok(await office.apply(f"person-{n}", VACANCY, **facts), 201)
    number = str(await mine(office, n, "participant_no"))
    ok(await office.verify(number, vacancy=VACANCY))
    return number


async def states(exams: ServiceApp, facts: Any) -> None:
    """Exams decides these; its worker puts them on the log."""
    async with exams.pool.acquire() as connection, connection.transaction():
        await exams.outbox.append(connection, [Statement(fact, exams.clock()) for fact in facts])
