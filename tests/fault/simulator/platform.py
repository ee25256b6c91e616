"""What the processes share.

Services with their databases and topics, what was stated, who runs, who was paged.
"""

import random
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from shared.messaging.failures import OperatorNeeded
from shared.messaging.position import Position
from tests.fault.simulator.kafka import Kafka, Record
from tests.fault.simulator.postgres import Connection, Database

Steps = Generator[None, None, Any]

PARTITIONS = 2


class Row(NamedTuple):
    """One row of an outbox. Without a sequence it has no number yet."""

    event: int
    partition: TopicPartition
    type: str
    aggregate: int
    version: int
    data: tuple[int, ...] = ()
    poison: bool = False
    sequence: int | None = None

    def record(self) -> Record:
        return Record(
            self.event,
            self.sequence,
            self.type,
            self.aggregate,
            self.version,
            self.data,
            self.poison,
        )


class Sent(NamedTuple):
    """The counter of one partition, and how far its log is known to hold what was numbered."""

    numbered: int = 0
    acknowledged: int = 0
    offset: int | None = None
    event: int | None = None
    begins_after: int = 0


class Stated(NamedTuple):
    """An event whose transaction committed."""

    tick: int
    row: Row


class Service:
    def __init__(self, name: str, topics: tuple[str, ...]) -> None:
        self.name = name
        self.database = Database(name)
        self.partitions = [
            TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)
        ]
        self.stated: dict[int, Stated] = {}
        self.shaken: dict[int, Stated] = {}
        """Stated after the backup that was restored: no one's fault if they are gone, but never
        twice."""
        self.backup: tuple[int, Any] | None = None
        self.down = False
        """All processes are stopped for a recovery."""
        self.sequences: dict[TopicPartition, int] = {}  # used by a rule that is switched off
        for partition in self.partitions:
            self.database.table("sent")[partition] = Sent()

    def restore(self) -> None:
        assert self.backup is not None
        tick, backup = self.backup
        self.database.restore(backup)
        for event, stated in list(self.stated.items()):
            if stated.tick > tick:
                self.shaken[event] = self.stated.pop(event)


class Process:
    """A generator that the scheduler steps.

    Killed, it loses its memory and its connections; stopped (SIGSTOP) it keeps both.
    """

    def __init__(self, name: str, service: Service, make: Callable[["Process"], Steps]) -> None:
        self.name = name
        self.service = service
        self.make = make
        self.state = "dead"  # running, stopped, dead, paged (it stopped itself), done
        self.steps: Steps | None = None
        self.connections: list[Connection] = []

    def start(self) -> None:
        self.steps = self.make(self)
        self.state = "running"

    def connect(self, database: Database) -> Connection:
        self.connections = [connection for connection in self.connections if connection.alive]
        connection = database.connect()
        self.connections.append(connection)
        return connection

    def end(self, state: str) -> None:
        if self.steps is not None:
            self.steps.close()
        self.steps = None
        self.state = state
        for connection in self.connections:
            connection.terminate()
        self.connections = []


class Paged(NamedTuple):
    """A process that stopped itself, and what it said."""

    tick: int
    process: str
    service: str
    kind: str
    reason: str
    remedy: str


class Platform:
    """`off` names the rules that are switched off.

    Services: `a` and `e` state facts, `r` hears both, decides and states in turn.
    """

    def __init__(self, seed: int, off: frozenset[str] = frozenset()) -> None:
        self.rng = random.Random(seed)
        self.off = off
        self.tick = 0
        self.a = Service("a", ("a",))
        self.e = Service("e", ("e",))
        self.r = Service("r", ("r", "dead"))
        self.services = (self.a, self.e, self.r)
        self.kafka = Kafka(
            [partition for service in self.services for partition in service.partitions]
        )
        self.aggregates = 4
        """Aggregate n lives in partition n % PARTITIONS of every topic, as equal partition counts
        make it."""
        self.subscribed = self.a.partitions + self.e.partitions
        for partition in self.subscribed:
            self.r.database.table("position")[partition] = Position(partition, checksum=None)
        self.processes: list[Process] = []
        self.share: dict[str, frozenset[TopicPartition]] = {}
        """Kafka's group: which consumer owns what, in its current generation."""
        self.generation = 0
        self.handler_fixed = False
        """The handler that refuses poison was corrected and deployed."""
        self.paged: list[Paged] = []
        self.destroyed: list[tuple[int, str, str]] = []
        """(tick, what, whose): destructions that can justify a stop."""
        self.accepted: set[str] = set()
        """Services whose recovery told its operator that events are lost for good."""
        self.retained: set[str] = set()
        """Topics from which retention ever took records."""
        self.forged: dict[int, tuple[TopicPartition, int]] = {}
        """Events that a stranger wrote as if a service had, and where each stands."""
        self.effects_to_undo: set[int] = set()
        """Forged events that had taken effect when they were ignored: a rebuild is owed."""
        self.hidden: set[str] = set()
        """What was passed by although a forged event stood in its place."""
        self.expired: dict[TopicPartition, list[tuple[int, Record]]] = {}
        """What retention took, for the oracle."""
        self.lines: list[str] | None = None
        self._derived: dict[Any, int] = {}
        self._last = 0
        for service in self.services:
            service.database.committed = partial(self._committed, service)

    def number(self) -> int:
        """Rises through the whole history: fresh event ids, and versions of aggregates."""
        self._last += 1
        return self._last

    def derived(self, *cause: Any) -> int:
        """The deterministic id of what follows from a cause."""
        found = self._derived.get(cause)
        if found is None:
            found = self._derived[cause] = self.number()
        return found

    def say(self, who: str, what: str) -> None:
        if self.lines is not None:
            self.lines.append(f"{self.tick:5d} {who:>10}  {what}")

    def destroy(self, what: str, whose: str) -> None:
        self.destroyed.append((self.tick, what, whose))
        self.say("FAULT", f"{what} {whose}")

    def page(self, process: Process, stop: OperatorNeeded, kind: str) -> None:
        self.paged.append(
            Paged(self.tick, process.name, process.service.name, kind, stop.reason, stop.remedy)
        )
        self.say(process.name, f"STOPS: {stop}")

    def _committed(self, service: Service, writes: dict[tuple[str, Any], Any]) -> None:
        for (table, _), row in writes.items():
            if table == "outbox" and row is not None and row.event not in service.stated:
                service.stated[row.event] = service.shaken.pop(row.event, Stated(self.tick, row))
        if self.forged:
            for (table, key), row in writes.items():
                if table == "position":
                    self._look_for_hidden(service, key, row.next_offset)
                elif table == "sent" and row.offset is not None:
                    self._look_for_hidden(service, key, row.offset + 1)

    def _look_for_hidden(self, service: Service, partition: TopicPartition, upto: int) -> None:
        """Notes a true event below `upto` behind a forged one of its number that still counts."""
        log = self.kafka.logs[partition]
        for event, (place, offset) in self.forged.items():
            if place != partition or offset >= upto or offset in ignored_by(service, partition):
                continue
            number = log.records[offset - log.start].sequence
            true = {
                at: record
                for at, record in log.read(log.start, upto - log.start)
                if record.ours and record.sequence == number and record.event not in self.forged
            }
            if true and min(true) > offset:
                self.hidden.add(
                    f"{service.name} passed number {number} of {partition.topic}"
                    f"/{partition.partition} by, behind the forged event {event}"
                )


def ignored_by(service: Service, partition: TopicPartition) -> set[int]:
    """Offsets of this partition that the service ignores."""
    return {offset for place, offset in service.database.table("ignored") if place == partition}
