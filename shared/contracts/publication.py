"""The contracts as others read them: JSON Schemas, examples, and one AsyncAPI document.

Folders beside this file: `schemas/<Name>.json` and `asyncapi.yaml` are made from the models and the
catalogue by `terang contracts dump`, `examples/<Name>/{minimal,full}.json` are written by hand,
`released/<version>.json` is written once by `terang contracts release` and never changed: what was
said under it stands on logs for ever.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.contracts.catalogue import (
    CATALOGUE,
    SERVICES,
    SUBSCRIBED,
    TOPICS,
    EventContract,
    Service,
    Topic,
)

FOLDER = Path(__file__).parent
SCHEMAS, EXAMPLES, RELEASED = FOLDER / "schemas", FOLDER / "examples", FOLDER / "released"
ASYNCAPI = FOLDER / "asyncapi.yaml"
KINDS_OF_EXAMPLE = ("minimal", "full")

Json = dict[str, Any]


def name_of(contract: EventContract) -> str:
    """The event's name without the platform's: `ExamScored`, later `ExamScored.v2`."""
    return contract.type.removeprefix("terang.")


def schema_of(contract: EventContract) -> Json:
    """JSON Schema (2020-12) of an event's data, as a reader validates it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:terang:schema:{name_of(contract)}",
        **contract.model.model_json_schema(mode="validation"),
    }


def examples_of(contract: EventContract, folder: Path = EXAMPLES) -> dict[str, Json]:
    """The event's committed examples by kind. Raises FileNotFoundError where one is missing."""
    return {
        kind: json.loads((folder / name_of(contract) / f"{kind}.json").read_text("utf-8"))
        for kind in KINDS_OF_EXAMPLE
    }


def as_text(document: Json) -> str:
    """JSON as it is committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def inlined(schema: Json) -> Json:
    """The same schema without `$defs`: each reference is put in its place.

    Our events hold no recursion.
    """
    definitions: Json = schema.get("$defs", {})

    def put_in(part: Any) -> Any:
        if isinstance(part, list):
            return [put_in(inner) for inner in part]
        if not isinstance(part, dict):
            return part
        rest = {
            name: put_in(value) for name, value in part.items() if name not in {"$ref", "$defs"}
        }
        if "$ref" in part:
            return {**put_in(definitions[part["$ref"].removeprefix("#/$defs/")]), **rest}
        return rest

    result: Json = put_in(schema)
    return result


def release() -> Json:
    """What a release freezes, by event: topic, schema, and examples with their key and subject."""
    return {
        contract.type: {
            "topic": contract.topic,
            "schema": schema_of(contract),
            "examples": [
                {"data": data, "key": contract.key(fact), "subject": contract.subject(fact)}
                for data in examples_of(contract).values()
                for fact in (contract.model.model_validate(data),)
            ],
        }
        for contract in CATALOGUE
    }


def releases(folder: Path = RELEASED) -> dict[str, Json]:
    """All that was ever released, by version."""
    return {
        path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))
    }


def asyncapi() -> Json:
    """The AsyncAPI 3.0 document of all topics, made from the catalogue."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:terang:events",
        "info": {
            "title": "Terang: the events of a province's recruitment",
            "version": "0.1.0",
            "description": (
                "CloudEvents 1.0 over Apache Kafka, binary mode: the value is the event's data as "
                "JSON, the attributes are `ce_*` headers."
                " Public topics hold no personal data. How to subscribe, skip repeats and replay: "
                "docs/subscribing.md."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "province": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "The province's brokers; `/.well-known/terang.json` at its web "
                "address names them",
                "variables": {
                    "bootstrap": {"description": "host:port", "default": "localhost:9092"}
                },
            }
        },
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {
            key: operation
            for service in SERVICES
            for key, operation in (_states(service) | _hears(service)).items()
        },
        "components": {
            "messages": {name_of(contract): _message(contract) for contract in CATALOGUE}
            | {"DeadLetter": DEAD_LETTER}
        },
    }


def _of(topic: Topic) -> list[str]:
    if topic.audience == "operators":
        return ["DeadLetter"]
    return [name_of(contract) for contract in CATALOGUE if contract.topic == topic.name]


def _channel(topic: Topic) -> Json:
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _of(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": topic.retention_ms,
                },
                "bindingVersion": "0.5.0",
            }
        },
        "x-terang-owner": topic.owner,
        "x-terang-audience": topic.audience,
        "x-terang-key": topic.key,
    }


def _states(service: Service) -> dict[str, Json]:
    return {
        f"{service}.states.{topic.name}": _operation(
            "send", topic.name, f"{service} alone writes it", _of(topic)
        )
        for topic in TOPICS
        if topic.owner == service
    }


def _hears(service: Service) -> dict[str, Json]:
    by_topic: dict[str, list[str]] = {}
    for contract in CATALOGUE:
        if contract.model in SUBSCRIBED[service]:
            by_topic.setdefault(contract.topic, []).append(name_of(contract))
    return {
        f"{service}.receives.{topic}": _operation(
            "receive", topic, f"{service} receives these events from it", names
        )
        for topic, names in by_topic.items()
    }


def _operation(action: str, topic: str, summary: str, names: list[str]) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{topic}/messages/{name}"} for name in names],
    }


def _message(contract: EventContract) -> Json:
    topic = next(topic for topic in TOPICS if topic.name == contract.topic)
    payload = inlined(schema_of(contract))
    return {
        "name": contract.type,
        "title": name_of(contract),
        "summary": payload["description"],
        "contentType": "application/json",
        **({} if contract.day_only else CORRELATION),
        "headers": _headers(contract),
        "payload": {
            name: value for name, value in payload.items() if name not in {"$schema", "$id"}
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": f"{topic.key}, UTF-8"},
                "bindingVersion": "0.5.0",
            }
        },
        "examples": [
            {"name": kind, "headers": _headers_of_example(contract, data), "payload": data}
            for kind, data in examples_of(contract).items()
        ],
    }


def _header(description: str, **rest: Any) -> Json:
    return {"type": "string", "description": description, **rest}


ATTRIBUTES: Mapping[str, Json] = {
    "ce_specversion": _header("Version of CloudEvents", const="1.0"),
    "ce_id": _header("Id of the event; the same for each copy of it on the log", format="uuid"),
    "ce_source": _header(
        "The service that states it: the one that writes the topic. A record that says another is "
        "foreign and has no number, whatever it carries",
        pattern="^/provinces/[0-9]{2}/[a-z]+$",
    ),
    "ce_type": _header("Type of the event"),
    "ce_subject": _header("Id of what the event is about"),
    "ce_time": _header("When it became true, UTC", format="date-time", pattern="Z$"),
    "ce_dataschema": _header("Name of the data's JSON Schema"),
    "ce_partitionkey": _header("The record's key"),
    "ce_sequence": _header(
        "Dense from 1 in the record's partition. What is not above the last one seen in the "
        "partition is a repeat: skip it",
        pattern="^[1-9][0-9]*$",
    ),
    "content-type": _header("Type of the value", const="application/json"),
    "ce_correlationid": _header(
        "Set where the event follows from another: that one's, or its id; or from a request: the "
        "id that its answer had as X-Request-ID. Never on complaints"
    ),
    "ce_causationid": _header(
        "What led to this event at once: the ce_id of the event that it follows from, or the id of "
        "the request (X-Request-ID of its answer). Never on complaints"
    ),
}
"""The headers of a record; each is UTF-8 text."""

OPTIONAL = {"ce_correlationid", "ce_causationid"}

CORRELATION: Json = {"correlationId": {"location": "$message.header#/ce_correlationid"}}
"""Where AsyncAPI finds what an event follows from."""

DAY = _header(
    "Its day in the province's zone, as midnight UTC: no more of the time is told, and the "
    "record's timestamp says the same",
    pattern="T00:00:00Z$",
)
"""`ce_time` of an event of which only the day is told."""


def _headers(contract: EventContract) -> Json:
    topic = next(topic for topic in TOPICS if topic.name == contract.topic)
    own: dict[str, Json] = {
        "ce_source": {"pattern": f"^/provinces/[0-9]{{2}}/{topic.owner}$"},
        "ce_type": {"const": contract.type},
        "ce_dataschema": {"const": f"urn:terang:schema:{name_of(contract)}"},
    }
    if contract.day_only:
        own["ce_time"] = DAY
    return {
        "type": "object",
        "required": [name for name in ATTRIBUTES if name not in OPTIONAL],
        "properties": {
            name: header | own.get(name, {})
            for name, header in ATTRIBUTES.items()
            if not (contract.day_only and name in OPTIONAL)
        },
    }


def _headers_of_example(contract: EventContract, data: Json) -> Json:
    owner = next(topic.owner for topic in TOPICS if topic.name == contract.topic)
    fact = contract.model.model_validate(data)
    return {
        "ce_specversion": "1.0",
        "ce_id": "01932f5e-7a3c-7d10-9c2b-5f0e6a1d4b78",
        "ce_source": f"/provinces/99/{owner}",
        "ce_type": contract.type,
        "ce_subject": contract.subject(fact),
        "ce_time": "2026-11-21T00:00:00Z" if contract.day_only else "2026-11-21T03:00:00Z",
        "ce_dataschema": f"urn:terang:schema:{name_of(contract)}",
        "ce_partitionkey": contract.key(fact),
        "ce_sequence": "1",
        "content-type": "application/json",
    }


DEAD_LETTER: Json = {
    "name": "terang.DeadLetter",
    "title": "DeadLetter",
    "summary": "A record that a service could not take, with the reason",
    "contentType": "application/octet-stream",
    "headers": {
        "type": "object",
        "description": "Beside these, each header of the failed record under its name after "
        "`source_`",
        "required": [
            *(
                name
                for name in ATTRIBUTES
                if name not in OPTIONAL | {"ce_dataschema", "ce_partitionkey"}
            ),
            *("dead_reason", "dead_detail", "dead_handler"),
            *("dead_topic", "dead_partition", "dead_offset", "dead_timestamp"),
        ],
        "properties": {
            **{
                name: ATTRIBUTES[name]
                for name in ("ce_specversion", "ce_id", "ce_source", "ce_time", "ce_sequence")
            },
            "ce_type": _header("Type of the event", const="terang.DeadLetter"),
            "ce_subject": _header("Where the failed record stands: topic/partition/offset"),
            "content-type": _header("Type of the value", const="application/octet-stream"),
            "dead_reason": _header("Stable code of the reason"),
            "dead_detail": _header("Where it fails; never what the record holds"),
            "dead_handler": _header("The use case that could not take it"),
            "dead_topic": _header("Topic of the failed record"),
            "dead_partition": _header(
                "Its partition, and that of the dead letter", pattern="^[0-9]+$"
            ),
            "dead_offset": _header("Its offset", pattern="^[0-9]+$"),
            "dead_timestamp": _header(
                "When the broker took it, milliseconds since 1970", pattern="^-?[0-9]+$"
            ),
            "dead_value_sha256": _header(
                "Only where the record is too large for this topic, or one of a flood that an "
                "operator let pass: SHA-256 of its value in full. Key, value and headers here are "
                "then beginnings, and the record stands on its topic",
                pattern="^[0-9a-f]{64}$",
            ),
            **{
                f"dead_{name}": _header(f"With it: {meaning}", pattern="^[0-9]+$")
                for name, meaning in {
                    "key_bytes": "bytes of the key; absent for none",
                    "value_bytes": "bytes of the value; absent for a tombstone",
                    "header_count": "how many headers it has",
                    "headers_bytes": "bytes of their names and values",
                }.items()
            },
        },
    },
    "payload": {"description": "The failed record's value, whatever it is; none for a tombstone"},
    "bindings": {
        "kafka": {
            "key": {"type": "string", "description": "The failed record's key, whatever it is"},
            "bindingVersion": "0.5.0",
        }
    },
}
"""What stands on the dead-letters topics (shared/messaging/dead_letters.py)."""
