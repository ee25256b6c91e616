"""One history: who takes part, which faults befall them, how it is healed at the end.

The seed decides everything.
"""

import contextlib
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from aiokafka import TopicPartition

from shared.messaging.position import Position
from tests.fault.simulator import operators
from tests.fault.simulator.consumer import consumer, duty
from tests.fault.simulator.decisions import another_log
from tests.fault.simulator.kafka import FOREIGN, Log, Record
from tests.fault.simulator.oracle import judge
from tests.fault.simulator.platform import (
    PARTITIONS,
    Platform,
    Process,
    Row,
    Sent,
    Service,
    Steps,
    ignored_by,
)
from tests.fault.simulator.postgres import ConnectionLost, LockTimeout
from tests.fault.simulator.relay import relay

HARMLESS = (
    "kill",
    "sigstop",
    "backend",
    "postgres",
    "broker",
    "rebalance",
    "foreign",
    "purge",
    "late batches",
    "refused batches",
    "unheard batches",
    "doubtful commits",
    "poison",
    "replay",
    "rebuild",
    "rollbacks",
    "expiry",
)
"""Nothing may stop for these, nothing may be lost."""

DESTRUCTIVE = ("restore a", "restore e", "restore r", "power cut", "topic anew")
"""These can justify a stop that names its remedy."""

NOT_WITH_FORGED = (*DESTRUCTIVE, "expiry")
"""Faults that forged events are not played with: a rebuild undoes these, from the whole log."""

LONGEST_HEALING = 6000
"""Steps after which a platform without faults must have come to rest."""


class Outcome(NamedTuple):
    seed: int
    faults: tuple[str, ...]
    steps: int
    stated: int
    stops: int
    violations: list[str]
    lines: list[str]


def play(
    seed: int,
    off: frozenset[str] = frozenset(),
    forced: frozenset[str] = frozenset(),
    *,
    trace: bool = False,
) -> Outcome:
    """One history from start to judgement.

    Without the rules that are `off`, with the faults that are `forced` among others.
    """
    history = History(seed, off, forced, trace=trace)
    history.chaos()
    history.heal()
    platform = history.platform
    violations = judge(platform, quiet=history.quiet())
    return Outcome(
        seed,
        tuple(sorted(history.faults)),
        platform.tick,
        sum(len(service.stated) for service in platform.services),
        len(platform.paged),
        violations,
        platform.lines or [],
    )


class History:
    def __init__(
        self,
        seed: int,
        off: frozenset[str],
        forced: frozenset[str] = frozenset(),
        *,
        trace: bool = False,
    ) -> None:
        platform = self.platform = Platform(seed, off)
        rng = self.rng = platform.rng
        if trace:
            platform.lines = []
        # Each history has its own few kinds of faults: all at once would hide each other's traces.
        self.faults = {kind for kind in HARMLESS if rng.random() < 0.35}
        self.faults |= {kind for kind in DESTRUCTIVE if rng.random() < 0.07}
        if rng.random() < 0.1 and not forced & set(NOT_WITH_FORGED):
            self.faults.add("forged")
        if "forged" in self.faults | forced:
            self.faults -= set(NOT_WITH_FORGED)
        self.faults |= forced
        platform.aggregates = rng.choice((1, 2, 4))
        platform.kafka.flush_each = "power cut" not in self.faults
        self.rate = rng.choice((0.01, 0.02, 0.04))
        self.healing = False
        self.todo: dict[str, int] = {}
        self.processes = platform.processes
        for service in (platform.a, platform.e):
            for n in (1, 2):
                name = f"{service.name}-client{n}"
                self.todo[name] = rng.randrange(2, 7)
                self.add(name, service, self.client)
        for service in platform.services:
            for n in (1, 2):
                self.add(f"{service.name}-relay{n}", service, lambda me: relay(platform, me))
            service.database.doubt = self.doubt
        for n in range(1, rng.choice((2, 3, 4))):
            self.add(f"r-worker{n}", platform.r, lambda me: consumer(platform, me))
        self.add("r-duty", platform.r, lambda me: duty(platform, me))
        self.network = self.carry()
        self.rebalance()
        self.actions: list[Callable[[], None]] = [self.restart, self.restart, self.flush]
        for kind, actions in {
            "kill": [self.kill],
            "sigstop": [self.sigstop, self.sigstop],
            "backend": [self.backend],
            "postgres": [self.postgres],
            "broker": [self.broker],
            "rebalance": [self.rebalance, self.rebalance],
            "foreign": [self.foreign],
            "forged": [self.forged],
            "purge": [self.purge],
            "replay": [self.replay],
            "rebuild": [self.rebuild, self.rebuild],
            "expiry": [self.expire],
            "restore a": [self.restore_a] * 2,
            "restore e": [self.restore_e] * 2,
            "restore r": [self.restore_r] * 2,
            "power cut": [self.power_cut],
            "topic anew": [self.topic_anew],
        }.items():
            if kind in self.faults:
                self.actions += actions
        self.operator_count = 0
        self.ignoring: set[tuple[str, int]] = set()
        """What operators have decided to have ignored: service and event."""
        self.restored: dict[str, int] = {}

    # Who takes part

    def add(self, name: str, service: Service, make: Callable[[Process], Steps]) -> Process:
        process = Process(name, service, make)
        self.processes.append(process)
        process.start()
        return process

    def client(self, me: Process) -> Steps:
        """People at work through the API.

        Each transaction locks its aggregate first and appends last (rule 1).
        """
        rng, service = self.rng, me.service
        topic = service.name
        while True:
            connection = me.connect(service.database)
            yield
            try:
                while self.todo[me.name] > 0:
                    self.todo[me.name] -= 1
                    yield from self.operate(
                        me, topic, rng.randrange(self.platform.aggregates), closing=False
                    )
                    for _ in range(rng.randrange(12)):
                        yield
                if me.name.endswith("1"):
                    for aggregate in range(self.platform.aggregates):
                        yield from self.operate(me, topic, aggregate, closing=True)
                connection.check()
                connection.terminate()
                return
            except (ConnectionLost, LockTimeout):
                connection.terminate()
                yield

    def operate(self, me: Process, topic: str, aggregate: int, *, closing: bool) -> Steps:
        platform, rng = self.platform, self.rng
        connection = me.connections[-1]
        key = 0
        if "1" in platform.off:
            key = connection.new_id()
            yield
        yield from connection.lock("aggregate", aggregate)
        count, closed = connection.get("aggregate", aggregate) or (0, False)
        yield
        if closed:
            connection.rollback()
            return
        version = platform.number()
        connection.put("aggregate", aggregate, (count if closing else count + 1, closing))
        yield
        if "rollbacks" in self.faults and rng.random() < 0.2 and not self.healing:
            connection.new_id()
            connection.rollback()
            yield
            return
        row = Row(
            platform.number(),
            TopicPartition(topic, aggregate % PARTITIONS),
            "Closed" if closing else "Stated",
            aggregate,
            version,
            (count,) if closing else (),
            not closing and "poison" in self.faults and rng.random() < 0.15,
        )
        connection.put("outbox", key or connection.new_id(), row)
        yield
        connection.commit()
        platform.say(me.name, f"states {row.event}: version {version} of aggregate {aggregate}")
        yield

    def carry(self) -> Steps:
        """The network: batches land in any order, late, unheard, refused."""
        rng, kafka = self.rng, self.platform.kafka
        while True:
            flight = rng.choice(kafka.flights) if kafka.flights else None
            fate = 1.0 if self.healing else rng.random()
            if flight is None or flight.late > self.platform.tick:
                pass
            elif fate < 0.1 and "refused batches" in self.faults:
                kafka.refuse(flight)
            elif fate < 0.2 and "unheard batches" in self.faults:
                kafka.land(flight, answered=False)
            elif fate < 0.35 and "late batches" in self.faults and flight.state == "flying":
                flight.state = "failed"  # its producer has given up; it is still on its way
                flight.late = self.platform.tick + rng.randrange(600)
            elif flight.state == "failed" and rng.random() < 0.3:
                kafka.refuse(flight)
            else:
                kafka.land(flight, answered=True)
            yield

    # The scheduler

    def step(self) -> None:
        platform = self.platform
        platform.tick += 1
        running = self.running
        n = int(self.rng.random() * (len(running) + 1))
        if n == len(running):
            next(self.network)
            return
        process = running[n]
        if process.steps is None:  # ended by another's step
            self.look()
            return
        try:
            next(process.steps)
        except StopIteration:
            paged = bool(platform.paged) and platform.paged[-1][:2] == (platform.tick, process.name)
            process.end("paged" if paged else "done")
            self.look()

    def look(self) -> None:
        """Who can run now."""
        self.running = [process for process in self.processes if process.state == "running"]

    def chaos(self) -> None:
        rng, platform = self.rng, self.platform
        self.look()
        length = rng.randrange(500, 2000)
        backups = {
            service: rng.randrange(0, length)
            for service in platform.services
            if f"restore {service.name}" in self.faults
        }
        for tick in range(length):
            for service, at in backups.items():
                if tick == at:
                    service.backup = (platform.tick, service.database.backup())
                    platform.say("operator", f"takes a backup of {service.name}")
            if rng.random() < self.rate:
                rng.choice(self.actions)()
                self.look()
            self.step()

    def doubt(self) -> str:
        if self.healing or "doubtful commits" not in self.faults:
            return ""
        chance = self.rng.random()
        return "lost" if chance < 0.03 else "unheard" if chance < 0.06 else ""

    # Faults

    def some(self, *states: str) -> Process | None:
        found = [process for process in self.processes if process.state in states]
        return self.rng.choice(found) if found else None

    def restart(self) -> None:
        """What is dead is started again, what was stopped goes on, each in its own time."""
        for process in list(self.processes):
            if self.rng.random() < 0.5:
                if process.state == "stopped":
                    process.state = "running"
                    self.platform.say(process.name, "goes on (SIGCONT)")
                elif process.state == "paged" and self.named(process):
                    if self.rng.random() < 0.5:
                        self.ignore(process)
                elif (
                    process.state == "paged" and "relay" in process.name and self.rng.random() < 0.5
                ):
                    self.recover(process.service)
                elif process.state in ("dead", "paged") and not process.service.down:
                    self.begin(process)

    def begin(self, process: Process) -> None:
        if process.name.startswith("operator"):
            self.processes.remove(process)
        else:
            process.start()
            self.platform.say(process.name, "starts")

    def kill(self) -> None:
        if process := self.some("running", "stopped"):
            self.platform.say(process.name, "is killed")
            process.end("dead")
            if process.name.startswith("operator"):
                process.service.down = False

    def sigstop(self) -> None:
        process = self.some("running")
        if process and not process.name.startswith("operator"):
            self.platform.say(process.name, "is stopped (SIGSTOP)")
            process.state = "stopped"
            if self.rng.random() < 0.5:  # as keepalives would, after a while
                for connection in process.connections:
                    connection.terminate()

    def backend(self) -> None:
        if (process := self.some("running", "stopped")) and process.connections:
            self.platform.say(process.name, "loses its connection")
            self.rng.choice(process.connections).terminate()

    def postgres(self) -> None:
        service = self.rng.choice(self.platform.services)
        self.platform.say("FAULT", f"PostgreSQL of {service.name} restarts")
        service.database.restart()

    def broker(self) -> None:
        self.platform.say("FAULT", "Kafka restarts")
        self.platform.kafka.break_connections()

    def rebalance(self) -> None:
        platform = self.platform
        running = [
            process.name
            for process in self.processes
            if process.name.startswith("r-worker") and process.state != "dead"
        ]
        platform.generation += 1
        platform.share = {}
        if not running:
            return
        owners = {partition: self.rng.choice(running) for partition in platform.subscribed}
        for name in running:
            platform.share[name] = frozenset(
                partition for partition, owner in owners.items() if owner == name
            )
        platform.say(
            "group",
            "; ".join(
                f"{n}: {' '.join(f'{p.topic}/{p.partition}' for p in sorted(s))}"
                for n, s in platform.share.items()
            ),
        )

    def foreign(self) -> None:
        partition = self.rng.choice(list(self.platform.kafka.logs))
        self.platform.say("stranger", f"writes to {partition.topic}/{partition.partition}")
        record = FOREIGN
        if self.rng.random() < 0.5:  # of another source, under a number of ours
            record = self.strange(partition)._replace(foreign=True)
        self.platform.kafka.append(partition, record)

    def forged(self) -> None:
        """A stranger writes as if the topic's service had: the next number, an old one, any."""
        partition = self.rng.choice(list(self.platform.kafka.logs))
        record = self.strange(partition)
        assert record.event is not None
        self.platform.forged[record.event] = (partition, self.platform.kafka.logs[partition].end)
        self.platform.destroy("forged", partition.topic)
        self.platform.say("stranger", f"forges {record} on {partition.topic}/{partition.partition}")
        self.platform.kafka.append(partition, record)

    def strange(self, partition: TopicPartition) -> Record:
        """A record that nobody stated."""
        numbers = [
            record.sequence or 0
            for record in self.platform.kafka.logs[partition].records
            if record.ours
        ]
        last = max(numbers, default=0)
        sequence = self.rng.choice(
            (last + 1, last + 1, last + 50, self.rng.randrange(last + 1) + 1)
        )
        aggregate = partition.partition % self.platform.aggregates
        number = self.platform.number
        return Record(number(), sequence, "Stated", aggregate, number())

    def purge(self) -> None:
        """Published rows that have been kept long enough are removed.

        After days, in which their relay has asked the log many times over.
        """
        service = self.rng.choice(self.platform.services)
        connection = service.database.connect()
        for key, row in list(connection.rows("outbox").items()):
            sent: Sent = connection.get("sent", row.partition)
            log = self.platform.kafka.logs[row.partition]
            safe = sent.offset is not None and sent.offset < log.flushed and still_holds(log, sent)
            if (
                row.sequence is not None
                and row.sequence <= sent.acknowledged
                and safe
                and self.rng.random() < 0.7
            ):
                connection.put("outbox", key, None)
        with contextlib.suppress(ConnectionLost):
            connection.commit()
        connection.terminate()

    def flush(self) -> None:
        for log in self.platform.kafka.logs.values():
            log.flushed = log.end

    def expire(self) -> None:
        """Retention: takes only what every consumer has passed.

        It comes weeks later, so not before a stop for a lost end was heeded.
        """
        platform = self.platform
        partition = self.rng.choice(list(platform.kafka.logs))
        log = platform.kafka.logs[partition]
        upto = log.flushed
        if partition in platform.subscribed:
            position: Position = platform.r.database.table("position")[partition]
            if another_log(position, log, ignored_by(platform.r, partition)):
                return
            upto = min(upto, position.next_offset)
        owner = next(service for service in platform.services if partition in service.partitions)
        sent = owner.database.table("sent")[partition]
        upto = min(upto, -1 if sent.offset is None else sent.offset + 1)
        if upto > log.start:
            platform.say(
                "FAULT", f"retention takes {partition.topic}/{partition.partition} up to {upto}"
            )
            platform.retained.add(partition.topic)
            platform.expired.setdefault(partition, []).extend(log.read(log.start, upto - log.start))
            platform.kafka.expire(partition, upto)

    def restore_a(self) -> None:
        self.restore(self.platform.a)

    def restore_e(self) -> None:
        self.restore(self.platform.e)

    def restore_r(self) -> None:
        self.restore(self.platform.r)

    def restore(self, service: Service) -> None:
        """Restores a backup under idle and busy workers and clients.

        What the relays had sent has arrived, and none of them sends on (rule 21).
        """
        if service.backup is None or self.restored.get(service.name, 0) > 1:
            return
        if not self.platform.off & {"21-undrained", "21-zombies"}:
            for process in self.processes:
                if (
                    process.service is service
                    and "relay" in process.name
                    and process.state in ("running", "stopped")
                ):
                    process.end("dead")
            for flight in [
                flight for flight in self.platform.kafka.flights if flight.service == service.name
            ]:
                self.platform.kafka.land(flight, answered=False)
        self.restored[service.name] = self.restored.get(service.name, 0) + 1
        service.restore()
        self.platform.destroy("restored", service.name)

    def power_cut(self) -> None:
        for partition in self.platform.kafka.power_cut():
            self.platform.destroy("cut", partition.topic)

    def topic_anew(self) -> None:
        if self.rng.random() < 0.2:
            partition = self.rng.choice(list(self.platform.kafka.logs))
            self.platform.kafka.remake(partition)
            self.platform.expired.pop(partition, None)
            self.platform.destroy("made anew", partition.topic)

    # Operators

    def operator(self, what: str, service: Service, make: Callable[[Process], Steps]) -> None:
        if any(
            process.name.startswith(f"operator-{what}") and process.state == "running"
            for process in self.processes
        ):
            return
        self.operator_count += 1
        self.add(f"operator-{what}{self.operator_count}", service, make)

    def replay(self) -> None:
        if self.rng.random() < 0.3:
            self.platform.handler_fixed = True
        self.operator("replay", self.platform.r, lambda me: operators.replay(self.platform, me))

    def rebuild(self) -> None:
        self.operator("rebuild", self.platform.r, lambda me: operators.rebuild(self.platform, me))

    def named(self, process: Process) -> list[int]:
        """The forged events that the last stop of this process names."""
        stops = [paged for paged in self.platform.paged if paged.process == process.name]
        return operators.named_in(self.platform, stops[-1].remedy) if stops else []

    def ignore(self, process: Process) -> None:
        """What the stop names: in that service, and in the one that reads the topic."""
        for event in self.named(process):
            for name in sorted({process.service.name, "r"}):
                self.ignoring.add((name, event))
        self.finish_ignoring()

    def finish_ignoring(self) -> None:
        """Begins each `terang ignore` that was decided and has not been done."""
        for service in self.platform.services:
            done = service.database.table("ignored").values()
            for name, event in sorted(self.ignoring):
                if name == service.name and event not in done:
                    self.operator_count += 1
                    self.add(
                        f"operator-ignore{self.operator_count}",
                        service,
                        partial(operators.ignore, self.platform, event=event),
                    )

    def recover(self, service: Service) -> None:
        self.operator("recover", service, lambda me: operators.recover(self.platform, me))

    # The end

    def heal(self) -> None:
        """No fault any more: everything runs until nothing moves.

        What stopped itself gets its remedy, then all starts again.
        """
        platform = self.platform
        self.healing = True
        platform.handler_fixed = True
        platform.say("HEALING", "no fault from here on")
        for service in platform.services:
            service.down = False
        for process in list(self.processes):
            if process.name.startswith("operator"):
                process.end("dead")
            elif process.state == "stopped":
                process.state = "running"
        self.finish_ignoring()
        self.start_all()
        for _ in range(2 + 2 * len(platform.forged)):
            self.settle()
            if not self.stopped():
                return
            self.recover_stopped()
            self.start_all()
        self.settle()

    def stopped(self) -> list[Process]:
        return [process for process in self.processes if process.state == "paged"]

    def start_all(self) -> None:
        for process in list(self.processes):
            if process.state in ("dead", "paged"):
                self.begin(process)
        self.rebalance()
        self.look()

    def settle(self) -> None:
        platform = self.platform
        for most in range(LONGEST_HEALING // 50):
            if self.open_letters():
                self.operator(
                    "replay", self.platform.r, lambda me: operators.replay(self.platform, me)
                )
                self.look()
            if platform.effects_to_undo and not self.stopped():
                self.rebuild()
                self.look()
            for _ in range(50):
                self.step()
            if self.quiet() or (self.stopped() and most > LONGEST_HEALING // 150):
                return

    def recover_stopped(self) -> None:
        """What the stops name: `terang ignore`, or `terang recover` of a relay's service."""
        platform = self.platform
        while process := next((each for each in self.stopped() if self.named(each)), None):
            process.state = "dead"
            self.ignore(process)
            self.look()
            while any(
                each.name.startswith("operator-ignore") and each.state == "running"
                for each in self.processes
            ):
                self.step()
        for service in platform.services:
            if any(
                "relay" in process.name and process.service is service for process in self.stopped()
            ):
                self.recover(service)
                self.look()
                recovery = self.processes[-1]
                while recovery.state == "running":
                    self.step()

    def open_letters(self) -> bool:
        letters = self.platform.r.database.table("dead_letter").values()
        return any(not letter.settled and letter.record.ours for letter in letters)

    def quiet(self) -> bool:
        """Nothing is left to be done, but for what waits behind a stop."""
        platform = self.platform
        running = [process.name for process in self.processes if process.state == "running"]
        if platform.kafka.flights or any(
            "client" in name or name.startswith("operator") for name in running
        ):
            return False
        paged = {
            process.name.split("-")[1][:5] + process.service.name
            for process in self.processes
            if process.state == "paged"
        }
        if any(
            "relay" + service.name not in paged and not self.sent(service)
            for service in platform.services
        ):
            return False
        tables = platform.r.database.table
        if "worker" + platform.r.name not in paged:
            positions: dict[TopicPartition, Position] = tables("position")
            for partition in platform.subscribed:
                log = platform.kafka.logs[partition]
                if positions[partition].next_offset != log.end or another_log(
                    positions[partition], log, ignored_by(platform.r, partition)
                ):
                    return False
        if platform.effects_to_undo and not paged:
            return False
        return not self.open_letters() and not tables("owed")

    def sent(self, service: Service) -> bool:
        """All that it stated is marked, and really is on the log.

        An idle leader has yet to find out that the log lost its end.
        """
        sent: dict[TopicPartition, Sent] = service.database.table("sent")
        rows = service.database.table("outbox").values()
        if any(
            row.sequence is None or row.sequence > sent[row.partition].acknowledged for row in rows
        ):
            return False
        for partition, offset in self.platform.forged.values():
            if partition in sent and offset not in ignored_by(service, partition):
                number = self.platform.kafka.logs[partition].records[offset].sequence
                if number and number > sent[partition].numbered:
                    return False  # an idle leader has yet to find it
        for partition, known in sent.items():
            if known.offset is not None and not still_holds(
                self.platform.kafka.logs[partition], known
            ):
                return False
        return True


def still_holds(log: Log, sent: Sent) -> bool:
    """The last acknowledged record is where it was, unless retention took it."""
    assert sent.offset is not None
    if sent.offset < log.start:
        return True
    mark = log.mark(sent.offset)
    return mark is not None and mark.event == sent.event
