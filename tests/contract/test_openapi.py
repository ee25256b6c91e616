"""Each service's OpenAPI document says what everything in it is.

Who calls an API has nothing but it.
"""

from importlib import import_module
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel, Field

from shared.contracts.catalogue import SERVICES

SETTINGS = {
    "TERANG_PROVINCE": "99",
    "KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092",
    "DATABASE_URL": "postgresql://database.example/terang",
    "TERANG_ISSUER": "http://identity.example",
    "TERANG_JWKS_URL": "http://identity.example/keys",
}
"""Of a deployment that there is none of: a document is made without a connection to anything."""


def silent(document: dict[str, Any]) -> list[str]:
    """Fields and parameters of a document that say nothing of themselves.

    A field that is a `$ref` and no more is described by what the model says of itself; a
    description within one of several kinds (`anyOf`) is that kind's, not the field's.
    """
    schemas: dict[str, dict[str, Any]] = document.get("components", {}).get("schemas", {})

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
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for parameter in operation.get("parameters", [])
        if not (says(parameter) or says(parameter.get("schema", {})))
    ]
    return fields + parameters


@pytest.mark.parametrize("service", SERVICES)
def test_every_field_and_parameter_says_what_it_is(service: str) -> None:
    """Everything asked and answered has a description, at any depth.

    It is its own, that of its kind, or that of its model.
    """
    settings = import_module(f"services.{service}.settings").Settings.model_validate(SETTINGS)
    document = import_module(f"services.{service}.api").create_api(settings).openapi()
    assert document["paths"]
    assert document["components"]["schemas"]
    assert silent(document) == []


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
