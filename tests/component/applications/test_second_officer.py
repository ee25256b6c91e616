"""Registration ends when it was announced to end, unless two officers end it, with a reason."""

import asyncio
from datetime import datetime

import httpx

from shared.contracts.applications import RegistrationClosed
from tests.component.applications.conftest import CLOSES, ROUND, Office, ok, refused

CLOSING = f"/rounds/{ROUND}/registration/close"
REASON = "Gangguan listrik di seluruh provinsi"


async def confirm(office: Office, proposed: httpx.Response, who: str) -> httpx.Response:
    """An officer of this name confirms."""
    return await office.service.http.post(
        proposed.json()["confirm_at"], headers=office.service.who(who, "officer")
    )


async def propose(office: Office, key: str | None = None) -> httpx.Response:
    return await office.post(CLOSING, office.officer(key), {"reason": REASON})


async def test_one_officer_closed_registration_before_its_end(open_round: Office) -> None:
    """Without a reason it is refused, with when it ends; with one it waits for another officer."""
    problem = refused(
        await open_round.post(CLOSING, open_round.officer()), 409, "registration-closes-later"
    )
    assert "2026-09-10 23:59 Asia/Jakarta" in problem["detail"]
    for wrong in ({"reason": "  "}, {"reason": "a\x00bc"}, {"why": REASON}):
        answer = await open_round.post(CLOSING, open_round.officer(), wrong)
        assert answer.status_code in {409, 422}, answer.text
    proposed = await propose(open_round, "close-early-1")
    assert ok(proposed, 202)["object"] == ROUND
    assert (await propose(open_round, "close-early-1")).text == proposed.text
    refused(await propose(open_round), 409, "proposal-open")
    ok(await open_round.apply("person-1"), 201)
    refused(await confirm(open_round, proposed, "officer-1"), 403, "own-proposal")
    assert await open_round.service.stated(RegistrationClosed) == []

    answers = await asyncio.gather(
        *(confirm(open_round, proposed, f"officer-{n}") for n in (2, 3, 4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    (done,) = [answer for answer in answers if answer.status_code == 200]
    assert (done.json()["outcome"]["submitted"], done.json()["outcome"]["vacancies"]) == (1, 3)
    assert len(await open_round.service.stated(RegistrationClosed)) == 3
    refused(await open_round.apply("person-2"), 409, "registration-closed")
    trail = await open_round.service.pool.fetch(
        "SELECT subject, action, reason FROM audit WHERE action LIKE '%clos%' ORDER BY id"
    )
    name = f"proposal {proposed.json()['proposal_id']}"
    closer = done.json()["closed_by"]
    assert [tuple(row) for row in trail] == [
        ("officer-1", "early-closing.proposed", name),
        (closer, "registration.closed", REASON),
        (closer, "early-closing.confirmed", name),
    ]


async def test_at_the_announced_end_one_officer_closes(open_round: Office) -> None:
    """To the second: no reason, no second person."""
    open_round.service.clock.now = datetime.fromisoformat(CLOSES)
    open_round.service.clock.advance(seconds=-1)
    refused(await open_round.post(CLOSING, open_round.officer()), 409, "registration-closes-later")
    open_round.service.clock.advance(seconds=1)
    count = ok(await open_round.post(CLOSING, open_round.officer()))
    assert (count["round_id"], count["vacancies"], count["submitted"]) == (ROUND, 3, 0)
