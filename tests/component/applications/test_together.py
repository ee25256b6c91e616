"""Many who apply at once are taken in by one transaction, each as if alone."""

import asyncio

from shared.contracts.applications import ApplicantFactsStated, ApplicationSubmitted
from tests.component.applications.conftest import (
    CUMLAUDE,
    FACTS,
    GENERAL,
    Office,
    ok,
    refused,
)

TRANSACTIONS = "SELECT count(DISTINCT xmin::text) FROM applications"


async def test_who_applies_at_once_shares_a_transaction(open_round: Office) -> None:
    """Every application used to have its own: 350 a second. All are there, numbered without a gap,
    each with its two events, its request's id and its answer.
    """
    names = [f"person-{n}" for n in range(40)]
    answers = await asyncio.gather(
        *(open_round.apply(name, (GENERAL, CUMLAUDE)[n % 2]) for n, name in enumerate(names))
    )
    receipts = [ok(answer, 201) for answer in answers]
    assert sorted(receipt["participant_no"] for receipt in receipts) == [
        *(f"0001-{n:06d}" for n in range(1, 21)),
        *(f"0002-{n:06d}" for n in range(1, 21)),
    ]
    pool = open_round.service.pool
    assert await pool.fetchval(TRANSACTIONS) < 20
    for model in (ApplicationSubmitted, ApplicantFactsStated):
        stated = await open_round.service.stated(model)
        assert sorted(fact.participant_no for fact in stated) == sorted(
            receipt["participant_no"] for receipt in receipts
        )
    sent = {answer.headers["x-request-id"] for answer in answers}
    rows = await pool.fetch("SELECT headers FROM messaging.outbox WHERE headers LIKE '%corr%'")
    assert all(any(each in row["headers"] for row in rows) for each in sent)


async def test_each_of_a_group_is_judged_alone(open_round: Office) -> None:
    """Who is refused among many gets the reason; the others are taken and no number is lost."""
    wrong = open_round.apply("wrong", gpa="4.5")
    nowhere = open_round.apply("nowhere", "no-such-vacancy")
    answers = await asyncio.gather(
        *(open_round.apply(f"a-{n}") for n in range(5)),
        wrong,
        nowhere,
        *(open_round.apply(f"b-{n}") for n in range(5)),
    )
    refused(answers[5], 422, "facts-refused")
    refused(answers[6], 404, "not-found")
    taken = [
        ok(answer, 201)["participant_no"] for at, answer in enumerate(answers) if at not in {5, 6}
    ]
    assert sorted(taken) == [f"0001-{n:06d}" for n in range(1, 11)]


async def test_a_person_twice_in_a_group_has_one_application(open_round: Office) -> None:
    """For two vacancies at once: one is taken, the other refused; nobody beside them suffers."""
    answers = await asyncio.gather(
        open_round.apply("first"),
        open_round.apply("twice", GENERAL),
        open_round.apply("twice", CUMLAUDE),
        open_round.apply("last"),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 409]
    again = await asyncio.gather(open_round.apply("first"), open_round.apply("new"))
    refused(again[0], 409, "already-applied")
    assert ok(again[1], 201)["participant_no"].startswith("0001-")
    numbers = await open_round.service.pool.fetch(
        "SELECT vacancy_id, submitted, (SELECT count(*) FROM applications AS application"
        " WHERE application.vacancy_id = vacancies.vacancy_id) AS there FROM vacancies"
    )
    assert all(row["submitted"] == row["there"] for row in numbers)


async def test_a_key_sent_many_times_at_once_has_one_effect(open_round: Office) -> None:
    """All get the first answer; another request under the key is refused, and what was refused may
    be sent again under its own.
    """
    path = f"/vacancies/{GENERAL}/applications"
    who = open_round.applicant("ani", key="a-key-of-ani")
    answers = await asyncio.gather(*(open_round.post(path, who, FACTS) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["participant_no"] for answer in answers}) == 1
    other = await open_round.post(path, who, FACTS | {"gpa": "3.9"})
    refused(other, 422, "idempotency-key-reused")
    budi = open_round.applicant("budi", key="a-key-of-budi")
    refused(await open_round.post(path, budi, FACTS | {"gpa": "4.5"}), 422, "facts-refused")
    ok(await open_round.post(path, budi, FACTS), 201)
