"""Who may call which operation: every role, nobody, owners and others, over all four services.

The cells are made of the services' OpenAPI documents; tests/contract/access.toml says what is
meant, and tests/contract/test_access.py holds the documents against it.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.contracts.applications import UnitRegistered
from shared.contracts.catalogue import SERVICES, Service
from shared.identity import ROLES
from tests.component.applications.conftest import (
    CUMLAUDE,
    GENERAL,
    ROUND,
    UNITS,
    VACANCIES,
    Office,
    ok,
    refused,
    results,
)
from tests.component.applications.test_seats import offer
from tests.component.conftest import ServiceApp
from tests.component.test_own_round import ranking_scene
from tests.openapi import Operation, document, operations

Start = Callable[..., Awaitable[ServiceApp]]

NOWHERE = {
    "round_id": "nowhere",
    "vacancy_id": "nowhere",
    "unit_id": "nowhere",
    "policy_id": "nowhere",
    "participant_no": "0001-000001",
    "stage": "skd",
    "list": "final",
    "version": "1",
} | {name: str(uuid4()) for name in ("sitting_id", "complaint_id", "offer_id", "proposal_id")}
"""Parts of paths that lead to nothing, so that whoever may come in changes nothing."""

QUERIES = {"list_complaints": {"unit_id": "nowhere"}}
"""What whoever has no role must ask for."""


def expected(operation: Operation, roles: frozenset[str] | None) -> str:
    """What becomes of someone with these roles, or without a token (none)."""
    if not operation.needs_token:
        return "in"
    if roles is None:
        return "401"
    return "in" if not operation.roles or roles & set(operation.roles) else "403"


def outcome(answer: httpx.Response) -> str:
    """Whether they came in, whatever they found there."""
    if answer.status_code in (401, 403):
        assert answer.headers["Content-Type"] == "application/problem+json"
        return str(answer.status_code)
    assert answer.status_code < 500, answer.text
    return "in"


@pytest.mark.parametrize("service", SERVICES)
async def test_each_role_and_nobody_may_do_what_the_document_says(
    service: Service, service_app: Start
) -> None:
    """Every operation, as each role alone, as someone without a role, and without a token.

    A token that isn't valid is refused wherever one is read.
    """
    app = await service_app(service)
    callers: dict[str, frozenset[str] | None] = {role: frozenset({role}) for role in sorted(ROLES)}
    callers |= {"signed in": frozenset(), "nobody": None}
    wrong: list[str] = []
    for operation in operations(document(service)):
        path, query = operation.path.format(**NOWHERE), QUERIES.get(operation.id)

        async def call(
            headers: dict[str, str],
            operation: Operation = operation,
            path: str = path,
            query: Any = query,
        ) -> str:
            return outcome(
                await app.http.request(operation.method, path, params=query, headers=headers)
            )

        for name, roles in callers.items():
            found = await call({} if roles is None else app.who(f"a-{name}", *roles))
            if found != expected(operation, roles):
                wrong.append(f"{operation.id} as {name}: {found}")
        if operation.said.get("security"):
            found = await call({"Authorization": "Bearer not.a.token"})
            if found != "401":
                wrong.append(f"{operation.id} with a wrong token: {found}")
    assert wrong == []


OWNED = {
    "applications get_application",
    "applications list_own_applications",
    "applications withdraw_application",
    "applications answer_offer",
    "applications decline_selection",
    "feedback get_complaint",
    "feedback list_own_complaints",
    "applications withdraw_proposal",
    "exams withdraw_proposal",
    "ranking withdraw_proposal",
}
"""What belongs to a person; the tests below try each as its owner and as another."""

NOT_OWNED = {
    "applications get_vacancy": "public; a token only shows officers their drafts",
    "applications list_vacancies": "public; a token only shows officers their drafts",
    "applications submit_application": "makes what its sender then owns",
    "feedback file_complaint": "makes what its sender then owns",
    "feedback list_complaints": "public; a token only shows officers the words",
    "ranking get_receipt": "public; the owner sees more of it, which test_publication.py tries",
}
"""What a token without a role, or an applicant's, may call though it belongs to nobody."""


def test_whatever_is_for_persons_says_whose_it_is() -> None:
    """A new operation that applicants or people without a role may call stands in a table here."""
    personal = {
        f"{service} {operation.id}"
        for service in SERVICES
        for operation in operations(document(service))
        if "applicant" in operation.roles
        or (operation.said.get("security") and not operation.roles)
    }
    assert personal == OWNED | NOT_OWNED.keys()
    assert not OWNED & NOT_OWNED.keys()


async def test_an_application_is_its_applicants(service_app: Start) -> None:
    """To another applicant there is nothing at its address, and nothing to be done with it."""
    office = Office(await service_app("applications"))
    ok(await office.post("/units/import", office.officer(), UNITS))
    ok(await office.open(), 201)
    ok(await office.post(f"/rounds/{ROUND}/vacancies/import", office.officer(), VACANCIES))
    ok(await office.publish())
    owner, other = office.applicant("owner"), office.applicant("other")
    ok(await office.apply("owner", CUMLAUDE), 201)
    ok(await office.apply("owner-of-a-seat"), 201)
    offered = offer("0002-000001")
    await office.service.hear(*results("0001-000001"), offered)
    application = f"/vacancies/{CUMLAUDE}/applications/0002-000001"
    answer = f"/vacancies/{GENERAL}/offers/{offered.offer_id}/answer"
    decline = f"/vacancies/{GENERAL}/applications/0001-000001/selection/decline"
    before = await office.service.stated()
    refused(await office.get(application, other), 404, "not-found")
    assert ok(await office.get("/me", other))["items"] == []
    for path, body in (
        (f"{application}/withdrawal", None),
        (answer, {"accept": True}),
        (decline, None),
    ):
        refused(await office.post(path, other, body), 404, "not-found")
    assert await office.service.stated() == before
    assert ok(await office.get(application, owner))["participant_no"] == "0002-000001"
    assert len(ok(await office.get("/me", owner))["items"]) == 1
    ok(await office.post(answer, owner, {"accept": False}))
    ok(await office.post(f"{application}/withdrawal", owner))
    ok(await office.post(decline, office.applicant("owner-of-a-seat")))


async def test_a_complaint_is_its_complainants(service_app: Start) -> None:
    """Whoever filed it under their name reads it, another person doesn't."""
    app = await service_app("feedback")
    await app.hear(UnitRegistered(unit_id="U-1", path="DINAS", staff=50))
    body = {"unit_id": "U-1", "category": "slow-service", "text": "Lambat."}
    owner, other = app.who("owner"), app.who("other", "applicant", "verifier")
    filed = await app.http.post("/feedback/complaints", json=body, headers=owner)
    path = filed.headers["Location"]
    assert (await app.http.get(path, headers=other)).status_code == 403
    assert (await app.http.get("/feedback/me", headers=other)).json()["items"] == []
    assert (await app.http.get(path, headers=owner)).json()["text"] == "Lambat."
    assert len((await app.http.get("/feedback/me", headers=owner)).json()["items"]) == 1


async def test_a_proposal_is_its_proposers(service_app: Start, tmp_path: Path) -> None:
    """Who proposed withdraws it; another officer doesn't."""
    app, ids = await ranking_scene(service_app, tmp_path)
    path = f"/ranking/proposals/{ids['proposal_id']}/withdrawal"
    answer = await app.http.post(path, headers=app.who("officer-2", "officer"))
    assert (answer.status_code, answer.json()["type"]) == (
        403,
        "/problems/ranking/proposal-of-others",
    )
    withdrawn = await app.http.post(path, headers=app.who("officer-1", "officer"))
    assert withdrawn.status_code == 200, withdrawn.text
