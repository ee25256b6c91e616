"""An officer adopts a corrected version of a fixed list.

It counts from then on, in everything that goes by the list; what it follows stays readable.
"""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import pytest
from httpx import Response

from services.ranking.subscriptions import subscriptions
from shared.contracts.fields import Fact
from shared.contracts.ranking import (
    AdmissionRevoked,
    CandidateSelected,
    CandidateShortlisted,
    ClosedListCorrected,
)
from shared.messaging.dead_letters import REPLAYING
from shared.messaging.envelope import Event
from shared.messaging.rebuild import clone
from shared.postgres.pool import create_pool
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts
from tests.component.ranking.test_any_order import DERIVED
from tests.component.ranking.test_closing import FINAL, SKD, shortlisted
from tests.component.ranking.test_revisions import LISTS, get, revise
from tests.servers import owner_address

REASON = "Sanggah diterima: kunci butir 17 keliru, berita acara 12/2026"
STANDINGS = "/ranking/vacancies/v1/standings"
NO_1, NO_2, NO_3, NO_4 = (f"0001-00000{n}" for n in (1, 2, 3, 4))
DECISIONS = (
    "closing_version",
    "closed_line_version",
    "closed_fact_version",
    "revision",
    "revision_change",
    "audit",
)


async def newest(ranking: ServiceApp, path: str = LISTS) -> dict[str, Any]:
    """The newest version of a list, after the worker's duties."""
    await revise(ranking)
    return dict((await get(ranking, path, limit="200"))["items"][-1])


async def adopt(
    ranking: ServiceApp, version: dict[str, Any], path: str = LISTS, **other: Any
) -> Response:
    """One officer proposes to let this version count, another one confirms; gives the confirmation,
    or the refusal of what was proposed.
    """
    proposed = await propose(ranking, version, path, **other)
    if proposed.status_code != 202:
        return proposed
    return await confirm(ranking, proposed)


async def confirm(ranking: ServiceApp, proposed: Response, who: str = "officer-2") -> Response:
    """Another officer's word."""
    return await ranking.http.post(
        proposed.json()["confirm_at"], headers=ranking.who(who, "officer")
    )


async def propose(
    ranking: ServiceApp,
    version: dict[str, Any],
    path: str = LISTS,
    *,
    who: str = "officer-1",
    **other: Any,
) -> Response:
    """An officer's request to let this version count."""
    headers = other.pop("headers", ranking.who(who, "officer"))
    body = {"digest": version["digest"], "reason": REASON} | other
    return await ranking.http.post(
        f"{path}/{version['version']}/adoption", headers=headers, json=body
    )


def problem(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/ranking/")


def cause(answer: Response) -> str:
    """What a request was refused for, or what changed since it was proposed."""
    code = problem(answer)[1]
    return answer.json()["errors"][0]["code"] if code == "proposal-outdated" else code


async def closed_final(ranking: ServiceApp, facts: Facts, skb: dict[int, str]) -> None:
    """One vacancy whose last list is fixed."""
    await shortlisted(ranking, facts, skb)
    closed = await ranking.http.post(FINAL, headers=ranking.who("officer-1", "officer"))
    assert closed.status_code == 200, closed.text


async def corrected_final(ranking: ServiceApp) -> dict[str, Any]:
    """The same, and a correction that puts the second before the first.

    Gives the version that it made.
    """
    facts = Facts({"v1": 1})
    await closed_final(ranking, facts, {1: "90", 2: "80", 3: "70"})
    await ranking.hear(facts.skb("v1", 2, "95", corrected=True))
    return await newest(ranking)


async def test_the_adopted_version_counts_and_the_first_stays(ranking: ServiceApp) -> None:
    """Standings, own place and cut go by it; who moved is stated as facts.

    The first version stays to the byte, and says what follows it.
    """
    version = await corrected_final(ranking)
    fixed = await get(ranking, STANDINGS)
    before = [
        await ranking.pool.fetch(f"SELECT * FROM {table}_version ORDER BY 1, 2, 3, 4")
        for table in ("closing", "closed_line")
    ]
    stated = len(await ranking.stated())
    answer = await adopt(ranking, version)
    assert answer.status_code == 200, answer.text
    said = answer.json()["outcome"]
    assert (said["version"], said["follows"]) == (version["version"], fixed["version"])
    assert (said["admitted"], said["newly_admitted"], said["no_longer_admitted"]) == (1, 1, 1)

    now = await get(ranking, STANDINGS)
    assert (now["state"], now["version"]) == ("closed", version["version"])
    assert [(line["participant_no"], line["rank"], line["code"]) for line in now["items"]] == [
        (NO_2, 1, "L"),
        (NO_1, 2, "P"),
        (NO_3, 3, "P"),
    ]
    assert now["items"][0]["points"]["SKB"] == "95"
    place = await get(ranking, f"/ranking/vacancies/v1/candidates/{NO_1}")
    assert (place["state"], place["rank"], place["code"], place["above"]["participant_no"]) == (
        "closed",
        2,
        "P",
        NO_2,
    )
    why = await get(ranking, f"/ranking/vacancies/v1/candidates/{NO_2}/explanation")
    assert (why["state"], why["code"], why["score"]) == ("closed", "L", "86.091")

    revoked, selected, corrected = (await ranking.stated())[stated:]
    assert revoked == AdmissionRevoked(
        vacancy_id="v1", round_id=ROUND, list="final", participant_no=NO_1, code="P"
    )
    assert isinstance(selected, CandidateSelected)
    assert (selected.participant_no, selected.rank, str(selected.score)) == (NO_2, 1, "86.091")
    assert isinstance(corrected, ClosedListCorrected)
    assert (corrected.version, corrected.follows, corrected.shortlisted) == (
        said["version"],
        said["follows"],
        1,
    )
    assert (corrected.digest, corrected.codes) == (version["digest"], {"L": 1, "P": 2})

    assert await get(ranking, f"{LISTS}/{fixed['version']}") == fixed
    assert await get(ranking, f"{LISTS}/{version['version']}") == now
    for table, rows in zip(("closing", "closed_line"), before, strict=True):
        kept = await ranking.pool.fetch(
            f"SELECT * FROM {table}_version WHERE version < $1 OR list = 'skd' ORDER BY 1, 2, 3, 4",
            version["version"],
        )
        assert kept == rows
    first, second = (await get(ranking, LISTS))["items"]
    assert (first["kind"], first["counts"], first["replaced_by"], first["reason"]) == (
        "fixed",
        False,
        version["version"],
        None,
    )
    assert (second["kind"], second["counts"], second["replaced_by"], second["reason"]) == (
        "adopted",
        True,
        None,
        REASON,
    )
    assert second["adopted_at"] == said["adopted_at"]
    changes = await get(ranking, f"{LISTS}/{version['version']}/changes")
    assert (changes["counts"], changes["reason"], changes["moved_in"]) == (True, REASON, 1)
    trail = await ranking.pool.fetch(
        "SELECT subject, object, reason FROM audit WHERE action = 'version.adopted'"
    )
    assert [tuple(row) for row in trail] == [
        ("officer-2", f"v1/final/{version['version']}", REASON)
    ]


async def test_the_days_of_objection_are_told(ranking: ServiceApp) -> None:
    """Three days to object to the last list from when it was first fixed, seven more to answer.

    None to the first. Adopting does not move them.
    """
    facts = Facts({"v1": 1})
    await shortlisted(ranking, facts, {1: "90", 2: "80"})
    ranking.clock.now = datetime(2026, 11, 2, 3, tzinfo=UTC)
    assert (
        await ranking.http.post(FINAL, headers=ranking.who("officer-1", "officer"))
    ).status_code == 200
    await ranking.hear(facts.skb("v1", 2, "95", corrected=True))
    ranking.clock.advance(days=4)
    assert (await adopt(ranking, await newest(ranking))).status_code == 200
    said = await get(ranking, LISTS)
    assert (said["objections_until"], said["answers_until"]) == (
        "2026-11-05T03:00:00Z",
        "2026-11-12T03:00:00Z",
    )
    assert (await get(ranking, LISTS.replace("final", "skd")))["objections_until"] is None
    page = (await ranking.http.get("/ranking/vacancies/v1?list=final&lang=en")).text
    assert "Objections until 2026-11-05" in page


async def test_what_comes_after_is_compared_with_what_counts(ranking: ServiceApp) -> None:
    """Nothing differs once it is adopted.

    A correction taken back makes a third version, which follows the second and may be adopted too.
    """
    version = await corrected_final(ranking)
    assert (await adopt(ranking, version)).status_code == 200
    assert (await newest(ranking))["version"] == version["version"]
    round_ = (
        await ranking.http.get(f"/ranking/rounds/{ROUND}", headers=ranking.who("o", "officer"))
    ).json()
    assert [policy_list["changed_since"] for policy_list in round_["lists"]] == [[], []]
    facts = Facts({"v1": 1})
    await ranking.hear(facts.skb("v1", 2, "80", corrected=True))
    third = await newest(ranking)
    assert (third["follows"], third["moved_in"], third["moved_out"]) == (version["version"], 1, 1)
    assert (await adopt(ranking, third)).status_code == 200
    items = (await get(ranking, LISTS))["items"]
    assert [(item["kind"], item["counts"], item["replaced_by"]) for item in items] == [
        ("fixed", False, version["version"]),
        ("adopted", False, third["version"]),
        ("adopted", True, None),
    ]
    assert items[0]["digest"] == items[2]["digest"]
    assert [item["code"] for item in (await get(ranking, STANDINGS))["items"]] == ["L", "P", "P"]


async def test_who_may_adopt_what(ranking: ServiceApp) -> None:
    """An officer, a version that there is, by its own digest and with a reason.

    Each refusal leaves everything as it was.
    """
    version = await corrected_final(ranking)
    fixed = await get(ranking, STANDINGS)
    stated = len(await ranking.stated())
    assert (await adopt(ranking, version, headers={})).status_code == 401
    assert (await adopt(ranking, version, headers=ranking.who("v", "verifier"))).status_code == 403
    assert problem(await adopt(ranking, version, digest="0" * 64)) == (409, "another-version")
    assert problem(await adopt(ranking, version | {"version": 77})) == (404, "unknown-version")
    first = (await get(ranking, LISTS))["items"][0]
    assert problem(await adopt(ranking, first)) == (404, "unknown-version")
    assert problem(await adopt(ranking, version, LISTS.replace("v1", "v7"))) == (
        404,
        "unknown-vacancy",
    )
    assert problem(await adopt(ranking, version, LISTS.replace("final", "third"))) == (
        404,
        "unknown-list",
    )
    assert (await adopt(ranking, version, reason="short")).status_code == 422
    assert problem(await ranking.http.get(f"{LISTS}/{version['version']}")) == (
        404,
        "version-not-fixed",
    )
    assert await get(ranking, STANDINGS) == fixed
    assert len(await ranking.stated()) == stated


async def test_only_the_newest_facts_are_adopted(ranking: ServiceApp) -> None:
    """What arrived since the version was made is in no version yet, then in a newer one.

    The older can't be adopted. A version that says what counts anyway has nothing to adopt.
    """
    version = await corrected_final(ranking)
    facts = Facts({"v1": 1})
    await ranking.hear(facts.skb("v1", 3, "99", corrected=True))
    assert problem(await adopt(ranking, version)) == (409, "version-overtaken")
    newer = await newest(ranking)
    assert problem(await adopt(ranking, version)) == (409, "version-overtaken")
    await ranking.hear(
        facts.skb("v1", 3, "70", corrected=True), facts.skb("v1", 2, "80", corrected=True)
    )
    same = await newest(ranking)
    assert same["version"] > newer["version"]
    assert problem(await adopt(ranking, same)) == (409, "nothing-to-adopt")


async def test_two_officers_and_the_same_request_twice(ranking: ServiceApp) -> None:
    """Of several who propose at once one does, and of several who confirm at once one.

    With one Idempotency-Key both get the answer, and it happened once.
    """
    version = await corrected_final(ranking)
    answers = await asyncio.gather(
        *(propose(ranking, version, who=f"officer-{n}") for n in range(1, 5))
    )
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
    assert {problem(answer)[1] for answer in answers if answer.status_code == 409} == {
        "proposal-open"
    }
    assert await ranking.stated(ClosedListCorrected) == []
    (proposed,) = [answer for answer in answers if answer.status_code == 202]
    words = await asyncio.gather(*(confirm(ranking, proposed, f"officer-{n}") for n in range(5, 9)))
    assert sorted(answer.status_code for answer in words) == [200, 409, 409, 409]
    assert {problem(answer)[1] for answer in words if answer.status_code == 409} == {
        "proposal-closed"
    }
    assert len(await ranking.stated(ClosedListCorrected)) == 1
    assert problem(await propose(ranking, version)) == (409, "adopted-already")
    facts = Facts({"v1": 1})
    await ranking.hear(facts.skb("v1", 3, "99", corrected=True))
    third = await newest(ranking)
    headers = ranking.who("officer-1", "officer", key="adopt-third-1")
    one, other = await asyncio.gather(*(propose(ranking, third, headers=headers) for _ in range(2)))
    assert (one.status_code, one.json()) == (202, other.json())
    assert (await confirm(ranking, one)).status_code == 200
    assert len(await ranking.stated(ClosedListCorrected)) == 2
    assert (
        await propose(ranking, third, headers=headers, reason=f"{REASON} (2)")
    ).status_code == 422


SKD_LISTS = LISTS.replace("final", "skd")


async def corrected_skd(ranking: ServiceApp) -> tuple[list[Event[Any]], dict[str, Any]]:
    """The first list is fixed with three of four within, who sat the second test.

    Then the fourth's score is put right, before the third's. Gives the events and the version that
    the last made.
    """
    facts = Facts({"v1": 1})
    said: list[Fact] = [*facts.opened(), *facts.people("v1", 4), facts.scheduled("v1", "skd")]
    said += [facts.skd("v1", n, 100, 100, 200 - n) for n in (1, 2, 3, 4)]
    said += [facts.closed("v1", "skd", 4), facts.scheduled("v1", "skb")]
    first = [ranking.event(fact) for fact in said]
    await ranking.hear(*first)
    assert (
        await ranking.http.post(SKD, headers=ranking.who("officer-1", "officer"))
    ).status_code == 200
    after: list[Fact] = [
        *(facts.skb("v1", n, f"{60 + n}") for n in (1, 2, 3)),
        facts.closed("v1", "skb", 3),
    ]
    after.append(facts.skd("v1", 4, 100, 100, 215, corrected=True))
    second = [ranking.event(fact) for fact in after]
    await ranking.hear(*second)
    return [*first, *second], await newest(ranking, SKD_LISTS)


async def test_the_next_list_goes_by_it(ranking: ServiceApp) -> None:
    """Who is newly admitted stands on the next list, and who no longer is does not.

    The new ones are waited for, and all of it is stated.
    """
    _, version = await corrected_skd(ranking)
    before = await get(ranking, STANDINGS, list="final")
    assert {line["participant_no"] for line in before["items"]} == {NO_1, NO_2, NO_3}
    stated = len(await ranking.stated())
    answer = await adopt(ranking, version, SKD_LISTS)
    assert answer.status_code == 200, answer.text
    revoked, *listed, corrected = (await ranking.stated())[stated:]
    assert revoked == AdmissionRevoked(
        vacancy_id="v1", round_id=ROUND, list="skd", participant_no=NO_3, code="P"
    )
    assert all(isinstance(event, CandidateShortlisted) for event in listed)
    assert [(event.participant_no, event.rank) for event in listed] == [
        (NO_4, 1),
        (NO_1, 2),
        (NO_2, 3),
    ]
    assert (corrected.list, corrected.shortlisted) == ("skd", 3)
    live = await get(ranking, STANDINGS, list="final")
    assert {line["participant_no"]: line["code"] for line in live["items"]} == {
        NO_2: "L",
        NO_1: "P",
        NO_4: "WAIT",
    }
    assert live["codes"] == {"L": 1, "P": 1, "WAIT": 1}
    officer = ranking.who("officer-1", "officer")
    refused = await ranking.http.post(FINAL, headers=officer)
    assert problem(refused) == (409, "stage-incomplete")
    await ranking.hear(Facts({"v1": 1}).skb("v1", 4, "95"))
    assert (await ranking.http.post(FINAL, headers=officer)).status_code == 200
    closed = await get(ranking, STANDINGS, list="final")
    assert [(line["participant_no"], line["code"]) for line in closed["items"]] == [
        (NO_4, "L"),
        (NO_2, "P"),
        (NO_1, "P"),
    ]


async def test_adopting_and_closing_the_next_list_at_once(ranking: ServiceApp) -> None:
    """Whichever comes first, the two lists agree.

    The next list holds exactly those whom the one that counts admitted.
    """
    _, version = await corrected_skd(ranking)
    officer = ranking.who("officer-2", "officer")
    adopted, closed = await asyncio.gather(
        adopt(ranking, version, SKD_LISTS), ranking.http.post(FINAL, headers=officer)
    )
    assert sorted([adopted.status_code, closed.status_code]) == [200, 409]
    assert (cause(adopted) if closed.status_code == 200 else cause(closed)) in {
        "later-list-closed",
        "stage-incomplete",
    }
    admitted = {
        line["participant_no"] for line in (await get(ranking, STANDINGS, list="skd"))["items"][:3]
    }
    assert {
        line["participant_no"] for line in (await get(ranking, STANDINGS, list="final"))["items"]
    } == admitted


async def rebuilt_the_same(ranking: ServiceApp, events: Sequence[Event[Any]]) -> None:
    """Each derived table, made anew beside the live one out of these events, equals it."""
    use_cases = {
        subscription.contract.type: subscription.take
        for subscription in subscriptions(ranking.outbox)
    }
    url = ranking.app.state.resources.settings.database_url
    async with (
        await create_pool(owner_address(url), application="rebuild", size=1) as pool,
        pool.acquire() as connection,
    ):
        await clone(connection)
        async with connection.transaction():
            await connection.execute("SET LOCAL search_path = projections_next, public")
            for type_, alike in groupby(events, key=lambda event: event.type):
                await use_cases[type_](connection, list(alike))
        for table, key in DERIVED.items():
            living = await connection.fetch(f"SELECT * FROM projections.{table} ORDER BY {key}")
            anew = await connection.fetch(f"SELECT * FROM projections_next.{table} ORDER BY {key}")
            assert [tuple(row) for row in anew] == [tuple(row) for row in living], table
            assert living, table


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_corrected_and_adopted(ranking: ServiceApp, seed: int) -> None:
    """Corrections, rejections and withdrawals at random, and adopting now and then.

    What was stated adds up to whom the list that counts admits, the next list holds exactly them,
    every version is there as it was, and a rebuild gives the same.
    """
    chance = random.Random(seed)
    facts = Facts({"v1": 1})
    people = range(1, 9)
    before: list[Fact] = [*facts.opened(), *facts.people("v1", 8), facts.scheduled("v1", "skd")]
    before += [facts.skd("v1", n, 100, 100, 190 + n % 3) for n in people]
    events = [ranking.event(fact) for fact in [*before, facts.closed("v1", "skd", 8)]]
    await ranking.hear(*events)
    assert (
        await ranking.http.post(SKD, headers=ranking.who("officer-1", "officer"))
    ).status_code == 200
    adopted: list[dict[str, Any]] = []
    for _ in range(8):
        for _ in range(chance.randint(1, 3)):
            n = chance.choice(people)
            fact = chance.choice(
                [
                    facts.skd(
                        "v1",
                        n,
                        100,
                        chance.choice([75, 100]),
                        188 + chance.randint(0, 6),
                        corrected=True,
                    ),
                    facts.rejected("v1", n),
                    facts.verified("v1", n),
                    facts.skb("v1", n, str(chance.randint(60, 90))),
                    facts.disqualified("v1", "skd", n)
                    if chance.random() < 0.3
                    else facts.verified("v1", n),
                ]
            )
            events.append(ranking.event(fact))
            await ranking.hear(events[-1])
        version = await newest(ranking, SKD_LISTS)
        answer = await adopt(ranking, version, SKD_LISTS)
        if answer.status_code == 200:
            adopted.append(await get(ranking, f"{SKD_LISTS}/{version['version']}"))
        else:
            assert problem(answer)[1] in {
                "adopted-already",
                "nothing-to-adopt",
                "unknown-version",
            }, answer.text
        counts = await get(ranking, STANDINGS, list="skd")
        admitted = {
            line["participant_no"]: line["rank"]
            for line in counts["items"]
            if line["code"] == "P/L"
        }
        told: dict[str, int] = {}
        for fact in await ranking.stated(CandidateShortlisted, AdmissionRevoked):
            if isinstance(fact, CandidateShortlisted):
                told[fact.participant_no] = fact.rank
            else:
                del told[fact.participant_no]
        assert told == admitted
        following = await get(ranking, STANDINGS, list="final")
        assert {line["participant_no"] for line in following["items"]} == set(admitted)
        assert sum(following["codes"].values()) == len(admitted)
    assert adopted
    assert [
        await get(ranking, f"{SKD_LISTS}/{version['version']}") for version in adopted
    ] == adopted
    chance.shuffle(events)
    await rebuilt_the_same(ranking, events)


async def test_a_rebuild_afterwards_gives_the_same(ranking: ServiceApp) -> None:
    """Derived tables made anew out of the events go by what was adopted.

    In another order. What was decided is not made anew.
    """
    said, version = await corrected_skd(ranking)
    assert (await adopt(ranking, version, SKD_LISTS)).status_code == 200
    facts = Facts({"v1": 1})
    last = [
        ranking.event(facts.skb("v1", 4, "95")),
        ranking.event(facts.skb("v1", 1, "99", corrected=True)),
    ]
    await ranking.hear(*last)
    decided = [await ranking.pool.fetch(f"SELECT * FROM public.{table}") for table in DECISIONS]
    await rebuilt_the_same(ranking, [*last, *said])
    assert [
        await ranking.pool.fetch(f"SELECT * FROM public.{table}") for table in DECISIONS
    ] == decided


async def test_nothing_is_adopted_during_a_rebuild(ranking: ServiceApp) -> None:
    """It would not see the decision.

    What was proposed before stays open, and is confirmed later.
    """
    version = await corrected_final(ranking)
    proposed = await propose(ranking, version)
    async with ranking.pool.acquire() as rebuilding:
        await rebuilding.execute("SELECT pg_advisory_lock($1)", REPLAYING)
        assert problem(await propose(ranking, version)) == (503, "rebuilding")
        assert problem(await confirm(ranking, proposed)) == (503, "rebuilding")
        await rebuilding.execute("SELECT pg_advisory_unlock($1)", REPLAYING)
    assert (await confirm(ranking, proposed)).status_code == 200


async def test_an_earlier_list_is_followed_no_more_once_the_next_is_closed(
    ranking: ServiceApp,
) -> None:
    """The refusal names the later list, where the same correction counts, and may be adopted."""
    facts = Facts({"v1": 1})
    await closed_final(ranking, facts, {1: "90", 2: "80"})
    await ranking.hear(facts.skd("v1", 1, 100, 100, 150, corrected=True))
    version = await newest(ranking, SKD_LISTS)
    refused = await adopt(ranking, version, SKD_LISTS)
    assert problem(refused) == (409, "later-list-closed")
    assert "`final`" in refused.json()["detail"]
    assert (await adopt(ranking, await newest(ranking))).status_code == 200
    lines = (await get(ranking, STANDINGS))["items"]
    assert [(line["participant_no"], line["code"]) for line in lines] == [(NO_2, "L"), (NO_1, "TL")]


async def test_equals_at_the_last_seat_are_decided_before_adopting(ranking: ServiceApp) -> None:
    """Only where a correction made people equal may the officer decide on a list that is fixed.

    Then its version is adopted, and what was decided before stays part of the first.
    """
    facts = Facts({"v1": 1})
    await shortlisted(ranking, facts, {1: "90", 2: "90", 3: "70"})
    officer = ranking.who("officer-1", "officer")
    tie = {
        "list": "final",
        "order": [NO_2, NO_1],
        "reason": "Undian di hadapan saksi, berita acara 3",
    }
    assert (await ranking.decide("/ranking/vacancies/v1/ties", tie)).status_code == 200
    assert (await ranking.http.post(FINAL, headers=officer)).status_code == 200
    again = await ranking.decide("/ranking/vacancies/v1/ties", tie | {"order": [NO_1, NO_2]})
    assert problem(again) == (409, "list-closed")
    await ranking.hear(facts.skb("v1", 3, "90", corrected=True))
    undecided = await newest(ranking)
    assert undecided["codes"] == {"UNDECIDED": 3}
    refused = await adopt(ranking, undecided)
    assert problem(refused) == (409, "version-undecided")
    assert f"{NO_1}, {NO_2}, {NO_3}" in refused.json()["detail"]
    new = tie | {"order": [NO_3, NO_2, NO_1]}
    assert (await ranking.decide("/ranking/vacancies/v1/ties", new)).status_code == 200
    assert problem(await adopt(ranking, undecided)) == (409, "version-overtaken")
    why = await get(ranking, f"/ranking/vacancies/v1/candidates/{NO_1}/explanation")
    assert why["above"]["decided_by"] == "decision"
    assert (await adopt(ranking, await newest(ranking))).status_code == 200
    assert [line["participant_no"] for line in (await get(ranking, STANDINGS))["items"]] == [
        NO_3,
        NO_2,
        NO_1,
    ]
    decided = await ranking.pool.fetch(
        "SELECT decided FROM closing_version WHERE list = 'final' ORDER BY version"
    )
    assert [row["decided"] for row in decided] == [{NO_2: 1, NO_1: 2}, {NO_3: 1, NO_2: 2, NO_1: 3}]


async def test_nobody_is_unseated(ranking: ServiceApp) -> None:
    """Once empty seats are being offered no version is adopted."""
    version = await corrected_final(ranking)
    begun = await ranking.http.post(
        f"/ranking/rounds/{ROUND}/filling", headers=ranking.who("officer-1", "officer")
    )
    assert begun.status_code == 201, begun.text
    assert problem(await adopt(ranking, version)) == (409, "seats-given")


async def test_adopting_and_filling_at_once(ranking: ServiceApp) -> None:
    """Whichever comes first, seats are filled by the list that counts.

    Where the filling was first, no version is adopted.
    """
    version = await corrected_final(ranking)
    officer = ranking.who("officer-2", "officer")
    begun, adopted = await asyncio.gather(
        ranking.http.post(f"/ranking/rounds/{ROUND}/filling", headers=officer),
        adopt(ranking, version),
    )
    assert begun.status_code == 201
    assert adopted.status_code == 200 or cause(adopted) == "seats-given"
    counts = [line["participant_no"] for line in (await get(ranking, STANDINGS))["items"]]
    filling = await ranking.pool.fetch("SELECT participant_no FROM filling_candidate ORDER BY rank")
    assert [row["participant_no"] for row in filling] == counts


async def test_seats_are_filled_by_what_counts(ranking: ServiceApp) -> None:
    """Of two who were ranked, the one whom the adopted version seats gives the seat up.

    It is offered to the other, who had it at first.
    """
    version = await corrected_final(ranking)
    assert (await adopt(ranking, version)).status_code == 200
    officer = ranking.who("officer-1", "officer")
    assert (
        await ranking.http.post(f"/ranking/rounds/{ROUND}/filling", headers=officer)
    ).status_code == 201
    filling = await ranking.pool.fetch(
        "SELECT participant_no, selected FROM filling_candidate ORDER BY rank"
    )
    assert [tuple(row) for row in filling] == [(NO_2, True), (NO_1, False), (NO_3, False)]


async def test_a_version_that_lacks_results_is_not_adopted(ranking: ServiceApp) -> None:
    """Somebody found to meet the requirements after all has no result yet.

    The list would be fixed with a gap.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 2), facts.scheduled("v1", "skd"))
    await ranking.hear(
        facts.rejected("v1", 2), facts.skd("v1", 1, 100, 100, 200), facts.closed("v1", "skd", 1)
    )
    assert (
        await ranking.http.post(SKD, headers=ranking.who("officer-1", "officer"))
    ).status_code == 200
    await ranking.hear(facts.verified("v1", 2))
    refused = await adopt(ranking, await newest(ranking, SKD_LISTS), SKD_LISTS)
    assert problem(refused) == (409, "version-incomplete")
    assert "results of 1 candidates are missing" in refused.json()["detail"]
    await ranking.hear(facts.skd("v1", 2, 120, 120, 210))
    assert (await adopt(ranking, await newest(ranking, SKD_LISTS), SKD_LISTS)).status_code == 200
    assert [event.participant_no for event in await ranking.stated(CandidateShortlisted)] == [
        NO_1,
        NO_2,
        NO_1,
    ]


async def test_who_is_off_the_list_is_revoked_as_rejected(ranking: ServiceApp) -> None:
    """Whoever was shortlisted and then rejected is off the corrected first list."""
    facts = Facts({"v1": 1})
    await shortlisted(ranking, facts, {1: "90", 2: "80"})
    await ranking.hear(facts.rejected("v1", 1))
    assert (await adopt(ranking, await newest(ranking, SKD_LISTS), SKD_LISTS)).status_code == 200
    (revoked,) = await ranking.stated(AdmissionRevoked)
    assert (revoked.participant_no, revoked.code) == (NO_1, "TMS")
    assert [
        line["participant_no"] for line in (await get(ranking, STANDINGS, list="final"))["items"]
    ] == [NO_2]


async def test_a_fixed_place_shows_the_thresholds_by_what_was_fixed(ranking: ServiceApp) -> None:
    """A correction that nobody adopted moves the live list alone.

    The fixed one's points and thresholds fit together.
    """
    facts = Facts({"v1": 1})
    await closed_final(ranking, facts, {1: "90", 2: "80"})
    path = f"/ranking/vacancies/v1/candidates/{NO_1}"
    before = await get(ranking, path)
    await ranking.hear(facts.skd("v1", 1, 60, 70, 100, corrected=True))
    after = await get(ranking, path)
    assert (after["state"], after["gates"], after["points"]) == (
        "closed",
        before["gates"],
        before["points"],
    )
    assert [(gate["of"], gate["points"], gate["passed"]) for gate in after["gates"]] == [
        (code, after["points"][code], True) for code in ("TWK", "TIU", "TKP")
    ]
    live = await get(ranking, path, state="live")
    assert [gate["passed"] for gate in live["gates"]] == [False, False, False]
