"""A version that hears a type more than the one before it, with data in place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module

import pytest
from prometheus_client import REGISTRY
from starlette.requests import Request
from typer.testing import CliRunner

from deploy.cli.main import app
from services.exams.worker import create_worker
from shared.contracts.applications import ApplicationWithdrawn, VacancyPublished
from shared.contracts.catalogue import BY_MODEL, TOPICS
from shared.contracts.fields import Fact
from shared.contracts.publication import examples_of
from shared.messaging.rebuild import rebuild
from shared.messaging.rebuild_share import Projections
from shared.messaging.worker import Worker
from shared.postgres.pool import create_pool
from shared.settings import DEMO_PROVINCE_KEY, read_settings
from tests.component.processes import state, until
from tests.servers import Servers, owner_address

pytestmark = pytest.mark.timeout(300)
MISSED = "ready; events passed before this version heard them"
WITHDRAWN = BY_MODEL[ApplicationWithdrawn].type


def new_version(servers: Servers, database: str) -> Worker:
    """exams' worker as it is."""
    given = {
        "TERANG_PROVINCE": "99",
        "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap,
        "DATABASE_URL_EXAMS": database,
        "TERANG_ISSUER": "http://test",
        "TERANG_AUDIENCE": "terang",
        "TERANG_PROVINCE_KEY": DEMO_PROVINCE_KEY,
    }
    settings = import_module("services.exams.settings").Settings
    return create_worker(read_settings(settings, "exams", given))


def old_version(servers: Servers, database: str) -> Worker:
    """The version before it, which did not hear of withdrawals."""
    new = new_version(servers, database)
    return Worker(
        service="exams",
        settings=new.settings,
        outbox=new.outbox,
        origins=new.origins,
        subscriptions=lambda outbox: [
            subscription
            for subscription in new.subscriptions(outbox)
            if subscription.contract.type != WITHDRAWN
        ],
    )


@asynccontextmanager
async def at_work(worker: Worker) -> AsyncIterator[None]:
    """The worker, but for its addresses for operators."""
    working = asyncio.create_task(worker._work())
    try:
        yield
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


def facts() -> list[Fact]:
    """A vacancy, and three who withdrew."""
    vacancy = examples_of(BY_MODEL[VacancyPublished])["full"]
    withdrawn = examples_of(BY_MODEL[ApplicationWithdrawn])["full"]
    return [
        VacancyPublished.model_validate(vacancy),
        *(
            ApplicationWithdrawn.model_validate(withdrawn | {"participant_no": f"0001-{n:06d}"})
            for n in (1, 2, 3)
        ),
    ]


async def told(worker: Worker) -> str:
    """What its /ready says."""
    answer = await worker._ready(Request({"type": "http"}))
    return bytes(answer.body).decode()


async def wanted() -> float | None:
    """Events for which a rebuild is wanted, as the metrics say."""
    return REGISTRY.get_sample_value("terang_rebuild_wanted_events")


@pytest.mark.parametrize("counts", ["kept", "lost"])
async def test_an_upgrade_asks_for_a_rebuild_by_itself(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, counts: str
) -> None:
    """Until one has been made; also where what was counted in passing is lost: the log tells."""
    await servers.fresh_topics(*(topic.name for topic in TOPICS))
    applications, exams = (
        servers.service_database("applications"),
        servers.service_database("exams"),
    )
    monkeypatch.setenv("DATABASE_URL_EXAMS", exams)
    pool = await create_pool(exams, application="test", size=2)
    taken = "SELECT coalesce(sum(sequence), 0)::integer FROM messaging.position"
    async with at_work(old_version(servers, exams)):
        await state(servers, "applications", applications, facts())
        await until(lambda: pool.fetchval(taken), 4)
        assert await wanted() == 0
    if counts == "lost":
        await pool.execute("DELETE FROM messaging.unheard_type")
    new = new_version(servers, exams)
    async with at_work(new):
        await until(wanted, 3)
        await until(lambda: told(new), f"{MISSED} (3 of {WITHDRAWN}): terang rebuild exams")
        ran = await asyncio.to_thread(CliRunner().invoke, app, ["doctor", "exams"])
        assert ran.exit_code == 1, ran.output
        assert f"3 events of {WITHDRAWN} on terang.applications passed" in ran.stdout
        await rebuild(
            Projections(
                service="exams",
                connect=lambda: create_pool(owner_address(exams), application="rebuild", size=2),
                outbox=new.outbox,
                subscriptions=new.subscriptions,
                origins=new.origins,
                bootstrap_servers=servers.bootstrap,
            )
        )
        await until(wanted, 0)
        await until(lambda: told(new), "ready")
    ran = await asyncio.to_thread(CliRunner().invoke, app, ["doctor", "exams"])
    assert ran.exit_code == 0, ran.output
    again = new_version(servers, exams)
    async with at_work(again):
        await until(lambda: told(again), "ready")
        assert await wanted() == 0
    await pool.close()
