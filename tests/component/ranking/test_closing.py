"""Ties at the last seat, corrections after a list was fixed, and who sees and does what."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest

from services.ranking.standings.usecases.state_standings import state_owed
from shared.contracts.ranking import CandidateSelected, StageClosed, StandingsRecomputed
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts

SKD = f"/ranking/rounds/{ROUND}/stages/skd/close"
FINAL = f"/ranking/rounds/{ROUND}/close"
BORN = date(1999, 5, 17)


async def shortlisted(ranking: ServiceApp, facts: Facts, skb: dict[int, str]) -> None:
    """A round of one vacancy whose first list is fixed, and whose second test is sat.

    All have the same points.
    """
    count = len(skb)
    await ranking.hear(*facts.opened(), *facts.people("v1", count), facts.scheduled("v1", "skd"))
    await ranking.hear(
        *(facts.skd("v1", candidate, 100, 100, 200) for candidate in skb),
        facts.closed("v1", "skd", count),
    )
    closed = await ranking.http.post(SKD, headers=ranking.who("officer-1", "officer"))
    assert closed.status_code == 200, closed.text
    await ranking.hear(facts.scheduled("v1", "skb"))
    await ranking.hear(
        *(facts.skb("v1", candidate, points) for candidate, points in skb.items()),
        facts.closed("v1", "skb", count),
    )


async def test_a_full_tie_at_the_last_seat_is_an_officers_to_decide(ranking: ServiceApp) -> None:
    """Closing refuses and names those who are equal at the last seat.

    The officer's order, with its reason, becomes part of the closed list, whose lines say so; the
    audit keeps it.
    """
    facts = Facts({"v1": 2})
    await shortlisted(ranking, facts, {1: "90", 2: "80", 3: "80", 4: "70"})
    officer = ranking.who("officer-1", "officer")
    live = (await ranking.http.get("/ranking/vacancies/v1/standings")).json()
    assert [(line["rank"], line["code"]) for line in live["items"]] == [
        (1, "L"),
        (2, "UNDECIDED"),
        (2, "UNDECIDED"),
        (4, "P"),
    ]
    assert live["codes"] == {"L": 1, "P": 1, "UNDECIDED": 2}
    assert live["cut"] == {"limit": 2, "within": 1, "score": "83.091"}

    refused = await ranking.http.post(FINAL, headers=officer)
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/ranking/tie-undecided"
    assert refused.json()["errors"] == [{"about": "v1", "reason": "0001-000002, 0001-000003"}]

    ties = "/ranking/vacancies/v1/ties"
    reason = "Undian di hadapan kedua peserta dan dua saksi, berita acara 12/2026"
    order = ["0001-000003", "0001-000002"]
    wrong = await ranking.http.post(
        ties,
        headers=officer,
        json={"list": "final", "order": ["0001-000001", "0001-000002"], "reason": reason},
    )
    assert wrong.json()["type"] == "/problems/ranking/not-the-tie"
    decided = await ranking.decide(ties, {"list": "final", "order": order, "reason": reason})
    assert decided.status_code == 200, decided.text
    live = (await ranking.http.get("/ranking/vacancies/v1/standings")).json()
    assert [(line["rank"], line["participant_no"], line["code"]) for line in live["items"]] == [
        (1, "0001-000001", "L"),
        (2, "0001-000003", "L"),
        (3, "0001-000002", "P"),
        (4, "0001-000004", "P"),
    ]
    assert live["codes"] == {"L": 2, "P": 2}
    assert [line["decided"] for line in live["items"]] == [False, True, True, False]

    closed = await ranking.http.post(FINAL, headers=officer)
    assert closed.status_code == 200, closed.text
    fixed = (await ranking.http.get("/ranking/vacancies/v1/standings")).json()
    assert fixed["items"] == live["items"]
    page = (await ranking.http.get("/ranking/vacancies/v1")).text
    assert page.count("urutan diputuskan petugas") == 2
    version = (
        await ranking.http.get(f"/ranking/vacancies/v1?list=final&version={fixed['version']}")
    ).text
    assert version.count("urutan diputuskan petugas") == 2
    assert [event.participant_no for event in await ranking.stated(CandidateSelected)] == [
        "0001-000001",
        "0001-000003",
    ]
    trail = await ranking.pool.fetch(
        "SELECT subject, action, object, reason FROM audit ORDER BY id"
    )
    name = f"proposal {decided.json()['proposal_id']}"
    assert [tuple(row) for row in trail] == [
        ("officer-1", "list.closed", f"{ROUND}/skd", ""),
        ("officer-1", "tie.proposed", "v1/final", name),
        ("officer-2", "tie.decided", "v1/final", reason),
        ("officer-2", "tie.confirmed", "v1/final", name),
        ("officer-1", "list.closed", f"{ROUND}/final", ""),
    ]


async def test_a_newcomer_among_the_equals_undoes_a_decision(ranking: ServiceApp) -> None:
    """A decision holds for those whom it names.

    When a correction makes a third equal to them, closing asks again.
    """
    facts = Facts({"v1": 1})
    await shortlisted(ranking, facts, {1: "80", 2: "80", 3: "70"})
    officer = ranking.who("officer-1", "officer")
    order = {
        "list": "final",
        "order": ["0001-000002", "0001-000001"],
        "reason": "Undian, berita acara 1",
    }
    assert (await ranking.decide("/ranking/vacancies/v1/ties", order)).status_code == 200
    await ranking.hear(facts.skb("v1", 3, "80", corrected=True))
    refused = await ranking.http.post(FINAL, headers=officer)
    assert refused.json()["type"] == "/problems/ranking/tie-undecided"
    assert refused.json()["errors"][0]["reason"] == "0001-000001, 0001-000002, 0001-000003"
    order = {
        "list": "final",
        "order": ["0001-000003", "0001-000001", "0001-000002"],
        "reason": "Undian, berita acara 2",
    }
    assert (await ranking.decide("/ranking/vacancies/v1/ties", order)).status_code == 200
    assert (await ranking.http.post(FINAL, headers=officer)).status_code == 200
    assert [event.participant_no for event in await ranking.stated(CandidateSelected)] == [
        "0001-000003"
    ]


async def test_a_place_among_equals_who_parted_is_no_decision(ranking: ServiceApp) -> None:
    """No line says that an officer decided where a rule tells the people apart again.

    One of those whom the officer ordered gets another mark.
    """
    facts = Facts({"v1": 1})
    await shortlisted(ranking, facts, {1: "80", 2: "80"})
    officer = ranking.who("officer-1", "officer")
    order = {
        "list": "final",
        "order": ["0001-000002", "0001-000001"],
        "reason": "Undian, berita acara 1",
    }
    assert (await ranking.decide("/ranking/vacancies/v1/ties", order)).status_code == 200
    await ranking.hear(facts.applied("v1", 1, gpa="3.90")[1])
    live = (await ranking.http.get("/ranking/vacancies/v1/standings")).json()
    assert (await ranking.http.post(FINAL, headers=officer)).status_code == 200
    fixed = (await ranking.http.get("/ranking/vacancies/v1/standings")).json()
    for standings in (live, fixed):
        assert [(item["participant_no"][-1], item["decided"]) for item in standings["items"]] == [
            ("1", False),
            ("2", False),
        ]


async def test_age_and_marks_decide_without_being_shown(ranking: ServiceApp) -> None:
    """Equal in all points: the higher mark, then the elder.

    Neither appears in what anyone is sent, cursors included.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened())
    for candidate, (gpa, born) in enumerate(
        [("3.10", BORN), ("3.90", BORN), ("3.90", date(1988, 8, 8))], 1
    ):
        await ranking.hear(
            *facts.applied("v1", candidate, gpa=gpa, born=born), facts.verified("v1", candidate)
        )
    await ranking.hear(facts.registered("v1", 3), facts.scheduled("v1", "skd"))
    await ranking.hear(
        *(facts.skd("v1", candidate, 100, 100, 200) for candidate in (1, 2, 3)),
        facts.closed("v1", "skd", 3),
    )
    assert (await ranking.http.post(SKD, headers=ranking.who("o", "officer"))).status_code == 200
    await ranking.hear(*(facts.skb("v1", candidate, "80") for candidate in (1, 2, 3)))
    seen, cursor = [], None
    while True:
        answer = await ranking.http.get(
            "/ranking/vacancies/v1/standings",
            params={"limit": 1, **({"cursor": cursor} if cursor else {})},
        )
        seen.append(answer.json()["items"][0]["participant_no"])
        assert not any(secret in answer.text for secret in ("3.9", "1988", "birth", "gpa"))
        cursor = answer.json()["next"]
        if cursor is None:
            break
    assert seen == ["0001-000003", "0001-000002", "0001-000001"]


async def test_a_correction_after_closing_changes_nothing_that_was_fixed(
    ranking: ServiceApp,
) -> None:
    """The closed list stays, and the live one shows what is known now.

    The officer sees that they differ.
    """
    facts = Facts({"v1": 1})
    await shortlisted(ranking, facts, {1: "90", 2: "80"})
    officer = ranking.who("officer-1", "officer")
    assert (await ranking.http.post(FINAL, headers=officer)).status_code == 200
    before = (await ranking.http.get("/ranking/vacancies/v1/standings")).json()
    await ranking.hear(facts.skb("v1", 2, "95", corrected=True))
    assert (await ranking.http.get("/ranking/vacancies/v1/standings")).json() == before
    live = (await ranking.http.get("/ranking/vacancies/v1/standings?state=live")).json()
    assert live["items"][0]["participant_no"] == "0001-000002"
    ranking.clock.advance(seconds=2)
    await state(ranking)
    view = (await ranking.http.get(f"/ranking/rounds/{ROUND}", headers=officer)).json()
    assert {policy_list["list"]: policy_list["changed_since"] for policy_list in view["lists"]} == {
        "skd": [],
        "final": ["v1"],
    }


async def state(ranking: ServiceApp) -> int:
    """The worker's duty, once."""
    async with ranking.pool.acquire() as connection, connection.transaction():
        return await state_owed(connection, ranking.outbox, ranking.clock())


async def test_what_is_missing_is_said_until_nothing_is(ranking: ServiceApp) -> None:
    """The round's view counts what has arrived of each vacancy.

    Closing refuses for the same reasons.
    """
    facts = Facts({"v1": 1, "v2": 1})
    officer = ranking.who("officer-1", "officer")
    unknown = await ranking.http.get(f"/ranking/rounds/{ROUND}", headers=officer)
    assert unknown.status_code == 404
    await ranking.hear(facts.round(), facts.vacancy("v1"))
    refused = await ranking.http.post(SKD, headers=officer)
    assert refused.json()["type"] == "/problems/ranking/seats-missing"
    await ranking.hear(facts.vacancy("v2"), facts.registered("v2", 0))
    await ranking.hear(
        *facts.applied("v1", 1),
        *facts.applied("v1", 2),
        facts.verified("v1", 1),
        facts.registered("v1", 3),
    )
    view = (await ranking.http.get(f"/ranking/rounds/{ROUND}", headers=officer)).json()
    assert view["seats"] == view["decreed_seats"] == 2
    first = view["lists"][0]
    assert (first["ready"], first["closed"]) == (1, 0)  # nobody applied for v2
    missing = [item.partition(" · ")[0] for item in first["lacking"][0]["missing"]]
    assert missing == [
        "2 of 3 applications have arrived",
        "1 not verified yet",
        "no sitting has been scheduled",
        "results of 1 candidates are missing",
    ]
    await ranking.hear(*facts.applied("v1", 3), facts.rejected("v1", 3), facts.withdrawn("v1", 2))
    await ranking.hear(facts.scheduled("v1", "skd"), facts.closed("v1", "skd", 1))
    refused = await ranking.http.post(SKD, headers=officer)
    assert "0 of 1 results have arrived" in refused.json()["errors"][0]["reason"]
    await ranking.hear(facts.skd("v1", 1, 100, 100, 200))
    closed = await ranking.http.post(SKD, headers=officer)
    assert closed.status_code == 200, closed.text
    assert closed.json()["codes"] == {"P/L": 1}


async def test_facts_that_ties_use_must_have_arrived(ranking: ServiceApp) -> None:
    """The final list's ties use marks and ages.

    It can't be fixed before the facts of all who are ranked are here.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(
        *facts.opened(),
        facts.applied("v1", 1)[0],
        facts.verified("v1", 1),
        facts.registered("v1", 1),
    )
    await ranking.hear(
        facts.scheduled("v1", "skd"),
        facts.skd("v1", 1, 100, 100, 200),
        facts.closed("v1", "skd", 1),
    )
    officer = ranking.who("officer-1", "officer")
    assert (await ranking.http.post(SKD, headers=officer)).status_code == 200
    await ranking.hear(
        facts.scheduled("v1", "skb"), facts.skb("v1", 1, "80"), facts.closed("v1", "skb", 1)
    )
    refused = await ranking.http.post(FINAL, headers=officer)
    assert "facts of 1 candidates have not arrived" in refused.json()["errors"][0]["reason"]
    await ranking.hear(facts.applied("v1", 1)[1])
    assert (await ranking.http.post(FINAL, headers=officer)).status_code == 200


async def test_two_officers_at_once_close_once(ranking: ServiceApp) -> None:
    """Of two closings at the same time one takes effect.

    With the same Idempotency-Key both get its answer.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 1), facts.scheduled("v1", "skd"))
    await ranking.hear(facts.skd("v1", 1, 100, 100, 200), facts.closed("v1", "skd", 1))
    answers = await asyncio.gather(
        *(
            ranking.http.post(SKD, headers=ranking.who(f"officer-{number}", "officer"))
            for number in (1, 2, 3)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert len(await ranking.stated(StageClosed)) == 1

    facts = Facts({"v1": 1})
    await ranking.hear(
        facts.scheduled("v1", "skb"), facts.skb("v1", 1, "80"), facts.closed("v1", "skb", 1)
    )
    officer = ranking.who("officer-1", "officer", key="close-final-1")
    first, second = await asyncio.gather(
        *(ranking.http.post(FINAL, headers=officer) for _ in range(2))
    )
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert len(await ranking.stated(CandidateSelected)) == 1


@pytest.mark.parametrize("path", [SKD, FINAL])
async def test_only_officers_close(ranking: ServiceApp, path: str) -> None:
    """Nobody, an examiner, an applicant: refused."""
    assert (await ranking.http.post(path)).status_code == 401
    for role in ("examiner", "applicant", "operator"):
        assert (await ranking.http.post(path, headers=ranking.who("x", role))).status_code == 403


async def test_bad_questions_get_answers_that_help(ranking: ServiceApp) -> None:
    """Unknown vacancies, lists, stages, candidates and cursors; lists that are not fixed yet."""
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 1))
    officer = ranking.who("officer-1", "officer")
    for path, status, problem in [
        ("/ranking/vacancies/nowhere/standings", 404, "unknown-vacancy"),
        ("/ranking/vacancies/v1/standings?list=third", 404, "unknown-list"),
        ("/ranking/vacancies/v1/standings?state=closed", 409, "not-closed"),
        ("/ranking/vacancies/v1/standings?cursor=nonsense", 400, "bad-cursor"),
        (
            "/ranking/vacancies/v1/standings?cursor=WyJsaXZlIiwgIjAwMDEtOTk5OTk5Il0",
            400,
            "bad-cursor",
        ),
        ("/ranking/vacancies/v1/standings?limit=0", 422, "invalid-request"),
        ("/ranking/vacancies/v1/candidates/0001-000002", 404, "not-on-the-list"),
        ("/ranking/vacancies/v1/candidates/Budi", 422, "invalid-request"),
        ("/ranking/vacancies?cursor=WzEsIDJd", 400, "bad-cursor"),
        (
            "/ranking/vacancies?cursor=WyJhIiwgMjE0NzQ4MzY0OF0",
            400,
            "bad-cursor",
        ),  # a number that no vacancy can have
        ("/ranking/vacancies?need=umum", 422, "invalid-request"),
        ("/ranking/rounds/other", 404, "unknown-round"),
    ]:
        answer = await ranking.http.get(path, headers=officer)
        assert (answer.status_code, answer.json()["type"]) == (
            status,
            f"/problems/ranking/{problem}",
        ), path
    answer = await ranking.http.post(
        f"/ranking/rounds/{ROUND}/stages/interview/close", headers=officer
    )
    assert answer.json()["type"] == "/problems/ranking/unknown-stage"
    nothing = {
        "list": "final",
        "order": ["0001-000001", "0001-000002"],
        "reason": "Tidak ada apa-apa",
    }
    answer = await ranking.http.post("/ranking/vacancies/v1/ties", headers=officer, json=nothing)
    assert answer.json()["type"] == "/problems/ranking/no-tie"
    answer = await ranking.http.post(
        "/ranking/vacancies/v1/ties", headers=officer, json={**nothing, "reason": "?"}
    )
    assert answer.status_code == 422


async def test_one_candidates_place(ranking: ServiceApp) -> None:
    """Rank, of how many, thresholds, the distance to the cut, and who stands next.

    Thresholds with what was needed and what there is.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 6))
    await ranking.hear(
        *(facts.skd("v1", candidate, 100, 100, 170 + candidate) for candidate in range(1, 6))
    )
    await ranking.hear(facts.skd("v1", 6, 60, 100, 170))
    place = (await ranking.http.get("/ranking/vacancies/v1/candidates/0001-000002")).json()
    assert place == {
        "vacancy_id": "v1",
        "round_id": ROUND,
        "list": "skd",
        "state": "live",
        "participant_no": "0001-000002",
        "rank": 4,
        "of": 5,
        "score": "372",
        "points": {"TWK": "100", "TIU": "100", "TKP": "172"},
        "code": "P",
        "equal_with": 0,
        "gates": [
            {"of": "TWK", "minimum": "65", "points": "100", "passed": True},
            {"of": "TIU", "minimum": "80", "points": "100", "passed": True},
            {"of": "TKP", "minimum": "166", "points": "172", "passed": True},
        ],
        "cut": {"limit": 3, "within": 3, "score": "373"},
        "above_the_cut": "-1",
        "above": {"rank": 3, "participant_no": "0001-000003", "score": "373"},
        "below": {"rank": 5, "participant_no": "0001-000001", "score": "371"},
    }
    out = (await ranking.http.get("/ranking/vacancies/v1/candidates/0001-000006")).json()
    assert (out["rank"], out["code"], out["above"]) == (None, "TL", None)
    assert [(gate["of"], gate["passed"]) for gate in out["gates"]] == [
        ("TWK", False),
        ("TIU", True),
        ("TKP", True),
    ]


async def test_pages_follow_each_other(ranking: ServiceApp) -> None:
    """Every line once, ranks and equals right also where a page begins or ends among equals.

    Live and fixed alike.
    """
    facts = Facts({"v1": 3})
    await ranking.hear(*facts.opened(), *facts.people("v1", 14), facts.scheduled("v1", "skd"))
    await ranking.hear(
        *(facts.skd("v1", candidate, 100, 100, 170 + candidate // 4) for candidate in range(1, 13))
    )
    await ranking.hear(
        facts.missed("v1", "skd", 13),
        facts.missed("v1", "skd", 14),
        facts.closed("v1", "skd", 12, 2),
    )

    async def whole(limit: int) -> list[tuple[object, ...]]:
        lines: list[tuple[object, ...]] = []
        cursor = None
        while True:
            query = {"limit": str(limit), "list": "skd"} | ({"cursor": cursor} if cursor else {})
            page = (await ranking.http.get("/ranking/vacancies/v1/standings", params=query)).json()
            lines += [
                (
                    line["rank"],
                    line["participant_no"],
                    line["code"],
                    line["equal_with"],
                    line["points"].get("TKP"),
                )
                for line in page["items"]
            ]
            cursor = page["next"]
            if cursor is None:
                return lines

    at_once = await whole(100)
    assert [line[0] for line in at_once] == [1, 2, 2, 2, 2, 6, 6, 6, 6, 10, 10, 10, None, None]
    assert [line[2] for line in at_once] == ["P/L"] * 9 + ["P"] * 3 + ["TH"] * 2
    for limit in (1, 2, 3, 5):
        assert await whole(limit) == at_once
    assert (await ranking.http.post(SKD, headers=ranking.who("o", "officer"))).status_code == 200
    for limit in (1, 3, 100):
        assert await whole(limit) == at_once


async def test_vacancies_are_listed_by_round_and_number(ranking: ServiceApp) -> None:
    """The list of vacancies pages by cursor and says which lists are fixed."""
    facts = Facts({"v1": 1, "v2": 1, "v3": 1})
    await ranking.hear(*facts.opened())
    first = (
        await ranking.http.get("/ranking/vacancies", params={"round_id": ROUND, "limit": 2})
    ).json()
    rest = (
        await ranking.http.get(
            "/ranking/vacancies", params={"round_id": ROUND, "cursor": first["next"]}
        )
    ).json()
    assert [item["vacancy_id"] for item in first["items"] + rest["items"]] == ["v1", "v2", "v3"]
    assert rest["next"] is None
    assert first["items"][0]["closed"] == []


async def test_vacancies_are_searched(ranking: ServiceApp) -> None:
    """All words must stand in agency, post or unit, capitals or not, also as parts.

    What means something to a database means nothing here.
    """
    facts = Facts({"v1": 1, "v2": 1, "v3": 1}, {"v2": "CUMLAUDE"})
    one, two, three = (facts.vacancy(vacancy_id) for vacancy_id in facts.seats)
    await ranking.hear(
        facts.round(),
        one.model_copy(update={"post": "DOKTER GIGI"}),
        two.model_copy(update={"post": "DOKTER UMUM"}),
        three.model_copy(
            update={
                "post": "ARSIPARIS 100%",
                "agency": "Provinsi Jambi",
                "unit_path": "Dinas Kearsipan",
            }
        ),
    )
    for query, found in [
        ({"search": "dokter"}, ["v1", "v2"]),
        ({"search": "kasemen gigi"}, ["v1"]),
        ({"search": "DOKT ser"}, ["v1", "v2"]),
        ({"search": "jambi"}, ["v3"]),
        ({"search": "%"}, ["v3"]),
        ({"search": "_"}, []),
        ({"need": "CUMLAUDE"}, ["v2"]),
        ({"search": "gigi", "need": "CUMLAUDE"}, []),
        ({"search": "dokter", "round_id": "another"}, []),
    ]:
        answer = await ranking.http.get("/ranking/vacancies", params=query)
        assert [item["vacancy_id"] for item in answer.json()["items"]] == found, query


async def test_a_mark_beyond_any_scale_is_no_harm(ranking: ServiceApp) -> None:
    """The largest mark that the contract lets in still fits its key."""
    facts = Facts({"v1": 1})
    await shortlisted(ranking, facts, {1: "80", 2: "80"})
    await ranking.hear(*facts.applied("v1", 1, gpa=str(Decimal("999999.999999")))[1:])
    live = (await ranking.http.get("/ranking/vacancies/v1/standings")).json()
    assert live["items"][0]["participant_no"] == "0001-000001"


async def test_closing_waits_for_figures_that_are_just_being_stated(ranking: ServiceApp) -> None:
    """Each version number is given once.

    Closing and the worker's stating, at the same moment, count on from each other.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 2), facts.scheduled("v1", "skd"))
    await ranking.hear(
        *(facts.skd("v1", number, 100, 100, 200) for number in (1, 2)), facts.closed("v1", "skd", 2)
    )
    async with ranking.pool.acquire() as connection:
        stating = connection.transaction()
        await stating.start()
        assert await state_owed(connection, ranking.outbox, ranking.clock()) == 1
        closing = asyncio.create_task(
            ranking.http.post(SKD, headers=ranking.who("officer-1", "officer"))
        )
        await asyncio.sleep(0.5)
        assert not closing.done()
        await stating.commit()
    assert (await closing).status_code == 200
    stated = [
        event.version for event in await ranking.stated(StandingsRecomputed) if event.list == "skd"
    ]
    assert stated == [1]
