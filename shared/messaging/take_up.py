"""A consumer takes up a topic that was made anew, without applying an event twice: pure.

(`terang recover`, in README.md.) Numbers are kept when a log is made anew, so the position's number
says what took effect; the event under it says whether it is the same history.
"""

from dataclasses import dataclass
from uuid import UUID

from shared.messaging.failures import Cause, OperatorNeeded
from shared.messaging.log_reader import PublishedEvent
from shared.messaging.position import Position

BEFORE_THE_LOG = -1
"""As a position's `sequence_offset`: the record that set the number stands on no log."""

NO_EVENT = UUID(int=0)
"""As a position's `sequence_event`: its number was passed by an operator, not by an event."""


@dataclass(frozen=True, slots=True)
class NewLog:
    """What a log that was made anew shows of one partition.

    `first` is the first event on it, `last_taken` the last one whose number is not above the
    position's; None: there is none. Offsets begin at `start`.
    """

    start: int
    first: PublishedEvent | None
    last_taken: PublishedEvent | None


@dataclass(frozen=True, slots=True)
class TakenUp:
    """Where a partition is read on; `lost` counts events that never took effect here."""

    was: Position
    position: Position
    lost: int


def take_up(was: Position, log: NewLog, *, service: str, owner: str) -> TakenUp:
    """Where to read on in the new log.

    Raises OperatorNeeded where the log is not filled up to what was read, or holds another event
    under that number.
    """
    taken = log.last_taken
    if taken is None:
        return from_start(was, log)
    place = f"{was.partition.topic}/{was.partition.partition}"
    if taken.sequence < was.sequence:
        raise OperatorNeeded(
            f"{place} holds events up to number {taken.sequence}; {service} has read up to"
            f" {was.sequence}.",
            remedy=f"`terang recover {owner}`, start {owner} so that it fills its topics, then"
            f" `terang recover {service}` again",
            cause=Cause.OTHER_LOG,
        )
    if taken.event_id != was.sequence_event:
        raise OperatorNeeded(
            f"{place} holds event {taken.event_id} under number {taken.sequence}, but {service} has"
            f" read {was.sequence_event} there: what took effect is not what {owner} decided.",
            remedy=f"restore the databases of {service} and {owner} from backups of one time",
            cause=Cause.OTHER_LOG,
        )
    here = Position(was.partition, taken.offset + 1, was.sequence, taken.offset, was.sequence_event)
    return TakenUp(was, here, lost=0)


def from_start(was: Position, log: NewLog) -> TakenUp:
    """All that the log holds is new, and so is all that it will hold above the position's number.

    What is sent again up to that number is passed over as a repeat.
    """
    before_first = log.first.sequence - 1 if log.first else 0
    sequence = max(was.sequence, before_first)
    here = Position(
        was.partition,
        log.start,
        sequence,
        BEFORE_THE_LOG if sequence else None,
        (was.sequence_event or NO_EVENT) if sequence else None,
    )
    return TakenUp(was, here, lost=sequence - was.sequence)
