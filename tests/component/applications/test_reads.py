"""What a program that knows nothing of a round yet can read of it: policies and vacancies."""

from shared.policies import bundled_ids, load
from tests.component.applications.conftest import (
    GENERAL,
    ROUND,
    UNITS,
    VACANCIES,
    Office,
    ok,
    refused,
)


async def test_the_policies_that_a_round_can_be_opened_under_are_listed(office: Office) -> None:
    """Each with its version, hash and name; one of them whole, as sentences and as JSON."""
    listed = ok(await office.get("/policies"))["items"]
    assert [each["policy_id"] for each in listed] == list(bundled_ids())
    shown = ok(await office.get("/policies/national-cpns-2024"))
    policy = load("national-cpns-2024")
    assert shown["policy_hash"] == policy.hash()
    assert shown["policy"] == policy.as_json()
    assert len(shown["sentences"]["id"]) == len(shown["sentences"]["en"]) > 10
    assert {name: shown[name] for name in listed[0]} in listed
    refused(await office.get("/policies/none-of-these"), 404, "not-found")


async def test_one_vacancy_is_shown_as_its_list_shows_it(office: Office) -> None:
    """A draft to officers alone, a published one to everyone."""
    ok(await office.post("/units/import", office.officer(), UNITS))
    ok(await office.open(), 201)
    ok(await office.post(f"/rounds/{ROUND}/vacancies/import", office.officer(), VACANCIES))
    path = f"/vacancies/{GENERAL}"
    refused(await office.get(path), 404, "not-found")
    refused(await office.get(path, office.verifier()), 404, "not-found")
    assert ok(await office.get(path, office.officer()))["published"] is False
    ok(await office.publish())
    listed = ok(await office.get(f"/rounds/{ROUND}/vacancies"))["items"]
    assert ok(await office.get(path)) in listed
    refused(await office.get("/vacancies/nowhere"), 404, "not-found")
