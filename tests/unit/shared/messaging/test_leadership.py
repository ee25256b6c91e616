"""Taking the lead, as pure decisions: what one partition's log and rows say together."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from shared.messaging.failures import OperatorNeeded
from shared.messaging.leadership import SequenceScan, StoredPartition, scan_start
from shared.messaging.log_reader import OffsetRange, PublishedEvent


def event(n: int) -> UUID:
    return UUID(int=n)


def published(sequence: int, offset: int | None = None, of: int | None = None) -> PublishedEvent:
    """Our record with this number, by default at the offset that a clean log gives it.

    It carries the event of that number, unless `of` says another.
    """
    return PublishedEvent(
        sequence - 1 if offset is None else offset, sequence, event(of or sequence)
    )


def log(*records: PublishedEvent) -> dict[int, PublishedEvent]:
    return {record.offset: record for record in records}


def rows(first: int, last: int) -> dict[int, UUID]:
    return {n: event(n) for n in range(first, last + 1)}


def stored(numbered: int, acknowledged: PublishedEvent | None) -> StoredPartition:
    return StoredPartition("t", 0, numbered, acknowledged)


def decide(
    stored: StoredPartition,
    bounds: OffsetRange,
    log: Mapping[int, PublishedEvent],
    rows: Mapping[int, UUID],
) -> PublishedEvent | None:
    """The whole decision over one partition, as `survey` makes it; `log` is by offset."""
    anchor = log.get(stored.acknowledged.offset) if stored.acknowledged else None
    start = scan_start(stored, bounds, anchor, service="small")
    count = SequenceScan(stored, start, rows, service="small")
    for offset in sorted(offset for offset in log if start.offset <= offset < bounds.end):
        count.see(log[offset])
    return count.last()


@pytest.mark.parametrize(
    ("numbered", "known", "bounds", "records", "kept", "last"),
    [
        pytest.param(0, None, (0, 0), [], (1, 0), None, id="nothing yet"),
        pytest.param(3, None, (0, 0), [], (1, 3), None, id="numbered, never sent"),
        pytest.param(
            3,
            None,
            (0, 3),
            [published(1), published(2), published(3)],
            (1, 3),
            published(3),
            id="sent, never marked",
        ),
        pytest.param(
            5,
            published(3),
            (0, 3),
            [published(1), published(2), published(3)],
            (1, 5),
            published(3),
            id="nothing new on the log",
        ),
        pytest.param(
            5,
            published(3),
            (0, 4),
            [published(1), published(2), published(3), published(4)],
            (4, 5),
            published(4),
            id="one more than marked",
        ),
        pytest.param(
            5,
            published(3),
            (3, 4),
            [published(4)],
            (4, 5),
            published(4),
            id="expired up to the mark",
        ),
        pytest.param(3, published(3), (3, 3), [], (1, 3), published(3), id="all expired"),
        pytest.param(
            5,
            published(5),
            (0, 2),
            [published(1), published(2)],
            (1, 5),
            published(2),
            id="the marked end is lost",
        ),
        pytest.param(
            4,
            published(2),
            (0, 4),
            [published(1), published(2), published(1, 2), published(2, 3)],
            (3, 4),
            published(2),
            id="a zombie's repeats at the end",
        ),
        pytest.param(
            3,
            published(1),
            (0, 9),
            [published(1), published(2, 8)],
            (2, 3),
            published(2, 8),
            id="foreign records between ours",
        ),
        pytest.param(
            9,
            published(9),
            (5, 8),
            [published(6), published(7), published(8)],
            (6, 9),
            published(8),
            id="begun to expire, and the end lost",
        ),
    ],
)
def test_what_the_log_holds(
    numbered: int,
    known: PublishedEvent | None,
    bounds: tuple[int, int],
    records: list[PublishedEvent],
    kept: tuple[int, int],
    last: PublishedEvent | None,
) -> None:
    """The last number that the log holds densely; what is above it will be sent."""
    assert decide(stored(numbered, known), OffsetRange(*bounds), log(*records), rows(*kept)) == last


@pytest.mark.parametrize(
    ("numbered", "known", "bounds", "records", "kept", "why"),
    [
        pytest.param(
            2,
            published(2),
            (0, 3),
            [published(1), published(2), published(3)],
            (1, 2),
            "holds number 3",
            id="a restored database",
        ),
        pytest.param(
            3,
            published(2),
            (0, 3),
            [published(1), published(2), published(3, of=77)],
            (3, 3),
            "another event",
            id="its number given anew",
        ),
        pytest.param(
            5,
            published(5),
            (0, 2),
            [published(1), published(2)],
            (4, 5),
            "lacks number 3",
            id="lost on both sides",
        ),
        pytest.param(
            5,
            published(5),
            (0, 0),
            [],
            (1, 5),
            "holds none of the events that were acknowledged up to number 5",
            id="a topic made anew",
        ),
        pytest.param(
            5,
            published(5),
            (0, 1),
            [published(5, 0)],
            (1, 5),
            "jumps from number 0 to 5",
            id="written into a new topic",
        ),
        pytest.param(
            5,
            published(2),
            (4, 5),
            [published(5)],
            (3, 5),
            "begins at offset 4",
            id="expired above the mark",
        ),
        pytest.param(
            5,
            None,
            (4, 5),
            [published(5)],
            (1, 5),
            "begins at offset 4",
            id="expired, and nothing was ever marked",
        ),
        pytest.param(
            9,
            published(9),
            (5, 6),
            [],
            (6, 9),
            "lost its beginning",
            id="no record of ours is left to tell",
        ),
    ],
)
def test_what_does_not_add_up_stops(
    numbered: int,
    known: PublishedEvent | None,
    bounds: tuple[int, int],
    records: list[PublishedEvent],
    kept: tuple[int, int],
    why: str,
) -> None:
    """Rather than count on wrongly, the relay stops and names the remedy."""
    with pytest.raises(OperatorNeeded, match=why) as stop:
        decide(stored(numbered, known), OffsetRange(*bounds), log(*records), rows(*kept))
    assert stop.value.remedy.startswith("terang recover small")


def test_a_log_made_anew_begins_behind_what_is_gone() -> None:
    """Once it was recovered: nothing stands on it yet, and rows from number 4 on are sent."""
    behind = StoredPartition("t", 0, 5, None, begins_after=3)
    assert decide(behind, OffsetRange(0, 0), log(), rows(4, 5)) is None
    assert decide(behind, OffsetRange(0, 1), log(published(4, 0)), rows(4, 5)) == published(4, 0)
