"""Who writes each topic, and which types stand there: what is taken for an event at all. (rule 22)

A record that says another source, or whose type belongs to another topic, is foreign: it has no
place in the topic's sequence, whatever number it carries.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from uuid import UUID

from shared.messaging.parser import InboundRecord, RawRecord, RecordFault, read_headers
from shared.messaging.position import RecordIdentity

Place = tuple[str, int, int]
"""Where a record stands: topic, partition, offset."""

Ignored = Mapping[Place, UUID]
"""Records that a person had ignored, with the event id that each carried then."""

OTHER_SOURCE = RecordFault("other-source", "ce_source is not the service that writes this topic")
OTHER_TOPIC = RecordFault("other-topic", "ce_type belongs to another topic")
IGNORED = RecordFault("ignored", "a person had it ignored (`terang ignore`)")

REMEMBERED = 1000
"""Topics, types and sources whose answer is kept. A service meets some dozens of them."""


class Origins:
    """What is taken for an event, by the catalogue of a platform.

    `sources` are the CloudEvents sources by topic (`/provinces/99/exams`); `topics` the topics on
    which a type may stand. A type that stands in neither (a newer version's) may stand anywhere. A
    topic without a source holds no events at all.
    """

    def __init__(
        self, sources: Mapping[str, str], topics: Mapping[str, Collection[str]] | None = None
    ) -> None:
        self._sources = {topic: source.encode() for topic, source in sources.items()}
        self._topics = {type_.encode(): set(found) for type_, found in (topics or {}).items()}
        self.fault = lru_cache(maxsize=REMEMBERED)(self._fault)

    def _fault(self, topic: str, type_: bytes | None, source: bytes | None) -> RecordFault | None:
        """Why a record with these headers is foreign on this topic; None if it isn't."""
        if source is None or source != self._sources.get(topic):
            return OTHER_SOURCE
        if type_ is not None and topic not in self._topics.get(type_, (topic,)):
            return OTHER_TOPIC
        return None


def ignore_command(service: str, place: Place, event: UUID | None) -> str:
    """The command by which this service passes over a record."""
    topic, partition, offset = place
    return f"terang ignore {service} {topic}/{partition} {offset} --event-id {event} --reason TEXT"


class RecordReader:
    """Reads who a record is, as every reader of logs must: consumers, relays and commands alike.

    `ignored` is what this service's database says of them; it may be replaced.
    """

    def __init__(self, origins: Origins, ignored: Ignored | None = None) -> None:
        self.origins = origins
        self.ignored: Ignored = ignored or {}
        self._fault = origins.fault

    def read(self, raw: RawRecord) -> InboundRecord:
        """What the record says of itself.

        One that is foreign here, or was ignored, has no number and no type, and the reason.
        """
        inbound = read_headers(raw)
        if inbound.identity.sequence is None:
            return inbound
        headers = inbound.headers
        fault = self._fault(raw.topic, headers.get("ce_type"), headers.get("ce_source"))
        if fault is None and self.ignored:
            place = (raw.topic, raw.partition, raw.offset)
            if self.ignored.get(place) == inbound.identity.event:
                fault = IGNORED
        if fault is None:
            return inbound
        return InboundRecord(raw, RecordIdentity(raw.offset, None, None), None, headers, fault)


def stands_ignored(batch: Iterable[InboundRecord], ignored: Ignored) -> bool:
    """Whether a record that was read as an event is ignored."""
    return bool(ignored) and any(
        record.identity.event is not None
        and ignored.get((record.raw.topic, record.raw.partition, record.raw.offset))
        == record.identity.event
        for record in batch
    )
