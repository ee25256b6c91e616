"""A model of Kafka, as far as the rules lean on it.

Logs with dense offsets, batches that land late or unheard, tails that get lost.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple, cast
from uuid import UUID

from aiokafka import TopicPartition

from shared.messaging.position import RecordIdentity


class SendFailed(Exception):  # noqa: N818 (what happened)
    """The producer got an error or no answer.

    The batch may be on the log, may still land, or never.
    """


class Record(NamedTuple):
    """One record. A foreign one has no event and no sequence.

    `version` is a number that rises through the whole history: an aggregate's events carry rising
    ones.
    """

    event: int | None
    sequence: int | None
    type: str = "Foreign"
    aggregate: int = 0
    version: int = 0
    data: tuple[int, ...] = ()
    poison: bool = False
    foreign: bool = False
    """Of another source, or of another topic's type."""

    @property
    def ours(self) -> bool:
        """Whether it has a place in the sequence."""
        return self.sequence is not None and not self.foreign


Ignored = Collection[int]
"""Offsets of a partition's records that are ignored."""


def marks_of(
    records: Sequence[tuple[int, Record]], ignored: Ignored = (), *, any_source: bool = False
) -> list[RecordIdentity]:
    """What records say of themselves, as the product sees it.

    Event ids are numbers here, which compare as UUIDs do.
    """
    return [
        RecordIdentity(offset, record.sequence, cast("UUID | None", record.event))
        if (record.ours or any_source) and offset not in ignored
        else RecordIdentity(offset, None, None)
        for offset, record in records
    ]


FOREIGN = Record(None, None)


class Log:
    """One partition. `flushed` is the end of what a power cut can't take."""

    __slots__ = ("flushed", "records", "start")

    def __init__(self) -> None:
        self.start = 0
        self.records: list[Record] = []
        self.flushed = 0

    @property
    def end(self) -> int:
        return self.start + len(self.records)

    def read(self, offset: int, most: int = 1_000_000) -> list[tuple[int, Record]]:
        """(offset, record) from there on."""
        first = max(offset - self.start, 0)
        return [
            (self.start + first + n, record)
            for n, record in enumerate(self.records[first : first + most])
        ]

    def mark(self, offset: int | None, ignored: Ignored = ()) -> RecordIdentity | None:
        if offset is None or not self.start <= offset < self.end:
            return None
        return marks_of([(offset, self.records[offset - self.start])], ignored)[0]

    def before(self, offset: int, ignored: Ignored = ()) -> RecordIdentity | None:
        """The nearest record of the platform below it."""
        for at in range(min(offset, self.end) - 1, self.start - 1, -1):
            mark = self.mark(at, ignored)
            if mark is not None and mark.sequence is not None:
                return mark
        return None


class Flight:
    """A batch between a producer and the log."""

    __slots__ = ("base", "late", "partition", "records", "service", "state")

    def __init__(self, service: str, partition: TopicPartition, records: Sequence[Record]) -> None:
        self.service = service
        self.partition = partition
        self.records = records
        self.state = "flying"  # what its producer knows: flying, acknowledged, failed
        self.base = -1
        self.late = 0  # not before this step does it arrive


class Kafka:
    def __init__(self, partitions: Sequence[TopicPartition]) -> None:
        self.logs = {partition: Log() for partition in partitions}
        self.flights: list[Flight] = []
        self.epoch = 0
        """Rises when connections to the broker broke."""
        self.group: dict[TopicPartition, int] = {}
        """Offsets that consumers committed to Kafka."""
        self.flush_each = True

    def send(self, service: str, partition: TopicPartition, records: Sequence[Record]) -> Flight:
        flight = Flight(service, partition, records)
        self.flights.append(flight)
        return flight

    def land(self, flight: Flight, *, answered: bool) -> None:
        """Appends the batch. The producer learns of it when `answered`, and if it still waits."""
        self.flights.remove(flight)
        log = self.logs[flight.partition]
        base = log.end
        log.records.extend(flight.records)
        if self.flush_each:
            log.flushed = log.end
        if flight.state == "flying":
            flight.state, flight.base = ("acknowledged", base) if answered else ("failed", -1)

    def refuse(self, flight: Flight) -> None:
        self.flights.remove(flight)
        flight.state = "failed"

    def append(self, partition: TopicPartition, record: Record) -> None:
        """A stranger writes."""
        log = self.logs[partition]
        log.records.append(record)
        if self.flush_each:
            log.flushed = log.end

    def power_cut(self) -> list[TopicPartition]:
        """The broker restarts; what it had not flushed is gone, acknowledged or not.

        Returns where something was.
        """
        cut = []
        for partition, log in self.logs.items():
            if log.flushed < log.end:
                del log.records[log.flushed - log.start :]
                cut.append(partition)
        self.break_connections()
        # what was on its way to the broker that died can't reach the next one: a producer sends
        # once
        self.flights.clear()
        return cut

    def break_connections(self) -> None:
        self.epoch += 1
        for flight in self.flights:
            if flight.state == "flying":
                flight.state = "failed"  # it may land all the same

    def remake(self, partition: TopicPartition) -> None:
        self.logs[partition] = Log()

    def expire(self, partition: TopicPartition, upto: int) -> None:
        """Retention: the log starts at `upto` from now on."""
        log = self.logs[partition]
        del log.records[: upto - log.start]
        log.start = upto
        log.flushed = max(log.flushed, upto)
