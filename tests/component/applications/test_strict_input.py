"""What is not written as the document says is refused, and never our fault: applications."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from tests.component.applications.conftest import FACTS, GENERAL, ROUND, Office, ok, refused

APPLY = f"/vacancies/{GENERAL}/applications"
Answers = dict[str, tuple[int, list[str]]]
"""Status and refused fields of an answer, by the value that was sent."""


async def send(office: Office, path: str, who: Mapping[str, str], body: object) -> httpx.Response:
    """POST as JSON of ASCII alone, so that half a character can be sent."""
    return await office.service.http.post(
        f"/applications{path}",
        content=json.dumps(body).encode(),
        headers={**who, "Content-Type": "application/json"},
    )


def columns(answer: httpx.Response) -> tuple[int, list[str]]:
    return answer.status_code, [error["field"] for error in answer.json().get("errors", [])]


async def answers(office: Office, field: str, values: list[object]) -> Answers:
    """What an application is answered with each of these values in a field."""
    who = office.applicant("citizen")
    return {
        repr(value): columns(await send(office, APPLY, who, FACTS | {field: value}))
        for value in values
    }


def all_refused(values: list[object], field: str) -> Answers:
    return {repr(value): (422, [field]) for value in values}


async def test_gpa_is_plain_digits(open_round: Office) -> None:
    """Minus zero and "0e-400" were our fault (500); exponents and other alphabets were taken.

    The answer says how to write it.
    """
    wrong: list[object] = ["-0", "0e-400", "3e0", "٣", "3,45", " 3.5", "+3", "1_0", "NaN", ""]
    wrong += ["03.5", "00", "3.456", "101", 3.5, 3, True, None, ["3"]]
    assert await answers(open_round, "gpa", wrong) == all_refused(wrong, "gpa")
    answer = await send(open_round, APPLY, open_round.applicant("citizen"), FACTS | {"gpa": "3,45"})
    (error,) = refused(answer, 422, "invalid-request")["errors"]
    assert '"3.45"' in error["reason"]


async def test_birth_date_is_a_day(open_round: Office) -> None:
    """0 and "852076800" were read as seconds since 1970."""
    wrong: list[object] = [0, "0", 852076800, "852076800", True, "1999-03-31T00:00:00", "٠"]
    wrong += ["31-03-1999", "1999-02-30", "1999-03-31\n", "0001-01-01", "9999-12-31"]
    assert await answers(open_round, "birth_date", wrong) == all_refused(wrong, "birth_date")


async def test_experience_is_a_whole_number(open_round: Office) -> None:
    """`true` was read as one month, and texts as numbers."""
    wrong: list[object] = [True, "18", " 18", 18.0, "1_8", "٣", None, -1, 721]
    field = "relevant_experience_months"
    assert await answers(open_round, field, wrong) == all_refused(wrong, field)


async def test_stated_text_is_one_line(open_round: Office) -> None:
    """Control characters, halves of characters and long texts are named; none is our fault."""
    wrong: list[object] = ["S-1\x00", "\ud800", "S-1\x1f", "S-1\nSarjana", "x" * 301, "  ", 1]
    field = "education_programme"
    assert await answers(open_round, field, wrong) == all_refused(wrong, field)


async def test_an_unknown_field_named_by_half_a_character(open_round: Office) -> None:
    """The name of an unknown field is answered with; half a character in it was our fault (500)."""
    answer = await send(open_round, APPLY, open_round.applicant("citizen"), FACTS | {"\ud800": 1})
    refused(answer, 422, "invalid-request")


async def test_a_calendar_is_of_this_century(office: Office) -> None:
    """The calendar's first and last year with a zone were our fault (500)."""
    wrong: list[object] = ["0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59-07:00"]
    wrong += ["2000-01-01T00:00:00+07:00", "2099-12-31T23:59:59-12:00"]  # not of it in UTC
    wrong += ["2026-08-20T00:00:00", "2026-08-20", "852076800", 852076800, True]
    for field in ("registration_opens", "registration_closes"):
        got = {
            repr(value): columns(
                await office.open(
                    calendar={
                        "registration_opens": "2026-08-20T00:00:00+07:00",
                        "registration_closes": "2026-09-10T23:59:00+07:00",
                        field: value,
                    }
                )
            )
            for value in wrong
        }
        assert got == all_refused(wrong, f"calendar.{field}")


async def test_the_fields_of_a_round(office: Office) -> None:
    """`true` was one seat, and NUL in a policy's name was looked for."""
    wrong: dict[str, list[object]] = {
        "decreed_seats": [True, "4", 4.0, "٤"],
        "policy_id": ["\x00", "a\nb", "", "x" * 41],
        "name": ["\x00", "a\nb", " ", "x" * 201],
    }
    for field, values in wrong.items():
        got = {
            repr(value): columns(await office.open(**{field: value}))  # type: ignore[arg-type]
            for value in values
        }
        assert got == all_refused(values, field)


async def test_reasons_of_a_rejection_are_codes(open_round: Office) -> None:
    """Half a character among the reasons was our fault (500)."""
    applied = ok(await open_round.post(APPLY, open_round.applicant("citizen"), FACTS), 201)
    path = f"{APPLY}/{applied['participant_no']}/verification"
    wrong: list[object] = ["\x00", "\ud800", "a" * 100]
    got = {
        repr(value): columns(
            await send(
                open_round, path, open_round.verifier(), {"decision": "TMS", "reasons": [value]}
            )
        )
        for value in wrong
    }
    assert got == all_refused(wrong, "reasons.0")


async def test_what_an_address_holds(office: Office) -> None:
    """Digits that only int() knows, NUL, a line feed and half a character are refused by name."""
    limits = [" 5", "1_0", "%D9%A3", "5.0", "%2B5", "true", "05"]
    ids = ["%00", "%ED%A0%80", "a%0Ab"]
    addresses = {f"rounds?limit={limit}": "limit" for limit in limits}
    addresses |= {f"rounds/{round_id}": "round_id" for round_id in ids}
    got = {
        address: columns(await office.service.http.get(f"/applications/{address}"))
        for address in addresses
    }
    assert got == {address: (422, [name]) for address, name in addresses.items()}


async def test_what_a_file_holds(office: Office) -> None:
    """Whole numbers are digits alone, and a path is one line of characters that can be seen."""
    numbers = ["1_0", "+1", "٣", "1.0", "true", "1 0", "1.840"]
    rows = [f"U-{at},Kota {at},{number}" for at, number in enumerate(numbers)]
    rows += ["U-8,Kota\x00A,1", "U-9,Kota\x7fB,1"]
    answer = await office.post(
        "/units/import", office.officer(), "\n".join(["unit_id,path,staff", *rows])
    )
    errors = refused(answer, 422, "rows-refused")["errors"]
    expected = [(line, "staff") for line in range(2, 9)] + [(9, "path"), (10, "path")]
    assert [(error["line"], error["column"]) for error in errors] == expected


async def test_an_id_of_a_round_stays_as_it_was(open_round: Office) -> None:
    """What is written plainly is taken as before."""
    assert ok(await open_round.get(f"/rounds/{ROUND}"))["round_id"] == ROUND
    receipt: Any = ok(await open_round.post(APPLY, open_round.applicant("citizen"), FACTS), 201)
    assert receipt["participant_no"]


async def test_how_to_write_it_is_said_in_the_reader_s_language(open_round: Office) -> None:
    """Indonesian without a wish, for each kind of fault that this service has of its own."""
    who = open_round.applicant("citizen") | {"Accept-Language": "id"}
    body = FACTS | {"gpa": "3,45", "birth_date": 0, "education_level": "a\x00b"}
    errors = (await send(open_round, APPLY, who, body)).json()["errors"]
    assert [error["reason"].partition(" ")[0] for error in errors] == ["Teks", "Tulis", "Tulis"]
