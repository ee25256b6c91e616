"""Sittings: scheduled, listed, looked at."""

from typing import Any
from uuid import uuid4

import pytest

from shared.contracts.exams import ExamScheduled
from tests.component.exams.conftest import (
    CLERK,
    DOCTOR,
    GOOD,
    NURSE,
    ROUND,
    Exams,
    code,
    number,
    round_opened,
    vacancy_published,
    verified,
    withdrawn,
)

PLAN: dict[str, Any] = {
    "round_id": ROUND,
    "stage": "skd",
    "site": "Hall A",
    "starts_at": "2026-08-20T08:00:00+07:00",
    "vacancy_ids": [NURSE, DOCTOR],
}


async def test_a_sitting_is_stated_for_each_vacancy(exams: Exams) -> None:
    """ExamScheduled says where and when, once for each vacancy; the hour is told in UTC."""
    answer = await exams.post("/sittings", PLAN, key="plan-0001")
    assert answer.status_code == 201
    assert answer.json()["starts_at"] == "2026-08-20T01:00:00Z"
    assert (await exams.post("/sittings", PLAN, key="plan-0001")).json() == answer.json()
    stated = await exams.service.stated(ExamScheduled)
    assert [fact.vacancy_id for fact in stated] == [DOCTOR, NURSE]
    assert {(str(fact.sitting_id), fact.site, fact.stage) for fact in stated} == {
        (answer.json()["sitting_id"], "Hall A", "skd")
    }


@pytest.mark.parametrize(
    ("change", "status", "problem"),
    [
        ({"round_id": "cpns-1999"}, 409, "round-not-known"),
        ({"stage": "interview"}, 422, "no-such-stage"),
        ({"vacancy_ids": [NURSE, "nowhere"]}, 409, "vacancies-not-known"),
        ({"vacancy_ids": [NURSE, NURSE]}, 422, "invalid-request"),
        ({"vacancy_ids": []}, 422, "invalid-request"),
        ({"starts_at": "2026-08-20T08:00:00"}, 422, "invalid-request"),
        ({"starts_at": "0001-01-01T00:00:00+07:00"}, 422, "invalid-request"),
        ({"site": ""}, 422, "invalid-request"),
        ({"site": "   "}, 422, "invalid-request"),
        ({"site": "Hall\x00A"}, 422, "invalid-request"),
    ],
)
async def test_a_sitting_that_cannot_be(
    exams: Exams, change: dict[str, Any], status: int, problem: str
) -> None:
    """What does not fit is refused with its name, and nothing is scheduled."""
    answer = await exams.post("/sittings", PLAN | change)
    assert (answer.status_code, code(answer)) == (status, problem)
    assert not await exams.service.stated()
    assert await exams.service.pool.fetchval("SELECT count(*) FROM sitting") == 0


async def test_a_vacancy_of_another_round_is_refused(exams: Exams) -> None:
    """A vacancy belongs to the round that published it."""
    await exams.hear(round_opened("cpns-2025"))
    answer = await exams.post("/sittings", PLAN | {"round_id": "cpns-2025"})
    assert code(answer) == "vacancies-not-known"
    assert f"{DOCTOR}, {NURSE}" in answer.json()["detail"]


async def test_facts_come_in_any_order(empty: Exams) -> None:
    """Verification before the vacancy, withdrawal before verification, the round last: what is
    asked afterwards is the same.
    """
    await empty.hear(withdrawn(NURSE, 2), *verified(NURSE, 1, 2), vacancy_published(NURSE))
    assert code(await empty.post("/sittings", PLAN | {"vacancy_ids": [NURSE]})) == "round-not-known"
    await empty.hear(round_opened())
    sitting = await empty.schedule(NURSE)
    assert (await empty.score(sitting, number(NURSE, 1))).status_code == 201
    assert code(await empty.score(sitting, number(NURSE, 2))) == "candidate-withdrawn"


async def test_sittings_page_in_the_order_of_scheduling(exams: Exams) -> None:
    """Each once, of a round and stage or all."""
    first = [await exams.schedule(NURSE, site=f"Hall {n}") for n in range(5)]
    second = await exams.schedule(DOCTOR, stage="skb")
    seen: list[str] = []
    cursor: str | None = None
    while True:
        answer = (
            await exams.get("/sittings", limit=2, **({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [item["sitting_id"] for item in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert seen == [*first, second]
    of_stage = (await exams.get("/sittings", round_id=ROUND, stage="skb", role="proctor")).json()
    assert [item["sitting_id"] for item in of_stage["items"]] == [second]
    assert (await exams.get("/sittings", round_id="cpns-1999")).json() == {
        "items": [],
        "next": None,
    }


@pytest.mark.parametrize(
    "cursor",
    ["nonsense", "WzFd", "WyJub3QtYS11dWlkIl0", "W251bGxd", "eyJhIjoxfQ", "WyJcdWQ4MDAiLCJhIl0"],
)
async def test_a_cursor_that_is_none_of_ours(exams: Exams, cursor: str) -> None:
    """It is refused, whatever it decodes to."""
    sitting = await exams.schedule(NURSE)
    assert code(await exams.get("/sittings", cursor=cursor)) == "bad-cursor"
    assert code(await exams.get(f"/sittings/{sitting}/candidates", cursor=cursor)) == "bad-cursor"


async def test_who_may_look(exams: Exams) -> None:
    """Examiners, proctors and officers see sittings; others are refused, and an unknown sitting is
    not found.
    """
    sitting = await exams.schedule(NURSE)
    for path in ("/sittings", f"/sittings/{sitting}", f"/sittings/{sitting}/candidates"):
        for role in ("examiner", "proctor", "officer"):
            assert (await exams.get(path, role=role)).status_code == 200
        assert code(await exams.get(path, role="applicant")) == "not-your-role"
    unknown = uuid4()
    for answer in (
        await exams.get(f"/sittings/{unknown}"),
        await exams.get(f"/sittings/{unknown}/candidates"),
        await exams.score(str(unknown), number(NURSE, 1)),
        await exams.close(str(unknown)),
    ):
        assert (answer.status_code, code(answer)) == (404, "not-found")


async def test_a_sitting_in_figures(exams: Exams) -> None:
    """Each candidate is counted once, in the sitting that has the result; who withdrew without one
    is awaited nowhere.
    """
    sitting, other = await exams.schedule(NURSE, CLERK), await exams.schedule(NURSE, site="Hall B")
    await exams.score(sitting, number(NURSE, 1))
    await exams.disqualify(sitting, number(NURSE, 1))
    await exams.score(other, number(NURSE, 2))
    await exams.hear(withdrawn(NURSE, 3))
    shown = (await exams.get(f"/sittings/{sitting}")).json()
    none = {"scored": 0, "missed": 0, "disqualified": 0, "admitted": 0, "waiting": 0}
    assert shown["vacancies"] == [
        none | {"vacancy_id": CLERK},
        none | {"vacancy_id": NURSE, "disqualified": 1, "admitted": 4, "waiting": 1},
    ]
    assert shown["closed_at"] is None


async def test_the_work_queue(exams: Exams) -> None:
    """It holds, by vacancy and number, who has a result here or waits for one; pages join without
    gap or repeat.
    """
    sitting, other = await exams.schedule(NURSE, DOCTOR), await exams.schedule(NURSE, site="Hall B")
    await exams.score(sitting, number(NURSE, 2))
    await exams.score(other, number(NURSE, 3))
    await exams.absent(sitting, number(DOCTOR, 2))
    await exams.hear(withdrawn(NURSE, 1))
    whole: list[dict[str, Any]] = [
        {
            "vacancy_id": DOCTOR,
            "participant_no": number(DOCTOR, 1),
            "state": "waiting",
            "points": None,
        },
        {
            "vacancy_id": DOCTOR,
            "participant_no": number(DOCTOR, 2),
            "state": "missed",
            "points": None,
        },
        {
            "vacancy_id": NURSE,
            "participant_no": number(NURSE, 2),
            "state": "scored",
            "points": GOOD,
        },
        {
            "vacancy_id": NURSE,
            "participant_no": number(NURSE, 4),
            "state": "waiting",
            "points": None,
        },
    ]
    path = f"/sittings/{sitting}/candidates"
    assert (await exams.get(path)).json() == {"items": whole, "next": None}
    paged: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 1}
    while True:
        answer = (await exams.get(path, **query)).json()
        paged += answer["items"]
        if answer["next"] is None:
            break
        query["cursor"] = answer["next"]
    assert paged == whole
    waiting = (await exams.get(path, state="waiting", role="examiner")).json()["items"]
    assert waiting == [line for line in whole if line["state"] == "waiting"]


async def test_the_interface_is_described(exams: Exams) -> None:
    """Every operation of ours has a summary and its problems, every parameter and field a
    description; points are texts.
    """
    spec = (await exams.service.http.get("/exams/openapi.json")).json()
    operations = [
        (path, operation)
        for path, methods in spec["paths"].items()
        if path.startswith("/exams/sittings")
        for operation in methods.values()
    ]
    assert len(operations) == 10
    for path, operation in operations:
        assert operation["summary"], path
        assert {"401", "403", "422", "503"} <= operation["responses"].keys(), path
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (path, parameter["name"])
    for name, schema in spec["components"]["schemas"].items():
        for field, described in schema["properties"].items():
            assert described.get("description"), (name, field)
    points = spec["components"]["schemas"]["RecordScore"]["properties"]["points"]
    assert [each["type"] for each in points["patternProperties"].values()] == ["string"]
