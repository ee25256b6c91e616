"""What is not written as the document says is refused, and never our fault: ranking."""

import json

import httpx

from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND

REASONS = ["by lot, \x00 minutes of 3 May", "by lot, \ud800 minutes", " " * 20, "a" * 2001, "short"]
ORDER = ["0001-000001", "0001-000002"]


def columns(answer: httpx.Response) -> tuple[int, list[str]]:
    return answer.status_code, [error["field"] for error in answer.json().get("errors", [])]


async def send(ranking: ServiceApp, path: str, body: object) -> tuple[int, list[str]]:
    """Status and refused fields of an officer's POST, as JSON of ASCII alone."""
    headers = ranking.who("officer-1", "officer") | {"Content-Type": "application/json"}
    answer = await ranking.http.post(
        f"/ranking{path}", headers=headers, content=json.dumps(body).encode()
    )
    return columns(answer)


async def refuses_reasons(ranking: ServiceApp, path: str, body: dict[str, object]) -> bool:
    got = [await send(ranking, path, body | {"reason": reason}) for reason in REASONS]
    return got == [(422, ["reason"])] * len(REASONS)


async def test_nul_in_the_reason_of_a_tie(ranking: ServiceApp) -> None:
    """NUL in the reason of a tie was our fault (500)."""
    body: dict[str, object] = {"list": "final", "order": ORDER}
    assert await refuses_reasons(ranking, "/vacancies/v1/ties", body)


async def test_nul_in_the_reason_of_an_adoption(ranking: ServiceApp) -> None:
    """NUL in the reason for which a version is adopted was our fault (500)."""
    path = "/vacancies/v1/lists/final/versions/2/adoption"
    assert await refuses_reasons(ranking, path, {"digest": "0" * 64})


async def test_nul_in_the_reason_of_a_seat_tie(ranking: ServiceApp) -> None:
    """NUL in the reason of a tie for an empty seat was our fault (500)."""
    path = f"/rounds/{ROUND}/filling/ties"
    assert await refuses_reasons(ranking, path, {"vacancy_id": "v1", "order": ORDER})


async def test_other_rules_are_written_exactly(ranking: ServiceApp) -> None:
    """Weights are digits, seats whole numbers, and parts have names."""
    path = "/vacancies/v1/what-if"
    for weight in ("1e1", "٣", "1_0", " 5", "-0", "0e-400", "NaN", 0.5, True, ""):
        got = await send(ranking, path, {"weights": {"skd": weight}})
        assert got == (422, ["weights.skd"]), weight
    for seats in (True, "2", 2.0):
        assert await send(ranking, path, {"seats": seats}) == (422, ["seats"]), seats
    for name in ("\ud800", "\x00"):
        status, (column,) = await send(ranking, path, {"weights": {name: "1"}})
        assert (status, column.startswith("weights.")) == (422, True)


async def test_what_an_address_holds(ranking: ServiceApp) -> None:
    """NUL can't be looked for; what int() is generous with is no version."""
    addresses = ["vacancies?search=a%00b", "vacancies.html?search=a%00b", "vacancies?search=%1f"]
    for version in ("1_0", " 1", "%D9%A1", "1.0", "%2B1", "true"):
        addresses += [
            f"vacancies/v1/lists/skd/versions/{version}",
            f"rounds/{ROUND}/publication?version={version}",
            f"vacancies/v1?version={version}",
        ]
    got = {
        address: (await ranking.http.get(f"/ranking/{address}")).status_code
        for address in addresses
    }
    assert got == dict.fromkeys(addresses, 422)


async def test_a_page_with_an_unknown_part_of_its_address(ranking: ServiceApp) -> None:
    """It says so as a page; what networks append to a shared link is passed over."""
    wrong = await ranking.http.get("/ranking/vacancies.html?serach=kasemen&lang=en")
    assert wrong.status_code == 422
    assert wrong.headers["content-type"].startswith("text/html")
    assert "serach" in wrong.text
    twice = await ranking.http.get("/ranking/vacancies.html?search=a&search=b")
    assert twice.status_code == 422
    shared = await ranking.http.get("/ranking/vacancies.html?lang=en&fbclid=x&utm_source=y")
    assert shared.status_code == 200
