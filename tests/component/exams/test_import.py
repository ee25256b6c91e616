"""Scores of many candidates by file: all of it or nothing."""

import asyncio
from decimal import Decimal
from uuid import UUID

import pytest

from services.exams.scores.usecases.record_score import RecordScore, record_score
from shared.contracts.exams import ExamScored
from tests.component.exams.conftest import DOCTOR, NURSE, Exams, code, number, verified, withdrawn

HEADER = "participant_no,TWK,TIU,TKP\n"
N1, N2, N3 = (number(NURSE, n) for n in (1, 2, 3))


async def test_a_file_is_recorded_and_stated(exams: Exams) -> None:
    """Each row is one ExamScored; columns may stand in any order; the same key sends it once."""
    sitting = await exams.schedule(NURSE, DOCTOR)
    file = (
        f"TKP,participant_no,TIU,TWK\r\n181,{N2},130,120.0\r\n225,{number(DOCTOR, 1)},175,150\r\n"
    )
    for _ in range(2):
        answer = await exams.send(sitting, file, key="file-0001")
        assert (answer.status_code, answer.json()) == (200, {"sitting_id": sitting, "recorded": 2})
    stated = await exams.service.stated(ExamScored)
    assert [(fact.vacancy_id, fact.participant_no) for fact in stated] == [
        (NURSE, N2),
        (DOCTOR, number(DOCTOR, 1)),
    ]
    assert stated[0].points == {"TWK": Decimal(120), "TIU": Decimal(130), "TKP": Decimal(181)}
    kept = await exams.service.pool.fetchval(
        "SELECT points FROM result WHERE participant_no = $1", N2
    )
    assert kept == {"TWK": "120", "TIU": "130", "TKP": "181"}
    audited = await exams.service.pool.fetch(
        "SELECT object FROM audit WHERE action = 'score.imported'"
    )
    assert len(audited) == 2


async def test_every_fault_is_named_and_nothing_is_kept(exams: Exams) -> None:
    """Wrong points, unknown components' bounds, numbers twice, candidates without admission or with
    a result: line, column and reason of each.
    """
    sitting = await exams.schedule(NURSE)
    await exams.absent(sitting, number(NURSE, 4))
    await exams.hear(withdrawn(NURSE, 3))
    answer = await exams.send(
        sitting,
        HEADER
        + f"{N1},155,131,181\n"  # 2: above the maximum, off the step
        + f"{N2},120,130,\n"  # 3: missing
        + f"{number(NURSE, 4)},120,130,181\n"  # 4: absent
        + f"{N3},120,130,181\n"  # 5: withdrawn
        + f"{number(DOCTOR, 1)},120,130,181\n"  # 6: another vacancy's
        + "17,120,130,181\n"  # 7: no participant number
        + f"{number(DOCTOR, 1)},120,1e2,181\n"  # 8: not in digits
        # 9, 10: unknown, in line 9 already
        + f"{number(NURSE, 8)},120,130,181\n{number(NURSE, 8)},120,130,181\n",
    )
    assert (answer.status_code, code(answer)) == (422, "rows-refused")
    faults = [(fault["line"], fault["column"]) for fault in answer.json()["errors"]]
    assert faults == [
        (2, "TWK"),
        (2, "TIU"),
        (3, "TKP"),
        (4, "participant_no"),
        (5, "participant_no"),
        (6, "participant_no"),
        (7, "participant_no"),
        (8, "TIU"),
        (9, "participant_no"),
        (10, "participant_no"),
    ]
    reasons = {fault["line"]: fault["reason"] for fault in answer.json()["errors"]}
    assert "multiple of 5" in reasons[2]
    assert "noted absent" in reasons[4]
    assert "took the application back" in reasons[5]
    assert "does not hold" in reasons[6]
    assert "in line 9 already" in reasons[10]
    assert not await exams.service.stated(ExamScored)
    assert (
        await exams.service.pool.fetchval("SELECT count(*) FROM result WHERE state = 'scored'") == 0
    )


async def test_faults_are_told_in_the_readers_language(exams: Exams) -> None:
    """Without a wish for English, a row's reason is Indonesian."""
    sitting = await exams.schedule(NURSE)
    await exams.absent(sitting, N1)
    headers = exams.service.who("one-examiner", "examiner") | {"Accept-Language": "id"}
    answer = await exams.service.http.post(
        f"/exams/sittings/{sitting}/scores/import",
        content=f"{HEADER}{N1},120,130,181\n",
        headers=headers,
    )
    assert "tercatat tidak hadir" in answer.json()["errors"][0]["reason"]


async def test_a_file_ahead_of_its_candidates_is_asked_for_again(exams: Exams) -> None:
    """Where nothing is wrong but that candidates have not arrived, the answer is 409, and the same
    file under the same key is taken later.
    """
    sitting = await exams.schedule(NURSE)
    file = f"{HEADER}{N1},120,130,181\n{number(NURSE, 9)},120,130,181\n"
    early = await exams.send(sitting, file, key="file-0001")
    assert (early.status_code, code(early)) == (409, "candidates-not-known")
    assert [(fault["line"], fault["column"]) for fault in early.json()["errors"]] == [
        (3, "participant_no")
    ]
    assert not await exams.service.stated(ExamScored)
    await exams.hear(*verified(NURSE, 9))
    assert (await exams.send(sitting, file, key="file-0001")).json()["recorded"] == 2


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("participant_no,TWK,TIU\n", "The header is"),
        ("participant_no,TWK,TIU,SKB\n", "The header is"),
        ("", "The header is"),
        (f'{HEADER}"{N1},120,130,181\n', "Line"),
        (f"{HEADER}{N1},120,130\n", None),
        (f"{HEADER}{N1},120,130,181,5\n", None),
        ("\x00", "The header is"),
    ],
)
async def test_a_file_of_another_form_is_refused(
    exams: Exams, file: str, words: str | None
) -> None:
    """Other columns, broken quotes, too few or too many values: the answer says what is right."""
    sitting = await exams.schedule(NURSE)
    answer = await exams.send(sitting, file)
    assert answer.status_code == 422
    if words is None:
        assert (code(answer), answer.json()["errors"][0]["line"]) == ("rows-refused", 2)
    else:
        assert code(answer) == "file-unreadable"
        assert words in answer.json()["detail"]
        assert "participant_no,TWK,TIU,TKP" in answer.json()["detail"]


async def test_of_two_files_at_once_one_is_recorded(exams: Exams) -> None:
    """Files that name the same candidates in other orders don't wait for each other for ever, even
    held up half-way by a third examiner: one is recorded, the other refused whole.
    """
    sitting, other = await exams.schedule(NURSE), await exams.schedule(NURSE, site="Hall B")
    rows = [f"{number(NURSE, n)},120,130,181\n" for n in (1, 2, 3)]
    command = RecordScore.model_validate(
        {"participant_no": N2, "points": {"TWK": "0", "TIU": "0", "TKP": "0"}}
    )
    examiner = exams.service.person("third", "examiner")
    service = exams.service
    async with service.pool.acquire() as connection:
        held = connection.transaction()
        await held.start()
        await record_score(
            connection,
            service.outbox,
            examiner,
            UUID(other),
            command,
            service.clock(),
            service.app.state.resources.settings.zone,
        )
        sending = [
            asyncio.create_task(exams.send(sitting, HEADER + "".join(rows))),
            asyncio.create_task(exams.send(other, HEADER + "".join(reversed(rows)))),
        ]
        await asyncio.sleep(0.5)
        assert not any(task.done() for task in sending)
        await held.rollback()
    answers = await asyncio.gather(*sending)
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    [refused] = [answer for answer in answers if answer.status_code == 422]
    assert len(refused.json()["errors"]) == 3
    assert "has points at this stage" in refused.json()["errors"][0]["reason"]
    stated = await exams.service.stated(ExamScored)
    assert sorted(fact.participant_no for fact in stated) == [N1, N2, N3]
    assert len({fact.sitting_id for fact in stated}) == 1


@pytest.mark.parametrize("cell", ['"1,500"', "1e2", "-0", "many"])
async def test_how_points_are_written_in_a_file_is_said(exams: Exams, cell: str) -> None:
    """The answer asked for quotation marks, which a file doesn't need."""
    sitting = await exams.schedule(NURSE)
    answer = await exams.send(sitting, f"{HEADER}{N1},{cell},130,181\n")
    [fault] = answer.json()["errors"]
    assert (fault["line"], fault["column"]) == (2, "TWK")
    assert fault["reason"].startswith("Write it in plain digits, with a point before decimals")
