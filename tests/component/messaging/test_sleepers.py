"""A process that slept holds old positions against a newer log: no reason to stop.

It slept between reading its positions and asking the log.
"""

from collections.abc import Sequence

import pytest
from aiokafka import TopicPartition

from shared.messaging.consumer import Consumer
from shared.messaging.failures import OperatorNeeded, Unavailable
from shared.messaging.outages import Servers
from shared.messaging.position import Position
from tests.component.messaging.conftest import NOW, DispatchStage
from tests.fault.tally import Added


@pytest.mark.parametrize("moved", [True, False])
async def test_positions_that_moved_while_the_log_was_asked_are_checked_again(
    dispatch_stage: DispatchStage, monkeypatch: pytest.MonkeyPatch, *, moved: bool
) -> None:
    """With the positions where they were it is another log: OperatorNeeded.

    If another worker moved them meanwhile, they are asked about again.
    """
    await dispatch_stage.add(1, 2)

    async def check_log(_: str, positions: Sequence[Position], *_more: object) -> None:
        assert [position.next_offset for position in positions] == [2]
        if moved:
            await dispatch_stage.add(3)
        raise OperatorNeeded("the log ends below.", remedy="nothing")

    monkeypatch.setattr("shared.messaging.log_check.check_log", check_log)
    outbox = dispatch_stage.catalogue.outbox()
    consumer = Consumer(
        service=dispatch_stage.catalogue.service,
        member="sleeper",
        bootstrap_servers="",
        servers=Servers.of("postgresql://nowhere/none", ""),
        pool=dispatch_stage.pool,
        subscriptions=dispatch_stage.catalogue.subscriptions(outbox),
        outbox=outbox,
        origins=dispatch_stage.catalogue.origins(),
        clock=lambda: NOW,
        check_seconds=60,
        session_seconds=10,
    )
    with pytest.raises(Unavailable if moved else OperatorNeeded):
        await consumer._checked_positions(
            [TopicPartition(dispatch_stage.catalogue.added.topic, dispatch_stage.partition)]
        )


async def test_positions_that_are_no_longer_locked_stop_nobody(
    dispatch_stage: DispatchStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch with repeats whose session was ended while it slept is taken anew.

    Whatever it found the log to be.
    """
    record = dispatch_stage.log.record(Added(key="key-0", n=1))
    await dispatch_stage.take(dispatch_stage.records([record]))
    asked = 0

    async def check_log(*_: object) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            await dispatch_stage.pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND state = 'idle in transaction'"
            )
            raise OperatorNeeded("the log ends below.", remedy="nothing")

    monkeypatch.setattr(dispatch_stage.dispatch, "_check_log", check_log)
    await dispatch_stage.take(dispatch_stage.records([record]))
    assert asked == 2
    assert len(await dispatch_stage.effects()) == 1
