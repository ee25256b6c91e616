"""The catalogue says everything about every topic and event, and the services do what it says."""

import ast
import importlib
import re
from pathlib import Path
from typing import get_args

import pytest

from shared.contracts.catalogue import (
    BY_MODEL,
    CATALOGUE,
    PARTITIONS,
    SERVICES,
    SUBSCRIBED,
    TOPICS,
    EventContract,
    Service,
    Topic,
    stated_by,
    written_by,
)
from shared.messaging.dead_letters import topic_of
from shared.messaging.outbox import Outbox
from shared.messaging.subscription import by_type

ROOT = Path(__file__).parents[2]
PERSONAL = {
    "subject",
    "account",
    "owner",
    "name_of_person",
    "birth_date",
    "gpa",
    "nik",
    "text",
    "answer",
    "place",
    "address",
    "email",
    "phone",
    "note",
}
"""Names that fields of a public event must not have: what they would hold is personal, and a record
on Kafka can't be erased."""

contracts = pytest.mark.parametrize("contract", CATALOGUE, ids=lambda contract: contract.type)
topics = pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
services = pytest.mark.parametrize("service", SERVICES)


@topics
def test_a_topic_says_whose_it_is_and_how_it_is_kept(topic: Topic) -> None:
    """Owner, audience, key, retention, description, and the platform's count of partitions."""
    assert topic.owner in get_args(Service)
    assert topic.name.startswith(f"terang.{topic.owner}")
    assert topic.key
    assert len(topic.description) > 15
    assert topic.partitions == PARTITIONS
    assert topic.retention_ms == -1 or topic.retention_ms >= 86_400_000
    expected = {"restricted": "restricted", "dead-letters": "operators"}.get(
        topic.name.rpartition(".")[2], "public"
    )
    assert topic.audience == expected
    assert (topic.audience == "public") == (topic.retention_ms == -1), (
        "public topics are kept for ever: replay is a feature"
    )


def test_topics_and_types_are_unique() -> None:
    """One row for each."""
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
    assert (
        len({contract.type for contract in CATALOGUE})
        == len({contract.model for contract in CATALOGUE})
        == len(CATALOGUE)
    )


@services
def test_each_service_has_a_place_for_what_it_cannot_take(service: Service) -> None:
    """Its dead-letters topic is the one that messaging writes to, and its own."""
    assert topic_of(service) in written_by(service)


@contracts
def test_an_event_is_named_in_the_past_and_lives_on_an_owned_topic(contract: EventContract) -> None:
    """A type ends in a past participle, its topic is in the catalogue, and it has a docstring."""
    assert re.fullmatch(r"terang\.([A-Z][a-z]+)+(\.v[0-9]+)?", contract.type)
    assert contract.type.split(".")[1] == contract.model.__name__.split("_")[0]
    assert re.search(r"(ed|drawn|LeftEmpty)$", contract.model.__name__)
    assert contract.topic in {topic.name for topic in TOPICS}
    assert contract.audience in {"public", "restricted"}
    assert contract.model.__doc__


@pytest.mark.parametrize(
    "contract", [c for c in CATALOGUE if c.audience == "public"], ids=lambda contract: contract.type
)
def test_public_events_have_no_field_for_what_is_personal(contract: EventContract) -> None:
    """Not under any of the names that such a field would bear, at any depth."""
    schema = contract.model.model_json_schema()
    names = set(schema["properties"])
    for definition in schema.get("$defs", {}).values():
        names |= set(definition.get("properties", {}))
    assert names & PERSONAL == set()


@services
def test_what_a_service_registers_is_what_the_catalogue_says(service: Service) -> None:
    """subscriptions.py lists exactly the catalogue's rows of SUBSCRIBED.

    Each type stands once, and no two versions of one.
    """
    handlers = importlib.import_module(f"services.{service}.subscriptions")
    outbox = Outbox(
        source=f"/provinces/99/{service}",
        service=service,
        contracts=stated_by(service),
        partitions=written_by(service),
    )
    registered = handlers.subscriptions(outbox)
    by_type(registered)
    assert {each.contract.type for each in registered} == {
        BY_MODEL[model].type for model in SUBSCRIBED[service]
    }
    assert all(each.contract is BY_MODEL[each.contract.model] for each in registered)


def names_in(folder: Path) -> tuple[set[str], set[str]]:
    """Names that the code of a folder uses (imports aside), and those that it calls."""
    nodes = [
        node
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    ]
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    called = {
        node.func.id
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return used, called


@services
def test_a_service_states_what_is_its_own_and_nothing_else(service: Service) -> None:
    """Its code uses every event of its topics, and makes none of another's."""
    used, called = names_in(ROOT / "services" / service)
    own = {contract.model.__name__ for contract in stated_by(service).values()}
    others = {contract.model.__name__ for contract in CATALOGUE} - own
    assert own - used == set(), "the catalogue promises events that nobody states"
    assert called & others == set(), "an event is stated by the owner of its topic alone"
