"""Every field of every event has one way of writing: what is generous is a dead letter."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from shared.contracts.catalogue import CATALOGUE, EventContract
from shared.contracts.publication import examples_of, inlined, schema_of
from shared.messaging.envelope import Event, Record
from shared.messaging.parser import RecordFault, events, read_headers

contracts = pytest.mark.parametrize("contract", CATALOGUE, ids=lambda contract: contract.type)

HEADERS = (
    ("ce_id", b"01932f5e-7a3c-7d10-9c2b-5f0e6a1d4b78"),
    ("ce_sequence", b"1"),
    ("ce_source", b"/provinces/99/test"),
    ("ce_subject", b"subject"),
    ("ce_time", b"2026-11-21T03:00:00Z"),
)
ID = "01932f5e-7a3c-7d10-9c2b-5f0e6a1d4b78"

HOSTILE: dict[str, list[Any]] = {
    "integer": [True, "1_000", " 5", "5", 5.0, 5.5, "٣"],
    "boolean": [1, 0, "true", "yes"],
    "date": [0, 852076800, "852076800", True, "1999-03-31T00:00:00", "0001-01-01"],
    "date-time": [0, 852076800, "852076800", True, "2026-08-20", "0001-01-01T00:00:00+07:00"],
    "uuid": [f"{{{ID}}}", f"urn:uuid:{ID}", ID.replace("-", ""), True],
    "text": ["a\x00b", "a\x7fb", 1, True],
    "digits": ["-0", "0e-400", "3e0", "٣", " 5", "1_0", "NaN", 5, 5.5, True],
}
"""What each kind of field must not be."""


def kind_of(schema: dict[str, Any]) -> str | None:
    """The kind of a field by its schema; none for objects and lists, names and choices."""
    variants = [variant for variant in schema.get("anyOf", [schema]) if variant["type"] != "null"]
    (one,) = variants
    if one["type"] in {"integer", "boolean"}:
        return str(one["type"])
    if one["type"] != "string" or "enum" in one or "const" in one:
        return None
    if "pattern" in one:
        return "digits" if "(\\.[0-9]" in one["pattern"] else None
    return str(one.get("format", "text"))


def places(schema: dict[str, Any], data: Any, path: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Path and kind of each field of an example."""
    variants = [part for part in schema.get("anyOf", [schema]) if part["type"] != "null"]
    if isinstance(data, dict):
        for name, value in data.items():
            inner = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            if isinstance(inner, dict):
                yield from places(inner, value, (*path, name))
    elif isinstance(data, list):
        yield from places(variants[0]["items"], data[0], (*path, 0))
    elif kind := kind_of(schema):
        yield path, kind


def put(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The data with another value at a place."""
    changed = deepcopy(data)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


def read(contract: EventContract, data: Any) -> Event[Any] | RecordFault:
    """What a worker makes of a record with these data."""
    headers = (*HEADERS, ("ce_type", contract.type.encode()))
    record = Record("topic", 0, 0, b"key", json.dumps(data).encode(), headers, 0)
    (event,) = events(contract, [read_headers(record)])
    return event


@contracts
def test_hostile_forms_are_dead_letters(contract: EventContract) -> None:
    """Each field in turn is written as it must not be; the example itself is an event."""
    example = examples_of(contract)["full"]
    assert isinstance(read(contract, example), Event)
    taken = [
        f"{'/'.join(map(str, path))}: {value!r}"
        for path, kind in places(inlined(schema_of(contract)), example)
        if path != ("head",)  # a signed text with line feeds; its signature says what it holds
        for value in HOSTILE[kind]
        if not isinstance(read(contract, put(example, path, value)), RecordFault)
    ]
    assert taken == []


@contracts
def test_half_a_character_is_no_json(contract: EventContract) -> None:
    """JSON can write one, UTF-8 can't."""
    example = json.dumps(examples_of(contract)["full"])
    broken = example.replace(': "', ': "\\ud800', 1)
    record = Record("topic", 0, 0, b"key", broken.encode(), (*HEADERS, ("ce_type", b"x")), 0)
    (fault,) = events(contract, [read_headers(record)])
    assert isinstance(fault, RecordFault)
