"""What a service's `restore_from_log.py` begins with: its events out of the log's records."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.messaging.envelope import Contract, Data, Event, Record
from shared.messaging.parser import events, read_headers


def known_events(
    records: Sequence[Record], contracts: Iterable[Contract]
) -> tuple[list[Event[Any]], list[str]]:
    """The events that the records are, in the records' order, and lines for the operator.

    A line counts the events of each type; one names each record that is no event of `contracts`,
    by its place, never by what it holds.
    """
    read = _read(records, {contract.type: contract for contract in contracts})
    found = [read[place] for place in sorted(read)]
    counts = Counter(event.type for event in found)
    unknown = [
        f"Not taken in: {record.topic}/{record.partition} at offset {record.offset} is no event"
        " known here."
        for place, record in enumerate(records)
        if place not in read
    ]
    return found, [*(f"Taken in: {n} {type_}" for type_, n in sorted(counts.items())), *unknown]


def those_of(found: Sequence[Event[Any]], *models: type[Data]) -> list[Event[Data]]:
    """The events of these models, in their order."""
    return [event for event in found if isinstance(event.data, models)]


def _read(records: Sequence[Record], contracts: Mapping[str, Contract]) -> dict[int, Event[Any]]:
    """The records that are events, by their place among all; those of a type are read together."""
    inbound = [read_headers(record) for record in records]
    places: dict[str, list[int]] = defaultdict(list)
    for place, record in enumerate(inbound):
        if record.fault is None and record.type is not None and record.type in contracts:
            places[record.type].append(place)
    found: dict[int, Event[Any]] = {}
    for type_, of_type in places.items():
        read = events(contracts[type_], [inbound[place] for place in of_type])
        read_at = zip(of_type, read, strict=True)
        found.update({place: event for place, event in read_at if isinstance(event, Event)})
    return found
