"""Whether a schema of today breaks one that was released.

Both ways must hold for ever: today's services read what was said long ago (replay), and a
subscriber built on an old release reads what is said today. So only this is free: a new event, and
a new field that may be missing. Anything else is a new type (`terang.ExamScored.v2`), stated beside
the old one for an announced time.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from shared.contracts.catalogue import EventContract
from shared.contracts.publication import Json, inlined, schema_of

Kind = Literal[
    "removed",  # an old reader misses what it was promised
    "newly required",  # today's reader refuses what was said before
    "no longer required",  # an old reader refuses what is said today
    "narrowed",  # today's reader refuses values that were said before
    "widened",  # an old reader refuses values that are said today
    "changed",  # one of the two, or both
    "moved",  # other topic, key or subject: order among an aggregate's events is lost
]


class Break(NamedTuple):
    """One way in which a contract is broken.

    `at` is the path in the data: `points{}.…` for a mapping's values, `cut[]` for items.
    """

    kind: Kind
    at: str
    detail: str


WORDS = {"title", "description", "examples", "default", "$schema", "$id", "deprecated"}
"""What says nothing about which values are valid."""

LOWER = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
UPPER = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
STRUCTURE = {
    "type",
    "properties",
    "required",
    "items",
    "additionalProperties",
    "anyOf",
    "enum",
    "const",
}


def breaks(old: Json, new: Json) -> list[Break]:
    """All breaks from a released schema to today's.

    Knows what pydantic writes for our models; an unknown keyword that differs is `changed`.
    """
    return list(_compare("", inlined(old), inlined(new)))


def _compare(at: str, old: Json, new: Json) -> Iterator[Break]:
    if "anyOf" in old or "anyOf" in new:
        yield from _compare_variants(at, _variants(old), _variants(new))
    elif old.get("type") != new.get("type"):
        yield Break("changed", at, f"type {old.get('type')} is now {new.get('type')}")
    else:
        yield from _compare_values(at, old, new)
        yield from _compare_bounds(at, old, new)
        yield from _compare_fields(at, old, new)
        for keyword, below in (("items", f"{at}[]"), ("additionalProperties", f"{at}{{}}")):
            yield from _compare_inner(keyword, below, old, new)


def _variants(schema: Json) -> dict[str, Json]:
    """The alternatives of a union by type, objects by title too.

    A schema that is no union is its only alternative.
    """
    found: dict[str, Json] = {}
    for variant in schema.get("anyOf", [schema]):
        type_ = str(variant.get("type"))
        name = f"{type_} {variant.get('title', '')}".strip() if type_ == "object" else type_
        found[name] = variant
    return found


def _compare_variants(at: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Break]:
    for name in old.keys() - new.keys():
        yield Break("narrowed", at, f"can no longer be {name}")
    for name in new.keys() - old.keys():
        yield Break("widened", at, f"can now be {name}")
    for name in sorted(old.keys() & new.keys()):
        yield from _compare(at, old[name], new[name])


def _values(schema: Json) -> set[str] | None:
    if "const" in schema:
        return {repr(schema["const"])}
    return {repr(value) for value in schema["enum"]} if "enum" in schema else None


def _compare_values(at: str, old: Json, new: Json) -> Iterator[Break]:
    before, after = _values(old), _values(new)
    if before is None and after is not None:
        yield Break("narrowed", at, f"only {', '.join(sorted(after))} now")
    elif before is not None and after is None:
        yield Break("widened", at, "any value now")
    elif before is not None and after is not None:
        if before - after:
            yield Break("narrowed", at, f"no longer {', '.join(sorted(before - after))}")
        if after - before:
            yield Break("widened", at, f"now also {', '.join(sorted(after - before))}")


def _compare_bounds(at: str, old: Json, new: Json) -> Iterator[Break]:
    """Limits, and what else a value must be like (pattern, format …)."""
    for keyword in sorted((old.keys() | new.keys()) - WORDS - STRUCTURE):
        before, after = old.get(keyword), new.get(keyword)
        detail = f"{keyword} {before} is now {after}"
        if before == after:
            continue
        if before is None:
            yield Break("narrowed", at, detail)
        elif after is None:
            yield Break("widened", at, detail)
        elif keyword in LOWER | UPPER:
            yield Break(
                "narrowed" if (after > before) == (keyword in LOWER) else "widened", at, detail
            )
        else:
            yield Break("changed", at, detail)


def _compare_fields(at: str, old: Json, new: Json) -> Iterator[Break]:
    before: Json = old.get("properties", {})
    after: Json = new.get("properties", {})
    required_before, required_after = {*old.get("required", [])}, {*new.get("required", [])}
    prefix = f"{at}." if at else ""
    for name in before:
        path = prefix + name
        if name not in after:
            yield Break("removed", path, "the field is gone")
            continue
        yield from _compare_presence(path, name in required_before, name in required_after)
        yield from _compare(path, before[name], after[name])
    for name in after:
        if name not in before and name in required_after:
            yield Break("newly required", prefix + name, "the field is new")


def _compare_presence(at: str, required_before: bool, required_after: bool) -> Iterator[Break]:
    if required_after and not required_before:
        yield Break("newly required", at, "it could be missing before")
    if required_before and not required_after:
        yield Break("no longer required", at, "it was always there before")


def _compare_inner(keyword: str, at: str, old: Json, new: Json) -> Iterator[Break]:
    before, after = old.get(keyword), new.get(keyword)
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _compare(at, before, after)
    elif before != after:
        yield Break("changed", at, f"{keyword} {before} is now {after}")


def breaks_of_release(
    released: Mapping[str, Any], catalogue: Iterable[EventContract]
) -> dict[str, list[Break]]:
    """What of a release no longer holds under today's catalogue, by type.

    `released` is what publication.release() gave; empty where all of it holds.
    """
    today = {contract.type: contract for contract in catalogue}
    found: dict[str, list[Break]] = {}
    for type_, frozen in released.items():
        contract = today.get(type_)
        broken = (
            [Break("removed", "", "the event is gone")]
            if contract is None
            else list(_broken(frozen, contract))
        )
        if broken:
            found[type_] = broken
    return found


def _broken(frozen: Json, contract: EventContract) -> Iterator[Break]:
    yield from breaks(frozen["schema"], schema_of(contract))
    if frozen["topic"] != contract.topic:
        yield Break("moved", "", f"topic {frozen['topic']} is now {contract.topic}")
    for example in frozen["examples"]:
        try:
            fact = contract.model.model_validate(example["data"])
        except ValidationError as error:
            yield Break(
                "narrowed", "", f"a released example is refused: {error.errors()[0]['loc']}"
            )
            continue
        for name, place in (("key", contract.key(fact)), ("subject", contract.subject(fact))):
            if place != example[name]:
                yield Break("moved", "", f"{name} {example[name]} is now {place}")
