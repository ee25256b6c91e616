"""Each service's OpenAPI document says what everything in it is.

Who calls an API has nothing but it.
"""

import re
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel, Field

from shared.contracts.catalogue import SERVICES
from shared.identity import ROLES
from tests.openapi import document, operations


def silent(described: dict[str, Any]) -> list[str]:
    """Fields and parameters of a document that say nothing of themselves.

    A field that is a `$ref` and no more is described by what the model says of itself; a
    description within one of several kinds (`anyOf`) is that kind's, not the field's.
    """
    schemas: dict[str, dict[str, Any]] = described.get("components", {}).get("schemas", {})

    def says(part: dict[str, Any]) -> bool:
        return bool(
            part.get("description")
            or schemas.get(part.get("$ref", "").rpartition("/")[2], {}).get("description")
        )

    fields = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, part in schema.get("properties", {}).items()
        if not says(part)
    ]
    parameters = [
        f"{method.upper()} {path}: {parameter['name']}"
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        for parameter in operation.get("parameters", [])
        if not (says(parameter) or says(parameter.get("schema", {})))
    ]
    return fields + parameters


@pytest.mark.parametrize("service", SERVICES)
def test_every_field_and_parameter_says_what_it_is(service: str) -> None:
    """Everything asked and answered has a description, at any depth.

    It is its own, that of its kind, or that of its model.
    """
    assert document(service)["paths"]
    assert document(service)["components"]["schemas"]
    assert silent(document(service)) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_problem_has_its_schema_under_its_own_media_type(service: str) -> None:
    """A client that is generated of the document reads a refusal as problem details.

    Each answer of 400 and above is `application/problem+json` and nothing else, with its schema.
    """
    expected = {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
    }
    problems = {
        f"{operation.id} {status}": answer["content"]
        for operation in operations(document(service))
        for status, answer in operation.said["responses"].items()
        if int(status) >= 400
    }
    assert problems
    assert {name: content for name, content in problems.items() if content != expected} == {}
    assert {"ProblemDetails", "ProblemError"} <= set(document(service)["components"]["schemas"])


VERBS = (
    "adopt|answer|begin|close|confirm|correct|decide|decline|disqualify|explain"
    "|file|find|get|import|list|open|propose|publish|record|reject|resolve"
    "|schedule|sign|stream|submit|track|verify|what_if|withdraw"
)


@pytest.mark.parametrize("service", SERVICES)
def test_an_operation_is_named_by_what_it_does(service: str) -> None:
    """An operationId is a verb and its object, once in a document: `open_round`.

    The method of a generated client is called by it.
    """
    ids = [operation.id for operation in operations(document(service))]
    assert [name for name in ids if not re.fullmatch(f"({VERBS})(_[a-z]+)+", name)] == []
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("service", SERVICES)
def test_an_operation_is_described(service: str) -> None:
    """Each has one tag that the document describes, a summary, and a description of its own.

    Each of its answers says in which case it comes.
    """
    described = {tag["name"]: tag["description"] for tag in document(service)["tags"]}
    assert all(described.values())
    used: set[str] = set()
    for operation in operations(document(service)):
        (tag,) = operation.said["tags"]
        used.add(tag)
        assert operation.said["summary"], operation.id
        assert not operation.said["description"].startswith(("For whoever", "For everyone"))
        answers = [answer["description"] for answer in operation.said["responses"].values()]
        assert all(answers), operation.id
        assert "Successful Response" not in answers, operation.id
    assert used == set(described)


@pytest.mark.parametrize("service", SERVICES)
def test_a_document_says_where_it_is_served_and_under_which_licence(service: str) -> None:
    """Servers, licence and contact are stated."""
    assert document(service)["servers"][0]["url"] == "/"
    info = document(service)["info"]
    assert info["license"] == {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
    assert info["contact"]["name"]


@pytest.mark.parametrize("service", SERVICES)
def test_an_operation_says_who_may_call_it(service: str) -> None:
    """`security` and `x-roles` agree with the answers that are declared.

    A token that may be left out is declared so; who needs one has 401, who needs a role 403.
    """
    for operation in operations(document(service)):
        security = operation.said.get("security", [])
        assert security in ([], [{"HTTPBearer": []}], [{}, {"HTTPBearer": []}]), operation.id
        assert ("401" in operation.said["responses"]) == bool(security), operation.id
        if operation.roles:
            assert operation.needs_token, operation.id
            assert set(operation.roles) <= ROLES
            assert "403" in operation.said["responses"], operation.id


def test_a_token_that_may_be_left_out_is_declared_so() -> None:
    """Whoever complains without a name, or looks at vacancies, needs no token."""
    optional = {
        operation.id
        for service in SERVICES
        for operation in operations(document(service))
        if {} in operation.said.get("security", [])
    }
    assert optional == {
        "get_vacancy",
        "list_vacancies",
        "file_complaint",
        "list_complaints",
        "get_receipt",
    }


class Said(BaseModel):
    """A model that says what it is."""

    told: Annotated[int, Field(description="How often")]


class Unsaid(BaseModel):
    told: Annotated[int, Field(description="How often")]


class Answer(BaseModel):
    """Fields with a description and without, in each way that there is."""

    own: Annotated[int | None, Field(description="Of its own")]
    of_the_model: Said
    none: int
    of_a_model_without: Unsaid
    of_one_kind_alone: Annotated[int, Field(description="Of a number")] | None
    empty: Annotated[str, Field(description="")]


def test_what_says_nothing_is_found() -> None:
    """The check finds fields and parameters without a description.

    Also where only their kinds have one, or where it is empty.
    """
    app = FastAPI()

    @app.get("/answers/{which}")
    async def answers(
        which: str, search: Annotated[str, Query(description="In what way")] = ""
    ) -> Answer:
        raise NotImplementedError

    found = [
        part for part in silent(app.openapi()) if "ValidationError" not in part
    ]  # FastAPI's own, which no service has
    assert found == [
        "Answer.none",
        "Answer.of_a_model_without",
        "Answer.of_one_kind_alone",
        "Answer.empty",
        "GET /answers/{which}: which",
    ]
