"""The four services' APIs follow the same conventions (docs/api.md), as their documents say."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from shared.contracts.catalogue import SERVICES
from tests.openapi import Operation, document, operations

CREATES = "begin|correct|disqualify|file|open|propose|record|resolve|schedule|sign|submit"  # verbs
PARTS_OF_PATHS = {
    "complaint_id",
    "list",
    "offer_id",
    "participant_no",
    "policy_id",
    "proposal_id",
    "round_id",
    "sitting_id",
    "stage",
    "unit_id",
    "vacancy_id",
    "version",
}
"""What a path may have a part for; each means the same wherever it stands."""


def everything() -> Iterator[tuple[str, Operation]]:
    """Every operation with its service."""
    for service in SERVICES:
        for operation in operations(document(service)):
            yield service, operation


def answered(operation: Operation) -> set[int]:
    """The statuses of success that are declared."""
    return {int(status) for status in operation.said["responses"] if int(status) < 400}


def parameters(operation: Operation) -> dict[str, dict[str, Any]]:
    """Its parameters by name."""
    return {each["name"]: each for each in operation.said.get("parameters", [])}


def model(service: str, operation: Operation) -> dict[str, Any]:
    """The model that it answers 200 with."""
    schema = operation.said["responses"]["200"]["content"]["application/json"]["schema"]
    found: dict[str, Any] = document(service)["components"]["schemas"][
        schema["$ref"].rpartition("/")[2]
    ]
    return found


def test_what_creates_answers_201_and_says_where() -> None:
    """A request that creates something answers 201 with a Location.

    One that waits for a second officer answers 202; all others 200.
    """
    for _, operation in everything():
        creates = re.match(f"({CREATES})_", operation.id)
        assert answered(operation) <= ({201, 202} if creates else {200, 202}), operation.id
        for status, response in operation.said["responses"].items():
            assert ("Location" in response.get("headers", {})) == (status == "201"), operation.id


def test_a_list_comes_in_pages_of_one_size() -> None:
    """50 items unless asked otherwise, at most 500, by a cursor; `items` and `next` in the answer.

    Its order is said.
    """
    paged = [(at, each) for at, each in everything() if "cursor" in parameters(each)]
    assert len(paged) > 10
    for service, operation in paged:
        limit = parameters(operation)["limit"]["schema"]
        assert (limit["default"], limit["minimum"], limit["maximum"]) == (50, 1, 500), operation.id
        assert {"items", "next"} <= set(model(service, operation)["required"]), operation.id


@pytest.mark.parametrize("service", SERVICES)
def test_a_list_is_an_object_with_items(service: str) -> None:
    """Also one without pages, so that something can be added to it later.

    Key sets have the form that RFC 7517 gives them.
    """
    for operation in operations(document(service)):
        if operation.id.startswith("list_") and operation.id != "list_keys":
            assert "items" in model(service, operation)["properties"], operation.id


@pytest.mark.parametrize("service", SERVICES)
def test_the_order_of_a_list_is_said(service: str) -> None:
    """In the summary or the description of what lists."""
    order = re.compile(r"order|\bby \w+|first", re.IGNORECASE)
    for operation in operations(document(service)):
        if operation.id.startswith("list_") and "cursor" in parameters(operation):
            said = f"{operation.said['summary']} {operation.said['description']}"
            assert order.search(said), operation.id


def test_ids_have_the_same_names_and_forms_everywhere() -> None:
    """A part of a path is called the same in all services, and has one form."""
    forms: dict[str, set[str]] = {}
    for _, operation in everything():
        for name, parameter in parameters(operation).items():
            if parameter["in"] == "path":
                schema = parameter["schema"]
                form = f"{schema['type']} {schema.get('pattern') or schema.get('format')}"
                forms.setdefault(name, set()).add(form)
    assert set(forms) <= PARTS_OF_PATHS
    assert {name: found for name, found in forms.items() if len(found) > 1} == {}


def test_every_change_takes_an_idempotency_key() -> None:
    """Whatever may change something can be sent again.

    A POST that only asks has no key, nor has the confirmation, which answers the same each time.
    """
    without_key = {"what_if_vacancy", "what_if_round", "track_complaint", "confirm_proposal"}
    for _, operation in everything():
        keyed = "idempotency-key" in parameters(operation)
        assert keyed == (operation.method == "POST" and operation.id not in without_key), (
            operation.id
        )


@pytest.mark.parametrize("service", SERVICES)
def test_an_answer_leaves_no_field_out(service: str) -> None:
    """Where there is nothing, an answer says null: no field comes and goes.

    In problem details, as RFC 9457 has it, what there is none of is left out.
    """
    schemas = document(service)["components"]["schemas"]
    lists = [schema for name, schema in schemas.items() if name.startswith("Page_")]
    assert all(schema["required"] == ["items", "next"] for schema in lists)
    assert schemas["ProblemDetails"]["required"] == ["type", "title", "status", "detail"]
    for operation in operations(document(service)):
        content = operation.said["responses"].get("200", {}).get("content", {})
        if "$ref" in content.get("application/json", {}).get("schema", {}):
            answer = model(service, operation)
            assert set(answer["required"]) == set(answer["properties"]), operation.id
