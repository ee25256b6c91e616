"""The worker as a process over real Kafka: decisions go out, what ranking says comes in."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.contracts.catalogue import TOPICS
from tests.component.applications.conftest import (
    CUMLAUDE,
    GENERAL,
    ROUND,
    UNITS,
    VACANCIES,
    Office,
    ok,
    refused,
    results,
)
from tests.component.conftest import Issuer, ServiceApp
from tests.component.processes import log, state, until, worker
from tests.servers import Servers


async def test_out_and_in(
    servers: Servers,
    new_database: Callable[[str], Awaitable[str]],
    service_app: Callable[..., Awaitable[ServiceApp]],
    issuer: Issuer,
) -> None:
    """People are served while no worker runs.

    Then everything stands on the logs once, a vacancy's events in order under its key, personal
    facts on the restricted topic alone; and an applicant learns what ranking states.
    """
    await servers.fresh_topics(
        *(topic.name for topic in TOPICS if topic.owner in {"applications", "ranking"})
    )
    office = Office(await service_app("applications"))
    ok(await office.post("/units/import", office.officer(), UNITS))
    ok(await office.open(), 201)
    ok(await office.post(f"/rounds/{ROUND}/vacancies/import", office.officer(), VACANCIES))
    ok(await office.publish())
    await asyncio.gather(
        *(office.apply(f"person-{n}", CUMLAUDE if n % 2 else GENERAL) for n in range(40))
    )
    ok(await office.verify("0001-000001"))
    ok(await office.close())
    database = str(office.service.app.state.resources.settings.database_url)
    with worker(servers, issuer, "applications", database) as process:
        async with (
            log(servers, "terang.applications") as read,
            log(servers, "terang.applications.restricted") as facts,
        ):
            public = await read(3 + 1 + 3 + 40 + 1 + 3)
            restricted = await facts(40)
        await state(servers, "ranking", await new_database("ranking"), results("0001-000001"))
        subject = await office.service.pool.fetchval(
            "SELECT subject FROM applications_personal WHERE participant_no = '0001-000001'"
        )
        await until(lambda: office.service.pool.fetchval("SELECT count(*) FROM closed_lists"), 2)
        (mine,) = ok(await office.get("/me", office.applicant(subject)))["items"]
        assert [(result["list"], result["outcome"]) for result in mine["results"]] == [
            ("skd", "shortlisted"),
            ("final", "selected"),
        ]
        refused(await office.withdraw(subject, "0001-000001"), 409, "list-is-final")
        process.terminate()
        assert process.wait(60) == 0
    assert len({headers["ce_id"] for headers, _ in public + restricted}) == 91
    for vacancy, number in ((GENERAL, "0001"), (CUMLAUDE, "0002")):
        of_vacancy = [
            (headers["ce_type"], data) for headers, data in public if headers["key"] == vacancy
        ]
        assert of_vacancy[0][0] == "terang.VacancyPublished"
        assert of_vacancy[-1] == (
            "terang.RegistrationClosed",
            {"vacancy_id": vacancy, "round_id": ROUND, "submitted": 20},
        )
        submitted = [
            data["participant_no"]
            for type_, data in of_vacancy
            if type_ == "terang.ApplicationSubmitted"
        ]
        assert submitted == [f"{number}-{n:06d}" for n in range(1, 21)]
    assert {headers["ce_type"] for headers, _ in restricted} == {"terang.ApplicantFactsStated"}
    assert not [data for _, data in public if {"gpa", "birth_date", "subject"} & set(data)]
