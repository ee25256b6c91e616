"""A service's OpenAPI document, completed: who may call each operation, and its problems."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic.json_schema import models_json_schema

from shared.web.authentication import RoleRequired, bearer, person_or_nobody, signed_in
from shared.web.created import LOCATION
from shared.web.problems import ProblemDetails

TOKEN: dict[str, list[str]] = {bearer.scheme_name: []}
NO_TOKEN: dict[str, list[str]] = {}


def complete_document(app: FastAPI) -> None:
    """Makes the app answer with `document(app)` where it is asked for its document."""

    def made_once() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = made_once  # type: ignore[method-assign]


def document(app: FastAPI) -> dict[str, Any]:
    """The document that FastAPI makes of the routes, with what it can't know of them."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        servers=app.servers,
        contact=app.contact,
        license_info=app.license_info,
        separate_input_output_schemas=app.separate_input_output_schemas,
    )
    _, problems = models_json_schema(
        [(ProblemDetails, "serialization")], ref_template="#/components/schemas/{model}"
    )
    _require_all_fields(made)
    made["components"]["schemas"] |= problems["$defs"]
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                operation = made["paths"][route.path_format][method.lower()]
                _say_who(operation, route)
                _say_what(operation["responses"], made["components"]["schemas"])
    return made


def _require_all_fields(made: dict[str, Any]) -> None:
    """Declares that answers leave no field out: where there is nothing, they say null."""
    schemas = made["components"]["schemas"]
    operations = [each for methods in made["paths"].values() for each in methods.values()]
    asked = _models([each.get("requestBody") for each in operations], schemas)
    answered = _models([each["responses"] for each in operations], schemas)
    for name in answered - asked:
        if "properties" in schemas[name]:
            schemas[name]["required"] = list(schemas[name]["properties"])


def _models(part: object, schemas: dict[str, Any]) -> set[str]:
    """Names of the models that a part of the document refers to, at any depth."""
    found: set[str] = set()
    parts = [part]
    while parts:
        match parts.pop():
            case {"$ref": str(address)} if (name := address.rpartition("/")[2]) in schemas:
                if name not in found:
                    found.add(name)
                    parts.append(schemas[name])
            case dict() as fields:
                parts.extend(fields.values())
            case list() as items:
                parts.extend(items)
            case _:
                pass
    return found


def _say_who(operation: dict[str, Any], route: RouteContext) -> None:
    """Says who may call the operation.

    Programs read it in `security` and `x-roles` (one of these roles is needed), people in the
    description. No `security` is for everyone without a token.
    """
    calls = list(_calls(route.dependant))
    roles = next((call.roles for call in calls if isinstance(call, RoleRequired)), ())
    if roles:
        operation["x-roles"] = list(roles)
        _access(operation, [TOKEN], f"For whoever has a role of these: {', '.join(roles)}.")
    elif signed_in in calls:
        _access(operation, [TOKEN], "For whoever is signed in, in any role or none.")
    elif person_or_nobody in calls:
        _access(operation, [NO_TOKEN, TOKEN], "For everyone, with a token or without.")


def _access(operation: dict[str, Any], security: list[dict[str, list[str]]], words: str) -> None:
    operation["security"] = security
    operation["description"] = f"{operation.get('description', '')}\n\n{words}".strip()


def _say_what(responses: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Describes an answer by its model, where FastAPI says no more than that it is one."""
    for response in responses.values():
        if response["description"] == "Successful Response":
            schema = response["content"].get("application/json", {}).get("schema", {})
            model = schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
            response["description"] = model.get("description", "As asked").partition("\n")[0]
    if "201" in responses:
        responses["201"]["headers"] = LOCATION


def _calls(dependant: Dependant) -> Iterator[object]:
    """All that is called for a route, at any depth."""
    yield dependant.call
    for needed in dependant.dependencies:
        yield from _calls(needed)
