"""One result for each candidate at each stage: recorded, replaced only as the rules say, and
stated.
"""

import asyncio
from decimal import Decimal

import pytest

from shared.contracts.exams import CandidateDisqualified, ExamMissed, ExamScoreCorrected, ExamScored
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
    shortlisted,
    vacancy_published,
    verified,
    withdrawn,
)

N1, N2 = number(NURSE, 1), number(NURSE, 2)


async def test_a_score_is_recorded_and_stated(exams: Exams) -> None:
    """Points by component come back and are stated as exact decimals without zeros at their end."""
    sitting = await exams.schedule(NURSE)
    answer = await exams.score(sitting, N1, {"TWK": "120", "TIU": "130.000", "TKP": "181.0"})
    assert answer.status_code == 201
    assert answer.json() == {
        "sitting_id": sitting,
        "round_id": ROUND,
        "vacancy_id": NURSE,
        "stage": "skd",
        "participant_no": N1,
        "state": "scored",
        "points": GOOD,
    }
    [scored] = await exams.service.stated(ExamScored)
    assert (scored.vacancy_id, scored.participant_no, str(scored.sitting_id)) == (
        NURSE,
        N1,
        sitting,
    )
    assert scored.points == {"TWK": Decimal(120), "TIU": Decimal(130), "TKP": Decimal(181)}


async def test_a_result_can_be_read_where_its_answer_says(exams: Exams) -> None:
    """The Location of a score leads to that one candidate, whoever else is on the sitting."""
    sitting = await exams.schedule(NURSE)
    await exams.score(sitting, N2)
    answer = await exams.score(sitting, N1)
    staff = exams.service.who("one-officer", "officer")
    page = (await exams.service.http.get(answer.headers["Location"], headers=staff)).json()
    assert [(each["participant_no"], each["state"]) for each in page["items"]] == [(N1, "scored")]
    assert page["next"] is None
    nobody = await exams.get(f"/sittings/{sitting}/candidates", participant_no=number(NURSE, 99))
    assert nobody.json() == {"items": [], "next": None}


async def test_a_second_score_is_refused_and_says_what_to_do(exams: Exams) -> None:
    """Another score for the same candidate, in this or in another sitting, is refused and points to
    a correction.
    """
    first, second = await exams.schedule(NURSE), await exams.schedule(NURSE, site="Hall B")
    await exams.score(first, N1)
    for sitting in (first, second):
        again = await exams.score(sitting, N1, {"TWK": "50", "TIU": "50", "TKP": "50"})
        assert (again.status_code, code(again)) == (409, "already-scored")
        assert "correction" in again.json()["detail"]
        assert first in again.json()["detail"]
    assert len(await exams.service.stated(ExamScored)) == 1


async def test_the_same_key_gets_the_same_answer(exams: Exams) -> None:
    """A repeat with the same Idempotency-Key answers the same and states nothing more; another body
    under the key is refused.
    """
    sitting = await exams.schedule(NURSE)
    first = await exams.score(sitting, N1, key="score-0001")
    again = await exams.score(sitting, N1, key="score-0001")
    assert (again.status_code, again.json()) == (201, first.json())
    other = await exams.score(sitting, N2, key="score-0001")
    assert (other.status_code, code(other)) == (422, "idempotency-key-reused")
    assert len(await exams.service.stated(ExamScored)) == 1


async def test_two_at_once_with_one_key_have_one_effect(exams: Exams) -> None:
    """The same request sent many times at once is one score and one answer."""
    sitting = await exams.schedule(NURSE)
    answers = await asyncio.gather(*(exams.score(sitting, N1, key="score-0001") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(await exams.service.stated(ExamScored)) == 1


async def test_of_examiners_at_once_one_is_right(exams: Exams) -> None:
    """Many scores for one candidate at once: one stands and is stated, the others are refused as
    second scores.
    """
    sitting = await exams.schedule(NURSE)
    points = [{"TWK": str(5 * n), "TIU": "100", "TKP": "100"} for n in range(8)]
    answers = await asyncio.gather(*(exams.score(sitting, N1, each) for each in points))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {code(answer) for answer in answers if answer.status_code == 409} == {"already-scored"}
    assert len(await exams.service.stated(ExamScored)) == 1


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ({"TWK": "155", "TIU": "130", "TKP": "181"}, ["TWK", "maximum 150"]),
        ({"TWK": "121", "TIU": "130", "TKP": "181"}, ["TWK", "multiple of 5"]),
        ({"TWK": "120", "TIU": "130"}, ["TKP", "missing"]),
        ({"TWK": "120", "TIU": "130", "TKP": "181", "SKB": "1"}, ["SKB", "no such component"]),
    ],
)
async def test_points_outside_the_policy_are_refused(
    exams: Exams, points: dict[str, str], words: list[str]
) -> None:
    """The refusal names the component and the bound."""
    sitting = await exams.schedule(NURSE)
    answer = await exams.score(sitting, N1, points)
    assert (answer.status_code, code(answer)) == (422, "points-refused")
    assert all(word in answer.json()["detail"] for word in words)
    assert answer.json()["errors"][0]["field"] == f"points.{words[0]}"
    assert not await exams.service.stated(ExamScored)


@pytest.mark.parametrize(
    "points", [120, 120.5, "-5", "1e2", "NaN", "", "1_000", "١٢٠", "0.0000001", True, None]
)
async def test_points_are_digits_in_a_text(exams: Exams, points: object) -> None:
    """What is no plain decimal text is refused by name of the field, a number among them: it may
    have passed through a float.
    """
    sitting = await exams.schedule(NURSE)
    answer = await exams.score(sitting, N1, {**GOOD, "TWK": points})
    assert (answer.status_code, code(answer)) == (422, "invalid-request")
    assert "TWK" in answer.json()["errors"][0]["field"]


async def test_who_has_not_arrived_may_be_on_the_way(exams: Exams) -> None:
    """A number that no verification named is refused with the advice to try again, and is taken
    once it has come.
    """
    sitting = await exams.schedule(NURSE)
    early = await exams.score(sitting, number(NURSE, 9))
    assert (early.status_code, code(early)) == (409, "candidate-not-known")
    assert "try again in a few seconds" in early.json()["detail"]
    await exams.hear(*verified(NURSE, 9))
    assert (await exams.score(sitting, number(NURSE, 9))).status_code == 201


async def test_who_is_not_of_the_sitting_is_refused(exams: Exams) -> None:
    """Candidates of vacancies that the sitting does not hold, and candidates who withdrew, get no
    result in it.
    """
    sitting = await exams.schedule(NURSE)
    assert code(await exams.score(sitting, number(DOCTOR, 1))) == "not-in-this-sitting"
    await exams.hear(withdrawn(NURSE, 2))
    assert code(await exams.score(sitting, N2)) == "candidate-withdrawn"
    assert code(await exams.absent(sitting, N2)) == "candidate-withdrawn"
    assert not await exams.service.stated(ExamScored, ExamMissed)


async def test_absence(exams: Exams) -> None:
    """An absence is stated once; after a score it is refused; a correction mends one noted by
    mistake, in its own sitting.
    """
    sitting, other = await exams.schedule(NURSE), await exams.schedule(NURSE, site="Hall B")
    assert (await exams.absent(sitting, N1)).json()["state"] == "missed"
    assert code(await exams.absent(sitting, N1)) == "already-missed"
    assert code(await exams.score(other, N1)) == "already-missed"
    assert code(await exams.score(sitting, N1)) == "already-missed"
    assert code(await exams.correct(other, N1, GOOD)) == "already-missed"
    assert (await exams.correct(sitting, N1, GOOD)).status_code == 201
    await exams.score(sitting, N2)
    assert code(await exams.absent(sitting, N2)) == "already-scored"
    facts = await exams.service.stated(ExamMissed, ExamScored)
    assert [(type(fact), fact.participant_no) for fact in facts] == [
        (ExamMissed, N1),
        (ExamScored, N1),
        (ExamScored, N2),
    ]


async def test_disqualification_replaces_a_result_once(exams: Exams) -> None:
    """It takes the place of points, absence or nothing, is final, and belongs to the sitting that
    recorded the result.
    """
    sitting, other = await exams.schedule(NURSE), await exams.schedule(NURSE, site="Hall B")
    await exams.score(sitting, N1)
    await exams.absent(sitting, N2)
    assert code(await exams.disqualify(other, N1)) == "already-scored"
    for n in (1, 2, 3):
        answer = await exams.disqualify(sitting, number(NURSE, n))
        assert answer.status_code == 200, answer.text
        outcome = answer.json()["outcome"]
        assert (outcome["state"], outcome["points"]) == ("disqualified", None)
        assert code(await exams.disqualify(sitting, number(NURSE, n))) == "already-disqualified"
        assert code(await exams.score(sitting, number(NURSE, n))) == "already-disqualified"
        assert code(await exams.correct(sitting, number(NURSE, n), GOOD)) == "already-disqualified"
    assert len(await exams.service.stated(CandidateDisqualified)) == 3


async def test_words_about_persons_stay_here(exams: Exams) -> None:
    """Reasons stand in their table, and in proposals, which officers alone are shown: in no event,
    no audit row.
    """
    sitting = await exams.schedule(NURSE)
    await exams.score(sitting, N1)
    corrected = await exams.correct(sitting, N1, {**GOOD, "TWK": "125"})
    await exams.disqualify(sitting, N2)
    pool = exams.service.pool
    kept = await pool.fetch(
        "SELECT participant_no, decision, reason FROM personal_reason ORDER BY id"
    )
    assert [tuple(row) for row in kept] == [
        (N1, "corrected", "Salah baca"),
        (N2, "disqualified", "Membawa ponsel"),
    ]
    outbox = await pool.fetch(
        "SELECT convert_from(data, 'UTF8') || headers AS text FROM messaging.outbox"
    )
    audit = await pool.fetch("SELECT audit::text AS text FROM audit")
    everywhere = " ".join([*(row["text"] for row in (*outbox, *audit)), corrected.text])
    assert "Salah" not in everywhere
    assert "ponsel" not in everywhere


async def test_correction(exams: Exams) -> None:
    """It replaces a result, only where there is one, and only in the sitting that recorded it."""
    sitting, other = await exams.schedule(NURSE), await exams.schedule(NURSE, site="Hall B")
    assert code(await exams.correct(sitting, N1, GOOD)) == "nothing-to-correct"
    await exams.score(sitting, N1)
    assert code(await exams.correct(other, N1, GOOD)) == "already-scored"
    assert code(await exams.correct(sitting, N1, {**GOOD, "TWK": "151"})) == "points-refused"
    right = {**GOOD, "TWK": "125"}
    assert (await exams.correct(sitting, N1, right)).json()["points"] == right
    [corrected] = await exams.service.stated(ExamScoreCorrected)
    assert corrected.points["TWK"] == 125


@pytest.mark.parametrize("reason", ["", "  ", "ab", "  ab\n  ", "Joki\x00", None])
async def test_a_correction_needs_a_reason(exams: Exams, reason: str | None) -> None:
    """No words, or blanks, are no reason."""
    sitting = await exams.schedule(NURSE)
    await exams.score(sitting, N1)
    body = {"participant_no": N1, "points": GOOD, "reason": reason}
    answer = await exams.post(f"/sittings/{sitting}/corrections", body, role="examiner")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "reason")


@pytest.mark.parametrize(
    ("path", "body", "roles"),
    [
        ("/scores", {"participant_no": N1, "points": GOOD}, {"examiner"}),
        ("/scores/import", f"participant_no,TWK,TIU,TKP\n{N1},120,130,181\n", {"examiner"}),
        ("/absences", {"participant_no": N1}, {"examiner", "proctor"}),
        ("/disqualifications", {"participant_no": N1, "reason": "Joki"}, {"officer", "proctor"}),
        (
            "/corrections",
            {"participant_no": N1, "points": GOOD, "reason": "Joki"},
            {"examiner", "officer"},
        ),
        ("/close", None, {"officer"}),
    ],
)
async def test_who_may_record(
    exams: Exams, path: str, body: dict[str, object] | str | None, roles: set[str]
) -> None:
    """Each route is for its roles; others are told so, and nobody without a token is heard."""
    sitting = await exams.schedule(NURSE)
    for role in (
        "applicant",
        "verifier",
        "examiner",
        "proctor",
        "officer",
        "supervisor",
        "operator",
    ):
        answer = await exams.post(f"/sittings/{sitting}{path}", body, role=role)
        assert (answer.status_code == 403) == (role not in roles), (role, answer.text)
    assert (
        await exams.service.http.post(f"/exams/sittings/{sitting}{path}", json=body)
    ).status_code == 401


async def test_each_decision_is_on_record(exams: Exams) -> None:
    """The audit trail says who did what to which result."""
    sitting = await exams.schedule(NURSE)
    await exams.score(sitting, N1)
    await exams.absent(sitting, N2)
    await exams.correct(sitting, N1, GOOD)
    await exams.disqualify(sitting, N1)
    rows = await exams.service.pool.fetch("SELECT subject, action, object FROM audit ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("one-officer", "sitting.scheduled", sitting),
        ("one-examiner", "score.recorded", f"{ROUND}/skd/{N1}"),
        ("one-proctor", "absence.recorded", f"{ROUND}/skd/{N2}"),
        ("one-examiner", "score.corrected", f"{ROUND}/skd/{N1}"),
        ("one-proctor", "disqualification.proposed", f"{ROUND}/skd/{N1}"),
        ("second-officer", "candidate.disqualified", f"{ROUND}/skd/{N1}"),
        ("second-officer", "disqualification.confirmed", f"{ROUND}/skd/{N1}"),
    ]


async def test_a_component_of_some_needs_is_asked_of_these_alone(empty: Exams) -> None:
    """An administrative post's simulation is missing where it is left out, and refused where a
    general post's candidate has one; in a file too.
    """
    await empty.hear(
        round_opened(policy_id="local-kasemen"),
        vacancy_published(CLERK, need="ADMINISTRASI"),
        vacancy_published(NURSE),
        *(
            fact
            for vacancy in (CLERK, NURSE)
            for fact in (*verified(vacancy, 1), shortlisted(vacancy, 1, "kompetensi"))
        ),
    )
    sitting = await empty.schedule(CLERK, NURSE, stage="lanjutan")
    both = {"WAWANCARA": "80", "PSIKOLOGI": "75"}
    clerk = number(CLERK, 1)
    for who, points, fault in (
        (clerk, both, "SIMULASI: points are missing"),
        (N1, both | {"SIMULASI": "90"}, "SIMULASI: vacancies for UMUM have no such component"),
    ):
        refused = await empty.score(sitting, who, points)
        assert (refused.status_code, code(refused)) == (422, "points-refused")
        assert fault in refused.json()["detail"]
    file = f"participant_no,WAWANCARA,PSIKOLOGI,SIMULASI\n{clerk},80,75,\n{N1},80,75,90\n"
    refused = await empty.send(sitting, file)
    assert [(error["line"], error["column"]) for error in refused.json()["errors"]] == [
        (2, "SIMULASI"),
        (3, "SIMULASI"),
    ]
    whole = f"participant_no,WAWANCARA,PSIKOLOGI,SIMULASI\n{clerk},80,75,90\n{N1},80,75,\n"
    answer = await empty.send(sitting, whole)
    assert answer.status_code == 200, answer.text
