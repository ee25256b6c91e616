"""Empty seats of a closed round are offered with consent, one person after the other.

The same answers give the same offers.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from typing_extensions import override

from services.ranking.seats.domain.pool import Offer
from services.ranking.subscriptions import subscriptions
from shared.contracts.applications import (
    Education,
    RoundOpened,
    SeatAccepted,
    SeatDeclined,
    VacancyPublished,
)
from shared.contracts.catalogue import BY_MODEL
from shared.contracts.fields import Fact
from shared.contracts.ranking import SeatLeftEmpty, SeatOffered
from shared.messaging.dead_letters import REPLAYING
from shared.messaging.envelope import Event
from shared.messaging.outbox import SilentOutbox
from shared.messaging.rebuild import clone
from shared.postgres.pool import create_pool
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts, number
from tests.servers import owner_address

FILLING = f"/ranking/rounds/{ROUND}/filling"
DECISIONS = ("seat_offer", "filling_vacancy", "filling_candidate", "filling")


class Places(Facts):
    """A round whose vacancies are at units of their own, unless named in `at`."""

    at: dict[str, str]

    @override
    def vacancy(self, vacancy: str) -> VacancyPublished:
        unit = self.at.get(vacancy, vacancy)
        changed: dict[str, Any] = {"unit_id": unit, "unit_path": f"Kota Serang | {unit}"}
        if vacancy == "v9":
            changed["education"] = (Education(level="S-1", programme="KEPERAWATAN"),)
        return super().vacancy(vacancy).model_copy(update=changed)


def places(seats: dict[str, int], needs: dict[str, str] | None = None, **at: str) -> Places:
    found = Places(seats, needs or {})
    found.at = at
    return found


async def closed(
    ranking: ServiceApp, facts: Facts, people: dict[str, list[tuple[int, int, int, str]]]
) -> None:
    """The round with both lists closed: of each vacancy's people (TWK, TIU, TKP, SKB)."""
    officer = ranking.who("officer-1", "officer")
    said: list[Fact] = [*facts.opened()]
    for vacancy in facts.seats:
        points = people.get(vacancy, [])
        said += [*facts.people(vacancy, len(points)), facts.scheduled(vacancy, "skd")]
        said += [facts.skd(vacancy, at, *scores[:3]) for at, scores in enumerate(points, 1)]
        said.append(facts.closed(vacancy, "skd", len(points)))
    await ranking.hear(*said)
    answer = await ranking.http.post(f"/ranking/rounds/{ROUND}/stages/skd/close", headers=officer)
    assert answer.status_code == 200, answer.text
    said = []
    for vacancy in facts.seats:
        points = people.get(vacancy, [])
        said.append(facts.scheduled(vacancy, "skb"))
        said += [facts.skb(vacancy, at, scores[3]) for at, scores in enumerate(points, 1)]
        said.append(facts.closed(vacancy, "skb", len(points)))
    await ranking.hear(*said)
    answer = await ranking.http.post(f"/ranking/rounds/{ROUND}/close", headers=officer)
    assert answer.status_code == 200, answer.text


async def begin(ranking: ServiceApp) -> dict[str, Any]:
    answer = await ranking.http.post(FILLING, headers=ranking.who("officer-1", "officer"))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def seen(ranking: ServiceApp, **query: object) -> dict[str, Any]:
    params: Any = query
    answer = await ranking.http.get(
        FILLING, headers=ranking.who("officer-1", "officer"), params=params
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def offered(ranking: ServiceApp) -> list[tuple[str, str, str]]:
    """(seat's vacancy, participant number, code) in the order stated."""
    return [
        (event.vacancy_id, event.participant_no, event.code)
        for event in await ranking.stated(SeatOffered)
    ]


async def says(
    ranking: ServiceApp, vacancy: str, participant_no: str, reason: str | None = None
) -> Fact:
    """The answer to an offer that stands: accepted, or why not."""
    (offer,) = [
        event
        for event in await ranking.stated(SeatOffered)
        if (event.vacancy_id, event.participant_no) == (vacancy, participant_no)
    ]
    what = {name: getattr(offer, name) for name in SeatAccepted.model_fields}
    return SeatAccepted(**what) if reason is None else SeatDeclined(**what, reason=reason)


def gives_up(vacancy: str, candidate: int) -> SeatDeclined:
    """A selected person leaves the seat of the final list."""
    who = {"participant_no": number(vacancy, candidate), "applied_for": vacancy}
    return SeatDeclined(vacancy_id=vacancy, round_id=ROUND, reason="declined", **who)


GOOD, PLAIN, WEAK = (120, 120, 200), (100, 100, 190), (80, 85, 170)
PEOPLE = {
    "v1": [],  # general, nobody came
    "v2": [
        (*GOOD, "90"),
        (*PLAIN, "80"),
        (*WEAK, "70"),
    ],  # best graduates at the same unit, one seat
    "v3": [(*PLAIN, "85"), (*PLAIN, "60")],  # general at another unit, one seat
}


def round_of_three() -> Places:
    return places({"v1": 2, "v2": 1, "v3": 1}, {"v2": "CUMLAUDE"}, v1="kasemen", v2="kasemen")


async def test_the_same_unit_goes_before_others_and_each_is_asked(ranking: ServiceApp) -> None:
    """Both empty general seats are offered at the same unit first (L-1), the best first.

    A declined one goes to the other unit (L-2); then it is left empty. Before it begins an officer
    sees the same offers, and nothing is kept.
    """
    await closed(ranking, round_of_three(), PEOPLE)
    preview = await seen(ranking)
    assert preview["started_at"] is None
    (only,) = preview["items"]
    assert (only["vacancy_id"], only["taken"], only["left_empty"]) == ("v1", 2, 0)
    assert [
        (offer["participant_no"], offer["code"], offer["move"]) for offer in only["offers"]
    ] == [
        ("0002-000002", "L-1", 1),
        ("0002-000003", "L-1", 1),
    ]
    assert await offered(ranking) == []
    assert await ranking.pool.fetchval("SELECT count(*) FROM seat_offer") == 0

    begun = await begin(ranking)
    assert (begun["offered"], begun["left_empty"], begun["undecided"]) == (2, 0, 0)
    assert await offered(ranking) == [("v1", "0002-000002", "L-1"), ("v1", "0002-000003", "L-1")]
    assert [offer["offer_id"] for offer in only["offers"]] == [
        str(event.offer_id) for event in await ranking.stated(SeatOffered)
    ]
    again = await ranking.http.post(FILLING, headers=ranking.who("officer-1", "officer"))
    assert (again.status_code, again.json()["type"]) == (409, "/problems/ranking/filling-begun")

    await ranking.hear(await says(ranking, "v1", "0002-000002", "declined"))
    assert (await offered(ranking))[2:] == [("v1", "0003-000002", "L-2")]
    await ranking.hear(await says(ranking, "v1", "0002-000003"))
    assert await ranking.stated(SeatLeftEmpty) == []
    await ranking.hear(await says(ranking, "v1", "0003-000002", "lapsed"))
    assert await ranking.stated(SeatLeftEmpty) == [
        SeatLeftEmpty(vacancy_id="v1", round_id=ROUND, seats=1)
    ]
    view = await seen(ranking)
    assert (view["offers"], view["open"], view["accepted"], view["left_empty"]) == (3, 0, 1, 1)
    assert [(offer["participant_no"], offer["answer"]) for offer in view["items"][0]["offers"]] == [
        ("0002-000002", "declined"),
        ("0002-000003", "accepted"),
        ("0003-000002", "lapsed"),
    ]
    trail = await ranking.pool.fetch(
        "SELECT subject, object FROM audit WHERE action = 'filling.begun'"
    )
    assert [tuple(row) for row in trail] == [("officer-1", ROUND)]


async def test_a_seat_given_up_goes_to_the_next_on_its_own_list(ranking: ServiceApp) -> None:
    """A seat that is given up goes to the next of the own list, with the list's own code.

    Before or after the filling began. One who leaves is not asked again.
    """
    await closed(
        ranking,
        places({"v1": 1, "v2": 1}),
        {"v1": [(*GOOD, "90"), (*PLAIN, "80")], "v2": [(*GOOD, "70")]},
    )
    await ranking.hear(gives_up("v1", 1))
    await begin(ranking)
    assert await offered(ranking) == [("v1", "0001-000002", "L")]
    await ranking.hear(gives_up("v2", 1))
    assert (await offered(ranking))[
        1:
    ] == []  # the one who could come by a move has an offer for the seat applied for
    assert [event.vacancy_id for event in await ranking.stated(SeatLeftEmpty)] == ["v2"]
    view = await seen(ranking)
    assert [(item["vacancy_id"], item["gave_up"]) for item in view["items"]] == [
        ("v1", ["0001-000001"]),
        ("v2", ["0002-000001"]),
    ]


async def test_grades_groups_and_education_bar_the_way(ranking: ServiceApp) -> None:
    """Whoever lacks the general passing grades stays on the special list.

    Other accepted education is another world.
    """
    people = {
        "v1": [],
        "v2": [
            (*GOOD, "90"),
            (60, 150, 166, "80"),
            (*WEAK, "70"),
        ],  # the second has TWK 60, which suffices for best graduates only
        "v9": [(*GOOD, "90"), (*GOOD, "80")],  # nurses
    }
    await closed(
        ranking,
        places({"v1": 2, "v2": 1, "v9": 1}, {"v2": "CUMLAUDE"}, v1="kasemen", v2="kasemen"),
        people,
    )
    begun = await begin(ranking)
    assert (begun["offered"], begun["left_empty"]) == (1, 1)
    assert await offered(ranking) == [("v1", "0002-000003", "L-1")]


async def test_whoever_was_disqualified_since_is_not_asked(ranking: ServiceApp) -> None:
    """Of two who could come, the better was found to have cheated after the list was fixed.

    A score corrected since changes no order.
    """
    people = {"v1": [], "v2": [(*GOOD, "90"), (*PLAIN, "85"), (*PLAIN, "80")]}
    await closed(ranking, places({"v1": 2, "v2": 1}), people)
    facts = Facts({"v2": 1})
    assert (await seen(ranking))["offers"] == 2
    await ranking.hear(facts.disqualified("v2", "skb", 2), facts.skb("v2", 3, "1", corrected=True))
    assert (await begin(ranking))["left_empty"] == 1
    assert await offered(ranking) == [("v1", "0002-000003", "L-2")]


async def test_equals_for_the_last_seat_wait_for_an_officer(ranking: ServiceApp) -> None:
    """Nobody is offered a seat that two have equal claim to.

    The officer's order, with its reason in the audit, decides.
    """
    people = {
        "v1": [],
        "v2": [(*GOOD, "90"), (*PLAIN, "80")],
        "v3": [(*GOOD, "90"), (*PLAIN, "80")],
    }
    await closed(ranking, places({"v1": 1, "v2": 1, "v3": 1}), people)
    assert (await begin(ranking))["undecided"] == 1
    assert await offered(ranking) == []
    officer = ranking.who("officer-1", "officer")
    order = ["0003-000002", "0002-000002"]
    command = {
        "vacancy_id": "v1",
        "order": order,
        "reason": "Undian di hadapan saksi, berita acara 14/2026",
    }
    assert (await seen(ranking))["items"][0]["undecided"] == sorted(order)
    wrong = await ranking.http.post(
        f"{FILLING}/ties", headers=officer, json=command | {"order": [*order, "0001-000001"]}
    )
    assert wrong.json()["type"] == "/problems/ranking/not-the-tie"
    decided = await ranking.decide(f"{FILLING}/ties", command)
    assert decided.status_code == 200, decided.text
    assert decided.json()["outcome"]["offered"] == 1
    assert await offered(ranking) == [("v1", "0003-000002", "L-2")]
    await ranking.hear(await says(ranking, "v1", "0003-000002", "declined"))
    assert (await offered(ranking))[1:] == [("v1", "0002-000002", "L-2")]
    none = await ranking.http.post(f"{FILLING}/ties", headers=officer, json=command)
    assert none.json()["type"] == "/problems/ranking/no-seat-tie"


async def test_who_may_and_when(ranking: ServiceApp) -> None:
    """Officers alone; not before the last list is closed; not while a rebuild runs.

    An unknown round is none, and ties need a filling.
    """
    await ranking.hear(*Facts({"v1": 1}).opened())
    officer = ranking.who("officer-1", "officer")
    command = {
        "vacancy_id": "v1",
        "order": ["0001-000001", "0001-000002"],
        "reason": "Undian di hadapan saksi",
    }
    assert (
        await ranking.http.post(FILLING, headers=ranking.who("a", "applicant"))
    ).status_code == 403
    assert (await ranking.http.get(FILLING)).status_code == 401
    early = await ranking.http.post(FILLING, headers=officer)
    assert (early.status_code, early.json()["type"]) == (409, "/problems/ranking/filling-too-early")
    assert (await ranking.http.get(FILLING, headers=officer)).json()[
        "type"
    ] == "/problems/ranking/filling-too-early"
    assert (
        await ranking.http.post("/ranking/rounds/none/filling", headers=officer)
    ).status_code == 404
    ties = await ranking.http.post(f"{FILLING}/ties", headers=officer, json=command)
    assert ties.json()["type"] == "/problems/ranking/filling-not-begun"
    async with ranking.pool.acquire() as rebuilding:
        await rebuilding.execute("SELECT pg_advisory_lock($1)", REPLAYING)
        refused = await ranking.http.post(FILLING, headers=officer)
        await rebuilding.execute("SELECT pg_advisory_unlock($1)", REPLAYING)
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/ranking/rebuilding")
    assert await ranking.pool.fetchval("SELECT count(*) FROM filling") == 0


def crowd(chance: random.Random) -> tuple[Places, dict[str, list[tuple[int, int, int, str]]]]:
    """Six vacancies at three units.

    Three with more seats than people, three with many people for a seat or two.
    """
    seats = {"v1": 3, "v2": 2, "v3": 2, "v4": 1, "v5": 2, "v6": 1}
    needs = {"v2": "CUMLAUDE", "v4": "CUMLAUDE", "v6": chance.choice(["UMUM", "CUMLAUDE"])}
    units = {vacancy: f"unit-{at % 3}" for at, vacancy in enumerate(seats)}

    def one() -> tuple[int, int, int, str]:
        civic, general = (100 + 5 * chance.randint(0, 5) for _ in range(2))
        return (
            civic,
            general,
            180 + chance.randint(0, 40),
            f"{chance.randint(40_000, 99_999) / 1000}",
        )

    crowds = {
        "v1": 1,
        "v2": 0,
        "v3": 0,
        "v4": 3,
        "v5": 6,
        "v6": 3,
    }  # the first list lets three times the seats go on
    return places(seats, needs, **units), {
        vacancy: [one() for _ in range(count)] for vacancy, count in crowds.items()
    }


async def everyone_answers(
    ranking: ServiceApp, chance: random.Random, at_once: int
) -> list[Event[Any]]:
    """Answers open offers at random until none is open; returns the events in order.

    `at_once` of them are answered in transactions at the same time.
    """
    learnt: list[Event[Any]] = []
    answered: set[tuple[str, str]] = set()
    while True:
        waiting = [offer for offer in await offered(ranking) if offer[:2] not in answered]
        if not waiting:
            return learnt
        picked = chance.sample(waiting, min(len(waiting), at_once))
        answered.update(offer[:2] for offer in picked)
        reasons = [chance.choice([None, "declined", "lapsed"]) for _ in picked]
        facts = [
            await says(ranking, offer[0], offer[1], reason)
            for offer, reason in zip(picked, reasons, strict=True)
        ]
        events = [ranking.event(fact) for fact in facts]
        await asyncio.gather(*(ranking.hear(event) for event in events))
        learnt += events


async def seating(ranking: ServiceApp) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    offers = await ranking.pool.fetch(
        "SELECT offer_id, move, code FROM seat_offer ORDER BY offer_id"
    )
    answers = await ranking.pool.fetch(
        "SELECT vacancy_id, participant_no, answer FROM seat_answer ORDER BY 1, 2"
    )
    return [tuple(row) for row in offers], [tuple(row) for row in answers]


async def test_racing_answers_never_seat_two(
    service_app: Callable[..., Awaitable[ServiceApp]],
) -> None:
    """Answers in transactions at the same time never seat two.

    No vacancy has more people than seats, nobody has two seats, every offer stands once.
    """
    for seed in (3, 4):
        chance = random.Random(seed)
        facts, people = crowd(chance)
        ranking = await service_app("ranking")
        await closed(ranking, facts, people)
        await begin(ranking)
        await everyone_answers(ranking, chance, at_once=4)
        rows = await ranking.pool.fetch(
            "SELECT vacancy_id, count(*) AS taken FROM ("
            " SELECT vacancy_id, participant_no FROM filling_candidate WHERE selected UNION ALL"
            " SELECT vacancy_id, participant_no FROM seat_answer WHERE answer = 'accepted') AS"
            " seated GROUP BY 1"
        )
        assert all(row["taken"] <= facts.seats[row["vacancy_id"]] for row in rows)
        twice = await ranking.pool.fetch(
            "SELECT participant_no FROM (SELECT participant_no FROM filling_candidate WHERE"
            " selected UNION ALL"
            " SELECT participant_no FROM seat_answer WHERE answer = 'accepted') AS seated GROUP BY"
            " 1 HAVING count(*) > 1"
        )
        assert twice == []
        stated = await offered(ranking)
        assert len(stated) == len(set(stated)) > 6


async def test_a_replay_gives_the_same_seating(
    service_app: Callable[..., Awaitable[ServiceApp]],
) -> None:
    """The same answers in the same order give the same offers with the same ids.

    One at a time or many in one batch, some of them twice.
    """
    facts, people = crowd(random.Random(5))
    first = await service_app("ranking")
    await closed(first, facts, people)
    await begin(first)
    learnt = await everyone_answers(first, random.Random(1), at_once=1)
    assert len(learnt) > 3
    for size in (1, len(learnt)):
        second = await service_app("ranking")
        await closed(second, facts, people)
        await begin(second)
        for start in range(0, len(learnt), size):
            await second.hear(*learnt[start : start + size])
            await second.hear(learnt[start])
        assert await seating(second) == await seating(first)
        assert await offered(second) == await offered(first)


async def test_a_rebuild_keeps_the_seating_and_decides_nothing(ranking: ServiceApp) -> None:
    """A rebuild applies answers again and makes no offer.

    In another order and some at a time: nothing outside the projections is written, and the answers
    are the live ones.
    """
    chance = random.Random(5)
    facts, people = crowd(chance)
    await closed(ranking, facts, people)
    await ranking.hear(gives_up("v1", 1))
    await begin(ranking)
    learnt = await everyone_answers(ranking, random.Random(1), at_once=1)
    before = [
        await ranking.pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2") for table in DECISIONS
    ]
    stated = len(await ranking.stated())
    use_cases = {
        subscription.contract.type: subscription.take
        for subscription in subscriptions(SilentOutbox(ranking.outbox))
    }
    again = [*learnt]
    chance.shuffle(again)
    url = ranking.app.state.resources.settings.database_url
    # a connection that wrote nothing yet: PostgreSQL counts what a connection wrote a moment before
    # too
    async with (
        await create_pool(owner_address(url), application="rebuild", size=1) as pool,
        pool.acquire() as connection,
    ):
        await clone(connection)
        use_case = use_cases[BY_MODEL[RoundOpened].type]
        async with connection.transaction():
            await connection.execute("SET LOCAL search_path = projections_next, public")
            await use_case(connection, [ranking.event(facts.round())])
        for event in again:
            async with connection.transaction():
                await connection.execute("SET LOCAL search_path = projections_next, public")
                await use_cases[event.type](connection, [event])
                written = await connection.fetch(
                    "SELECT relname FROM pg_stat_xact_user_tables WHERE schemaname <>"
                    " 'projections_next'"
                    " AND schemaname NOT LIKE 'pg_%' AND n_tup_ins + n_tup_upd + n_tup_del > 0"
                )
                assert written == []
        anew = await connection.fetch(
            "SELECT * FROM projections_next.seat_answer ORDER BY vacancy_id, participant_no"
        )
    assert [
        await ranking.pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2") for table in DECISIONS
    ] == before
    assert len(await ranking.stated()) == stated
    live = await ranking.pool.fetch(
        "SELECT * FROM seat_answer WHERE (vacancy_id, participant_no) IN (SELECT vacancy_id,"
        " participant_no FROM seat_offer)"
        " ORDER BY vacancy_id, participant_no"
    )
    assert [tuple(row) for row in anew] == [tuple(row) for row in live]
    assert live


def test_an_offers_id_follows_from_what_it_is() -> None:
    """The same seat for the same person in the same round: the same id; another round's another."""
    offer = Offer("v1", "0002-000002", "v2", 1, "L-1")
    assert offer.id_in("a") == Offer("v1", "0002-000002", "v2", None, "L").id_in("a")
    assert offer.id_in("a") != offer.id_in("b")
