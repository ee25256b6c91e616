"""What operators start: replay (rule 18), rebuild (20), recovery after a restored backup (21)."""

import re

from aiokafka import TopicPartition

from shared.messaging.failures import OperatorNeeded
from shared.messaging.position import Position, Verdict, judge_all
from tests.fault.simulator.consumer import DeadLetter, Fact, effects
from tests.fault.simulator.decisions import event_of, plan_of_recovery, retraced
from tests.fault.simulator.kafka import Record, marks_of
from tests.fault.simulator.platform import Platform, Process, Row, Sent, Service, Steps, ignored_by
from tests.fault.simulator.postgres import Connection, ConnectionLost, LockTimeout

REPLAYING = ("advisory", "replaying")
"""Replays and rebuilds keep each other out: else an event could take effect between a rebuild's
reading and its swap."""


def replay(platform: Platform, me: Process) -> Steps:
    """Hands each open dead letter of ours to its handler, in the transaction that settles it."""
    connection = me.connect(me.service.database)
    letters = [
        key for key, letter in sorted(connection.rows("dead_letter").items()) if not letter.settled
    ]
    yield
    try:
        for key in letters:
            if not connection.try_lock(*REPLAYING):
                platform.say(me.name, "a rebuild is running")
                return
            yield from connection.lock("dead_letter", key)
            letter: DeadLetter | None = connection.get("dead_letter", key)
            yield
            if (
                letter is None
                or letter.settled
                or not letter.record.ours
                or not platform.handler_fixed
            ):
                connection.rollback()
                continue
            if "18-republish" in platform.off:
                flight = platform.kafka.send("a", letter.partition, [letter.record])
                while flight.state == "flying":
                    yield
            else:
                yield from effects(
                    platform, connection, [(letter.partition, letter.record)], late=True
                )
            if "18-two-transactions" in platform.off:
                connection.commit()
                yield
                yield
            connection.put("dead_letter", key, letter._replace(settled=True))
            connection.commit()
            platform.say(
                me.name,
                f"settled {letter.partition.topic}/{letter.partition.partition}@{letter.offset}",
            )
            yield
    except (ConnectionLost, LockTimeout):
        connection.terminate()


def rebuild(platform: Platform, me: Process) -> Steps:
    """Fills new projections from the logs' starts, exactly up to the live positions, and swaps.

    States nothing, rejects nothing.
    """
    off = platform.off
    connection = me.connect(me.service.database)
    guard = me.connect(me.service.database)
    positions = {partition: Position(partition, checksum=None) for partition in platform.subscribed}
    facts: dict[tuple[str, int], tuple[Fact, ...]] = {}
    ignored = {
        partition: set() if "24-rebuild" in off else ignored_by(me.service, partition)
        for partition in platform.subscribed
    }
    undone = {
        event
        for event in platform.effects_to_undo
        if platform.forged[event][1] in ignored_by(me.service, platform.forged[event][0])
    }
    try:
        while not guard.try_lock(*REPLAYING):
            yield
        for partition in platform.subscribed:
            if platform.kafka.logs[partition].start > 0:
                platform.say(me.name, "refuses: the log no longer begins at its start")
                return
        for last in (False, False, True):
            for partition in platform.subscribed:
                if last and "20-behind" not in off and "20-ahead" not in off:
                    yield from connection.lock("position", partition)
                live: Position = connection.get("position", partition)
                open_letters = {
                    (letter.partition, letter.offset)
                    for letter in connection.rows("dead_letter").values()
                    if not letter.settled
                }
                yield
                upto = platform.kafka.logs[partition].end if "20-ahead" in off else live.next_offset
                if last and "20-behind" in off:
                    upto = 0
                positions[partition] = advance(
                    platform, positions[partition], upto, open_letters, facts, ignored[partition]
                )
                guard.check()
                yield
                if last and not {"20-behind", "20-ahead"} & off:
                    reached = positions[partition]
                    same = (reached.next_offset, reached.sequence, reached.sequence_event)
                    if same != (live.next_offset, live.sequence, live.sequence_event):
                        platform.say(
                            me.name, "gives up: this log does not lead to the live position"
                        )
                        return
        for key in {*facts, *connection.rows("fact")}:
            connection.put("fact", key, facts.get(key))
        yield
        connection.commit()
        platform.effects_to_undo -= undone
        platform.say(me.name, "swapped")
    except (ConnectionLost, LockTimeout):
        connection.terminate()


def advance(
    platform: Platform,
    position: Position,
    upto: int,
    open_letters: set[tuple[TopicPartition, int]],
    facts: dict[tuple[str, int], tuple[Fact, ...]],
    ignored: set[int],
) -> Position:
    """Applies the log from the rebuild's own position up to (not with) an offset."""
    log = platform.kafka.logs[position.partition]
    records = [
        (offset, record) for offset, record in log.read(position.next_offset) if offset < upto
    ]
    if not records:
        return position
    verdicts, moved = judge_all(position, marks_of(records, ignored))
    for (offset, record), verdict in zip(records, verdicts, strict=False):
        if verdict is Verdict.APPLY:
            rejected = (
                position.partition,
                offset,
            ) in open_letters and "20-dead" not in platform.off
            if not rejected:
                key = (position.partition.topic, record.aggregate)
                facts[key] = (*facts.get(key, ()), Fact(record.version, record.type, record.data))
    return moved


COMMAND = re.compile(r"terang ignore \S+ (\S+)/(\d+) (\d+) --event-id (\d+)")


def named_in(platform: Platform, remedy: str) -> list[int]:
    """The forged events that a remedy names. Whoever looks at both knows which is the true one."""
    named = [int(found[4]) for found in COMMAND.finditer(remedy)]
    return [event for event in named if event in platform.forged]


def ignore(platform: Platform, me: Process, event: int) -> Steps:
    """`terang ignore` of a forged event by one service (rule 24)."""
    partition, offset = platform.forged[event]
    connection = me.connect(me.service.database)
    try:
        reads = partition in platform.subscribed and me.service is platform.r
        if reads:
            yield from connection.lock("position", partition)
        begin: Position | None = connection.get("position", partition) if reads else None
        connection.put("ignored", (partition, offset), event)
        ignored = ignored_by(me.service, partition) | {offset}
        took_effect = False
        if begin is not None and begin.next_offset > offset and "24-position" not in platform.off:
            end = retraced(begin, platform.kafka.logs[partition], ignored)
            took_effect = end != begin
            connection.put("position", partition, end)
        yield
        if took_effect:  # also where the answer to the commit is lost
            platform.effects_to_undo.add(event)
        connection.commit()
        platform.say("operator", f"has {me.service.name} ignore the forged event {event}")
    except (ConnectionLost, LockTimeout):
        connection.terminate()


def recover(platform: Platform, me: Process) -> Steps:
    """All of the service's processes stopped, their sends drained.

    Then the log is read once and the outbox made to agree with it.
    """
    service = me.service
    service.down = True
    for process in platform.processes:
        if (
            process.service is service
            and process is not me
            and process.state in ("running", "stopped")
        ):
            if process.state == "stopped" and "21-zombies" in platform.off:
                continue
            process.end("dead")
    platform.say(me.name, f"recovers {service.name}")
    yield
    while "21-zombies" not in platform.off and any(
        flight.service == service.name for flight in platform.kafka.flights
    ):
        yield
    connection = me.connect(service.database)
    try:
        for partition in service.partitions:
            yield from recover_place(platform, service, partition, connection)
        yield
    except (ConnectionLost, LockTimeout) as trouble:
        platform.say(me.name, f"recovery failed: {type(trouble).__name__}")
    except OperatorNeeded as stop:
        platform.page(me, stop, "recovery")
    connection.terminate()
    service.down = False


def recover_place(
    platform: Platform, service: Service, partition: TopicPartition, connection: Connection
) -> Steps:
    log = platform.kafka.logs[partition]
    rows = {
        row.event: (key, row)
        for key, row in sorted(connection.rows("outbox").items())
        if row.partition == partition
    }
    yield
    sent: Sent = connection.get("sent", partition)
    in_order = [(event, row.sequence) for event, (_, row) in rows.items()]
    ignored = ignored_by(service, partition)
    plan = plan_of_recovery(partition, sent, in_order, log, service.name, ignored)
    if plan.lost:
        platform.accepted.add(service.name)
        platform.say(
            "operator",
            f"accepts that {plan.lost} numbers of {partition.topic}/{partition.partition} are lost",
        )
    yield
    if "21-numbers" not in platform.off:
        for event, number in [*((event, None) for event in plan.resent), *plan.renumbered]:
            key, row = rows[event]
            connection.put("outbox", key, row._replace(sequence=number))
    for lacked in plan.missing if "21-import" not in platform.off else ():
        record = log.records[lacked.offset - log.start]
        assert record.event is not None
        row = Row(record.event, partition, *record[2:7], lacked.sequence)
        connection.put(
            "outbox", connection.new_id(), row
        )  # what the log has and the database lacks
        connection.put("outbox_event", record.event, True)
        take_in(service, connection, record)
    moved = Sent(plan.numbered, begins_after=plan.begins_after)
    if plan.last:
        known = plan.last.sequence, plan.last.offset, event_of(plan.last)
        moved = Sent(plan.numbered, *known, plan.begins_after)
    connection.put("sent", partition, moved)
    yield
    connection.commit()
    yield


def take_in(service: Service, connection: Connection, record: Record) -> None:
    """The service's own import of an event that only the log still knows."""
    count, closed = connection.get("aggregate", record.aggregate) or (0, False)
    if record.type == "Stated":
        connection.put("aggregate", record.aggregate, (count + 1, closed))
    elif record.type == "Closed":
        connection.put("aggregate", record.aggregate, (count, True))
    elif record.type == "Decided":
        connection.put("decision", record.aggregate, record.data)
