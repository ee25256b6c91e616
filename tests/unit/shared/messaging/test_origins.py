"""What is taken for an event at all: by its topic, its source, and what a person had ignored."""

from uuid import UUID

import pytest

from shared.contracts.catalogue import CATALOGUE, TOPICS
from shared.messaging.envelope import Record
from shared.messaging.origins import IGNORED, OTHER_SOURCE, OTHER_TOPIC, Origins, RecordReader
from shared.messaging.parser import RecordFault
from shared.messaging.position import RecordIdentity
from shared.service_outbox import origins, source

EVENT = UUID(int=7)
ORIGINS = Origins({"one": "/1", "two": "/2"}, {"test.Added": ["one"]})


def record(topic: str = "one", **changed: bytes | None) -> Record:
    said = {"id": str(EVENT).encode(), "sequence": b"5", "type": b"test.Added", "source": b"/1"}
    headers = {f"ce_{name}": value for name, value in (said | changed).items()}
    return Record(topic, 0, 9, None, b"{}", tuple(headers.items()), 0)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        pytest.param(record(), None, id="as it should be"),
        pytest.param(record(source=b"/2"), OTHER_SOURCE, id="of another service"),
        pytest.param(record(source=None), OTHER_SOURCE, id="of nobody"),
        pytest.param(record("two", source=b"/2"), OTHER_TOPIC, id="on another topic"),
        pytest.param(record("three"), OTHER_SOURCE, id="on a topic that nobody writes"),
        pytest.param(record(type=b"test.Newer"), None, id="of a newer version"),
    ],
)
def test_an_event_is_taken_from_its_topic_and_source_alone(
    raw: Record, fault: RecordFault | None
) -> None:
    """What is foreign has neither number nor type; the reason says why, and nothing of it."""
    read = RecordReader(ORIGINS).read(raw)
    assert read.fault == fault
    ours = fault is None
    assert read.identity == RecordIdentity(9, 5 if ours else None, EVENT if ours else None)
    assert (read.type is None) == (not ours)


@pytest.mark.parametrize("event", [EVENT, UUID(int=8)])
def test_a_record_is_ignored_only_if_it_is_the_one_that_was_meant(event: UUID) -> None:
    """On a log made anew another event stands at that place, and it counts."""
    read = RecordReader(ORIGINS, {("one", 0, 9): event}).read(record())
    assert (read.fault == IGNORED) == (event == EVENT)


def test_every_event_of_the_catalogue_has_its_place() -> None:
    """Each is taken on its own topic, from its owner, and on no other topic of that owner."""
    known = origins("99")
    owners = {topic.name: topic.owner for topic in TOPICS}
    for contract in CATALOGUE:
        owner = owners[contract.topic]
        for topic in (name for name, of in owners.items() if of == owner):
            headers = (contract.type.encode(), source("99", owner).encode())
            assert (known.fault(topic, *headers) is None) == (topic == contract.topic)
