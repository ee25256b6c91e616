"""One relay leads: it numbers, sends and marks, and takes the lead anew after anything that it
can't be sure of (rules 2 to 7).
"""

from collections.abc import Generator

from shared.messaging.failures import OperatorNeeded
from shared.messaging.position import Place
from tests.fault.simulator.decisions import known_to_hold
from tests.fault.simulator.kafka import Flight, SendFailed
from tests.fault.simulator.platform import Platform, Process, Row, Sent, Service, Steps
from tests.fault.simulator.postgres import Connection, ConnectionLost, LockTimeout

BATCH = 3


def relay(platform: Platform, me: Process) -> Steps:
    service = me.service
    checked = False
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
                yield from take_the_lead(platform, me, connection)
            checked = True
            if "5-connects-late" in platform.off:
                connected = -1
            yield from lead(platform, me, connection, connected)
        except (ConnectionLost, SendFailed, LockTimeout) as trouble:
            platform.say(me.name, f"begins anew: {type(trouble).__name__}")
            connection.terminate()
            yield
        except OperatorNeeded as stop:
            platform.page(me, stop, "relay")
            return


def take_the_lead(platform: Platform, me: Process, connection: Connection) -> Steps:
    """Asks the log what it really holds (rule 7) and has the database say the same."""
    if "7" in platform.off:
        return
    for place, found in (yield from survey(platform, me, connection)).items():
        if connection.get("sent", place) != found:
            yield from connection.lock("sent", place)
            connection.put("sent", place, found)
            platform.say(
                me.name,
                f"{place.topic}/{place.partition} holds {found.acknowledged} of {found.numbered}",
            )
            yield
    connection.commit()
    yield


def survey(
    platform: Platform, me: Process, connection: Connection
) -> Generator[None, None, dict[Place, Sent]]:
    found: dict[Place, Sent] = {}
    for place in me.service.places:
        sent: Sent = connection.get("sent", place)
        numbered = (
            row for row in connection.rows("outbox").values() if row.place == place and row.sequence
        )
        rows = {row.sequence: row.event for row in numbered}
        yield
        try:
            found[place] = known_to_hold(
                place, sent, rows, platform.kafka.logs[place], f"terang recover {me.service.name}"
            )
        except OperatorNeeded:
            yield
            if "7-unasked" not in platform.off:
                # does it still lead? Else another may have numbered and sent since it asked the
                # database
                connection.check()
            raise
        yield
    return found


def lead(platform: Platform, me: Process, connection: Connection, connected: int) -> Steps:
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
            yield from number_or_idle(platform, me, connection)
            continue
        if connected < 0:
            connected = kafka.epoch
        flights: list[tuple[list[Row], Flight]] = []
        for place, rows in waiting.items():
            if connected != kafka.epoch and "5" not in off:
                raise SendFailed  # the connection was lost since
            batches = (
                [rows[:BATCH], rows[BATCH : 2 * BATCH]] if "4-pipelined" in off else [rows[:BATCH]]
            )
            flights += [(batch, send(platform, me, place, batch)) for batch in batches if batch]
            yield
        if not off & {"3-uncommitted", "4-id-order"} and (
            yield from number(platform, me, connection)
        ):
            connection.commit()  # the next are numbered meanwhile
            yield
        for rows, flight in flights:
            yield from acknowledged(platform, me, connection, rows, flight)
        connection.commit()
        yield


def number_or_idle(platform: Platform, me: Process, connection: Connection) -> Steps:
    """Nothing is to be sent: numbers what has come, or waits and, each minute, asks whether it is
    still the same log.
    """
    if (yield from number(platform, me, connection)):
        connection.commit()
        yield
        return
    connection.rollback()
    for _ in range(platform.rng.randrange(1, 6)):
        yield
    if platform.rng.random() < 0.1 and not {"5", "7"} & platform.off:
        last = {place: connection.get("sent", place) for place in me.service.places}
        if (yield from survey(platform, me, connection)) != last:
            raise SendFailed


def acknowledged(
    platform: Platform, me: Process, connection: Connection, rows: list[Row], flight: Flight
) -> Steps:
    """Waits for the answer and marks the rows, in the transaction that the caller commits (rule 6)."""
    while flight.state == "flying":
        yield
    if flight.state == "failed" and platform.off & {"4-pipelined", "5"}:
        flight = send(
            platform, me, rows[0].place, rows
        )  # what an idempotent producer does with a refused batch
        while flight.state == "flying":
            yield
    if flight.state == "failed":
        raise SendFailed
    last = rows[-1]
    assert last.sequence is not None
    yield from connection.lock("sent", last.place)
    sent: Sent = connection.get("sent", last.place)
    if sent.offset is not None and flight.base <= sent.offset and not platform.off & {"5", "7"}:
        raise SendFailed  # not above the one before: another log
    if last.sequence > sent.acknowledged or "4-id-order" in platform.off:
        offset = flight.base + len(rows) - 1
        connection.put(
            "sent",
            last.place,
            sent._replace(acknowledged=last.sequence, offset=offset, event=last.event),
        )
    yield


def send(platform: Platform, me: Process, place: Place, rows: list[Row]) -> Flight:
    platform.say(
        me.name, f"sends {[row.sequence for row in rows]} to {place.topic}/{place.partition}"
    )
    return platform.kafka.send(me.service.name, place, [row.record() for row in rows])


def numbered_rows(
    connection: Connection, service: Service, *, by_id: bool
) -> dict[Place, list[Row]]:
    """Numbered rows that the log isn't known to hold, in the order of their numbers, for each
    partition.
    """
    waiting: dict[Place, list[Row]] = {}
    for _, row in sorted(connection.rows("outbox").items()):
        if (
            row.sequence is not None
            and row.sequence > connection.get("sent", row.place).acknowledged
        ):
            waiting.setdefault(row.place, []).append(row)
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
    for place in sorted({row.place for _, row in unnumbered}):
        yield from connection.lock("sent", place)
        sent: Sent = connection.get("sent", place)
        numbered = sent.numbered
        for key, row in unnumbered:
            if row.place == place:
                if "3-sequence" in platform.off:
                    numbered = next_of(me.service, place)
                else:
                    numbered += 1
                connection.put("outbox", key, row._replace(sequence=numbered))
        connection.put("sent", place, sent._replace(numbered=numbered))
        yield
    platform.say(me.name, f"numbers {len(unnumbered)} rows")
    return True


def next_of(service: Service, place: Place) -> int:
    """A PostgreSQL sequence for each partition: what rolls back leaves a gap."""
    sequences = service.sequences
    sequences[place] = sequences.get(place, 0) + 1
    return sequences[place]
