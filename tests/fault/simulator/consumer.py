"""Workers of the service that consumes.

Position and effect move in one transaction (rules 8 to 15), failures are rejected (17, 18).
"""

from collections.abc import Generator, Iterable
from dataclasses import replace
from typing import NamedTuple, cast
from uuid import UUID

from aiokafka import TopicPartition

from shared.messaging.failures import OperatorNeeded, Permanent
from shared.messaging.origins import ignore_command
from shared.messaging.position import Position, Verdict, judge_all
from tests.fault.simulator.decisions import another_log, two_events
from tests.fault.simulator.kafka import Record, marks_of
from tests.fault.simulator.platform import Platform, Process, Row, Steps, ignored_by
from tests.fault.simulator.postgres import Connection, ConnectionLost, LockTimeout

REMEDY = "terang recover of the source, or terang rebuild"

Batch = dict[TopicPartition, list[tuple[int, Record]]]


class Fact(NamedTuple):
    """One effect in a projection: that it can be seen twice there is the point."""

    version: int
    type: str
    data: tuple[int, ...]
    late: bool = False
    """By a replay, so out of its aggregate's order."""


class DeadLetter(NamedTuple):
    partition: TopicPartition
    offset: int
    record: Record
    settled: bool = False


class Memory:
    """What a worker believes; a crash takes it."""

    def __init__(self) -> None:
        self.generation = -1
        self.epoch = 0
        self.owned: frozenset[TopicPartition] = frozenset()
        self.offsets: dict[TopicPartition, int] = {}
        self.owed: set[int] = set()
        self.ignored: dict[TopicPartition, set[int]] = {}
        """Offsets to pass over, as of the last check."""
        self.ahead: Batch = {}
        """Read while the batch before was with PostgreSQL."""

    def drop_ahead(self, sought: Iterable[TopicPartition]) -> None:
        """What was sought since it was read would come twice; the rest is read again with it."""
        if self.ahead.keys() & set(sought):
            for partition, records in self.ahead.items():
                self.offsets[partition] = records[0][0]
            self.ahead = {}


def consumer(platform: Platform, me: Process) -> Steps:
    memory = Memory()
    moves = not platform.off & {"10-no-seek", "10-seek-one"}
    memory.epoch = platform.kafka.epoch
    while True:
        connection = me.connect(me.service.database)
        yield
        try:
            if memory.owned and "15" not in platform.off:
                yield from seek(
                    platform, me, memory, connection, memory.owned, moves=moves
                )  # after a lost connection
            while True:
                yield from turn(platform, me, memory, connection)
        except (ConnectionLost, LockTimeout) as trouble:
            platform.say(me.name, f"waits and begins anew: {type(trouble).__name__}")
            connection.terminate()
            yield
            if "15" in platform.off and "10-no-seek" not in platform.off:
                memory.generation = -1  # still seeks, but doesn't ask whether it is the same log
        except OperatorNeeded as stop:
            platform.page(me, stop, "consumer")
            return


def turn(platform: Platform, me: Process, memory: Memory, connection: Connection) -> Steps:
    rng, kafka = platform.rng, platform.kafka
    moves = not platform.off & {"10-no-seek", "10-seek-one"}
    if (
        memory.generation != platform.generation and rng.random() < 0.5
    ):  # else the news is late, and this is a zombie
        memory.generation = platform.generation
        memory.owned = platform.share.get(me.name, frozenset())
        for partition in memory.owned:
            memory.offsets[partition] = kafka.group.get(partition, kafka.logs[partition].start)
        early = (
            "15-early" in platform.off and rng.random() < 0.5
        )  # records arrive before the listener's seek ends
        if (
            memory.owned and not early
        ):  # what arrives before is not taken: a partition just assigned needs a check
            yield from seek(platform, me, memory, connection, memory.owned)
    if memory.epoch != kafka.epoch:
        memory.epoch = kafka.epoch
        if (
            "15" not in platform.off and rng.random() < 0.5
        ):  # else the client connected again without a word
            yield from seek(platform, me, memory, connection, memory.owned, moves=moves)
    batch = memory.ahead or fetch(platform, memory)
    memory.ahead = {}
    yield
    if batch:
        if rng.random() < 0.5:
            memory.ahead = fetch(platform, memory)
        yield from take(platform, me, memory, connection, batch)
    elif memory.owned and rng.random() < 0.1 and "15" not in platform.off:
        yield from seek(
            platform, me, memory, connection, memory.owned, moves=moves
        )  # each minute when idle
    if memory.owed and rng.random() < 0.2:
        yield from platform_duty(platform, connection, sorted(memory.owed))
        memory.owed.clear()


def fetch(platform: Platform, memory: Memory) -> Batch:
    batch: Batch = {}
    for partition in sorted(memory.owned):
        log = platform.kafka.logs[partition]
        offset = memory.offsets[partition]
        if not log.start <= offset <= log.end:
            offset = memory.offsets[partition] = (
                log.start
            )  # auto_offset_reset=earliest, without a word
        if offset < log.end and platform.rng.random() < 0.7:
            records = log.read(offset, platform.rng.randrange(1, 5))
            batch[partition] = records
            memory.offsets[partition] = records[-1][0] + 1
    return batch


def seek(
    platform: Platform,
    me: Process,
    memory: Memory,
    connection: Connection,
    partitions: Iterable[TopicPartition],
    *,
    moves: bool = True,
) -> Steps:
    """To where PostgreSQL says, if it is still the same log (rule 15)."""
    partitions = sorted(partitions)
    if moves:
        memory.drop_ahead(partitions)
    positions: list[Position] = [connection.get("position", partition) for partition in partitions]
    connection.rollback()
    yield
    for position in positions:
        ignored = memory.ignored[position.partition] = ignored_by(me.service, position.partition)
        if "15" not in platform.off:
            reason = another_log(position, platform.kafka.logs[position.partition], ignored)
            yield
            moved = connection.get("position", position.partition) != position
            if reason and moved:  # while this process slept between its two questions
                raise LockTimeout
            if reason:
                raise OperatorNeeded(
                    f"{position.partition.topic}/{position.partition.partition}: {reason}.",
                    remedy=REMEDY,
                )
        if moves:
            memory.offsets[position.partition] = position.next_offset


def take(
    platform: Platform, me: Process, memory: Memory, connection: Connection, batch: Batch
) -> Steps:
    """A batch in one transaction; if one of its events fails, each alone."""
    owed = set(memory.owed)
    try:
        done = yield from transaction(platform, me, memory, connection, batch, alone=False)
    except Permanent:
        connection.rollback()
        memory.owed = owed
        yield
        done = True
        for partition in sorted(batch):
            for offset, record in batch[partition]:
                done = done and (
                    yield from transaction(
                        platform,
                        me,
                        memory,
                        connection,
                        {partition: [(offset, record)]},
                        alone=True,
                    )
                )
    if done:
        for partition, records in batch.items():
            platform.kafka.group[partition] = records[-1][0] + 1
        yield
        return
    connection.rollback()
    memory.owed = owed
    yield
    if "10-no-seek" in platform.off:
        return
    partitions = sorted(batch)[:1] if "10-seek-one" in platform.off else memory.owned | batch.keys()
    yield from seek(platform, me, memory, connection, partitions)


def transaction(
    platform: Platform,
    me: Process,
    memory: Memory,
    connection: Connection,
    batch: Batch,
    *,
    alone: bool,
) -> Steps:
    """True when it committed; False when a position was not where the batch begins.

    Permanent when an event failed among others.
    """
    to_apply: list[tuple[TopicPartition, int, Record]] = []
    for partition in sorted(batch):
        ignored = memory.ignored.get(partition, set())
        judged = yield from judge_part(
            platform, me, connection, partition, batch[partition], ignored
        )
        stale = {at for at, _ in batch[partition]} & ignored_by(me.service, partition) - ignored
        if judged is None or (stale and "24-stale" not in platform.off):
            return False
        for (offset, record), verdict in zip(batch[partition], judged, strict=True):
            if verdict is Verdict.APPLY:
                to_apply.append((partition, offset, record))
            elif verdict is Verdict.FOREIGN and offset not in ignored:
                reject(platform, connection, partition, offset, record)
        yield
    fine: list[tuple[TopicPartition, Record]] = []
    for partition, offset, record in to_apply:
        if record.poison and not platform.handler_fixed:
            if not alone:
                raise Permanent("the handler refuses it")
            reject(platform, connection, partition, offset, record)
            yield
            if "11-stuck" in platform.off:
                moved = connection.get("position", partition)
                connection.put("position", partition, replace(moved, sequence=moved.sequence - 1))
        else:
            fine.append((partition, record))
    yield from effects(platform, connection, fine, memory=memory)
    connection.commit()
    if platform.lines is not None:
        platform.say(
            me.name,
            "took "
            + ", ".join(f"{p.topic}/{p.partition}@{r[0][0]}-{r[-1][0]}" for p, r in batch.items()),
        )
    yield
    return True


def judge_part(
    platform: Platform,
    me: Process,
    connection: Connection,
    partition: TopicPartition,
    records: list[tuple[int, Record]],
    ignored: set[int],
) -> Generator[None, None, list[Verdict] | None]:
    """Locks and moves one position; returns what each record means.

    None if the position does not stand where the records begin.
    """
    off, where = platform.off, f"{partition.topic}/{partition.partition}"
    yield from connection.lock("position", partition)
    position: Position = connection.get("position", partition)
    if "10-no-cas" in off:
        position = replace(position, next_offset=records[0][0])
    verdicts, moved = verdicts_on(position, records, ignored, off)
    if Verdict.ELSEWHERE in verdicts:
        platform.say(me.name, f"{where} stands at {position.next_offset}, not {records[0][0]}")
        return None
    why = why_not(
        platform, me, position, moved, list(zip(records, verdicts, strict=False)), ignored
    )
    if why:
        connection.rollback()
        reason, remedy = why
        raise OperatorNeeded(f"{where}: {reason}.", remedy=remedy)
    connection.put("position", partition, moved)
    return verdicts


def why_not(
    platform: Platform,
    me: Process,
    position: Position,
    moved: Position,
    judged: list[tuple[tuple[int, Record], Verdict]],
    ignored: set[int],
) -> tuple[str, str] | None:
    """Why going on would be wrong, and the remedy: a gap, another log, two events of one number."""
    partition, off = position.partition, platform.off
    log = platform.kafka.logs[partition]
    (offset, record), last = judged[-1]
    if last is Verdict.GAP:
        command = ignore_command(me.service.name, (*partition, offset), cast("UUID", record.event))
        return f"a gap, sequence {record.sequence} after {moved.sequence}", f"{REMEDY}; {command}"
    skipped = [mark for mark, verdict in judged if verdict is Verdict.SKIP]
    if not skipped:
        return None
    # what looks like a repeat may be another log's beginning
    reason = None if "15" in off else another_log(position, log, ignored)
    if reason:
        return reason, REMEDY
    marks = marks_of(skipped, any_source="22" in off)
    found = None if "23-skip" in off else two_events(log, marks, ignored)
    if found is None:
        return None
    commands = [
        ignore_command(me.service.name, (*partition, mark.offset), mark.event) for mark in found
    ]
    return f"two events under number {found[0].sequence}", " or ".join(commands)


def verdicts_on(
    position: Position,
    records: list[tuple[int, Record]],
    ignored: set[int],
    off: frozenset[str],
) -> tuple[list[Verdict], Position]:
    """Rules 10, 11 and 22, by shared/messaging/position.py."""
    marks = marks_of(records, ignored, any_source="22" in off)
    verdicts, moved = judge_all(position, marks)
    if "11-repeats" in off:
        verdicts = [Verdict.APPLY if verdict is Verdict.SKIP else verdict for verdict in verdicts]
    if "11-gaps" in off and Verdict.GAP in verdicts:
        n = len(verdicts) - 1
        over = replace(moved, sequence=(marks[n].sequence or 1) - 1)
        rest, moved = judge_all(over, marks[n:])
        verdicts = verdicts[:n] + rest
    return verdicts, moved


def reject(
    platform: Platform,
    connection: Connection,
    partition: TopicPartition,
    offset: int,
    record: Record,
) -> None:
    letter = platform.number()
    connection.put("dead_letter", letter, DeadLetter(partition, offset, record))
    row = Row(
        letter,
        TopicPartition("dead", partition.partition),
        "DeadLetter",
        record.aggregate,
        letter,
        (offset, record.version),
    )
    if "18-reject" in platform.off:
        platform.kafka.send("r", row.partition, [row._replace(sequence=1).record()])
    else:
        connection.put("outbox", connection.new_id(), row)


def effects(
    platform: Platform,
    connection: Connection,
    events: list[tuple[TopicPartition, Record]],
    *,
    late: bool = False,
    memory: Memory | None = None,
) -> Steps:
    """What the events change.

    Facts in a projection, a mark for what is owed later, a decision once the set is complete.
    """
    touched: set[int] = set()
    for partition, record in events:
        key = (partition.topic, record.aggregate)
        yield from connection.lock("fact", key)
        facts = connection.get("fact", key) or ()
        connection.put("fact", key, (*facts, Fact(record.version, record.type, record.data, late)))
        touched.add(record.aggregate)
        yield
    for aggregate in sorted(touched):
        if "13" not in platform.off:
            yield from connection.lock("vacancy", aggregate)
            yield
        decided = complete(platform, connection, aggregate)
        yield
        if decided is None:
            continue
        event = (
            platform.number()
            if "14-random-id" in platform.off
            else platform.derived("Decided", aggregate)
        )
        yield from connection.lock("outbox_event", event)
        if connection.get("outbox_event", event) is None:  # ON CONFLICT DO NOTHING
            connection.put("outbox_event", event, True)
            connection.put("decision", aggregate, decided)
            partition = TopicPartition("r", aggregate % len(platform.r.partitions[:2]))
            connection.put(
                "outbox",
                connection.new_id(),
                Row(event, partition, "Decided", aggregate, platform.number(), decided),
            )
        yield
    for aggregate in sorted(touched):
        if "14-memory" in platform.off:
            if memory is not None:
                memory.owed.add(aggregate)
        else:
            yield from connection.lock("owed", aggregate)
            connection.put("owed", aggregate, True)


def complete(platform: Platform, connection: Connection, aggregate: int) -> tuple[int, ...] | None:
    """The versions of all facts, once the set is complete (rule 16); None before, or if decided.

    It is complete once both sides have closed and all that they counted has arrived.
    """
    if "13" not in platform.off and connection.get("decision", aggregate) is not None:
        return None
    every: list[int] = []
    for topic in ("a", "e"):
        facts: tuple[Fact, ...] = connection.get("fact", (topic, aggregate)) or ()
        closing = next((fact for fact in facts if fact.type == "Closed"), None)
        if closing is None or (len(facts) - 1 < closing.data[0] and "16" not in platform.off):
            return None
        every += [fact.version for fact in facts]
    return tuple(sorted(every))


def duty(platform: Platform, me: Process) -> Steps:
    """States what is owed (rule 14).

    At most one Recomputed for many changes, always one after the last.
    """
    while True:
        connection = me.connect(me.service.database)
        yield
        try:
            while True:
                owed = sorted(connection.rows("owed"))
                connection.rollback()
                yield
                if owed:
                    yield from platform_duty(platform, connection, owed)
                for _ in range(platform.rng.randrange(4, 20)):
                    yield
        except (ConnectionLost, LockTimeout):
            connection.terminate()
            yield


def platform_duty(platform: Platform, connection: Connection, owed: list[int]) -> Steps:
    for aggregate in owed:
        yield from connection.lock("vacancy", aggregate)
        yield from connection.lock("owed", aggregate)
        yield
        count = sum(len(connection.get("fact", (topic, aggregate)) or ()) for topic in ("a", "e"))
        connection.put("owed", aggregate, None)
        yield
        row = Row(
            platform.number(),
            TopicPartition("r", aggregate % 2),
            "Recomputed",
            aggregate,
            platform.number(),
            (count,),
        )
        connection.put("outbox", connection.new_id(), row)
        connection.commit()
        yield
