"""A worker whose log answers slowly.

What is read meanwhile is stale, and must not keep the next batch from being taken.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from shared.clock import utc_now
from shared.messaging import log_check
from shared.messaging.consumer import Consumer
from shared.messaging.dispatch import Dispatch
from shared.messaging.outages import Servers
from shared.messaging.parser import InboundRecord
from shared.messaging.plan import Validated
from shared.postgres.pool import create_pool
from tests.fault.tally import Stage, exactly_once


@pytest.mark.parametrize(("check", "decode"), [(0.5, 0.3), (0.3, 0.5), (0.4, 0.0), (0.0, 0.4)])
async def test_what_was_read_before_a_seek_does_not_keep_out_what_comes_after(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, *, check: float, decode: float
) -> None:
    """Asking the log takes as long as reading a batch ahead, on a busy machine.

    Every event takes effect all the same, once, in its order.
    """
    await stage.log.add(2_000)
    checked, validated_ahead = log_check.check_log, Dispatch.validate_ahead

    async def slow_check_log(*asked: Any) -> object:
        await asyncio.sleep(check)
        return await checked(*asked)

    async def slow_validate_ahead(self: Dispatch, batch: Sequence[InboundRecord]) -> Validated:
        await asyncio.sleep(decode)
        return await validated_ahead(self, batch)

    monkeypatch.setattr("shared.messaging.log_check.check_log", slow_check_log)
    monkeypatch.setattr(Dispatch, "validate_ahead", slow_validate_ahead)
    monkeypatch.setattr("shared.messaging.consumer.BATCH_RECORDS", 400)
    monkeypatch.setattr("shared.messaging.consumer.READ_AHEAD_FROM", 10)
    pool = await create_pool(stage.database, application="slow", size=4)
    outbox = stage.catalogue.outbox()
    consumer = Consumer(
        service=stage.catalogue.service,
        member="slow",
        bootstrap_servers=stage.servers.bootstrap,
        servers=Servers.of(stage.database, stage.servers.bootstrap),
        pool=pool,
        subscriptions=stage.catalogue.subscriptions(outbox),
        outbox=outbox,
        origins=stage.catalogue.origins(),
        clock=utc_now,
        check_seconds=60,
        session_seconds=10,
    )
    running = asyncio.create_task(consumer.run())
    try:
        exactly_once(stage.log.sent, await stage.drained(seconds=25))
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await pool.close()
