"""What a service's OpenAPI document allows is what its models take, for hostile values too."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import jsonschema_rs
import pytest
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import ValidationError

from shared.contracts.catalogue import SERVICES
from shared.contracts.strict import Command
from tests.openapi import api, document

services = pytest.mark.parametrize("service", SERVICES)

ID = "01932f5e-7a3c-7d10-9c2b-5f0e6a1d4b78"
TEXTS: list[Any] = ["", " ", "a", "\x00", "a\x00b", "a\x07b", "a\nb", "a\tb", "a\u2028b", "a\x7f"]
TEXTS += ["x" * 100, "x" * 6000, "minutes of 3 May", "\x00" * 20, " " * 20, "é" * 20, "../a"]
NUMBERS: list[Any] = ["0", "-0", "0e-400", "3e0", "٣", "3,45", " 5", "5 ", "5\n", "+5", "1_000"]
NUMBERS += ["1.000,5", "NaN", "1e400", "3.", ".5", "3.45", "101", "9" * 30, "0001"]
DAYS: list[Any] = ["1999-03-31", "1999-02-30", "19990331", "1999-03-31T00:00:00", "0001-01-01"]
DAYS += ["9999-12-31", "852076800", "2026-08-20T00:00:00+07:00", "2026-08-20T00:00:00"]
DAYS += ["0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59-07:00", "2026-08-20 00:00:00Z"]
IDS: list[Any] = [ID, ID.upper(), f"{{{ID}}}", f"urn:uuid:{ID}", ID.replace("-", ""), f"{ID}\n"]
IDS += ["cpns-2026", "v1", "0042-000017", "0042-000017\n", "skd", "UMUM", "0" * 64]
OTHER_KINDS: list[Any] = [None, True, False, 0, -1, 1, 5, 10**12, 852076800, 3.5, [], {}, [1]]
HOSTILE = [*TEXTS, *NUMBERS, *DAYS, *IDS, *OTHER_KINDS]

WHAT_IF: dict[str, Any] = {
    "list": "skd",
    "weights": {"skd": "40"},
    "divisors": {"skd": "1"},
    "rounding": "end",
    "decimals": 3,
    "thresholds": [{"of": "TIU", "minimum": "80", "needs": ["UMUM"]}],
    "multiple": 3,
    "equals_at_the_limit": "all-admitted",
}
REASON = "minutes of 3 May"
ORDER = ["0001-000001", "0001-000002"]
VALID: dict[str, dict[str, Any]] = {
    "OpenRound": {
        "round_id": "cpns-2026",
        "name": "CPNS 2026",
        "policy_id": "national-cpns-2024",
        "decreed_seats": 4,
        "calendar": {
            "registration_opens": "2026-08-20T00:00:00+07:00",
            "registration_closes": "2026-09-10T23:59:00+07:00",
        },
    },
    "SubmitApplication": {
        "education_level": "S-1/Sarjana",
        "education_programme": "S-1 ILMU PEMERINTAHAN",
        "gpa": "3.52",
        "birth_date": "1999-03-31",
        "relevant_experience_months": 18,
    },
    "VerifyApplication": {
        "decision": "TMS",
        "reasons": ["diploma-does-not-match"],
        "note": "by post",
        "relevant_experience_months": 3,
        "priority": "R3",
    },
    "AnswerSeat": {"accept": True},
    "ScheduleSitting": {
        "round_id": "cpns-2026",
        "stage": "skd",
        "site": "Hall A",
        "starts_at": "2026-08-20T08:00:00+07:00",
        "vacancy_ids": ["v1"],
    },
    "RecordScore": {"participant_no": "0042-000017", "points": {"TWK": "120"}},
    "CloseRegistration": {"reason": REASON},
    "CorrectScore": {
        "participant_no": "0042-000017",
        "points": {"TWK": "120"},
        "reason": REASON,
    },
    "RecordAbsence": {"participant_no": "0042-000017"},
    "DisqualifyCandidate": {"participant_no": "0042-000017", "reason": REASON},
    "DecideTie": {"list": "final", "order": ORDER, "reason": REASON},
    "DecideSeatTie": {"vacancy_id": "v1", "order": ORDER, "reason": REASON},
    "AdoptVersion": {"digest": "0" * 64, "reason": REASON},
    "SignPublication": {"digest": "0" * 64},
    "VacancyQuestion": {**WHAT_IF, "seats": 2},
    "RoundQuestion": {**WHAT_IF, "seats": {"v1": 2}},
    "FileComplaint": {
        "unit_id": "U-1",
        "category": "conduct",
        "text": "I waited four hours",
        "place": "Counter 3",
        "happened_on": "2026-08-20",
    },
    "RejectProposal": {"reason": REASON},
    "ResolveComplaint": {"outcome": "upheld", "text": "We open another counter"},
    "TrackComplaint": {"tracking_code": "7K3M-Q9XA-02TD-VR5Z"},
}
"""A right body of each command, with every field that decides something."""


def routes(service: str) -> list[RouteContext]:
    """The service's routes that stand in its document."""
    return [
        route
        for route in iter_route_contexts(api(service).routes)
        if isinstance(route.original_route, APIRoute) and route.include_in_schema
    ]


def allows(service: str, schema: dict[str, Any]) -> jsonschema_rs.Validator:
    """Says what a schema of the service's document allows, formats included."""
    whole = {**schema, "components": document(service)["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def commands(kind: type[Command] = Command) -> Iterator[type[Command]]:
    for inner in kind.__subclasses__():
        yield inner
        yield from commands(inner)


def with_another(data: Any, value: Any) -> Iterator[tuple[str, Any]]:
    """The data with `value` in place of each field, item and name in turn."""
    places: list[Any] = list(data) if isinstance(data, dict) else [0] if data else []
    for place in places:
        changed = deepcopy(data)
        changed[place] = value
        yield str(place), changed
        if isinstance(data[place], dict | list):
            for where, inner in with_another(data[place], value):
                yield (
                    f"{place}.{where}",
                    {**data, place: inner} if isinstance(data, dict) else [inner],
                )
    if isinstance(data, dict) and isinstance(value, str) and value not in data:
        yield "a name", {**data, value: next(iter(data.values()))}


def takes(model: type[Command], body: Any) -> bool:
    try:
        model.model_validate(body)
    except ValidationError:
        return False
    return True


@services
def test_a_body_is_taken_where_the_document_allows_it(service: str) -> None:
    """Each field of each command, with each hostile value."""
    asked = [
        body["schema"]["$ref"].rpartition("/")[2]
        for path in document(service)["paths"].values()
        for operation in path.values()
        if (body := operation.get("requestBody", {}).get("content", {}).get("application/json"))
    ]
    assert asked
    by_name = {model.__name__: model for model in commands()}
    for name in asked:
        model, valid = by_name[name], VALID[name]
        allowed = allows(service, {"$ref": f"#/components/schemas/{name}"})
        assert allowed.is_valid(valid), list(allowed.iter_errors(valid))
        assert takes(model, valid)
        differ = [
            f"{name}.{where} = {value!r:.60}: document {allowed.is_valid(body)}"
            for value in HOSTILE
            for where, body in with_another(valid, value)
            if allowed.is_valid(body) != takes(model, body)
        ]
        assert differ == []


def as_json(schema: dict[str, Any], text: str) -> Any:
    """A text of an address as JSON has the value, by the parameter's type."""
    kinds = {part.get("type") for part in schema.get("anyOf", [schema])}
    if "integer" in kinds and text.isascii() and text.isdigit() and text == str(int(text)):
        return int(text)
    if "boolean" in kinds and text in {"true", "false"}:
        return text == "true"
    return text


@services
def test_a_parameter_is_taken_where_the_document_allows_it(service: str) -> None:
    """Each parameter of each path and query, with each hostile text."""
    differ, tried = [], 0
    for route in routes(service):
        method = next(iter(route.methods or ()))
        operation = document(service)["paths"][route.path_format][method.lower()]
        by_name = {part["name"]: part["schema"] for part in operation.get("parameters", [])}
        for field in get_flat_params(route.dependant):
            schema = by_name.get(field.alias)
            if schema is None or field.alias == "idempotency-key":
                continue
            allowed = allows(service, schema)
            for text in HOSTILE:
                if isinstance(text, str):
                    tried += 1
                    _, errors = field.validate(text, {}, loc=("query", field.alias))
                    if allowed.is_valid(as_json(schema, text)) == bool(errors):
                        differ.append(f"{route.path_format} {field.alias} = {text!r:.60}: {errors}")
    assert tried > 100
    assert differ == []
