"""What hurts a candidate needs two people and a reason; nothing is recorded before a sitting."""

import asyncio
from typing import Any

import httpx

from shared.contracts.exams import (
    CandidateDisqualified,
    ExamMissed,
    ExamScoreCorrected,
    ExamScored,
)
from tests.component.exams.conftest import DOCTOR, GOOD, NURSE, ROUND, Exams, code, number

N1, N2 = number(NURSE, 1), number(NURSE, 2)
D1, D2 = number(DOCTOR, 1), number(DOCTOR, 2)
RIGHT = {**GOOD, "TWK": "125"}
CHANGES = (ExamScoreCorrected, ExamScored, ExamMissed, CandidateDisqualified)


async def confirm(exams: Exams, proposed: httpx.Response, who: str) -> httpx.Response:
    """An officer of this name confirms what was proposed."""
    return await exams.service.http.post(
        proposed.json()["confirm_at"], headers=exams.service.who(who, "officer")
    )


async def correct(
    exams: Exams, sitting: str, number_: str, role: str = "officer", **right: Any
) -> httpx.Response:
    """Someone says what is right in place of what stands."""
    body = {"participant_no": number_, "reason": "Lembar tertukar"} | right
    return await exams.post(f"/sittings/{sitting}/corrections", body, role=role)


async def closed(exams: Exams) -> str:
    """A closed sitting in which the first doctor has points and the second was absent."""
    sitting = await exams.schedule(DOCTOR)
    await exams.score(sitting, D1)
    await exams.absent(sitting, D2)
    assert (await exams.close(sitting)).status_code == 200
    return sitting


async def test_one_officer_alone_corrected_a_score_of_a_closed_sitting(exams: Exams) -> None:
    """It is a proposal, which another officer confirms; in an open sitting one person corrects."""
    sitting = await closed(exams)
    before = len(await exams.service.stated())
    proposed = await correct(exams, sitting, D1, points=RIGHT)
    assert proposed.status_code == 202, proposed.text
    assert proposed.json()["object"] == f"{ROUND}/skd/{D1}"
    assert len(await exams.service.stated()) == before
    assert code(await confirm(exams, proposed, "one-officer")) == "own-proposal"
    confirmed = await confirm(exams, proposed, "officer-2")
    assert confirmed.json()["outcome"]["points"] == RIGHT
    [fact] = await exams.service.stated(ExamScoreCorrected)
    assert fact.points["TWK"] == 125
    reasons = await exams.service.pool.fetch("SELECT decision, reason FROM personal_reason")
    assert [tuple(row) for row in reasons] == [("corrected", "Lembar tertukar")]
    trail = await exams.service.pool.fetch(
        "SELECT subject, action FROM audit WHERE object = $1 ORDER BY id OFFSET 1",
        f"{ROUND}/skd/{D1}",
    )
    assert [tuple(row) for row in trail] == [
        ("one-officer", "correction.proposed"),
        ("officer-2", "score.corrected"),
        ("officer-2", "correction.confirmed"),
    ]
    open_ = await exams.schedule(NURSE)
    await exams.score(open_, N1)
    alone = await correct(exams, open_, N1, role="examiner", points=RIGHT)
    assert alone.status_code == 201, alone.text


async def test_one_person_alone_disqualified_a_candidate(exams: Exams) -> None:
    """A proctor or an officer proposes, another officer confirms; until then nothing is stated."""
    sitting = await exams.schedule(NURSE)
    await exams.score(sitting, N1)
    body = {"participant_no": N1, "reason": "Membawa ponsel"}
    proposed = await exams.post(f"/sittings/{sitting}/disqualifications", body, role="proctor")
    assert proposed.status_code == 202, proposed.text
    assert await exams.service.stated(CandidateDisqualified) == []
    assert code(await exams.post(f"/sittings/{sitting}/disqualifications", body)) == "proposal-open"
    words = await asyncio.gather(*(confirm(exams, proposed, f"officer-{n}") for n in range(2, 6)))
    assert sorted(answer.status_code for answer in words) == [200, 409, 409, 409]
    assert len(await exams.service.stated(CandidateDisqualified)) == 1
    assert (await exams.get("/proposals")).json()["items"] == []
    assert (await exams.get("/proposals", role="proctor")).status_code == 403


async def test_a_disqualification_outlived_what_it_was_about(exams: Exams) -> None:
    """The sitting is closed before the officer confirms: a result that stands there still falls.

    Who got a result elsewhere meanwhile is not disqualified here, and the proposal is closed.
    """
    sitting, other = await exams.schedule(DOCTOR), await exams.schedule(DOCTOR, site="Hall B")
    await exams.score(sitting, D1)
    path = f"/sittings/{sitting}/disqualifications"
    first, second = [
        await exams.post(path, {"participant_no": candidate, "reason": "Joki"}, role="proctor")
        for candidate in (D1, D2)
    ]
    await exams.absent(other, D2)
    assert (await exams.close(sitting)).status_code == 200
    assert (await confirm(exams, first, "officer-2")).status_code == 200
    late = await confirm(exams, second, "officer-2")
    assert code(late) == "proposal-outdated"
    assert late.json()["errors"][0]["code"] == "already-missed"
    [fact] = await exams.service.stated(CandidateDisqualified)
    assert fact.participant_no == D1


async def test_a_score_overwrote_an_absence_without_a_reason(exams: Exams) -> None:
    """Neither takes the other's place, until somebody says why: by a correction.

    Whoever comes too late, or says the same again, is refused.
    """
    sitting = await exams.schedule(NURSE)
    await exams.absent(sitting, N1)
    await exams.score(sitting, N2)
    scored = await exams.score(sitting, N1)
    assert (scored.status_code, code(scored)) == (409, "already-missed")
    assert "correction" in scored.json()["detail"]
    assert code(await exams.absent(sitting, N2)) == "already-scored"
    assert code(await correct(exams, sitting, N1, absent=True)) == "already-missed"
    there = await correct(exams, sitting, N1, role="examiner", points=GOOD)
    assert (there.status_code, there.json()["state"]) == (201, "scored")
    away = await correct(exams, sitting, N2, role="examiner", absent=True)
    assert (away.status_code, away.json()["state"], away.json()["points"]) == (201, "missed", None)
    facts = await exams.service.stated(*CHANGES)
    assert [(type(fact), fact.participant_no) for fact in facts] == [
        (ExamMissed, N1),
        (ExamScored, N2),
        (ExamScored, N1),
        (ExamMissed, N2),
    ]
    for wrong in ({}, {"points": GOOD, "absent": True}, {"points": None}, {"absent": False}):
        answer = await correct(exams, sitting, N1, role="examiner", **wrong)
        assert (answer.status_code, code(answer)) == (422, "invalid-request"), wrong


async def test_an_absence_of_a_closed_sitting_gives_way_by_two_officers(exams: Exams) -> None:
    """The sums that were stated at closing stay true."""
    sitting = await closed(exams)
    for candidate, right in ((D2, {"points": RIGHT}), (D1, {"absent": True})):
        refused = await correct(exams, sitting, candidate, role="examiner", **right)
        assert code(refused) == "closed-for-your-role"
        proposed = await correct(exams, sitting, candidate, **right)
        assert proposed.status_code == 202, proposed.text
        confirmed = await confirm(exams, proposed, "officer-2")
        assert confirmed.status_code == 200, confirmed.text
    figures = (await exams.get(f"/sittings/{sitting}")).json()["vacancies"][0]
    assert (figures["scored"], figures["missed"], figures["waiting"]) == (1, 1, 0)


async def test_a_sitting_that_starts_in_2030_took_scores_today(exams: Exams) -> None:
    """Nothing is recorded before it starts: no score, no row of a file, no absence, nobody out.

    The refusal says when it starts, as people of the province read it.
    """
    sitting = await exams.schedule(NURSE, starts_at="2030-01-07T08:00:00+07:00")
    file = f"participant_no,TWK,TIU,TKP\n{N1},120,130,181\n"
    answers = [
        await exams.score(sitting, N1),
        await exams.send(sitting, file),
        await exams.absent(sitting, N1),
        await exams.post(
            f"/sittings/{sitting}/disqualifications", {"participant_no": N1, "reason": "Joki"}
        ),
    ]
    for answer in answers:
        assert (answer.status_code, code(answer)) == (409, "sitting-not-begun"), answer.text
        assert "2030-01-07 08:00 Asia/Jakarta" in answer.json()["detail"]
    assert await exams.service.stated(*CHANGES) == []
    exams.service.clock.advance(days=5 * 365)
    assert (await exams.send(sitting, file)).status_code == 200
