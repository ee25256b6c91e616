"""Closing a sitting says in the log that its results are all there; nothing that follows may make
it untrue.
"""

import asyncio
from uuid import UUID
from zoneinfo import ZoneInfo

from services.exams.scores.usecases.close_sitting import close_sitting
from services.exams.scores.usecases.record_score import RecordScore, record_score
from shared.contracts.exams import CandidateDisqualified, ExamScoreCorrected, SittingClosed
from tests.component.exams.conftest import (
    CLERK,
    DOCTOR,
    GOOD,
    NURSE,
    Exams,
    code,
    list_closed,
    list_corrected,
    number,
    revoked,
    shortlisted,
    verified,
    withdrawn,
)

N1, N2, N3, N4 = (number(NURSE, n) for n in (1, 2, 3, 4))
D1, D2 = number(DOCTOR, 1), number(DOCTOR, 2)
FIRST_RESULTS = ("terang.ExamScored", "terang.ExamMissed")


async def test_it_stays_open_while_results_are_missing(exams: Exams) -> None:
    """The refusal counts them and names the first numbers of each vacancy; who withdrew is not
    awaited.
    """
    await exams.hear(*verified(NURSE, *range(5, 10)), withdrawn(NURSE, 1))
    sitting = await exams.schedule(NURSE, DOCTOR, CLERK)
    await exams.score(sitting, D2)
    answer = await exams.close(sitting)
    assert (answer.status_code, code(answer)) == (409, "results-missing")
    assert "9 candidates of 2 vacancies" in answer.json()["detail"]
    assert answer.json()["errors"] == [
        {"about": DOCTOR, "reason": f"1: {D1}"},
        {"about": NURSE, "reason": f"8: {', '.join(number(NURSE, n) for n in range(2, 7))} …"},
    ]
    assert not await exams.service.stated(SittingClosed)


async def test_a_sitting_that_starts_in_2030_was_closed_today(exams: Exams) -> None:
    """Its candidates had results in another sitting: nobody was awaited. It stays open."""
    begun = await exams.schedule(DOCTOR)
    await exams.score(begun, D1)
    await exams.absent(begun, D2)
    sitting = await exams.schedule(DOCTOR, starts_at="2030-01-07T08:00:00+07:00")
    answer = await exams.close(sitting)
    assert (answer.status_code, code(answer)) == (409, "sitting-not-begun")
    assert "2030-01-07 08:00 Asia/Jakarta" in answer.json()["detail"]
    assert not await exams.service.stated(SittingClosed)
    assert (await exams.close(begun)).status_code == 200
    exams.service.clock.advance(days=5 * 365)
    assert (await exams.close(sitting)).status_code == 200


async def test_it_counts_each_candidate_once(exams: Exams) -> None:
    """By newest result, in the sitting that recorded it, for each vacancy: also one without
    candidates.
    """
    rest, sitting = (
        await exams.schedule(NURSE, site="Hall B"),
        await exams.schedule(NURSE, DOCTOR, CLERK),
    )
    await exams.score(sitting, N1)
    await exams.correct(sitting, N1, {**GOOD, "TWK": "125"})
    await exams.score(sitting, N2)
    await exams.disqualify(sitting, N2)
    await exams.absent(sitting, N3)
    await exams.score(rest, N4)
    await exams.absent(sitting, D1)
    await exams.score(sitting, D2)
    answer = await exams.close(sitting, key="close-0001")
    assert answer.status_code == 200
    assert answer.json()["closed_at"] == "2026-08-20T03:00:00Z"
    assert (await exams.close(sitting, key="close-0001")).json() == answer.json()
    assert code(await exams.close(sitting)) == "sitting-closed"
    assert (await exams.close(rest)).status_code == 200
    counts = [
        (fact.vacancy_id, fact.scored, fact.missed, fact.disqualified)
        for fact in await exams.service.stated(SittingClosed)
    ]
    assert counts == [(CLERK, 0, 0, 0), (DOCTOR, 1, 1, 0), (NURSE, 1, 1, 1), (NURSE, 1, 0, 0)]
    assert (await exams.get(f"/sittings/{sitting}")).json() == answer.json()


async def test_afterwards_there_are_no_first_results(exams: Exams) -> None:
    """Scores, files, absences and disqualifications of candidates without a result are refused in a
    closed sitting; another takes them.
    """
    sitting = await exams.schedule(DOCTOR)
    await exams.score(sitting, D1)
    await exams.absent(sitting, D2)
    await exams.close(sitting)
    await exams.hear(*verified(DOCTOR, 3))
    late = number(DOCTOR, 3)
    for answer in (
        await exams.score(sitting, late),
        await exams.score(sitting, D2),
        await exams.absent(sitting, late),
        await exams.disqualify(sitting, late, role="officer"),
        await exams.send(sitting, f"participant_no,TWK,TIU,TKP\n{late},120,130,181\n"),
    ):
        assert (answer.status_code, code(answer)) == (409, "sitting-closed")
    assert (await exams.score(await exams.schedule(DOCTOR), late)).status_code == 201


async def test_afterwards_officers_correct_and_disqualify(exams: Exams) -> None:
    """What stands in a closed sitting is changed by two officers; it is stated, and the counts are
    not stated again.
    """
    sitting = await exams.schedule(DOCTOR)
    await exams.score(sitting, D1)
    await exams.score(sitting, D2)
    await exams.close(sitting)
    right = {**GOOD, "TWK": "125"}
    assert code(await exams.correct(sitting, D1, right)) == "closed-for-your-role"
    assert code(await exams.disqualify(sitting, D2)) == "closed-for-your-role"
    corrected = await exams.correct(sitting, D1, right, role="officer")
    assert corrected.json()["outcome"]["points"] == right
    disqualified = await exams.disqualify(sitting, D2, role="officer")
    assert disqualified.json()["outcome"]["state"] == "disqualified"
    stated = await exams.service.stated(SittingClosed, ExamScoreCorrected, CandidateDisqualified)
    assert [type(fact) for fact in stated] == [
        SittingClosed,
        ExamScoreCorrected,
        CandidateDisqualified,
    ]
    assert (stated[0].scored, stated[0].disqualified) == (2, 0)


async def test_closing_waits_for_who_is_recording(exams: Exams) -> None:
    """While a result is being recorded the sitting doesn't close; then the result is counted."""
    sitting = await exams.schedule(DOCTOR)
    await exams.absent(sitting, D1)
    command = RecordScore.model_validate({"participant_no": D2, "points": GOOD})
    examiner = exams.service.person("one-examiner", "examiner")
    service = exams.service
    async with service.pool.acquire() as connection, connection.transaction():
        await record_score(
            connection,
            service.outbox,
            examiner,
            UUID(sitting),
            command,
            service.clock(),
            service.app.state.resources.settings.zone,
        )
        closing = asyncio.create_task(exams.close(sitting))
        await asyncio.sleep(0.5)
        assert not closing.done()
    assert (await closing).status_code == 200
    [fact] = await exams.service.stated(SittingClosed)
    assert (fact.scored, fact.missed) == (1, 1)


async def test_recording_waits_for_who_is_closing(exams: Exams) -> None:
    """While a sitting is being closed nothing is recorded in it; then it is too late for a first
    result.
    """
    sitting = await exams.schedule(CLERK)
    await exams.hear(*verified(CLERK, 1), withdrawn(CLERK, 1))
    officer = exams.service.person("one-officer", "officer")
    service = exams.service
    async with service.pool.acquire() as connection, connection.transaction():
        await close_sitting(
            connection,
            service.outbox,
            officer,
            UUID(sitting),
            service.clock(),
            ZoneInfo("Asia/Jakarta"),
        )
        await exams.hear(*verified(CLERK, 2))
        late = [
            asyncio.create_task(exams.score(sitting, number(CLERK, 2))),
            asyncio.create_task(exams.absent(sitting, number(CLERK, 2))),
            asyncio.create_task(exams.disqualify(sitting, number(CLERK, 2), role="officer")),
        ]
        await asyncio.sleep(0.5)
        assert not any(task.done() for task in late)
    assert [code(answer) for answer in await asyncio.gather(*late)] == ["sitting-closed"] * 3
    assert (await exams.service.stated())[-1] == (await exams.service.stated(SittingClosed))[-1]


async def test_closing_and_recording_at_once(exams: Exams) -> None:
    """Whoever comes first: no first result of a sitting stands in the log behind its SittingClosed,
    and the count is that of the log before it.
    """
    await exams.hear(*verified(DOCTOR, *range(3, 33)))
    sitting = await exams.schedule(DOCTOR)
    everyone = [number(DOCTOR, n) for n in range(1, 33)]

    async def close_until_closed() -> None:
        while (await exams.close(sitting)).status_code != 200:
            pass

    async def late() -> list[int]:
        answers = []
        for n in range(40, 52):
            await exams.hear(*verified(DOCTOR, n))
            answers.append((await exams.score(sitting, number(DOCTOR, n))).status_code)
        return answers

    async with asyncio.TaskGroup() as group:
        group.create_task(close_until_closed())
        later = group.create_task(late())
        for n, participant_no in enumerate(everyone):
            group.create_task(
                exams.absent(sitting, participant_no)
                if n % 3
                else exams.score(sitting, participant_no)
            )
    log = await exams.service.pool.fetch("SELECT type FROM messaging.outbox ORDER BY id")
    types = [row["type"] for row in log]
    closed = types.index("terang.SittingClosed")
    results = [place for place, type_ in enumerate(types) if type_ in FIRST_RESULTS]
    assert max(results) < closed
    [fact] = await exams.service.stated(SittingClosed)
    assert fact.scored + fact.missed == len(results) == 32 + later.result().count(201)


async def test_the_second_stage_is_for_the_shortlisted(exams: Exams) -> None:
    """Who is on the list sits it; who is not is refused, differently before and after the list is
    closed.
    """
    sitting = await exams.schedule(DOCTOR, stage="skb")
    points = {"SKB": "82.125"}
    assert code(await exams.score(sitting, D1, points)) == "not-shortlisted-yet"
    assert code(await exams.score(sitting, number(DOCTOR, 9), points)) == "candidate-not-known"
    await exams.hear(shortlisted(DOCTOR, 1), list_closed(DOCTOR, 1))
    assert (await exams.score(sitting, D1, points)).json()["points"] == points
    assert code(await exams.score(sitting, D2, points)) == "not-shortlisted"
    assert code(await exams.send(sitting, f"participant_no,SKB\n{D2},80\n")) == "rows-refused"


async def test_the_second_stage_closes_when_the_whole_shortlist_is_here(exams: Exams) -> None:
    """Not before each vacancy's list is closed and all whom it admits have arrived, in whatever
    order, and have a result.
    """
    sitting = await exams.schedule(DOCTOR, NURSE, stage="skb")
    assert code(await exams.close(sitting)) == "shortlist-incomplete"
    await exams.hear(list_closed(DOCTOR, 2), shortlisted(DOCTOR, 1), list_closed(NURSE, 0))
    await exams.absent(sitting, D1)
    answer = await exams.close(sitting)
    assert (answer.status_code, code(answer)) == (409, "shortlist-incomplete")
    assert DOCTOR in answer.json()["detail"]
    assert NURSE not in answer.json()["detail"]
    await exams.hear(shortlisted(DOCTOR, 2))
    assert code(await exams.close(sitting)) == "results-missing"
    await exams.score(sitting, D2, {"SKB": "80"})
    assert (await exams.close(sitting)).status_code == 200
    counts = {
        fact.vacancy_id: (fact.scored, fact.missed, fact.disqualified)
        for fact in await exams.service.stated(SittingClosed)
    }
    assert counts == {DOCTOR: (1, 1, 0), NURSE: (0, 0, 0)}


async def test_a_corrected_list_takes_admissions_back_and_gives_them(exams: Exams) -> None:
    """Who is no longer on it neither sits nor is awaited, though verified; who is newly on it is.

    What was recorded stays. An older word changes nothing.
    """
    sitting = await exams.schedule(NURSE, stage="skb")
    points = {"SKB": "80"}
    early = exams.service.event(shortlisted(NURSE, 2))
    await exams.hear(shortlisted(NURSE, 1))
    await exams.service.hear(early)
    await exams.hear(shortlisted(NURSE, 3), list_closed(NURSE, 3))
    await exams.score(sitting, N3, points)
    await exams.hear(revoked(NURSE, 2), revoked(NURSE, 3))
    assert code(await exams.close(sitting)) == "shortlist-incomplete"
    await exams.hear(shortlisted(NURSE, 4), list_corrected(NURSE, 2))
    await exams.service.hear(early)
    assert code(await exams.score(sitting, N2, points)) == "not-shortlisted"
    queue = await exams.get(f"/sittings/{sitting}/candidates")
    assert {item["participant_no"]: item["state"] for item in queue.json()["items"]} == {
        N1: "waiting",
        N3: "scored",
        N4: "waiting",
    }
    assert (await exams.score(sitting, N1, points)).status_code == 201
    assert (await exams.score(sitting, N4, points)).status_code == 201
    assert (await exams.close(sitting)).status_code == 200
    [fact] = await exams.service.stated(SittingClosed)
    assert fact.scored == 3
    await exams.hear(shortlisted(NURSE, 2), list_corrected(NURSE, 3, version=3))
    assert (
        await exams.score(await exams.schedule(NURSE, stage="skb"), N2, points)
    ).status_code == 201


async def test_stages_are_apart(exams: Exams) -> None:
    """A result at one stage says nothing of the next: the same candidate is scored in both."""
    first, second = await exams.schedule(DOCTOR), await exams.schedule(DOCTOR, stage="skb")
    await exams.score(first, D1)
    await exams.hear(shortlisted(DOCTOR, 1))
    assert (await exams.score(second, D1, {"SKB": "100"})).status_code == 201


async def test_the_newest_event_of_a_list_counts(exams: Exams) -> None:
    """A list stated again in one batch is kept as it was stated last; an older statement never
    overwrites it.
    """
    old, new = (
        exams.service.event(list_closed(DOCTOR, 2)),
        exams.service.event(list_closed(DOCTOR, 1)),
    )
    await exams.service.hear(old, new)
    await exams.service.hear(old)
    assert (
        await exams.service.pool.fetchval(
            "SELECT shortlisted FROM closed_list WHERE vacancy_id = $1", DOCTOR
        )
        == 1
    )
