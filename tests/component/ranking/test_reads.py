"""What anyone can look up by an id or a number: a round, a vacancy, a candidate."""

from typing import Any

from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts
from tests.component.ranking.test_closing import shortlisted


async def found(ranking: ServiceApp, path: str) -> Any:
    """What anyone is told there."""
    answer = await ranking.http.get(f"/ranking{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def problem(ranking: ServiceApp, path: str) -> tuple[int, str]:
    """Status and kind of the problem that anyone is told there."""
    answer = await ranking.http.get(f"/ranking{path}")
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def test_a_candidate_is_found_by_the_number_alone(ranking: ServiceApp) -> None:
    """Whoever knows round and participant number learns vacancy and place."""
    await shortlisted(ranking, Facts({"v1": 1}), {1: "90", 2: "80"})
    place = await found(ranking, f"/rounds/{ROUND}/candidates/0001-000002")
    assert (place["vacancy_id"], place["list"], place["rank"]) == ("v1", "final", 2)
    assert place == await found(ranking, "/vacancies/v1/candidates/0001-000002")
    for number, round_id, expected in (
        ("0001-000099", ROUND, (404, "not-on-the-list")),
        ("0099-000001", ROUND, (404, "not-found")),
        ("999999-000001", ROUND, (404, "not-found")),
        ("0001-000002", "nowhere", (404, "unknown-round")),
    ):
        assert await problem(ranking, f"/rounds/{round_id}/candidates/{number}") == expected


async def test_one_vacancy_is_shown_as_the_list_shows_it(ranking: ServiceApp) -> None:
    """With the lists of it that are fixed."""
    await shortlisted(ranking, Facts({"v1": 1}), {1: "90"})
    listed = (await found(ranking, "/vacancies"))["items"]
    assert [await found(ranking, "/vacancies/v1/overview")] == listed
    assert listed[0]["closed"] == ["skd"]
    assert await problem(ranking, "/vacancies/v2/overview") == (404, "unknown-vacancy")


async def test_one_round_is_shown_with_its_lists(ranking: ServiceApp) -> None:
    """To everyone, in the order in which the lists are closed."""
    await ranking.hear(*Facts({"v1": 3}).opened())
    shown = await found(ranking, f"/rounds/{ROUND}/lists")
    assert (shown["name"], shown["decreed_seats"]) == ("CPNS 2024", 3)
    assert [each["list"] for each in shown["lists"]] == ["skd", "final"]
    assert all(each["name"]["id"] and each["name"]["en"] for each in shown["lists"])
    assert await problem(ranking, "/rounds/nowhere/lists") == (404, "unknown-round")
