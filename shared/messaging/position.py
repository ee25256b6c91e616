"""Where a consumer stands in a partition, and what the next record means there.

Pure: no clock, no connection, no log.

PostgreSQL holds the truth (`messaging.position`, one row for each partition): where to read on, the
last sequence that took effect, and the record that set it. Everything below decides over such a row
and over what a log shows of itself; positions.py reads and moves the row; dispatch.py
and consumer.py act on the answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from aiokafka import TopicPartition


class RecordIdentity(NamedTuple):
    """What a record says about itself.

    `sequence` and `event` are None together: a record that is not of this platform.
    """

    offset: int
    sequence: int | None
    event: UUID | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where one partition's effects end.

    `next_offset` is the first record that has not been taken; `sequence` the last that took effect
    (0: none did), set by the record at `sequence_offset` whose event id is `sequence_event`.
    `failures` counts dead letters since the last success, but for those up to `released_through`,
    which an operator has let pass.
    `checksum` is the sum of the ids of all events up to `sequence` (checksums.py; None: unknown);
    it says nothing of where we stand.
    """

    partition: TopicPartition
    next_offset: int = 0
    sequence: int = 0
    sequence_offset: int | None = None
    sequence_event: UUID | None = None
    failures: int = 0
    released_through: int | None = None
    checksum: int | None = field(default=0, compare=False)


MODULUS = 1 << 48


def sum_of(event_ids: Iterable[UUID]) -> int:
    """What these events add to a checksum: the low 48 bits of each id."""
    return sum(event_id.int for event_id in event_ids) % MODULUS


def moved_by(checksum: int | None, events: Iterable[RecordIdentity]) -> int | None:
    """A checksum once these events are in it too; one that is unknown stays so."""
    if checksum is None:
        return None
    return (checksum + sum_of(record.event for record in events if record.event)) % MODULUS


class ElsewhereError(Exception):
    """The records are not what comes next for PostgreSQL.

    Another worker took them, or they were read from a wrong place. Seek and read again.
    """


class Verdict(Enum):
    """What one record means to a consumer that stands at a position."""

    APPLY = "apply"
    """The next event: it takes effect."""
    SKIP = "skip"
    """An event that took effect before and stands twice on the log: a leader came back late."""
    FOREIGN = "foreign"
    """No event of this platform: a dead letter. It moves the offset, never the sequence."""
    GAP = "gap"
    """An event is missing before this one. Nothing may go on: stop."""
    ELSEWHERE = "elsewhere"
    """Not the record that comes next here: another worker took it, or the log was read from a wrong
    place. Seek."""


def judge(position: Position, record: RecordIdentity) -> tuple[Verdict, Position]:
    """What the record means, and where the partition stands once it is taken.

    GAP and ELSEWHERE leave the position as it is.
    """
    if record.offset != position.next_offset:
        return Verdict.ELSEWHERE, position
    if record.sequence is None:
        return Verdict.FOREIGN, replace(position, next_offset=record.offset + 1)
    if record.sequence <= position.sequence:
        return Verdict.SKIP, replace(position, next_offset=record.offset + 1)
    if record.sequence > position.sequence + 1:
        return Verdict.GAP, position
    return Verdict.APPLY, replace(
        position,
        next_offset=record.offset + 1,
        sequence=record.sequence,
        sequence_offset=record.offset,
        sequence_event=record.event,
        checksum=moved_by(position.checksum, [record]),
    )


def judge_all(
    position: Position, records: Sequence[RecordIdentity]
) -> tuple[list[Verdict], Position]:
    """The same for consecutive records of one partition; ends at the first GAP or ELSEWHERE.

    In the common case (offsets and sequences both dense, the whole batch new) it does not look at
    each step anew.
    """
    first, last = records[0], records[-1]
    count = len(records)
    dense = (
        first.offset == position.next_offset
        and last.offset == first.offset + count - 1
        and first.sequence == position.sequence + 1
        and all(
            record.sequence is not None
            and record.sequence - record.offset == first.sequence - first.offset
            for record in records
        )
    )
    if dense:
        moved = replace(
            position,
            next_offset=last.offset + 1,
            sequence=position.sequence + count,
            sequence_offset=last.offset,
            sequence_event=last.event,
            checksum=moved_by(position.checksum, records),
        )
        return [Verdict.APPLY] * count, moved
    verdicts: list[Verdict] = []
    for record in records:
        verdict, position = judge(position, record)
        verdicts.append(verdict)
        if verdict in (Verdict.GAP, Verdict.ELSEWHERE):
            break
    return verdicts, position


Skipped = Mapping[TopicPartition, Sequence[RecordIdentity]]
"""Records that are to be skipped as repeats, by partition."""


def other_event(
    skipped: Sequence[RecordIdentity], carried: Mapping[int, RecordIdentity]
) -> tuple[RecordIdentity, RecordIdentity] | None:
    """Two events under one number: the first that carried it, and the one to be skipped.

    `carried` are the first records that the recent log holds under these numbers. None where all
    are repeats, as far as the log shows.
    """
    for repeat in skipped:
        assert repeat.sequence is not None  # a record without a number is never a repeat
        first = carried.get(repeat.sequence)
        if first is not None and first.event != repeat.event:
            return first, repeat
    return None


REMEDY = (
    "put the log back as it was; if it can't come back, `terang recover` of its owner, then of this"
    " service ('The log is another one' in shared/messaging/README.md)"
)


@dataclass(frozen=True, slots=True)
class LogSnapshot:
    """What a log shows of one partition now.

    `start` and `end` are its first offset and the one after its last. `at_sequence` is the record
    at the position's `sequence_offset` (None: there is none). `before` is the nearest record of
    this platform below `next_offset` (None: there is none).
    """

    start: int
    end: int
    at_sequence: RecordIdentity | None
    before: RecordIdentity | None


def why_another_log(position: Position, snapshot: LogSnapshot) -> str | None:
    """Why the log is not the one that this position was made on; None while it is.

    In words for an operator. A topic made anew starts again at 0 without a word; a consumer's
    database restored from a backup looks back; a log cut at its end after a power failure lacks
    what took effect. In each of these, going on would lose or repeat events.
    """
    if snapshot.start > position.next_offset:
        return (
            f"the log starts at offset {snapshot.start}, but this service has read only to"
            f" {position.next_offset}: {snapshot.start - position.next_offset} records are gone"
        )
    if snapshot.end < position.next_offset:
        return (
            f"the log ends at offset {snapshot.end}, but this service has read to"
            f" {position.next_offset}: the topic was made anew or its end was lost"
        )
    if position.sequence_offset is not None and position.sequence_offset >= snapshot.start:
        found = snapshot.at_sequence
        if found is None or (found.sequence, found.event) != (
            position.sequence,
            position.sequence_event,
        ):
            return (
                f"offset {position.sequence_offset} held event {position.sequence_event} with"
                f" sequence {position.sequence} when it took effect, and holds another record now:"
                " the topic was made anew or its end was rewritten"
            )
    before = snapshot.before
    if before is not None and before.sequence is not None and before.sequence > position.sequence:
        return (
            f"offset {before.offset} holds sequence {before.sequence}, but this service read past"
            f" it and stands at sequence {position.sequence}: the log was replaced"
        )
    return None
