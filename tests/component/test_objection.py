"""Ranking, applications and exams as workers over real Kafka: a corrected score, a corrected list,
and what becomes of those whom it moves.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from shared.clock import utc_now
from shared.contracts.catalogue import TOPICS, Service
from shared.contracts.exams import ExamScoreCorrected
from shared.contracts.fields import Fact
from shared.messaging.outbox import Statement
from tests.component.applications.conftest import ROUND, UNITS, VACANCIES, Office, ok
from tests.component.conftest import Issuer, ServiceApp
from tests.component.processes import terang, until, worker
from tests.component.test_seats import VACANCY, sat
from tests.servers import Servers, owner_address

VERSIONS = f"/ranking/vacancies/{VACANCY}/lists/skd/versions"
REASON = "Sanggah diterima: kunci butir 17 keliru, berita acara 12/2026"
KEPT: dict[Service, str] = {
    "applications": "SELECT participant_no, rank, code, revoked FROM results ORDER BY 1",
    "exams": "SELECT participant_no, basis, revoked FROM admission ORDER BY 1, 2",
    "ranking": "SELECT list, participant_no, gate, merit_key FROM standing ORDER BY 1, 2",
}


async def test_an_adopted_correction_reaches_everyone(
    servers: Servers,
    service_app: Callable[..., Awaitable[ServiceApp]],
    issuer: Issuer,
) -> None:
    """The fourth of four is put right and comes first: once an officer adopts that version,
    applications tells both people so and exams admits the one and no longer the other. Rebuilt from
    the log, all three say the same.
    """
    owners = {"applications", "ranking", "exams"}
    await servers.fresh_topics(*(topic.name for topic in TOPICS if topic.owner in owners))
    office = Office(await service_app("applications"))
    ranking, exams = await service_app("ranking", now=utc_now()), await service_app("exams")
    apps: dict[Service, ServiceApp] = {
        "applications": office.service,
        "ranking": ranking,
        "exams": exams,
    }
    ok(await office.post("/units/import", office.officer(), UNITS))
    ok(await office.open(), 201)
    ok(await office.post(f"/rounds/{ROUND}/vacancies/import", office.officer(), VACANCIES))
    ok(await office.publish())
    facts = {
        "education_level": "SMK/SLTA Kejuruan",
        "education_programme": "SMK ADMINISTRASI",
        "gpa": "85.5",
    }
    numbers = []
    for n in range(1, 5):
        ok(await office.apply(f"person-{n}", VACANCY, **facts), 201)
        numbers.append(await mine(office, n, "participant_no"))
        ok(await office.verify(numbers[-1], vacancy=VACANCY))
    ok(await office.close())
    officer = ranking.who("officer-1", "officer")

    async def closes() -> int:
        return (
            await ranking.http.post(f"/ranking/rounds/{ROUND}/stages/skd/close", headers=officer)
        ).status_code

    async def newest() -> dict[str, Any]:
        return dict((await ranking.http.get(VERSIONS)).json()["items"][-1])

    async def outcomes() -> list[list[str]]:
        return [[one["outcome"] for one in await mine(office, n, "results")] for n in (3, 4)]

    async def admitted() -> list[str]:
        rows = await exams.pool.fetch(
            "SELECT participant_no FROM admission WHERE basis = 'skd' AND NOT revoked ORDER BY 1"
        )
        return [row["participant_no"] for row in rows]

    databases = {
        name: str(app.app.state.resources.settings.database_url) for name, app in apps.items()
    }
    with (
        worker(servers, issuer, "applications", databases["applications"]),
        worker(servers, issuer, "ranking", databases["ranking"]),
        worker(servers, issuer, "exams", databases["exams"]),
    ):
        points = {
            number: {"TWK": "100", "TIU": "100", "TKP": str(200 - n)}
            for n, number in enumerate(numbers)
        }
        scored = sat("skd", points)
        await states(exams, scored)
        await until(closes, 200)
        await until(outcomes, [["shortlisted"], ["not-passed"]])
        await until(admitted, numbers[:3])

        sitting = next(
            fact for fact in scored if getattr(fact, "participant_no", None) == numbers[3]
        )
        right = {**sitting.model_dump(), "points": {"TWK": "100", "TIU": "100", "TKP": "215"}}
        await states(exams, [ExamScoreCorrected.model_validate(right)])
        await until(lambda: kind(newest()), "beside")
        version = await newest()
        assert await outcomes() == [["shortlisted"], ["not-passed"]]
        adopted = await ranking.decide(
            f"{VERSIONS}/{version['version']}/adoption",
            {"digest": version["digest"], "reason": REASON},
        )
        assert adopted.status_code == 200, adopted.text
        await until(outcomes, [["not-passed"], ["shortlisted"]])
        await until(admitted, [*numbers[:2], numbers[3]])

        kept = {
            name: [tuple(row) for row in await apps[name].pool.fetch(query)]
            for name, query in KEPT.items()
        }
        for name in apps:
            rebuilding = terang(
                "rebuild",
                name,
                servers=servers,
                issuer=issuer,
                service=name,
                database=owner_address(databases[name]),
            )
            assert await asyncio.to_thread(rebuilding.wait, 60) == 0, name
        anew = {
            name: [tuple(row) for row in await apps[name].pool.fetch(query)]
            for name, query in KEPT.items()
        }
        assert anew == kept


async def states(exams: ServiceApp, facts: Sequence[Fact]) -> None:
    """Exams' own worker puts these on its log."""
    async with exams.pool.acquire() as connection, connection.transaction():
        await exams.outbox.append(connection, [Statement(fact, utc_now()) for fact in facts])


async def mine(office: Office, n: int, what: str) -> Any:
    """What a person's only application says."""
    (one,) = ok(await office.get("/me", office.applicant(f"person-{n}")))["items"]
    return one[what]


async def kind(version: Awaitable[dict[str, Any]]) -> str:
    """Whether an officer fixed a version."""
    return str((await version)["kind"])
