"""Ranking and applications as workers over real Kafka: a seat that is given up goes to the next,
with consent.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid5

from shared.clock import utc_now
from shared.contracts.catalogue import TOPICS
from shared.contracts.exams import ExamScheduled, ExamScored, SittingClosed
from shared.contracts.fields import Fact
from tests.component.applications.conftest import ROUND, UNITS, VACANCIES, Office, ok
from tests.component.conftest import Issuer, ServiceApp
from tests.component.processes import state, terang, until, worker
from tests.servers import Servers, owner_address

NAMESPACE = UUID("6b1c7a52-3a3f-4a5e-9a53-1f6f4d8f2b10")
VACANCY = "c-school"
OFFERS = "SELECT vacancy_id, participant_no, code, offered_at FROM seat_offers ORDER BY offer_id"
ANSWERS = "SELECT vacancy_id, participant_no, answer, answered_at FROM seat_answer ORDER BY 1, 2"


def sat(stage: str, points: dict[str, dict[str, Any]]) -> list[Fact]:
    """A sitting of every vacancy, in which these people of the one have these points."""
    said: list[Fact] = []
    for vacancy in ("a-general", "b-cumlaude", VACANCY):
        sitting = {
            "sitting_id": uuid5(NAMESPACE, stage),
            "round_id": ROUND,
            "vacancy_id": vacancy,
            "stage": stage,
        }
        scores = points if vacancy == VACANCY else {}
        said.append(ExamScheduled(**sitting, site="Gedung Juang", starts_at=utc_now()))
        said += [
            ExamScored(**sitting, participant_no=number, points=score)
            for number, score in scores.items()
        ]
        said.append(SittingClosed(**sitting, scored=len(scores), missed=0, disqualified=0))
    return said


async def test_a_seat_given_up_goes_to_the_next(
    servers: Servers,
    new_database: Callable[[str], Awaitable[str]],
    service_app: Callable[..., Awaitable[ServiceApp]],
    issuer: Issuer,
) -> None:
    """The selected person gives the seat up at applications; ranking asks the next, who sees the
    offer there and accepts; ranking shows the seat taken. Rebuilt from the log, both say the same,
    and nothing is offered again.
    """
    owners = {"applications", "ranking", "exams"}
    await servers.fresh_topics(*(topic.name for topic in TOPICS if topic.owner in owners))
    office, ranking = (
        Office(await service_app("applications")),
        await service_app("ranking", now=utc_now()),
    )
    service = office.service
    ok(await office.post("/units/import", office.officer(), UNITS))
    ok(await office.open(), 201)
    ok(await office.post(f"/rounds/{ROUND}/vacancies/import", office.officer(), VACANCIES))
    ok(await office.publish())
    facts = {
        "education_level": "SMK/SLTA Kejuruan",
        "education_programme": "SMK ADMINISTRASI",
        "gpa": "85.5",
    }
    for person in ("person-1", "person-2"):
        ok(await office.apply(person, VACANCY, **facts), 201)
    first, second = [
        ok(await office.get("/me", office.applicant(f"person-{n}")))["items"][0]["participant_no"]
        for n in (1, 2)
    ]
    for number in (first, second):
        ok(await office.verify(number, vacancy=VACANCY))
    ok(await office.close())
    officer = ranking.who("officer-1", "officer")
    exams = await new_database("exams")
    databases = {
        one: str(app.app.state.resources.settings.database_url)
        for one, app in (("applications", service), ("ranking", ranking))
    }

    async def closes(path: str) -> int:
        return (
            await ranking.http.post(f"/ranking/rounds/{ROUND}{path}", headers=officer)
        ).status_code

    async def offers(person: str) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = ok(await office.get("/me", office.applicant(person)))["items"][
            0
        ]["offers"]
        return seen

    with (
        worker(servers, issuer, "applications", databases["applications"]),
        worker(servers, issuer, "ranking", databases["ranking"]),
    ):
        skd = {"TWK": "100", "TIU": "100", "TKP": "200"}
        await state(servers, "exams", exams, sat("skd", {first: skd, second: skd}))
        await until(lambda: closes("/stages/skd/close"), 200)
        await state(
            servers, "exams", exams, sat("skb", {first: {"SKB": "90"}, second: {"SKB": "80"}})
        )
        await until(lambda: closes("/close"), 200)
        assert await closes("/filling") == 201
        give_up = f"/vacancies/{VACANCY}/applications/{first}/selection/decline"
        await until(lambda: _status(office.post(give_up, office.applicant("person-1"))), 200)
        await until(lambda: _count(offers("person-2")), 1)
        (offer,) = await offers("person-2")
        assert (offer["vacancy_id"], offer["code"], offer["answer"]) == (VACANCY, "L", None)
        path = f"/vacancies/{VACANCY}/offers/{offer['offer_id']}/answer"
        ok(await office.post(path, office.applicant("person-2"), {"accept": True}))
        await until(
            lambda: ranking.pool.fetchval(
                "SELECT count(*) FROM seat_answer WHERE answer = 'accepted'"
            ),
            1,
        )
        view = (await ranking.http.get(f"/ranking/rounds/{ROUND}/filling", headers=officer)).json()
        (seat,) = (one for one in view["items"] if one["vacancy_id"] == VACANCY)
        assert (seat["taken"], seat["seats"], seat["gave_up"], seat["left_empty"]) == (
            1,
            1,
            [first],
            0,
        )
        assert [(one["participant_no"], one["answer"]) for one in seat["offers"]] == [
            (second, "accepted")
        ]

        kept = [await service.pool.fetch(OFFERS), await ranking.pool.fetch(ANSWERS)]
        assert [len(rows) for rows in kept] == [1, 2]
        for name in ("applications", "ranking"):
            rebuilding = terang(
                "rebuild",
                name,
                servers=servers,
                issuer=issuer,
                service=name,
                database=owner_address(databases[name]),
            )
            assert await asyncio.to_thread(rebuilding.wait, 60) == 0, name
        assert [await service.pool.fetch(OFFERS), await ranking.pool.fetch(ANSWERS)] == kept
        assert await ranking.pool.fetchval("SELECT count(*) FROM seat_offer") == 1


async def _status(answer: Awaitable[Any]) -> int:
    return int((await answer).status_code)


async def _count(found: Awaitable[list[Any]]) -> int:
    return len(await found)
