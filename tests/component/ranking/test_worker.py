"""The worker of ranking as a process over real Kafka: facts of two services come in, figures go
out, and all of it can be made anew.
"""

import asyncio
from collections.abc import Awaitable, Callable

from shared.clock import utc_now
from shared.contracts.catalogue import TOPICS
from shared.contracts.fields import Fact
from tests.component.conftest import Issuer, ServiceApp
from tests.component.processes import log, state, terang, until, worker
from tests.component.ranking.conftest import ROUND, Facts
from tests.component.ranking.test_any_order import tables
from tests.servers import Servers, owner_address


async def test_from_applications_and_exams_to_a_shortlist(
    servers: Servers,
    new_database: Callable[[str], Awaitable[str]],
    service_app: Callable[..., Awaitable[ServiceApp]],
    issuer: Issuer,
) -> None:
    """Results arrive before anything that they need; the standings are right once all is here,
    stated without gaps in the versions, and closed. A rebuild gives the same tables.
    """
    heard_and_stated = {"applications", "ranking", "exams"}
    await servers.fresh_topics(*(topic.name for topic in TOPICS if topic.owner in heard_and_stated))
    app = await service_app("ranking", now=utc_now())
    facts = Facts({"v1": 1, "v2": 1})
    registered: list[Fact] = [*facts.opened(), *facts.people("v1", 6), *facts.people("v2", 1)]
    sat: list[Fact] = [
        facts.scheduled("v1", "skd"),
        facts.scheduled("v2", "skd"),
        facts.skd("v2", 1, 100, 100, 200),
    ]
    sat += [facts.skd("v1", candidate, 100, 100, 170 + candidate) for candidate in range(1, 7)]
    sat += [facts.closed("v1", "skd", 6), facts.closed("v2", "skd", 1)]
    database = str(app.app.state.resources.settings.database_url)
    with worker(servers, issuer, "ranking", database) as process:
        await state(servers, "exams", await new_database("exams"), sat)
        await until(lambda: app.pool.fetchval("SELECT count(*) FROM result"), 7)
        assert await app.pool.fetchval("SELECT count(*) FROM standing") == 0
        await state(servers, "applications", await new_database("applications"), registered)
        await until(lambda: app.pool.fetchval("SELECT count(*) FROM standing WHERE gate = 0"), 7)
        await until(lambda: app.pool.fetchval("SELECT count(*) FROM applicant_facts"), 7)
        await until(lambda: app.pool.fetchval("SELECT count(*) FROM registration"), 2)

        async def close() -> int:
            path = f"/ranking/rounds/{ROUND}/stages/skd/close"
            return (await app.http.post(path, headers=app.who("officer-1", "officer"))).status_code

        assert await close() == 200
        newest = (
            "SELECT count(*) FROM vacancy_lock LEFT JOIN caught_up USING (vacancy_id)"
            " WHERE vacancy_lock.change IS DISTINCT FROM caught_up.change"
        )
        await until(lambda: app.pool.fetchval(newest), 0)
        versions = await app.pool.fetchval("SELECT sum(version) FROM stated")
        async with log(servers, "terang.ranking") as read:
            records = await read(versions + 4 + 2)
        before = await tables(app)
        rebuilding = terang(
            "rebuild",
            "ranking",
            servers=servers,
            issuer=issuer,
            service="ranking",
            database=owner_address(database),
        )
        assert await asyncio.to_thread(rebuilding.wait, 60) == 0
        assert await tables(app) == before
        process.terminate()
        assert process.wait(60) == 0
    said = [
        (headers["ce_type"].removeprefix("terang."), headers["key"], data)
        for headers, data in records
    ]
    assert [
        data["participant_no"]
        for type_, key, data in said
        if (type_, key) == ("CandidateShortlisted", "v1")
    ] == [
        "0001-000006",
        "0001-000005",
        "0001-000004",
    ]
    for vacancy, code in (("v1", "skd"), ("v2", "skd"), ("v1", "final"), ("v2", "final")):
        stated = [
            data
            for type_, key, data in said
            if (type_, key) == ("StandingsRecomputed", vacancy) and data["list"] == code
        ]
        assert [one["version"] for one in stated] == list(range(1, len(stated) + 1))
        if code == "skd":
            [fixed] = [
                data for type_, key, data in said if (type_, key) == ("StageClosed", vacancy)
            ]
            assert (fixed["version"], fixed["digest"]) == (
                stated[-1]["version"],
                stated[-1]["digest"],
            )
    assert not await app.pool.fetchval("SELECT count(*) FROM messaging.dead_letter")
