"""What is not written as the document says is refused, and never our fault: feedback."""

import json
from collections.abc import Awaitable, Callable

import httpx
import pytest

from shared.contracts.applications import UnitRegistered
from tests.component.conftest import ServiceApp

COMPLAINT = {"unit_id": "U-1", "category": "conduct", "text": "I waited four hours"}
ID = "01932f5e-7a3c-7d10-9c2b-5f0e6a1d4b78"


@pytest.fixture
async def feedback(service_app: Callable[..., Awaitable[ServiceApp]]) -> ServiceApp:
    """Feedback that knows a unit of twenty people."""
    app = await service_app("feedback")
    await app.hear(UnitRegistered(unit_id="U-1", path="Kota | Dinas", staff=20))
    return app


def columns(answer: httpx.Response) -> tuple[int, list[str]]:
    return answer.status_code, [
        error.get("field") or error["column"] for error in answer.json().get("errors", [])
    ]


async def test_what_an_address_holds(feedback: ServiceApp) -> None:
    """Flags are true or false, ids have their hyphens: of several ways to write it one is taken."""
    addresses = {f"units?flagged={flag}": "flagged" for flag in ("1", "yes", "on", "t", "True", "")}
    ids = [f"%7B{ID}%7D", f"urn:uuid:{ID}", f"{ID}%00", ID.replace("-", "")]
    addresses |= {f"complaints/{id_}": "complaint_id" for id_ in ids}
    who = feedback.who("officer-1", "officer")
    got = {
        address: columns(await feedback.http.get(f"/feedback/{address}", headers=who))
        for address in addresses
    }
    assert got == {address: (422, [name]) for address, name in addresses.items()}


async def test_the_fields_of_a_complaint(feedback: ServiceApp) -> None:
    """Seconds since 1970 were days; control and half characters are refused by name."""
    wrong: dict[str, list[object]] = {
        "happened_on": [0, "0", 852076800, "852076800", True],
        "text": ["a\x00b", "\ud800", "a\x07b", " \n ", "x" * 5001, 1],
        "place": ["a\nb", "\x00", "x" * 201],
    }
    for field, values in wrong.items():
        for value in values:
            answer = await feedback.http.post(
                "/feedback/complaints",
                content=json.dumps(COMPLAINT | {field: value}).encode(),
                headers={"Content-Type": "application/json"},
            )
            assert columns(answer) == (422, [field]), value


async def test_words_over_several_lines_are_kept(feedback: ServiceApp) -> None:
    """Line feeds and tabs stay, and accents typed apart are put together."""
    text = "Dua jam.\n\tTe\u0301h habis."
    who = feedback.who("citizen", "applicant")
    filed = await feedback.http.post(
        "/feedback/complaints", json=COMPLAINT | {"text": text}, headers=who
    )
    assert filed.status_code == 201, filed.text
    shown = await feedback.http.get(
        f"/feedback/complaints/{filed.json()['complaint_id']}", headers=who
    )
    assert shown.json()["text"] == "Dua jam.\n\tT\u00e9h habis."


async def test_what_a_file_holds(feedback: ServiceApp) -> None:
    """A file's whole numbers are digits alone: a point may stand for thousands."""
    numbers = ["1_840", "+1", "٣", "1.840", "1840.0"]
    rows = [f"U-1,2026-0{at},{number}" for at, number in enumerate(numbers, 1)]
    answer = await feedback.http.post(
        "/feedback/services-rendered/import",
        content="\n".join(["unit_id,month,services", *rows]).encode(),
        headers=feedback.who("officer-1", "officer"),
    )
    assert columns(answer) == (422, ["services"] * 5)


async def test_unknown_query_parameters(feedback: ServiceApp) -> None:
    """`search` was passed over, and anything was listed."""
    answer = await feedback.http.get(
        "/feedback/units?search=dinas", headers={"Accept-Language": "en"}
    )
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (422, "search")
    assert error["code"] == "unknown-parameter"
    assert "flagged, cursor, limit" in error["reason"]
    indonesian = await feedback.http.get("/feedback/units?search=dinas&lang=id")
    assert "yang dikenal: flagged, cursor, limit" in indonesian.json()["errors"][0]["reason"]
    posted = await feedback.http.post("/feedback/complaints?dry_run=true", json=COMPLAINT)
    assert columns(posted) == (422, ["dry_run"])


async def test_a_query_parameter_twice(feedback: ServiceApp) -> None:
    """Of two values the last was taken."""
    answer = await feedback.http.get("/feedback/units?limit=1&limit=2")
    (error,) = answer.json()["errors"]
    assert (error["field"], error["code"]) == ("limit", "repeated-parameter")
