"""One relay leads: it numbers, sends and acknowledges (rules 2 to 7).

It takes the lead anew after anything that it can't be sure of.
"""

from collections.abc import Generator

from aiokafka import TopicPartition

from shared.messaging.failures import OperatorNeeded
from tests.fault.simulator.decisions import known_to_hold
from tests.fault.simulator.kafka import Flight, SendFailed
from tests.fault.simulator.platform import Platform, Process, Row, Sent, Service, Steps, ignored_by
from tests.fault.simulator.postgres import Connection, ConnectionLost, LockTimeout

BATCH = 3


Ends = dict[TopicPartition, int]
"""Where each log ends, as far as the leader knows."""


def relay(platform: Platform, me: Process) -> Steps:
    service = me.service
    checked = False
    ends: Ends = {}
    while True:
        connection = me.connect(service.database)
        yield
        try:
            if not connection.try_advisory("relay"):
                connection.terminate()
                for _ in range(platform.rng.randrange(4, 16)):
                    yield
                continue
            platform.say(me.name, "leads")
            yield
            # The producer connects before the log is asked: what is lost between that answer and a
            # send must break its connection.
            connected = platform.kafka.epoch
            if not (checked and "5" in platform.off):
                yield from take_the_lead(platform, me, connection, ends)
            checked = True
            if "5-connects-late" in platform.off:
                connected = -1
            yield from lead(platform, me, connection, connected, ends)
        except (ConnectionLost, SendFailed, LockTimeout) as trouble:
            platform.say(me.name, f"begins anew: {type(trouble).__name__}")
            connection.terminate()
            yield
        except OperatorNeeded as stop:
            platform.page(me, stop, "relay")
            return


def take_the_lead(platform: Platform, me: Process, connection: Connection, ends: Ends) -> Steps:
    """Asks the log what it really holds (rule 7) and has the database say the same."""
    if "7" in platform.off:
        return
    for partition, found in (yield from survey(platform, me, connection, ends)).items():
        if connection.get("sent", partition) != found:
            yield from connection.lock("sent", partition)
            connection.put("sent", partition, found)
            platform.say(
                me.name,
                f"{partition.topic}/{partition.partition} holds {found.acknowledged} of"
                f" {found.numbered}",
            )
            yield
    connection.commit()
    yield


def survey(
    platform: Platform, me: Process, connection: Connection, ends: Ends
) -> Generator[None, None, dict[TopicPartition, Sent]]:
    """What each log holds, and where it ends."""
    found: dict[TopicPartition, Sent] = {}
    for partition in me.service.partitions:
        sent: Sent = connection.get("sent", partition)
        numbered = (
            row
            for row in connection.rows("outbox").values()
            if row.partition == partition and row.sequence
        )
        rows = {row.sequence: row.event for row in numbered}
        yield
        try:
            found[partition] = known_to_hold(
                partition,
                sent,
                rows,
                platform.kafka.logs[partition],
                me.service.name,
                set() if "24-relay" in platform.off else ignored_by(me.service, partition),
            )
            ends[partition] = platform.kafka.logs[partition].end
        except OperatorNeeded:
            yield
            if "7-unasked" not in platform.off:
                # does it still lead? Else another may have numbered and sent since it asked the
                # database
                connection.check()
            raise
        yield
    return found


def lead(
    platform: Platform, me: Process, connection: Connection, connected: int, ends: Ends
) -> Steps:
    """Rows that have a number go first, then those that get one; until something fails."""
    off, service, kafka = platform.off, me.service, platform.kafka
    while True:
        if "3-uncommitted" in off:
            yield from number(platform, me, connection)
        if "4-id-order" in off:
            yield from number(platform, me, connection)
            connection.commit()
        waiting = numbered_rows(connection, service, by_id="4-id-order" in off)
        yield
        if not waiting:
            yield from number_or_idle(platform, me, connection, ends)
            continue
        if connected < 0:
            connected = kafka.epoch
        flights: list[tuple[list[Row], Flight]] = []
        for partition, rows in waiting.items():
            if connected != kafka.epoch and "5" not in off:
                raise SendFailed  # the connection was lost since
            batches = (
                [rows[:BATCH], rows[BATCH : 2 * BATCH]] if "4-pipelined" in off else [rows[:BATCH]]
            )
            flights += [(batch, send(platform, me, partition, batch)) for batch in batches if batch]
            yield
        if not off & {"3-uncommitted", "4-id-order"} and (
            yield from number(platform, me, connection)
        ):
            connection.commit()  # the next are numbered meanwhile
            yield
        for rows, flight in flights:
            yield from acknowledged(platform, me, connection, rows, flight, ends)
        connection.commit()
        yield


def number_or_idle(platform: Platform, me: Process, connection: Connection, ends: Ends) -> Steps:
    """Nothing is to be sent: numbers what has come, or waits.

    Each minute it asks whether it is still the same log.
    """
    if (yield from number(platform, me, connection)):
        connection.commit()
        yield
        return
    connection.rollback()
    for _ in range(platform.rng.randrange(1, 6)):
        yield
    if platform.rng.random() < 0.1 and not {"5", "7"} & platform.off:
        last = {partition: connection.get("sent", partition) for partition in me.service.partitions}
        if (yield from survey(platform, me, connection, ends)) != last:
            raise SendFailed


def acknowledged(
    platform: Platform,
    me: Process,
    connection: Connection,
    rows: list[Row],
    flight: Flight,
    ends: Ends,
) -> Steps:
    """Waits for the answer and acknowledges the rows; the caller commits (rule 6).

    Where a stranger wrote in between, the log is asked before (rule 23).
    """
    while flight.state == "flying":
        yield
    if flight.state == "failed" and platform.off & {"4-pipelined", "5"}:
        flight = send(
            platform, me, rows[0].partition, rows
        )  # what an idempotent producer does with a refused batch
        while flight.state == "flying":
            yield
    if flight.state == "failed":
        raise SendFailed
    last = rows[-1]
    assert last.sequence is not None
    if not platform.off & {"4-id-order", "4-pipelined", "5", "7", "23-relay"}:
        yield from look_for_strangers(platform, me, connection, rows, flight, ends)
    ends[last.partition] = flight.base + len(rows)
    yield from connection.lock("sent", last.partition)
    sent: Sent = connection.get("sent", last.partition)
    if sent.offset is not None and flight.base <= sent.offset and not platform.off & {"5", "7"}:
        raise SendFailed  # not above the one before: another log
    if last.sequence > sent.acknowledged or "4-id-order" in platform.off:
        offset = flight.base + len(rows) - 1
        connection.put(
            "sent",
            last.partition,
            sent._replace(acknowledged=last.sequence, offset=offset, event=last.event),
        )
    yield


def look_for_strangers(
    platform: Platform,
    me: Process,
    connection: Connection,
    rows: list[Row],
    flight: Flight,
    ends: Ends,
) -> Steps:
    """Is the log where it was when it was last asked? Else it must end with these rows."""
    last, end = rows[-1], ends.get(rows[-1].partition, 0)
    if flight.base < end:
        raise SendFailed  # another log
    if flight.base > end:
        found = (yield from survey(platform, me, connection, ends))[last.partition]
        if (found.offset, found.event) != (flight.base + len(rows) - 1, last.event):
            raise SendFailed


def send(platform: Platform, me: Process, partition: TopicPartition, rows: list[Row]) -> Flight:
    platform.say(
        me.name,
        f"sends {[row.sequence for row in rows]} to {partition.topic}/{partition.partition}",
    )
    return platform.kafka.send(me.service.name, partition, [row.record() for row in rows])


def numbered_rows(
    connection: Connection, service: Service, *, by_id: bool
) -> dict[TopicPartition, list[Row]]:
    """Numbered rows that the log isn't known to hold, by partition, in their order."""
    waiting: dict[TopicPartition, list[Row]] = {}
    for _, row in sorted(connection.rows("outbox").items()):
        sent: Sent = connection.get("sent", row.partition)
        if row.sequence is not None and row.sequence > max(sent.acknowledged, sent.begins_after):
            waiting.setdefault(row.partition, []).append(row)
    if not by_id:
        for rows in waiting.values():
            rows.sort(key=lambda row: row.sequence or 0)
    return waiting


def number(platform: Platform, me: Process, connection: Connection) -> Steps:
    """Numbers what has no number, by id, densely in each partition. The caller commits."""
    unnumbered = sorted(
        (key, row) for key, row in connection.rows("outbox").items() if row.sequence is None
    )
    yield
    if not unnumbered:
        return False
    for partition in sorted({row.partition for _, row in unnumbered}):
        yield from connection.lock("sent", partition)
        sent: Sent = connection.get("sent", partition)
        numbered = sent.numbered
        for key, row in unnumbered:
            if row.partition == partition:
                if "3-sequence" in platform.off:
                    numbered = next_of(me.service, partition)
                else:
                    numbered += 1
                connection.put("outbox", key, row._replace(sequence=numbered))
        connection.put("sent", partition, sent._replace(numbered=numbered))
        yield
    platform.say(me.name, f"numbers {len(unnumbered)} rows")
    return True


def next_of(service: Service, partition: TopicPartition) -> int:
    """A PostgreSQL sequence for each partition: what rolls back leaves a gap."""
    sequences = service.sequences
    sequences[partition] = sequences.get(partition, 0) + 1
    return sequences[partition]
