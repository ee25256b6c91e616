"""Records on the log that its service did not write, made to look as if it had.

Foreign ones (another source, another topic's type) have no place in the sequence. Forged ones carry
a right source and a number: what they would hide takes effect, once, or somebody is asked.
"""

from typing import Any
from uuid import UUID, uuid4

import asyncpg

from shared.messaging.recovery import gather
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
        return await gather(
            connection,
            bootstrap_servers=small.bootstrap,
            service="small",
            partitions={small.topic: small.partitions},
            origins=small.origins,
            drain_seconds=0.2,
        )
    finally:
        await connection.close()
