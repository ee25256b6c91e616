"""A tie is decided by two officers: one proposes the order, another one confirms it."""

import asyncio
from typing import Any

import pytest
from httpx import Response

from shared.proposals.domain import OPEN_FOR
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import Facts
from tests.component.ranking.test_closing import FINAL, shortlisted

TIES = "/ranking/vacancies/v1/ties"
PROPOSALS = "/ranking/proposals"
REASON = "Undian di hadapan kedua peserta dan dua saksi, berita acara 12/2026"
NO_1, NO_2, NO_3 = (f"0001-00000{n}" for n in (1, 2, 3))
TIE = {"list": "final", "order": [NO_2, NO_1], "reason": REASON}


@pytest.fixture
async def tied(ranking: ServiceApp) -> ServiceApp:
    """Two are equal in everything at the only seat of a vacancy."""
    await shortlisted(ranking, Facts({"v1": 1}), {1: "80", 2: "80", 3: "70"})
    return ranking


async def propose(ranking: ServiceApp, who: str = "officer-1", **other: Any) -> Response:
    headers = ranking.who(who, "officer", key=other.pop("key", None))
    return await ranking.http.post(TIES, headers=headers, json=TIE | other)


async def act(ranking: ServiceApp, proposal: Any, step: str, who: str, **body: Any) -> Response:
    """Somebody confirms, rejects or withdraws a proposal."""
    return await ranking.http.post(
        f"{PROPOSALS}/{proposal['proposal_id']}/{step}",
        headers=ranking.who(who, "officer"),
        json=body or None,
    )


async def listed(ranking: ServiceApp, **query: Any) -> list[Any]:
    answer = await ranking.http.get(
        PROPOSALS, headers=ranking.who("officer-2", "officer"), params=query
    )
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def decisions(ranking: ServiceApp) -> list[tuple[str, ...]]:
    """The orders that count."""
    rows = await ranking.pool.fetch("SELECT participants FROM tie_decision ORDER BY decided_at")
    return [tuple(row["participants"]) for row in rows]


def problem(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/ranking/")


async def test_one_officer_alone_decided_a_tie(tied: ServiceApp) -> None:
    """An officer's order is a proposal: nothing is decided until another officer confirms it.

    The officer who proposed is refused, also by another Idempotency-Key.
    """
    answer = await propose(tied)
    assert answer.status_code == 202, answer.text
    proposal = answer.json()
    assert (proposal["kind"], proposal["object"], proposal["status"]) == ("tie", "v1/final", "open")
    assert proposal["command"] == TIE | {"vacancy_id": "v1"}
    assert proposal["proposed_by"] == "officer-1"
    assert await decisions(tied) == []
    refused = await tied.http.post(FINAL, headers=tied.who("officer-1", "officer"))
    assert problem(refused) == (409, "tie-undecided")

    own = await act(tied, proposal, "confirmation", "officer-1")
    assert problem(own) == (403, "own-proposal")
    nobody = await tied.http.post(proposal["confirm_at"], headers=tied.who("v", "verifier"))
    assert problem(nobody) == (403, "not-your-role")
    assert await decisions(tied) == []

    assert await listed(tied) == [proposal]
    confirmed = await tied.http.post(
        proposal["confirm_at"], headers=tied.who("officer-2", "officer")
    )
    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.json()["status"] == "confirmed"
    assert confirmed.json()["closed_by"] == "officer-2"
    assert confirmed.json()["outcome"]["order"] == [NO_2, NO_1]
    assert await decisions(tied) == [(NO_2, NO_1)]
    assert await listed(tied) == []
    assert await listed(tied, status="confirmed") == [confirmed.json()]
    trail = await tied.pool.fetch(
        "SELECT subject, action, object, reason FROM audit WHERE object = 'v1/final' ORDER BY id"
    )
    name = f"proposal {proposal['proposal_id']}"
    assert [tuple(row) for row in trail] == [
        ("officer-1", "tie.proposed", "v1/final", name),
        ("officer-2", "tie.decided", "v1/final", REASON),
        ("officer-2", "tie.confirmed", "v1/final", name),
    ]


async def test_two_confirmations_at_once_have_one_effect(tied: ServiceApp) -> None:
    """Of several officers who confirm at once one decides; the others hear that it is done.

    Whoever confirmed may send it again and is answered the same.
    """
    proposal = (await propose(tied)).json()
    officers = [f"officer-{n}" for n in (2, 3, 4, 2)]
    answers = await asyncio.gather(
        *(act(tied, proposal, "confirmation", officer) for officer in officers)
    )
    done = [answer for answer in answers if answer.status_code == 200]
    assert {problem(answer) for answer in answers if answer not in done} <= {
        (409, "proposal-closed")
    }
    assert len({answer.text for answer in done}) == 1
    assert await decisions(tied) == [(NO_2, NO_1)]
    again = await act(tied, proposal, "confirmation", done[0].json()["closed_by"])
    assert (again.status_code, again.text) == (200, done[0].text)
    assert await decisions(tied) == [(NO_2, NO_1)]


async def test_what_changed_since_it_was_proposed_is_not_decided(tied: ServiceApp) -> None:
    """A correction parts the two before the second officer confirms.

    It is refused with what changed, and the proposal is closed for good.
    """
    proposal = (await propose(tied)).json()
    await tied.hear(Facts({"v1": 1}).skb("v1", 2, "85", corrected=True))
    late = await act(tied, proposal, "confirmation", "officer-2")
    assert problem(late) == (409, "proposal-outdated")
    assert late.json()["errors"][0]["code"] == "no-tie"
    assert "nobody is equal" in late.json()["errors"][0]["reason"]
    (closed,) = await listed(tied, status="outdated")
    assert (closed["because"], closed["closed_by"]) == ("no-tie", "officer-2")
    assert await decisions(tied) == []
    again = await act(tied, proposal, "confirmation", "officer-3")
    assert problem(again) == (409, "proposal-closed")


async def test_what_is_wrong_is_refused_before_it_waits(tied: ServiceApp) -> None:
    """A proposal that could not be confirmed is refused at once, and leaves nothing behind."""
    assert problem(await propose(tied, order=[NO_1, NO_3])) == (409, "not-the-tie")
    assert await listed(tied) == []
    assert await tied.pool.fetchval("SELECT count(*) FROM audit WHERE action LIKE 'tie%'") == 0


async def test_one_proposal_about_a_thing_is_open(tied: ServiceApp) -> None:
    """A second one waits until the first is closed; the same request sent twice is one proposal.

    Another officer rejects with a reason; who proposed withdraws.
    """
    first = await propose(tied, key="order-0001")
    again = await propose(tied, key="order-0001")
    assert (again.status_code, again.text) == (202, first.text)
    other = await propose(tied, "officer-2", order=[NO_1, NO_2])
    assert problem(other) == (409, "proposal-open")
    assert first.json()["proposal_id"] in other.json()["detail"]

    own = await act(tied, first.json(), "rejection", "officer-1", reason="Keliru")
    assert problem(own) == (403, "own-proposal")
    assert problem(await act(tied, first.json(), "withdrawal", "officer-2")) == (
        403,
        "proposal-of-others",
    )
    rejected = await act(tied, first.json(), "rejection", "officer-2", reason="Tanpa saksi")
    assert (rejected.json()["status"], rejected.json()["because"]) == ("rejected", "Tanpa saksi")

    second = (await propose(tied, "officer-2", order=[NO_1, NO_2])).json()
    withdrawn = await act(tied, second, "withdrawal", "officer-2")
    assert withdrawn.json()["status"] == "withdrawn"
    for proposal in (first.json(), second):
        late = await act(tied, proposal, "confirmation", "officer-3")
        assert problem(late) == (409, "proposal-closed")
    assert await decisions(tied) == []


async def test_a_proposal_does_not_wait_for_ever(tied: ServiceApp) -> None:
    """After its time it is no longer among the open ones, can't be confirmed, and gives way."""
    old = (await propose(tied)).json()
    tied.clock.advance(seconds=OPEN_FOR.total_seconds())
    assert await listed(tied) == []
    late = await act(tied, old, "confirmation", "officer-2")
    assert problem(late) == (409, "proposal-outdated")
    assert late.json()["errors"][0]["code"] == "proposal-expired"
    older = (await propose(tied)).json()
    tied.clock.advance(seconds=OPEN_FOR.total_seconds())
    new = await propose(tied)
    assert new.status_code == 202, new.text
    assert await listed(tied) == [new.json()]
    assert {item["proposal_id"] for item in await listed(tied, status="outdated")} == {
        old["proposal_id"],
        older["proposal_id"],
    }


async def test_proposals_page_by_cursor(tied: ServiceApp) -> None:
    """In the order in which they were made; a cursor that is none is refused."""
    made = []
    for _ in range(3):
        made.append((await propose(tied)).json()["proposal_id"])
        await act(tied, {"proposal_id": made[-1]}, "withdrawal", "officer-1")
    headers = tied.who("officer-2", "officer")
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        query = {"status": "withdrawn", "limit": "2", **cursor}
        page = (await tied.http.get(PROPOSALS, headers=headers, params=query)).json()
        seen += [item["proposal_id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == made
    wrong = await tied.http.get(PROPOSALS, headers=headers, params={"cursor": "WzFd"})
    assert problem(wrong) == (400, "bad-cursor")
