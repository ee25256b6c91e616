"""The worker of exams as a process over real Kafka: who may sit comes in, results go out."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.clock import utc_now
from shared.contracts.catalogue import TOPICS
from tests.component.conftest import Issuer, ServiceApp
from tests.component.exams.conftest import (
    DOCTOR,
    NURSE,
    Exams,
    code,
    list_closed,
    number,
    round_opened,
    shortlisted,
    vacancy_published,
    verified,
)
from tests.component.processes import log, state, terang, until, worker
from tests.servers import Servers, owner_address


async def projections(app: ServiceApp) -> dict[str, list[str]]:
    """What the service keeps of others' events, table by table."""
    tables = ("round", "vacancy", "admission", "withdrawal", "closed_list")
    return {
        table: [
            row["line"]
            for row in await app.pool.fetch(f"SELECT t::text AS line FROM {table} t ORDER BY 1")
        ]
        for table in tables
    }


async def test_from_verification_to_the_second_stage(
    servers: Servers,
    new_database: Callable[[str], Awaitable[str]],
    service_app: Callable[..., Awaitable[ServiceApp]],
    issuer: Issuer,
) -> None:
    """Rounds, vacancies, candidates and shortlists arrive by Kafka from two services; a round whose
    policy can't be read is rejected and holds up nothing; what examiners record stands on the log
    once, in order, under its vacancy. What was heard can be made anew from the log.
    """
    heard_and_stated = {"applications", "ranking", "exams"}
    await servers.fresh_topics(*(topic.name for topic in TOPICS if topic.owner in heard_and_stated))
    app = await service_app("exams", now=utc_now())
    exams = Exams(app)
    applications, ranking = await new_database("applications"), await new_database("ranking")
    unreadable = round_opened("cpns-2023").model_copy(
        update={"policy": {"id": "of-another-version"}}
    )
    database = str(app.app.state.resources.settings.database_url)
    with worker(servers, issuer, "exams", database) as process:
        await state(
            servers,
            "applications",
            applications,
            [
                *verified(NURSE, 1, 2),
                *verified(DOCTOR, 1),
                unreadable,
                round_opened(),
                *map(vacancy_published, (NURSE, DOCTOR)),
            ],
        )
        await until(lambda: app.pool.fetchval("SELECT count(*) FROM round"), 1)
        await until(lambda: app.pool.fetchval("SELECT count(*) FROM vacancy"), 2)
        await until(lambda: app.pool.fetchval("SELECT count(*) FROM admission"), 3)
        first = await exams.schedule(NURSE, DOCTOR)
        await exams.score(first, number(NURSE, 1))
        await exams.absent(first, number(NURSE, 2))
        await exams.score(first, number(DOCTOR, 1))
        assert (await exams.close(first)).status_code == 200
        second = await exams.schedule(DOCTOR, stage="skb")
        assert code(await exams.close(second)) == "shortlist-incomplete"
        await state(servers, "ranking", ranking, [shortlisted(DOCTOR, 1), list_closed(DOCTOR, 1)])
        await until(lambda: app.pool.fetchval("SELECT count(*) FROM closed_list"), 1)
        await exams.score(second, number(DOCTOR, 1), {"SKB": "82.125"})
        assert (await exams.close(second)).status_code == 200
        async with log(servers, "terang.exams") as read:
            records = await read(10)
        learnt = await projections(app)
        await app.pool.execute("DELETE FROM admission; UPDATE vacancy SET round_id = 'wrong'")
        rebuilding = terang(
            "rebuild",
            "exams",
            servers=servers,
            issuer=issuer,
            service="exams",
            database=owner_address(database),
        )
        assert await asyncio.to_thread(rebuilding.wait, 60) == 0
        assert await projections(app) == learnt
        process.terminate()
        assert process.wait(60) == 0
    assert len({headers["ce_id"] for headers, _ in records}) == len(records) == 10
    types = {
        vacancy: [
            headers["ce_type"].removeprefix("terang.")
            for headers, _ in records
            if headers["key"] == vacancy
        ]
        for vacancy in (NURSE, DOCTOR)
    }
    assert types == {
        NURSE: ["ExamScheduled", "ExamScored", "ExamMissed", "SittingClosed"],
        DOCTOR: ["ExamScheduled", "ExamScored", "SittingClosed"] * 2,
    }
    letters = await app.pool.fetch("SELECT type, handler FROM messaging.dead_letter")
    assert [(row["type"], row["handler"].rpartition(".")[2]) for row in letters] == [
        ("terang.RoundOpened", "learn_rounds")
    ]
