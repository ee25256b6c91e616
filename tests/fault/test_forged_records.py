"""Records on the log that its service did not write, made to look as if it had.

Foreign ones (another source, another topic's type) have no place in the sequence. Forged ones carry
a right source and a number: what they would hide takes effect, once, or somebody is asked.
"""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.messaging.failures import OperatorNeeded, Permanent
from tests.fault.ignoring import carry_out
from tests.fault.tally import Added, Renamed, Stage, exactly_once
from tests.fault.test_relay_logs import Foreign, NewSmall, new_small, published, put
from tests.small_service import SOURCE, Small

__all__ = ["new_small"]

HEARD = Added(key="key-0", n=1)


def forged(stage: Stage, fact: Added | Renamed = HEARD, **changed: Any) -> Any:
    """The next event of its partition as a stranger would write it: nothing counts it as sent."""
    sequences = dict(stage.log._sequences)
    record = stage.log.record(fact, **changed)
    stage.log.sent.pop()
    stage.log._sequences.clear()
    stage.log._sequences.update(sequences)
    return record


async def reasons(stage: Stage) -> list[str]:
    rows = await stage.fetch(
        "SELECT reason FROM messaging.dead_letter ORDER BY topic, record_offset"
    )
    return [row["reason"] for row in rows]


async def rebuilt(stage: Stage) -> None:
    """The projections are made anew out of the log, as `terang rebuild` does it."""
    assert await stage.rebuild(helpers=1).ended(60) == 0, stage.outputs()


async def test_an_event_on_another_topic_has_no_effect(stage: Stage) -> None:
    """`Added` with the next number, by the right service, on the topic of `Renamed`.

    It becomes a dead letter and takes no number; a rebuild passes over it as the worker does.
    """
    await stage.log.say([Renamed(key="key-0", name="a"), HEARD])
    _, partition, key, _, headers = forged(
        stage, Renamed(key="key-0", name="b"), type=b"test.Added"
    )
    value = HEARD.model_dump_json().encode()
    await stage.log.write([(stage.catalogue.renamed.topic, partition, key, value, headers)])
    await stage.log.say([Renamed(key="key-0", name="c"), HEARD])
    worker = stage.worker()
    exactly_once(stage.log.sent, await stage.drained())
    assert await reasons(stage) == ["other-topic"]
    await worker.ready()
    await rebuilt(stage)
    exactly_once(stage.log.sent, await stage.effects())


async def test_an_event_of_another_source_has_no_effect(stage: Stage) -> None:
    """The next number under another service's name, or under none: a dead letter, no number."""
    await stage.log.add(4)
    await stage.log.write([forged(stage, source=b"/test/other"), forged(stage, source=None)])
    await stage.log.add(4)
    worker = stage.worker()
    exactly_once(stage.log.sent, await stage.drained())
    assert await reasons(stage) == ["other-source", "other-source"]
    await worker.ready()
    await rebuilt(stage)
    exactly_once(stage.log.sent, await stage.effects())


async def test_a_worker_that_starts_behind_foreign_events(stage: Stage) -> None:
    """The checks of the log before a start pass over them, too."""
    await stage.log.add(4)
    worker = stage.worker()
    await stage.drained()
    await stage.log.write([forged(stage, source=b"/test/other") for _ in range(3)])
    worker.kill()
    again = stage.worker()
    await again.ready()
    await stage.log.add(4)
    exactly_once(stage.log.sent, await stage.drained())


async def passed_over(stage: Stage, remedy: str, nth: int = 0) -> bool:
    """The service ignores what the remedy names; returns whether that had taken effect."""
    done = await carry_out(
        remedy,
        nth,
        dsn=stage.database,
        bootstrap=stage.servers.bootstrap,
        origins=stage.catalogue.origins(),
    )
    return done.took_effect


async def goes_on(stage: Stage) -> None:
    """A worker is ready, also when it has checked its log; true events take effect once.

    Those before it are ended: a part that stopped leaves the others running under the name.
    """
    for worker in stage.workers:
        worker.kill()
    again = stage.worker(check_seconds=0.5)
    await again.ready()
    await stage.log.say([HEARD])
    await asyncio.sleep(1)
    await again.ready()


async def test_a_forged_number_far_ahead_is_ignored(stage: Stage) -> None:
    """The worker stops at the gap and names the command; then the true events take effect.

    A record that was ignored is no dead letter, and a rebuild passes over it.
    """
    await stage.log.add(4)
    await stage.log.write([forged(stage, sequence=b"99")])
    await stage.log.add(4)
    said = await stage.worker().stands_still("gap")
    assert not await passed_over(stage, said)
    await goes_on(stage)
    exactly_once(stage.log.sent, await stage.drained())
    assert await reasons(stage) == []
    await rebuilt(stage)
    exactly_once(stage.log.sent, await stage.effects())


async def test_a_forged_next_number_does_not_hide_the_true_event(stage: Stage) -> None:
    """A stranger's event took the next number and effect; then the true one looks like a repeat.

    The worker stops and names both. The forged one is ignored, the true one takes effect, and a
    rebuild takes the forged one's effect back.
    """
    await stage.log.say([HEARD] * 3)
    worker = stage.worker()
    await stage.drained()
    await stage.log.write([forged(stage, Added(key="key-0", n=1000))])
    await stage.drained(effects=4)
    await stage.log.say([HEARD])
    said = await worker.stands_still("forged")
    assert "two events under number 4, at offsets 3 and 4" in said
    assert await passed_over(stage, said)
    await goes_on(stage)
    assert len(await stage.drained(effects=6)) == 6
    await rebuilt(stage)
    exactly_once(stage.log.sent, await stage.effects())
    assert [row["total"] for row in await stage.fetch("SELECT total FROM projections.tally")] == [5]


async def test_a_forged_event_and_the_true_one_in_one_batch(stage: Stage) -> None:
    """Nothing of the batch takes effect before a person said which counts: no rebuild is needed."""
    await stage.log.write([forged(stage, Added(key="key-0", n=1000))])
    await stage.log.say([HEARD] * 3)
    said = await stage.worker().stands_still("forged")
    assert await stage.effects() == []
    assert not await passed_over(stage, said)
    await goes_on(stage)
    exactly_once(stage.log.sent, await stage.drained())


async def test_a_forged_event_under_an_old_number(stage: Stage) -> None:
    """It would be skipped as a repeat; it isn't, so somebody is told."""
    await stage.log.say([HEARD] * 3)
    worker = stage.worker()
    await stage.drained()
    await stage.log.write([forged(stage, sequence=b"2")])
    said = await worker.stands_still("forged")
    assert not await passed_over(stage, said, 1)
    await goes_on(stage)
    exactly_once(stage.log.sent, await stage.drained())


async def test_several_forged_events_in_a_row(stage: Stage) -> None:
    """Each is named in its turn; the position goes back to where the log leads without them."""
    await stage.log.say([HEARD] * 3)
    worker = stage.worker()
    await stage.drained()
    await stage.log.write([forged(stage), forged(stage, sequence=b"5")])
    await stage.drained(effects=5)
    await stage.log.say([HEARD])
    assert await passed_over(stage, await worker.stands_still("forged"))
    worker.kill()
    worker = stage.worker()
    assert not await passed_over(stage, await worker.stands_still("gap"))
    await goes_on(stage)
    await stage.drained(effects=7)
    await rebuilt(stage)
    exactly_once(stage.log.sent, await stage.effects())


async def test_only_the_record_that_was_meant_is_ignored(stage: Stage) -> None:
    """With another id, or where nothing counts, the command refuses and changes nothing."""
    await stage.log.say([HEARD])
    place = f"{stage.log.sent[0][0]}/{stage.log.sent[0][1]}"
    for offset, why in ((0, "holds event"), (7, "no event at offset 7")):
        command = f"terang ignore x {place} {offset} --event-id {uuid4()} --reason TEXT"
        with pytest.raises(Permanent, match=why):
            await passed_over(stage, command)
    assert not await stage.fetch("SELECT FROM messaging.ignored_record")


def as_ours(sequence: int, event: UUID | None = None, *, source: str = SOURCE) -> Foreign:
    """A step that the service never took, under this number."""
    said = {
        "ce_id": str(event or uuid4()),
        "ce_source": source,
        "ce_type": "terang.StepTaken",
        "ce_subject": "path-0",
        "ce_time": "2026-11-21T12:00:00Z",
        "ce_sequence": str(sequence),
    }
    return Foreign(
        b'{"path":"path-0","n":1}', [(name, text.encode()) for name, text in said.items()]
    )


async def test_foreign_events_do_not_stop_the_relay(new_small: NewSmall) -> None:
    """Numbers under another source count for nobody: the relay goes on above its own."""
    small = await new_small()
    await published(small, 5)
    await put(small, [as_ours(6, source="/other"), as_ours(99, source="/other")])
    await published(small, 5)
    await small.check_effect(repeats_allowed=False)


async def test_foreign_events_are_not_recovered(new_small: NewSmall) -> None:
    """`terang recover` finds nothing to take over in them."""
    small = await new_small()
    await published(small, 5)
    await put(small, [as_ours(6, source="/other"), as_ours(99, source="/other")])
    plan = await recovery_plan(small)
    assert not plan.missing
    assert not any(partition.changes for partition in plan.partitions)


async def recovery_plan(small: Small) -> Any:
    connection = await asyncpg.connect(small.dsn)
    try:
        return await small.recovery_plan(connection)
    finally:
        await connection.close()


async def stopped_by(small: Small, relay: "asyncio.Task[None]", why: str) -> None:
    """The relay stops for this; then the service ignores what the remedy names, and sends on."""
    with pytest.raises(OperatorNeeded, match=why) as stop:
        await asyncio.wait_for(relay, 30)
    await carry_out(
        stop.value.remedy, dsn=small.dsn, bootstrap=small.bootstrap, origins=small.origins
    )
    await published(small, 5)
    await small.check_effect()


async def leads(small: Small) -> "asyncio.Task[None]":
    """A relay that has sent ten steps and goes on."""
    relay: asyncio.Task[None] = asyncio.create_task(small.relay().run())
    await small.walk(10)
    await small.drained()
    return relay


async def test_a_busy_relay_notices_a_forged_next_number(new_small: NewSmall) -> None:
    """It stops before it marks its own event of that number as published."""
    small = await new_small()
    relay = await leads(small)
    await put(small, [as_ours(11)])
    await small.walk(5)
    with pytest.raises(OperatorNeeded, match="another event under number 11 at offset 10"):
        await asyncio.wait_for(asyncio.shield(relay), 30)
    assert (await small.rows("SELECT acknowledged FROM messaging.outbox_partitions"))[0][0] == 10
    await stopped_by(small, relay, "another event under number 11 at offset 10")


async def test_a_busy_relay_notices_a_forged_old_number(new_small: NewSmall) -> None:
    """An event of another id under a number long passed is no repeat."""
    small = await new_small()
    relay = await leads(small)
    await put(small, [as_ours(3)])
    await small.walk(5)
    await stopped_by(small, relay, "another event under number 3 at offset 10")


async def test_a_busy_relay_goes_on_behind_what_has_no_number(new_small: NewSmall) -> None:
    """Foreign records and true repeats between its own are looked at, and are no reason to stop."""
    small = await new_small()
    relay = await leads(small)
    repeat = (await small.log())[4]
    for _ in range(3):
        await put(small, [as_ours(99, source="/other"), Foreign(b"x"), repeat])
        await small.walk(5)
        await small.drained()
    assert not relay.done()
    relay.cancel()
    await small.check_effect()


@pytest.mark.parametrize("number", [11, 99])
async def test_an_idle_relay_notices_a_number_that_was_never_given(
    new_small: NewSmall, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Within its idle check, before anything of its own comes behind."""
    monkeypatch.setattr("shared.messaging.relay.IDLE_CHECK_SECONDS", 0.3)
    small = await new_small()
    relay = await leads(small)
    await put(small, [as_ours(number)])
    await stopped_by(small, relay, f"holds number {number}, but only 10 were given")


async def test_recover_stops_at_a_forged_number_and_then_passes_it(new_small: NewSmall) -> None:
    """Far ahead, or beside ours under one number: recover names the command, and plans without."""
    small = await new_small()
    await published(small, 5)
    await small.rows("DELETE FROM messaging.outbox")
    await small.rows("DELETE FROM messaging.outbox_partitions")  # as of yesterday
    await put(small, [as_ours(5), as_ours(99)])
    for why, nth in (("two events under number 5", 1), ("jumps from number 5 to 99", 0)):
        with pytest.raises(OperatorNeeded, match=why) as stop:
            await recovery_plan(small)
        await carry_out(
            stop.value.remedy, nth, dsn=small.dsn, bootstrap=small.bootstrap, origins=small.origins
        )
    plan = await recovery_plan(small)
    assert [dict(record.headers)["ce_id"].decode() for record in plan.missing] == [
        str(event) for event in small.stated
    ]
