"""What is committed for others to read is what the models say, today and of each release."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from deploy.cli import contracts as command
from shared.contracts.catalogue import CATALOGUE, TOPICS, EventContract, stated_by, written_by
from shared.contracts.compatibility import breaks_of_release
from shared.contracts.publication import (
    ASYNCAPI,
    EXAMPLES,
    RELEASED,
    SCHEMAS,
    as_text,
    asyncapi,
    examples_of,
    name_of,
    release,
    releases,
    schema_of,
)
from shared.messaging.outbox import Outbox, Statement, headers_from_text


class Recording:
    """Stands for a connection: it remembers what it was told to execute."""

    def __init__(self) -> None:
        self.executed: list[tuple[str, tuple[Any, ...]]] = []

    async def execute(self, query: str, *arguments: Any) -> None:
        self.executed.append((query, arguments))


contracts = pytest.mark.parametrize("contract", CATALOGUE, ids=lambda contract: contract.type)


def test_there_is_a_file_for_each_event_and_for_nothing_else() -> None:
    """Schemas and examples: as many as the catalogue has rows."""
    names = {name_of(contract) for contract in CATALOGUE}
    assert {path.name for path in SCHEMAS.iterdir()} == {f"{name}.json" for name in names}
    assert {path.name for path in EXAMPLES.iterdir()} == names


@contracts
def test_the_committed_schema_is_the_models(contract: EventContract) -> None:
    """Dumped again, it is the same to the byte; and it is a schema."""
    committed = (SCHEMAS / f"{name_of(contract)}.json").read_text("utf-8")
    current = committed == as_text(schema_of(contract))
    assert current, f"the schema of {name_of(contract)} is not its model's: terang contracts dump"
    Draft202012Validator.check_schema(json.loads(committed))


@contracts
def test_every_field_says_what_it_is(contract: EventContract) -> None:
    """Everything has a description of its own or of its kind: readers have only the schema."""
    schema = schema_of(contract)
    for name, part in {contract.type: schema, **schema.get("$defs", {})}.items():
        silent = [
            field
            for field, value in part["properties"].items()
            if not {"description", "$ref"} & value.keys()
        ]
        assert silent == [], name


@contracts
def test_examples_are_what_goes_over_the_wire(contract: EventContract) -> None:
    """Valid by model and by schema, read by two different readers.

    The full one has every field and comes back from the model as it is, decimals as strings; the
    minimal one has no field that may be missing.
    """
    schema = schema_of(contract)
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    examples = examples_of(contract)
    for example in examples.values():
        validator.validate(example)
        contract.model.model_validate_json(json.dumps(example))
    full, minimal = examples["full"], examples["minimal"]
    folder = f"shared/contracts/examples/{name_of(contract)}"
    lacking = sorted(set(schema["properties"]) - set(full))
    assert lacking == [], f"{folder}/full.json lacks these fields"
    assert set(full) == set(schema["properties"])
    assert set(minimal) == set(schema.get("required", []))
    for dumped in (
        contract.model.model_validate(full).model_dump(mode="json", exclude_none=no)
        for no in (False, True)
    ):
        assert dumped == full
    for name in minimal:
        assert not validator.is_valid({key: value for key, value in minimal.items() if key != name})


@contracts
def test_a_field_that_a_later_producer_adds_is_passed_over(contract: EventContract) -> None:
    """An old consumer reads a new event: by model and by schema."""
    newer = examples_of(contract)["full"] | {"added_later": {"by": ["a", "newer", "producer"]}}
    Draft202012Validator(schema_of(contract)).validate(newer)
    assert contract.model.model_validate(newer) == contract.model.model_validate(
        examples_of(contract)["full"]
    )


def test_something_was_released_and_nothing_of_it_is_broken() -> None:
    """Every schema and example ever released, against today's catalogue."""
    frozen = releases()
    assert frozen, f"no release in {RELEASED}"
    broken = {version: breaks_of_release(each, CATALOGUE) for version, each in frozen.items()}
    assert [version for version, each in broken.items() if each] == [], broken


@pytest.mark.parametrize("version", sorted(releases()))
def test_a_releases_own_examples_were_valid_by_its_own_schemas(version: str) -> None:
    """A subscriber can trust a release: its examples are valid by its own schemas.

    Each event has both examples with key and subject.
    """
    for type_, frozen in releases()[version].items():
        validator = Draft202012Validator(frozen["schema"])
        assert len(frozen["examples"]) == 2, type_
        for example in frozen["examples"]:
            validator.validate(example["data"])
            assert example["key"]
            assert example["subject"]


def test_the_command_finds_nothing_wrong() -> None:
    """`terang contracts check` on the committed files, the AsyncAPI document included."""
    faults = command.faults()
    assert not faults, "\n".join(faults)
    current = ASYNCAPI.read_text("utf-8") == command.asyncapi_text()
    assert current, "asyncapi.yaml is not current: terang contracts dump"


def test_the_command_says_what_is_not_current(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The command names what is not current.

    A schema that was edited, one that is missing, one of no event, and a broken release.
    """
    schemas, released = tmp_path / "schemas", tmp_path / "released"
    schemas.mkdir()
    released.mkdir()
    for contract in CATALOGUE[2:]:
        (schemas / f"{name_of(contract)}.json").write_text(as_text(schema_of(contract)), "utf-8")
    (schemas / f"{name_of(CATALOGUE[0])}.json").write_text("{}\n")
    (schemas / "Invented.json").write_text("{}\n")
    frozen = release()
    frozen["terang.ExamScored"]["schema"]["properties"]["bonus"] = {"type": "integer"}
    (released / "0.0.1.json").write_text(as_text(frozen), "utf-8")
    monkeypatch.setattr(command, "FOLDER", tmp_path)
    monkeypatch.setattr(command, "SCHEMAS", schemas)
    monkeypatch.setattr(command, "ASYNCAPI", tmp_path / "asyncapi.yaml")
    monkeypatch.setattr(command, "releases", lambda: releases(released))
    first, second = (f"schemas/{name_of(contract)}.json" for contract in CATALOGUE[:2])
    assert command.faults() == [
        f"{first} is not as the models say: run terang contracts dump",
        f"{second} is not as the models say: run terang contracts dump",
        "asyncapi.yaml is not as the models say: run terang contracts dump",
        "schemas/Invented.json belongs to no event: remove it",
        "terang.ExamScored breaks release 0.0.1: bonus: removed: the field is gone",
    ]


# AsyncAPI -----------------------------------------------------------------------------------------

DOCUMENT = asyncapi()


def resolve(reference: dict[str, str]) -> Any:
    """What a `$ref` within the document points at; KeyError where it points at nothing."""
    found: Any = DOCUMENT
    for part in reference["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def references(part: Any) -> list[dict[str, str]]:
    if isinstance(part, list):
        return [found for each in part for found in references(each)]
    if isinstance(part, dict):
        return (
            [part]
            if "$ref" in part
            else [found for each in part.values() for found in references(each)]
        )
    return []


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    """Channels to messages, operations to channels and to messages of just that channel."""
    found = references(DOCUMENT)
    assert len(found) > 60
    for reference in found:
        assert resolve(reference)
    for operation in DOCUMENT["operations"].values():
        channel = operation["channel"]["$ref"]
        assert all(
            message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"]
        )


def test_the_asyncapi_document_has_what_version_3_requires() -> None:
    """Required fields, known fields only, allowed actions and key names.

    See asyncapi.com/docs/reference/specification/v3.0.0. The whole document was valid by AsyncAPI's
    own JSON Schema when this was written.
    """
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert set(DOCUMENT) <= {
        *(
            "asyncapi",
            "id",
            "info",
            "servers",
            "defaultContentType",
            "channels",
            "operations",
            "components",
        )
    }
    assert {"title", "version"} <= set(DOCUMENT["info"])
    for server in DOCUMENT["servers"].values():
        assert {"host", "protocol"} <= set(server)
    for name, channel in DOCUMENT["channels"].items():
        assert set(channel) - {"x-terang-owner", "x-terang-audience", "x-terang-key"} == {
            *("address", "description", "messages", "bindings")
        }
        assert set(channel["bindings"]["kafka"]) == {
            "topic",
            "partitions",
            "topicConfiguration",
            "bindingVersion",
        }
        assert (channel["address"], channel["bindings"]["kafka"]["topic"]) == (name, name)
    for operation in DOCUMENT["operations"].values():
        assert set(operation) == {"action", "channel", "summary", "messages"}
        assert operation["action"] in {"send", "receive"}
    for key in (
        *DOCUMENT["components"]["messages"],
        *DOCUMENT["channels"],
        *DOCUMENT["operations"],
    ):
        assert all(letter.isalnum() or letter in ".-_" for letter in key)
    for message in DOCUMENT["components"]["messages"].values():
        assert set(message) <= {
            *(
                "name",
                "title",
                "summary",
                "contentType",
                "correlationId",
                "headers",
                "payload",
                "bindings",
                "examples",
            )
        }


def test_the_asyncapi_document_says_what_the_catalogue_says() -> None:
    """A channel for each topic with its partitions and retention.

    Each event stands on its own channel, and each channel has one sender.
    """
    assert set(DOCUMENT["channels"]) == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        kafka = DOCUMENT["channels"][topic.name]["bindings"]["kafka"]
        assert kafka["partitions"] == topic.partitions
        assert kafka["topicConfiguration"]["retention.ms"] == topic.retention_ms
        senders = [
            key
            for key, operation in DOCUMENT["operations"].items()
            if operation["action"] == "send"
            and operation["channel"]["$ref"] == f"#/channels/{topic.name}"
        ]
        assert senders == [f"{topic.owner}.states.{topic.name}"]
    for contract in CATALOGUE:
        assert name_of(contract) in DOCUMENT["channels"][contract.topic]["messages"]


@contracts
def test_a_messages_examples_are_valid_by_its_own_schemas(contract: EventContract) -> None:
    """Payload and headers, with nothing to look up elsewhere."""
    message = DOCUMENT["components"]["messages"][name_of(contract)]
    assert "$defs" not in json.dumps(message)
    for part, schema in (("payload", message["payload"]), ("headers", message["headers"])):
        validator = Draft202012Validator(schema, format_checker=FormatChecker())
        assert len(message["examples"]) == 2
        for example in message["examples"]:
            validator.validate(example[part])


@contracts
async def test_the_document_describes_the_headers_that_are_really_written(
    contract: EventContract,
) -> None:
    """The document's headers and key are those that the outbox and the relay write."""
    topic = next(topic for topic in TOPICS if topic.name == contract.topic)
    connection: Any = Recording()
    outbox = Outbox(
        source=f"/provinces/99/{topic.owner}",
        service=topic.owner,
        contracts=stated_by(topic.owner),
        partitions=written_by(topic.owner),
    )
    fact = contract.model.model_validate(examples_of(contract)["full"])
    await outbox.append(
        connection, [Statement(fact, datetime(2026, 11, 21, tzinfo=UTC), correlation_id="c")]
    )
    ((_, (topics, _, keys, _, _, headers, data, *_)),) = connection.executed
    written = {name: (value or b"").decode() for name, value in headers_from_text(headers[0])} | {
        "ce_sequence": "1"
    }
    message = DOCUMENT["components"]["messages"][name_of(contract)]
    Draft202012Validator(message["headers"], format_checker=FormatChecker()).validate(written)
    assert set(written) == set(message["headers"]["properties"])
    assert (topics[0], keys[0].decode()) == (contract.topic, written["ce_partitionkey"])
    assert json.loads(data[0]) == examples_of(contract)["full"]
