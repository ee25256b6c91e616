"""Seats need consent: whoever is offered one sees it, accepts, declines or lets it lapse.

Whom the final list selected may give theirs up.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid5

from services.applications.seats.usecases.lapse_offers import lapse_all
from services.applications.subscriptions import subscriptions
from shared.contracts.applications import SeatAccepted, SeatDeclined
from shared.contracts.ranking import SeatOffered
from shared.messaging.rebuild import clone
from shared.postgres.pool import create_pool
from tests.component.applications.conftest import (
    CUMLAUDE,
    GENERAL,
    ROUND,
    SCHOOL,
    Office,
    ok,
    refused,
    results,
)
from tests.component.applications.test_restore import log_of, taken_in
from tests.component.conftest import ServiceApp
from tests.servers import owner_address

DAYS = 7
NAMESPACE = UUID("6b1c7a52-3a3f-4a5e-9a53-1f6f4d8f2b10")


def offer(number: str, vacancy: str = GENERAL, applied_for: str = CUMLAUDE) -> SeatOffered:
    """A seat of the general vacancy for who applied for best graduates, unless said otherwise."""
    return SeatOffered(
        offer_id=uuid5(NAMESPACE, f"{vacancy}/{number}"),
        vacancy_id=vacancy,
        round_id=ROUND,
        participant_no=number,
        applied_for=applied_for,
        code="L-1",
        move=1,
    )


async def answer(
    office: Office, subject: str, offered: SeatOffered, accept: bool, vacancy: str | None = None
) -> Any:
    path = f"/vacancies/{vacancy or offered.vacancy_id}/offers/{offered.offer_id}/answer"
    return await office.post(path, office.applicant(subject), {"accept": accept})


async def lapse(office: Office) -> None:
    await lapse_all(office.service.pool, office.service.outbox, office.service.clock(), DAYS)


async def mine(office: Office, subject: str) -> Any:
    (only,) = ok(await office.get("/me", office.applicant(subject)))["items"]
    return only


async def test_an_offer_is_seen_and_accepted_once(open_round: Office) -> None:
    """The applicant sees whose seat it is and until when, and takes it.

    The same answer again is the same, the other is refused. The vacancy in the path may be the
    one applied for.
    """
    ok(await open_round.apply("person-1", CUMLAUDE), 201)
    offered = offer("0002-000001")
    await open_round.service.hear(offered)
    (seen,) = (await mine(open_round, "person-1"))["offers"]
    assert (seen["vacancy_id"], seen["code"], seen["need"], seen["answer"]) == (
        GENERAL,
        "L-1",
        "UMUM",
        None,
    )
    assert (seen["offered_at"], seen["answer_before"]) == (
        "2026-08-20T03:00:00Z",
        "2026-08-27T03:00:00Z",
    )
    said = ok(await answer(open_round, "person-1", offered, True))
    assert (said["answer"], said["vacancy_id"]) == ("accepted", GENERAL)
    assert ok(await answer(open_round, "person-1", offered, True, CUMLAUDE)) == said
    refused(await answer(open_round, "person-1", offered, False), 409, "already-answered")
    (stated,) = await open_round.service.stated(SeatAccepted, SeatDeclined)
    assert stated == SeatAccepted(**offered.model_dump(exclude={"code", "move"}))
    (seen,) = (await mine(open_round, "person-1"))["offers"]
    assert seen["answer"] == "accepted"
    await lapse(open_round)
    open_round.service.clock.advance(days=30)
    await lapse(open_round)
    assert len(await open_round.service.stated(SeatAccepted, SeatDeclined)) == 1


async def test_nobody_answers_for_another(open_round: Office) -> None:
    """To anyone else, under another vacancy, or by another role there is no such offer."""
    ok(await open_round.apply("person-1", CUMLAUDE), 201)
    ok(await open_round.apply("person-2", CUMLAUDE), 201)
    offered = offer("0002-000001")
    await open_round.service.hear(offered)
    refused(await answer(open_round, "person-2", offered, True), 404, "not-found")
    refused(await answer(open_round, "person-1", offered, True, SCHOOL), 404, "not-found")
    refused(await answer(open_round, "person-1", offer("0002-000002"), True), 404, "not-found")
    path = f"/vacancies/{GENERAL}/offers/{offered.offer_id}/answer"
    refused(
        await open_round.post(path, open_round.verifier(), {"accept": True}), 403, "not-your-role"
    )
    assert (await open_round.post(path, open_round.applicant("person-1"), {})).status_code == 422
    assert await open_round.service.stated(SeatAccepted, SeatDeclined) == []


async def test_silence_is_a_no_after_some_days(open_round: Office) -> None:
    """Just before its last instant an offer may still be answered.

    From then on not, and the worker's duty states that it lapsed, once.
    """
    for person in ("person-1", "person-2", "person-3"):
        ok(await open_round.apply(person, CUMLAUDE), 201)
    offers = [offer(f"0002-00000{n}") for n in (1, 2, 3)]
    await open_round.service.hear(*offers)
    open_round.service.clock.advance(days=DAYS, seconds=-1)
    await lapse(open_round)
    ok(await answer(open_round, "person-1", offers[0], False))
    open_round.service.clock.advance(seconds=1)
    refused(await answer(open_round, "person-2", offers[1], True), 409, "offer-lapsed")
    await asyncio.gather(lapse(open_round), lapse(open_round))
    await lapse(open_round)
    refused(await answer(open_round, "person-2", offers[1], False), 409, "offer-lapsed")
    stated = await open_round.service.stated(SeatAccepted, SeatDeclined)
    assert [(answer.participant_no, answer.reason) for answer in stated] == [
        ("0002-000001", "declined"),
        ("0002-000002", "lapsed"),
        ("0002-000003", "lapsed"),
    ]
    assert [offered["answer"] for offered in (await mine(open_round, "person-3"))["offers"]] == [
        "lapsed"
    ]


async def test_two_answers_at_once_are_one(open_round: Office) -> None:
    """Of yes, no and the end of the time at one instant, one holds and is stated."""
    for n in range(1, 6):
        ok(await open_round.apply(f"person-{n}", CUMLAUDE), 201)
    service, much_later = open_round.service, open_round.service.clock().replace(year=2027)
    for n in range(1, 6):
        offered = offer(f"0002-00000{n}")
        await service.hear(offered)
        yes, no, _ = await asyncio.gather(
            answer(open_round, f"person-{n}", offered, True),
            answer(open_round, f"person-{n}", offered, False),
            lapse_all(service.pool, service.outbox, much_later, DAYS),
        )
        assert sorted((yes.status_code, no.status_code)) in ([200, 409], [409, 409])
        stated = await service.stated(SeatAccepted, SeatDeclined)
        assert (
            len([answer for answer in stated if answer.participant_no == offered.participant_no])
            == 1
        )


async def test_a_selected_person_may_give_the_seat_up(open_round: Office) -> None:
    """Only whom the final list selected, only their own, once.

    Ranking is told so that the next may be asked.
    """
    for person in ("person-1", "person-2"):
        ok(await open_round.apply(person), 201)
    path = f"/vacancies/{GENERAL}/applications/0001-000001/selection/decline"
    refused(await open_round.post(path, open_round.applicant("person-1")), 409, "not-selected")
    await open_round.service.hear(*results("0001-000001"))
    refused(await open_round.post(path, open_round.applicant("person-2")), 404, "not-found")
    given_up = ok(await open_round.post(path, open_round.applicant("person-1")))
    assert ok(await open_round.post(path, open_round.applicant("person-1"))) == given_up
    (stated,) = await open_round.service.stated(SeatDeclined)
    assert stated == SeatDeclined(
        vacancy_id=GENERAL,
        round_id=ROUND,
        participant_no="0001-000001",
        applied_for=GENERAL,
        reason="declined",
    )
    assert (await mine(open_round, "person-1"))["seat_given_up_at"] == given_up["answered_at"]
    assert (await mine(open_round, "person-2"))["seat_given_up_at"] is None


async def test_a_rebuild_gives_the_same_offers(open_round: Office) -> None:
    """Offers applied again, one of them twice, make the same rows; answers stay."""
    ok(await open_round.apply("person-1", CUMLAUDE), 201)
    events = [open_round.service.event(offer(f"0002-00000{n}")) for n in (1, 2, 3)]
    await open_round.service.hear(*events)
    ok(await answer(open_round, "person-1", events[0].data, True))
    use_cases = {
        subscription.contract.type: subscription.take
        for subscription in subscriptions(open_round.service.outbox)
    }
    url = open_round.service.app.state.resources.settings.database_url
    async with (
        await create_pool(owner_address(url), application="rebuild", size=1) as pool,
        pool.acquire() as connection,
    ):
        await clone(connection)
        async with connection.transaction():
            await connection.execute("SET LOCAL search_path = projections_next, public")
            await use_cases[events[0].type](connection, [events[2], *events])
        live = await connection.fetch("SELECT * FROM projections.seat_offers ORDER BY offer_id")
        anew = await connection.fetch(
            "SELECT * FROM projections_next.seat_offers ORDER BY offer_id"
        )
    assert [tuple(row) for row in anew] == [tuple(row) for row in live]
    assert len(live) == 3


async def test_answers_come_back_from_the_log(
    open_round: Office, service_app: Callable[..., Awaitable[ServiceApp]]
) -> None:
    """After a restored backup an answer that was stated holds again, and is not stated twice."""
    ok(await open_round.apply("person-1", CUMLAUDE), 201)
    ok(await open_round.apply("person-2"), 201)
    offered = offer("0002-000001")
    await open_round.service.hear(offered, *results("0001-000001"))
    ok(await answer(open_round, "person-1", offered, True))
    path = f"/vacancies/{GENERAL}/applications/0001-000001/selection/decline"
    ok(await open_round.post(path, open_round.applicant("person-2")))
    empty = await service_app("applications")
    await taken_in(empty, await log_of(open_round.service))
    rows = "SELECT * FROM seat_answers ORDER BY vacancy_id, participant_no"
    before = [tuple(row) for row in await open_round.service.pool.fetch(rows)]
    assert [tuple(row) for row in await empty.pool.fetch(rows)] == before
    assert len(before) == 2
    await empty.hear(offered)
    await lapse_all(empty.pool, empty.outbox, empty.clock().replace(year=2030), DAYS)
    assert await empty.stated(SeatAccepted, SeatDeclined) == []
