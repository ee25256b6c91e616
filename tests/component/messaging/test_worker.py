"""A worker around its consumer: its name, its duties, its health."""

import asyncio
import contextlib
from datetime import timedelta

import asyncpg
import httpx
import pytest

from deploy.local.ports import free_port
from shared.clock import utc_now
from shared.messaging import worker as module
from shared.messaging.failures import OperatorNeeded
from shared.messaging.worker import Duty, Worker
from shared.postgres.pool import Pool
from tests.fault.tally import Stage, make_worker


async def test_two_of_one_name(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second worker of the same name waits for the first to leave, and then ends.

    It says what to set.
    """
    monkeypatch.setattr(module, "NAME_SECONDS", 0.5)
    first, second = [
        make_worker(stage.catalogue, bootstrap=stage.servers.bootstrap, database=stage.database)
        for _ in range(2)
    ]
    held, wanting = await asyncpg.connect(stage.database), await asyncpg.connect(stage.database)
    await first._take_name(held)
    with pytest.raises(OperatorNeeded, match="TERANG_REPLICA"):
        await second._take_name(wanting)
    await held.close()
    await second._take_name(wanting)
    await wanting.close()


async def test_duties_run_and_are_woken(stage: Stage) -> None:
    """A duty runs at the start, when its channel is notified, and after a connection was lost.

    A worker without subscriptions is ready.
    """
    runs = 0
    ran = asyncio.Event()

    async def run(pool: Pool) -> None:
        nonlocal runs
        runs += 1
        ran.set()
        if runs == 2:
            raise ConnectionResetError
        await pool.fetchval("SELECT 1")

    async def next_run() -> None:
        run_waits = asyncio.create_task(ran.wait())
        await asyncio.wait((run_waits, working), timeout=120, return_when=asyncio.FIRST_COMPLETED)
        run_waits.cancel()
        if working.done():
            working.result()  # raises what ended the worker
        assert ran.is_set()
        ran.clear()

    like = make_worker(stage.catalogue, bootstrap=stage.servers.bootstrap, database=stage.database)
    duty = Duty("count", 3600, run, channel="wake_up")
    worker = Worker(
        service=stage.catalogue.service,
        settings=like.settings,
        outbox=stage.catalogue.outbox(),
        origins=stage.catalogue.origins(),
        subscriptions=lambda _: [],
        duties=[duty],
    )
    port = free_port()
    working = asyncio.create_task(worker.run("127.0.0.1", port))
    try:
        await next_run()
        for _ in range(2):
            await stage.fetch_script("NOTIFY wake_up")
            await next_run()
        assert runs == 3
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            # the server starts beside the duties: on a busy machine it may listen after them
            transport=httpx.AsyncHTTPTransport(retries=8),
            timeout=60,
        ) as http:
            assert (await http.get("/live")).status_code == 200
            assert (await http.get("/ready")).text == "ready"
            assert (
                'terang_duty_failures_total{duty="count"} 1.0' in (await http.get("/metrics")).text
            )
    finally:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


@pytest.mark.parametrize(
    "ahead", [timedelta(hours=1), timedelta(hours=-1)], ids=["ahead", "behind"]
)
async def test_no_duty_runs_by_a_wrong_clock(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, ahead: timedelta
) -> None:
    """While the machine's clock is an hour off PostgreSQL's a duty waits, and /ready says so.

    Once the clock is right it runs.
    """
    ran = asyncio.Event()

    async def run(_: Pool) -> None:
        ran.set()

    like = make_worker(stage.catalogue, bootstrap=stage.servers.bootstrap, database=stage.database)
    worker = Worker(
        service=stage.catalogue.service,
        settings=like.settings,
        outbox=stage.catalogue.outbox(),
        origins=stage.catalogue.origins(),
        subscriptions=lambda _: [],
        duties=[Duty("count", 0.1, run)],
    )
    monkeypatch.setattr(module, "utc_now", lambda: utc_now() + ahead)
    port = free_port()
    working = asyncio.create_task(worker.run("127.0.0.1", port))
    try:
        async with (
            asyncio.timeout(60),
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", transport=httpx.AsyncHTTPTransport(retries=8)
            ) as http,
        ):
            while "duties wait until they agree" not in (await http.get("/ready")).text:
                await asyncio.sleep(0.05)
            assert not ran.is_set()
            monkeypatch.setattr(module, "utc_now", utc_now)
            await ran.wait()
    finally:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
