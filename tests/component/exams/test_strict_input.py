"""What is not written as the document says is refused, and never our fault: exams."""

import json
from decimal import Decimal

from shared.contracts.exams import ExamScored
from tests.component.exams.conftest import GOOD, NURSE, ROUND, Exams, number

HEADER = "participant_no,TWK,TIU,TKP\n"


async def test_points_of_a_request_are_plain_digits(exams: Exams) -> None:
    """The answer says how to write what was meant."""
    sitting = await exams.schedule(NURSE)
    for points in (
        120,
        120.0,
        True,
        "1e2",
        "٣",
        "-0",
        "0e-400",
        " 120",
        "1_20",
        "+120",
        "0120",
        "120,5",
    ):
        answer = await exams.score(sitting, number(NURSE, 1), GOOD | {"TWK": points})
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["field"]) == (422, "points.TWK"), points
        assert '"82.5"' in error["reason"]


async def test_a_decimal_comma_in_a_file(exams: Exams) -> None:
    """A file may have decimals with a comma; three digits after it may be thousands."""
    sitting = await exams.schedule(NURSE, stage="skd")
    rows = f'{number(NURSE, 1)},"120,0",130,181\n'
    doubtful = f'{number(NURSE, 2)},"1,200",130,181\n{number(NURSE, 3)},"1.000,5",130,181\n'
    answer = await exams.send(sitting, HEADER + rows + doubtful)
    faults = [(error["line"], error["column"]) for error in answer.json()["errors"]]
    assert (answer.status_code, faults) == (422, [(3, "TWK"), (4, "TWK")])
    taken = await exams.send(sitting, HEADER + rows)
    assert taken.status_code == 200, taken.text
    (stated,) = await exams.service.stated(ExamScored)
    assert stated.points["TWK"] == Decimal(120)


async def test_the_fields_of_a_sitting(exams: Exams) -> None:
    """Seconds since 1970 were an hour; control characters are refused by name."""
    sitting = {
        "round_id": ROUND,
        "stage": "skd",
        "site": "Hall A",
        "starts_at": "2026-08-20T08:00:00+07:00",
        "vacancy_ids": [NURSE],
    }
    wrong: dict[str, list[object]] = {
        "starts_at": ["0001-01-01T00:00:00+07:00", 852076800, "852076800", "2026-08-20", True],
        "site": ["a\x00b", "a\nb", "\ud800", "x" * 201],
        "other": [1],
    }
    # years of the last century and of the next in UTC: these were our fault (500)
    wrong["starts_at"] += ["2000-01-01T00:00:00+07:00", "2099-12-31T23:59:59-12:00"]
    headers = exams.service.who("officer-1", "officer") | {"Content-Type": "application/json"}
    for field, values in wrong.items():
        for value in values:
            body = json.dumps(sitting | {field: value}).encode()
            answer = await exams.service.http.post("/exams/sittings", content=body, headers=headers)
            (error,) = answer.json()["errors"]
            assert (answer.status_code, error["field"]) == (422, field), value
