"""Batches and what becomes of them, in a real PostgreSQL: one transaction, or none."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import TopicPartition

from shared.messaging.brake import MOST_IN_A_ROW
from shared.messaging.failures import OperatorNeeded
from shared.messaging.origins import Origins
from shared.messaging.position import ElsewhereError
from shared.messaging.positions import release_brake, release_through
from shared.messaging.subscription import Subscription, by_type
from shared.postgres.pool import Connection
from tests.component.messaging.conftest import DispatchStage
from tests.fault.tally import BROKEN, SOURCE, UNLUCKY, Added, Renamed, exactly_once


async def test_effect_and_position_move_together(dispatch_stage: DispatchStage) -> None:
    """A batch takes effect once, and its partition's position names its last record."""
    ends = await dispatch_stage.add(1, 2, 3)
    assert list(ends.values()) == [3]
    assert await dispatch_stage.pool.fetchval("SELECT total FROM tally WHERE key = 'key-0'") == 6
    position = await dispatch_stage.position()
    assert (position.next_offset, position.sequence, position.sequence_offset) == (3, 3, 2)
    assert position.sequence_event == dispatch_stage.log.sent[-1][3]


async def test_a_batch_of_the_past_is_refused_whole(dispatch_stage: DispatchStage) -> None:
    """A batch that another worker took already is not taken again.

    Nor is any other partition of it.
    """
    mine = dispatch_stage.records(
        [dispatch_stage.log.record(Added(key="key-0", n=1)) for _ in range(3)]
    )
    others = dispatch_stage.records([dispatch_stage.log.record(Renamed(key="key-0", name="a"))])
    await dispatch_stage.take(mine)
    with pytest.raises(ElsewhereError):
        await dispatch_stage.take([*mine, *others])
    assert len(await dispatch_stage.effects()) == 3


async def test_two_workers_with_one_batch(dispatch_stage: DispatchStage) -> None:
    """Two workers that take the same batch at once.

    One of them does, the other is told to read again.
    """
    batch = dispatch_stage.records(
        [dispatch_stage.log.record(Added(key="key-0", n=1)) for _ in range(50)]
    )
    answers = await asyncio.gather(
        dispatch_stage.take(batch), dispatch_stage.take(batch), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["ElsewhereError", "dict"]
    exactly_once(dispatch_stage.log.sent, await dispatch_stage.effects())


async def test_records_that_stand_twice(dispatch_stage: DispatchStage) -> None:
    """A repeated record is passed by, after asking whether it is still the same log."""
    written = [dispatch_stage.log.record(Added(key="key-0", n=1)) for _ in range(5)]
    await dispatch_stage.take(
        dispatch_stage.records([record for record in written for _ in range(2)])
    )
    exactly_once(dispatch_stage.log.sent, await dispatch_stage.effects())
    assert (await dispatch_stage.position()).next_offset == 10
    assert [position.next_offset for position in dispatch_stage.checked] == [0]


async def test_a_record_that_was_ignored_since_it_was_read(dispatch_stage: DispatchStage) -> None:
    """It is read again, as one that is ignored; had it been taken, its number would be gone."""
    batch = dispatch_stage.records([dispatch_stage.log.record(Added(key="key-0", n=1))])
    await dispatch_stage.pool.execute(
        "INSERT INTO messaging.ignored_record VALUES ($1, $2, 0, $3, 1, 'forged', 'me', now())",
        batch[0].topic,
        batch[0].partition,
        dispatch_stage.log.sent[0][3],
    )
    with pytest.raises(ElsewhereError):
        await dispatch_stage.take(batch)
    assert await dispatch_stage.effects() == []
    assert (await dispatch_stage.position()).next_offset == 0


async def test_a_gap_stops(dispatch_stage: DispatchStage) -> None:
    """An event that is missing on the log stops the worker with nothing of the batch taken.

    The reason says where.
    """
    written = [dispatch_stage.log.record(Added(key="key-0", n=1)) for _ in range(3)]
    del written[1]
    with pytest.raises(OperatorNeeded, match=r"holds sequence 3 at offset 1, but 2 comes next"):
        await dispatch_stage.take(dispatch_stage.records(written))
    assert (await dispatch_stage.position()).next_offset == 0


async def test_order_of_types_is_kept(dispatch_stage: DispatchStage) -> None:
    """Events of several types in one partition take effect in the log's order.

    Only consecutive ones of a type go together.
    """
    seen: list[tuple[str, int]] = []

    def watch(subscription: Subscription) -> Subscription:
        async def use_case(connection: Connection, events: list[Any]) -> None:
            seen.append((subscription.contract.type, len(events)))

        return Subscription(subscription.contract, use_case)

    renamed = replace(dispatch_stage.catalogue.renamed, topic=dispatch_stage.catalogue.added.topic)
    subscriptions = [
        watch(each)
        for each in dispatch_stage.catalogue.subscriptions(dispatch_stage.catalogue.outbox())
    ]
    dispatch_stage.dispatch._subscriptions = by_type(subscriptions)
    facts = [
        Added(key="k", n=1),
        Added(key="k", n=2),
        Renamed(key="k", name="x"),
        Added(key="k", n=3),
    ]
    dispatch_stage.origins = Origins({renamed.topic: SOURCE})
    written = [
        dispatch_stage.log.record(fact, row=renamed if isinstance(fact, Renamed) else None)
        for fact in facts
    ]
    await dispatch_stage.take(dispatch_stage.records(written))
    assert seen == [("test.Added", 2), ("test.Renamed", 1), ("test.Added", 1)]


@pytest.mark.parametrize(
    ("amount", "reason", "detail"),
    [(UNLUCKY, "refused", "unlucky"), (BROKEN, "failed", "RuntimeError")],
)
async def test_the_bad_event_is_found(
    dispatch_stage: DispatchStage, amount: int, reason: str, detail: str
) -> None:
    """One event of a hundred that its use case can't take is rejected alone.

    The ninety-nine take effect, in order.
    """
    await dispatch_stage.add(*([1] * 57), amount, *([1] * 42))
    bad = dispatch_stage.log.sent.pop(57)
    (letter,) = await dispatch_stage.letters()
    assert (letter["reason"], letter["detail"], letter["event_id"], letter["sequence"]) == (
        reason,
        detail,
        bad[3],
        58,
    )
    assert letter["handler"].endswith("add")
    exactly_once(dispatch_stage.log.sent, await dispatch_stage.effects())
    assert (await dispatch_stage.position()).sequence == 100


async def test_a_dead_letter_leaves_by_the_outbox(dispatch_stage: DispatchStage) -> None:
    """A dead letter stands in the outbox with the source's partition, key, bytes and headers.

    It says where it came from.
    """
    await dispatch_stage.add(UNLUCKY)
    (row,) = await dispatch_stage.pool.fetch("SELECT * FROM messaging.outbox")
    assert (row["topic"], row["partition"], row["key"]) == (
        dispatch_stage.catalogue.dead,
        dispatch_stage.partition,
        b"key-0",
    )
    assert row["data"] == b'{"key":"key-0","n":666}'
    for name in ("dead_reason", "dead_offset", "source_ce_id", "source_ce_sequence"):
        assert f'"{name}"' in row["headers"]


async def test_the_dead_letter_path_fails(dispatch_stage: DispatchStage) -> None:
    """While a dead letter can't be written, its record is not passed.

    The position stays, nothing is lost.
    """
    await dispatch_stage.pool.execute("ALTER TABLE messaging.dead_letter RENAME TO away")
    with pytest.raises(Exception, match="dead_letter"):
        await dispatch_stage.add(1, UNLUCKY, 1)
    assert (await dispatch_stage.position()).next_offset == 1  # what stands before it took effect
    await dispatch_stage.pool.execute("ALTER TABLE messaging.away RENAME TO dead_letter")
    (topic, partition, _, _) = dispatch_stage.log.sent[0]
    place = TopicPartition(topic, partition)
    assert len(await dispatch_stage.letters()) == 0
    assert dispatch_stage.ends[place] == 3


async def test_the_brake(dispatch_stage: DispatchStage) -> None:
    """More than twenty dead letters in a row stop the worker, also after a restart.

    Released, or with the fault removed, it goes on.
    """
    await dispatch_stage.add(1, *([UNLUCKY] * MOST_IN_A_ROW))
    assert (await dispatch_stage.position()).failures == MOST_IN_A_ROW
    more = dispatch_stage.records([dispatch_stage.log.record(Added(key="key-0", n=UNLUCKY))])
    for _ in range(2):
        with pytest.raises(OperatorNeeded, match="20 records in a row"):
            await dispatch_stage.take(more)
    assert len(await dispatch_stage.letters()) == MOST_IN_A_ROW
    await dispatch_stage.pool.execute("UPDATE messaging.position SET failures = 0")
    await dispatch_stage.take(more)
    await dispatch_stage.add(1)
    assert (await dispatch_stage.position()).failures == 0


def foreign(stage: DispatchStage, count: int) -> list[Any]:
    """So many records in key-0's partition that no relay wrote."""
    return [(stage.catalogue.added.topic, stage.partition, b"any", b"{}", [])] * count


async def test_the_brake_takes_what_stands_before_it(dispatch_stage: DispatchStage) -> None:
    """Sixty foreign records in one batch: twenty are set aside before the worker stops.

    The sound events before them and in other partitions take effect. Released, twenty more pass,
    and then twenty more; what follows takes effect.
    """
    first = [dispatch_stage.log.record(Added(key="key-0", n=1))]
    last = [dispatch_stage.log.record(Added(key="key-0", n=1))]
    others = [dispatch_stage.log.record(Renamed(key="key-0", name="a")) for _ in range(3)]
    batch = dispatch_stage.records([*first, *foreign(dispatch_stage, 60), *last, *others])
    with pytest.raises(OperatorNeeded, match="20 records in a row"):
        await dispatch_stage.take(batch)
    assert len(await dispatch_stage.letters()) == MOST_IN_A_ROW
    assert len(await dispatch_stage.effects()) == 4
    for released in (1, 2):
        await release_brake(dispatch_stage.pool)
        start = 1 + MOST_IN_A_ROW * released
        assert (await dispatch_stage.position()).next_offset == start
        if released == 1:
            with pytest.raises(OperatorNeeded, match="20 records in a row"):
                await dispatch_stage.take(batch[start:62])
    await dispatch_stage.take(batch[41:62])
    assert len(await dispatch_stage.letters()) == 60
    exactly_once(dispatch_stage.log.sent, await dispatch_stage.effects())


async def test_the_brake_names_the_run_and_the_command(dispatch_stage: DispatchStage) -> None:
    """The stop says how many stand ahead, by reason, and the command that lets them pass."""
    await dispatch_stage.add(1)
    bad = [dispatch_stage.log.record(Added(key="key-0", n=1), value=b"no") for _ in range(5)]
    batch = dispatch_stage.records([*foreign(dispatch_stage, 60), *bad])
    with pytest.raises(OperatorNeeded) as stop:
        await dispatch_stage.take(batch)
    place = f"{dispatch_stage.catalogue.added.topic}/{dispatch_stage.partition}"
    command = f"terang dead-letters release {dispatch_stage.catalogue.service} {place} --through 65"
    assert command in stop.value.remedy
    assert "40 headers-not-ours, 5 not-json" in stop.value.reason


async def test_released_through_an_offset(dispatch_stage: DispatchStage) -> None:
    """Up to the offset any number pass the brake; behind it twenty may follow, and no more."""
    await dispatch_stage.add(1)
    batch = dispatch_stage.records(foreign(dispatch_stage, 60))
    with pytest.raises(OperatorNeeded, match="20 records in a row"):
        await dispatch_stage.take(batch)
    async with dispatch_stage.pool.acquire() as connection:
        place = TopicPartition(dispatch_stage.catalogue.added.topic, dispatch_stage.partition)
        assert await release_through(connection, place, 39)
    with pytest.raises(OperatorNeeded, match="offset 60 would be the next"):
        await dispatch_stage.take(batch[20:])
    letters = sorted(await dispatch_stage.letters(), key=lambda letter: letter["record_offset"])
    assert [letter["value_sha256"] is not None for letter in letters] == (
        [False] * 20 + [True] * 19 + [False] * 20  # what was let pass is kept by reference
    )
    assert (await dispatch_stage.position()).failures == MOST_IN_A_ROW


async def test_the_brake_where_a_use_case_refuses(dispatch_stage: DispatchStage) -> None:
    """Thirty refused events in a batch: twenty are set aside, other partitions go on."""
    bad = [dispatch_stage.log.record(Added(key="key-0", n=UNLUCKY)) for _ in range(30)]
    others = [dispatch_stage.log.record(Renamed(key="key-0", name="a")) for _ in range(3)]
    batch = dispatch_stage.records([*bad, *others])
    with pytest.raises(OperatorNeeded, match="offset 20 would be the next"):
        await dispatch_stage.take(batch)
    assert len(await dispatch_stage.letters()) == MOST_IN_A_ROW
    assert len(await dispatch_stage.effects()) == 3


async def test_unheard_types_are_recorded(dispatch_stage: DispatchStage) -> None:
    """Events of a type that nobody here hears are counted with their first offset, and pass."""
    known = dispatch_stage.log.record(Added(key="key-0", n=1))
    later = [
        dispatch_stage.log.record(Added(key="key-0", n=1), type=b"test.Later") for _ in range(3)
    ]
    await dispatch_stage.take(dispatch_stage.records([known, *later]))
    (row,) = await dispatch_stage.pool.fetch(
        "SELECT type, first_offset, events FROM messaging.unheard_type"
    )
    assert tuple(row) == ("test.Later", 1, 3)
    assert (await dispatch_stage.position()).sequence == 4
    assert not await dispatch_stage.letters()


async def test_an_old_consumer_takes_a_new_event(dispatch_stage: DispatchStage) -> None:
    """A field that this version does not know is passed over; the event takes effect."""
    await dispatch_stage.take(
        dispatch_stage.records(
            [
                dispatch_stage.log.record(
                    Added(key="key-0", n=1), value=b'{"key": "key-0", "n": 5, "later": true}'
                )
            ]
        )
    )
    assert await dispatch_stage.pool.fetchval("SELECT total FROM tally") == 5


async def test_a_new_consumer_takes_an_old_event(dispatch_stage: DispatchStage) -> None:
    """A field that was added later has a default; an event from before it takes effect."""

    class AddedSince(Added):
        unit: str = "one"

    units: list[str] = []

    async def use_case(connection: Connection, events: list[Any]) -> None:
        units.extend(event.data.unit for event in events)

    dispatch_stage.dispatch._subscriptions = by_type(
        [Subscription(replace(dispatch_stage.catalogue.added, model=AddedSince), use_case)]
    )
    await dispatch_stage.add(1, 1)
    assert units == ["one", "one"]


def test_one_version_per_fact(dispatch_stage: DispatchStage) -> None:
    """To subscribe to two versions of one fact is refused.

    Both stand on the log at once: it would count twice.
    """
    (added, _) = dispatch_stage.catalogue.subscriptions(dispatch_stage.catalogue.outbox())
    second = Subscription(
        replace(dispatch_stage.catalogue.added, type="test.Added.v2"), *added.use_cases
    )
    with pytest.raises(ValueError, match="one fact"):
        by_type([added, second])


async def test_servers_away_are_waited_out(dispatch_stage: DispatchStage) -> None:
    """A connection that is cut in mid-batch blames no event.

    The batch is taken when PostgreSQL answers again.
    """
    cut = 0

    async def use_case(connection: Connection, events: list[Any]) -> None:
        nonlocal cut
        cut += 1
        if cut < 3:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    dispatch_stage.dispatch._subscriptions = by_type(
        [Subscription(dispatch_stage.catalogue.added, use_case)]
    )
    await dispatch_stage.add(1, 1, 1)
    assert (await dispatch_stage.position()).sequence == 3
    assert not await dispatch_stage.letters()
