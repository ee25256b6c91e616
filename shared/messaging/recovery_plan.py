"""What becomes of one partition after a restored backup: pure. (`terang recover`, in README.md)"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from shared.messaging.envelope import Record
from shared.messaging.failures import Cause, OperatorNeeded
from shared.messaging.leadership import ScanStart, StoredPartition
from shared.messaging.log_reader import OffsetRange, PublishedEvent
from shared.messaging.origins import ignore_command


class OutboxRow(NamedTuple):
    """A row of the outbox as planning sees it; without a sequence it waits to be numbered."""

    event_id: UUID
    sequence: int | None


@dataclass(frozen=True, slots=True)
class PartitionPlan:
    """What becomes of one partition.

    `last` is the last event that the log holds (None: none); counting goes on above its number.
    `renumbered` are rows that take the log's number, `resent` rows whose number the log doesn't
    hold under their event: they get a new one. `missing` are events that the outbox lacks. `lost`
    counts numbers that once were acknowledged and stand neither on the log nor in the outbox.

    Where the topic was made anew `kept` rows are sent again under their own numbers, and the new
    log begins behind the number `begins_after`.
    """

    topic: str
    partition: int
    last: PublishedEvent | None
    renumbered: tuple[tuple[UUID, int], ...]
    resent: tuple[UUID, ...]
    missing: tuple[PublishedEvent, ...]
    lost: int
    numbered: int
    begins_after: int = 0
    kept: int | None = None

    @property
    def changes(self) -> bool:
        """Whether anything is to be done."""
        return self.kept is not None or bool(
            self.renumbered or self.resent or self.missing or self.lost
        )


@dataclass(frozen=True, slots=True)
class RecoveryPlan:
    """The plan of each partition, and the records that the database lacks.

    The records stand in the order of topic, partition and offset.
    """

    partitions: tuple[PartitionPlan, ...]
    missing: tuple[Record, ...]


def recovery_start(
    stored: StoredPartition, offsets: OffsetRange, anchor: PublishedEvent | None
) -> ScanStart:
    """The last place where log and database agree; the log's start, if nowhere.

    Unlike `leadership.scan_start` it stops for nothing.
    """
    known = stored.acknowledged
    if known is not None and (anchor == known or offsets.start == known.offset + 1):
        return ScanStart(known.offset + 1, known.sequence)
    return stored.start_of(offsets)


def plan_partition(
    stored: StoredPartition,
    start: ScanStart,
    log: Sequence[PublishedEvent],
    rows: Sequence[OutboxRow],
    *,
    service: str,
) -> PartitionPlan:
    """The plan of one partition.

    `log` are our events from `start` on, in order; `rows` the outbox's rows that have a number
    above it or none. Raises OperatorNeeded when the log jumps over a number (no consumer can pass
    that, whatever the database says), or when what has expired can't be told.
    """
    held = _held_by_log(stored, start, log, service=service)
    if _is_made_anew(stored, start, held):
        return _plan_made_anew(stored, rows)
    number_of = {event.event_id: number for number, event in held.items()}
    acknowledged = stored.acknowledged.sequence if stored.acknowledged else 0
    missing = _missing(held, rows, acknowledged)
    if start.sequence is None:
        rows = [row for row in rows if row.sequence is None or row.sequence > acknowledged]
        _refuse_if_unknowable(stored, start, rows, number_of)
    last = _last(stored, start, held)
    return PartitionPlan(
        stored.topic,
        stored.partition,
        last,
        renumbered=_renumbered(rows, number_of),
        resent=_resent(rows, number_of),
        missing=missing,
        lost=_lost(range(last.sequence + 1 if last else 1, acknowledged + 1), rows),
        numbered=last.sequence if last else stored.begins_after,
        begins_after=stored.begins_after,
    )


def _is_made_anew(
    stored: StoredPartition, start: ScanStart, held: Mapping[int, PublishedEvent]
) -> bool:
    """Whether a log that was written to holds nothing of ours, from its very beginning on."""
    if not stored.numbered or stored.is_known_at(start):
        return False
    return start.sequence is not None and not held


def _plan_made_anew(stored: StoredPartition, rows: Sequence[OutboxRow]) -> PartitionPlan:
    """Each row keeps its number: consumers keep facts under it, and know it again.

    The log begins behind the last number that the outbox no longer has.
    """
    kept = {row.sequence for row in rows}
    gone = (number for number in range(stored.numbered, 0, -1) if number not in kept)
    begins_after = next(gone, 0)
    return PartitionPlan(
        stored.topic,
        stored.partition,
        last=None,
        renumbered=(),
        resent=(),
        missing=(),
        lost=begins_after - stored.begins_after,
        numbered=stored.numbered,
        begins_after=begins_after,
        kept=stored.numbered - begins_after if stored.acknowledged else None,
    )


def _held_by_log(
    stored: StoredPartition, start: ScanStart, log: Iterable[PublishedEvent], *, service: str
) -> dict[int, PublishedEvent]:
    """Our events by number, ascending, without late repeats; dense."""
    held: dict[int, PublishedEvent] = {}
    sequence = start.sequence
    for event in log:
        if sequence is not None and event.sequence <= sequence:
            _refuse_another(stored, held.get(event.sequence, event), event, service)
            continue  # a late repeat
        if sequence is not None and event.sequence > sequence + 1:
            raise OperatorNeeded(
                f"{stored.topic}/{stored.partition} jumps from number {sequence} to"
                f" {event.sequence} at offset {event.offset}; no consumer can pass that.",
                remedy=f"{_ignore(stored, event, service)}, and the same in each service that reads"
                f" the topic; then `terang recover {service}`",
            )
        held[event.sequence] = event
        sequence = event.sequence
    return held


def _refuse_another(
    stored: StoredPartition, first: PublishedEvent, second: PublishedEvent, service: str
) -> None:
    """Raises OperatorNeeded for two events under one number: one of them is forged."""
    if first.event_id != second.event_id:
        raise OperatorNeeded(
            f"{stored.topic}/{stored.partition} holds two events under number {first.sequence}, at"
            f" offsets {first.offset} and {second.offset}: one of them is forged.",
            remedy=f"for the one that {service} did not write, {_ignore(stored, first, service)} or"
            f" {_ignore(stored, second, service)}, and the same in each service that reads the"
            f" topic; then `terang recover {service}`",
            cause=Cause.FORGED,
        )


def _ignore(stored: StoredPartition, event: PublishedEvent, service: str) -> str:
    place = (stored.topic, stored.partition, event.offset)
    return f"`{ignore_command(service, place, event.event_id)}`"


def _refuse_if_unknowable(
    stored: StoredPartition,
    start: ScanStart,
    rows: Sequence[OutboxRow],
    number_of: Mapping[UUID, int],
) -> None:
    """Raises OperatorNeeded for rows that may have been sent and read, and have expired since.

    That is what stood between the backup's knowledge and the log's start.
    """
    unsure = sum(1 for row in rows if row.event_id not in number_of)
    if unsure or not number_of:
        raise OperatorNeeded(
            f"{stored.topic}/{stored.partition} begins at offset {start.offset}, above what the"
            f" database knows of it; whether {unsure} rows were sent before, and how far counting"
            " went, can't be told.",
            remedy="restore a backup that is younger than the topic's retention",
        )


def _last(
    stored: StoredPartition, start: ScanStart, held: Mapping[int, PublishedEvent]
) -> PublishedEvent | None:
    """The last event that the log holds."""
    if held:
        return held[max(held)]
    return stored.acknowledged if stored.is_known_at(start) else None


def _missing(
    held: Mapping[int, PublishedEvent], rows: Iterable[OutboxRow], acknowledged: int
) -> tuple[PublishedEvent, ...]:
    """Events above the acknowledged number that the outbox lacks."""
    in_outbox = {row.event_id for row in rows}
    return tuple(
        event
        for event in held.values()
        if event.sequence > acknowledged and event.event_id not in in_outbox
    )


def _renumbered(
    rows: Iterable[OutboxRow], number_of: Mapping[UUID, int]
) -> tuple[tuple[UUID, int], ...]:
    """Rows that the log holds under another number than theirs, with the log's."""
    return tuple(
        (row.event_id, number_of[row.event_id])
        for row in rows
        if row.event_id in number_of and number_of[row.event_id] != row.sequence
    )


def _resent(rows: Iterable[OutboxRow], number_of: Mapping[UUID, int]) -> tuple[UUID, ...]:
    """Numbered rows that the log doesn't hold."""
    return tuple(
        row.event_id for row in rows if row.sequence is not None and row.event_id not in number_of
    )


def _lost(acknowledged: range, rows: Iterable[OutboxRow]) -> int:
    """How many of these numbers the outbox doesn't have either."""
    in_outbox = {row.sequence for row in rows}
    return sum(1 for number in acknowledged if number not in in_outbox)
