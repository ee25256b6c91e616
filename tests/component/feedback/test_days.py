"""Of a complaint the public learns the day: not by ids, headers, records, order or arrival."""

import asyncio
import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer

from services.feedback.complaints.usecases import state_complaints
from shared.clock import utc_now
from shared.contracts.applications import UnitRegistered
from shared.contracts.feedback import ComplaintFiled, ComplaintResolved
from tests.component.conftest import Issuer, ServiceApp
from tests.component.feedback.days import end_day, state
from tests.component.feedback.test_complaints import file, resolve
from tests.component.feedback.test_units import assess, complain
from tests.component.feedback.test_worker import SECONDS, StartApp, address, topics, worker
from tests.servers import Servers

__all__ = ["topics"]
UNITS = [UnitRegistered(unit_id=f"U-{n}", path=f"Kota | Dinas {n}", staff=20) for n in range(3)]
MIDNIGHT = time(tzinfo=UTC)


async def records(servers: Servers, count: int) -> list[Any]:
    """The first records of terang.feedback, as they stand on the log."""
    consumer = AIOKafkaConsumer(
        "terang.feedback", bootstrap_servers=servers.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    found: list[Any] = []
    try:
        async with asyncio.timeout(SECONDS):
            while len(found) < count:
                for some in (await consumer.getmany(timeout_ms=500)).values():
                    found += some
    finally:
        await consumer.stop()
    return found


@pytest.mark.usefixtures("topics")
async def test_what_is_on_kafka_tells_the_day_and_nothing_finer(
    servers: Servers, service_app: StartApp, issuer: Issuer, tmp_path: Path
) -> None:
    """Ids are random, times are days in data, header and record, no header leads to a request, and
    the order on the log isn't that of filing or answering.
    """
    app = await service_app("feedback", now=utc_now() - timedelta(days=3))
    await app.hear(*UNITS)
    day = app.clock().astimezone(app.app.state.resources.settings.zone).date()
    filed = [
        (await file(app, {"Idempotency-Key": str(uuid4())}))["complaint_id"] for _ in range(12)
    ]
    for complaint_id in filed:
        assert (await resolve(app, complaint_id)).status_code == 201
    with worker(servers, issuer, await address(app), tmp_path / "clock"):
        found = await records(servers, 24)
    moment = datetime.combine(day, MIDNIGHT)
    for record in found:
        headers = {name: value.decode() for name, value in record.headers}
        assert headers["ce_time"] == f"{day}T00:00:00Z"
        assert record.timestamp == int(moment.timestamp()) * 1000
        assert UUID(headers["ce_id"]).version == 4
        assert not {"ce_correlationid", "ce_causationid", "traceparent"} & headers.keys()
        data = json.loads(record.value)
        assert UUID(data["complaint_id"]).version == 4
        assert data.get("filed_on", str(day)) == str(day)
    by_type: dict[str, list[str]] = {}
    for record in found:
        type_ = dict(record.headers)["ce_type"].decode()
        by_type.setdefault(type_, []).append(json.loads(record.value)["complaint_id"])
    assert set(by_type) == {"terang.ComplaintFiled", "terang.ComplaintResolved"}
    for stated in by_type.values():
        assert sorted(stated) == sorted(filed)
        assert stated != filed


@pytest.fixture
async def app(service_app: StartApp) -> ServiceApp:
    """Feedback that knows three units of twenty people."""
    app = await service_app("feedback")
    await app.hear(*UNITS)
    return app


async def public(app: ServiceApp) -> tuple[list[Any], Any, int]:
    """What everyone sees of a unit: its complaints, its page, the events about it."""
    complaints = await app.http.get("/feedback/complaints", params={"unit_id": "U-1"})
    page = await app.http.get("/feedback/units/U-1")
    return complaints.json()["items"], page.json(), len(await app.stated())


async def test_the_public_learns_of_a_complaint_when_its_day_is_over(app: ServiceApp) -> None:
    """Filing changes no list, count, figure or event, and neither does the answer; the complainant
    and the officer see both at once.
    """
    await assess(app)
    before = await public(app)
    receipt = await file(app)
    await assess(app)
    assert await public(app) == before
    officer = app.who("officer-1", "officer")
    queue = await app.http.get("/feedback/complaints", params={"waiting": True}, headers=officer)
    assert [item["complaint_id"] for item in queue.json()["items"]] == [receipt["complaint_id"]]
    await end_day(app)
    shown, unit, events = await public(app)
    assert [(item["complaint_id"], item["outcome"]) for item in shown] == [
        (receipt["complaint_id"], None)
    ]
    assert (unit["complaints"][0]["complaints"], events) == (1, 1)

    before = await public(app)
    await resolve(app, receipt["complaint_id"], outcome="not-upheld")
    assert await public(app) == before
    code = {"tracking_code": receipt["tracking_code"]}
    opened = (await app.http.post("/feedback/complaints/tracking", json=code)).json()
    assert (opened["outcome"], opened["resolved_on"]) == ("not-upheld", "2026-08-21")
    await end_day(app)
    shown, _, events = await public(app)
    assert (shown[0]["outcome"], events) == ("not-upheld", 2)


async def test_a_complaint_that_came_late_waits_for_the_next_days_statement(
    app: ServiceApp,
) -> None:
    """Finished days are stated once a day, an hour after midnight at the earliest; what was written
    for such a day afterwards does not come alone.
    """
    app.clock.now = datetime(2026, 8, 20, 16, 59, 50, tzinfo=UTC)  # ten seconds to midnight
    await file(app)
    app.clock.advance(minutes=59)
    await state(app)
    assert await app.stated() == []
    app.clock.advance(minutes=2)
    await state(app)
    assert len(await app.stated()) == 1
    now, app.clock.now = app.clock.now, datetime(2026, 8, 20, 16, 59, 59, tzinfo=UTC)
    await file(app)
    app.clock.now = now
    await state(app)
    assert len(await app.stated()) == 1
    await end_day(app)
    assert len(await app.stated()) == 2


async def test_a_clock_that_was_days_ahead_holds_no_day_back(app: ServiceApp) -> None:
    """Once the worker's clock is right again, days are stated as they end."""
    app.clock.advance(days=30)
    await state(app)
    app.clock.advance(days=-30)
    await file(app)
    await end_day(app)
    assert len(await app.stated()) == 1


async def state_and_die(app: ServiceApp) -> None:
    """A worker that is gone before it commits."""
    zone = app.app.state.resources.settings.zone
    connection = await asyncpg.connect(app.app.state.resources.settings.database_url)
    transaction = connection.transaction()
    await transaction.start()
    await state_complaints.state_finished_days(connection, app.outbox, app.clock(), zone)
    connection.terminate()


async def test_days_without_a_worker_are_stated_together_and_once(
    app: ServiceApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three days, in parts, by two workers of which one loses its connection in the middle: each
    complaint and answer has one event, answers after all that they answer, days in order.
    """
    monkeypatch.setattr(state_complaints, "MOST", 4)
    filed = []
    for _ in range(3):
        filed += await complain(app, "U-1", "other", 5)
        app.clock.advance(days=1)
    for complaint_id in filed[:3]:
        await resolve(app, complaint_id)
    app.clock.advance(days=1)
    await state_and_die(app)
    assert await app.stated() == []
    await asyncio.gather(state(app), state(app))
    await state(app)
    stated = await app.stated()
    of_filed = [event for event in stated if isinstance(event, ComplaintFiled)]
    answers = [event for event in stated if isinstance(event, ComplaintResolved)]
    assert sorted(str(event.complaint_id) for event in of_filed) == sorted(filed)
    assert {str(event.complaint_id) for event in answers} == set(filed[:3])
    days = [event.filed_on for event in of_filed]
    assert days == sorted(days)
    for answer in answers:
        of = next(event for event in of_filed if event.complaint_id == answer.complaint_id)
        assert stated.index(of) < stated.index(answer)


async def test_the_category_in_a_small_unit_follows_from_no_figures(app: ServiceApp) -> None:
    """Whatever the complaints about a unit of four people are about, all that is public is the
    same: its own page and events, and the other units' and the province's figures, also once it has
    grown.
    """
    seen = []
    for category in ("slow-service", "conduct", "other"):
        await app.pool.execute(
            "DELETE FROM complaint_words; DELETE FROM complaint; DELETE FROM flag;"
            "DELETE FROM assessment; DELETE FROM messaging.outbox; DELETE FROM unit;"
            "UPDATE complaints_stated SET stated_on = '1970-01-01'"
        )
        app.clock.now = datetime(2026, 8, 20, 3, tzinfo=UTC)
        small = UnitRegistered(unit_id="U-small", path="Kota | Kelurahan", staff=4)
        await app.hear(*UNITS, small)
        await complain(app, "U-1", "slow-service", 3)
        await complain(app, "U-2", "conduct", 3)
        looks = []
        for staff in (4, 20):
            await app.hear(small.model_copy(update={"staff": staff}))
            if staff == 4:
                await complain(app, "U-small", category, 9)
            await end_day(app)
            changes = await assess(app)
            pages = [
                (await app.http.get(f"/feedback/units/{unit_id}")).json()
                for unit_id in ("U-0", "U-1", "U-2", "U-small")
            ]
            looks.append((changes, pages))
        seen.append(looks)
    assert seen[0] == seen[1] == seen[2]
    assert {flag["kind"] for flag in seen[0][0][1][3]["flags"]} == {"process"}


async def test_the_database_does_not_tell_the_moment_of_an_anonymous_complaint(
    app: ServiceApp,
) -> None:
    """The key that was sent along was kept with its microsecond, and PostgreSQL's number of the
    transaction (xmin) led from one to the other.
    """
    await file(app, {"Idempotency-Key": str(uuid4())})
    joined = await app.pool.fetch(
        "SELECT created_at FROM complaint"
        " JOIN public.idempotency ON complaint.xmin = idempotency.xmin"
    )
    assert [(row["created_at"].timetz(), row["created_at"].tzinfo) for row in joined] == [
        (MIDNIGHT, UTC)
    ]


async def test_a_stated_complaint_is_known_by_its_statement_alone(app: ServiceApp) -> None:
    """Complaint and words are written anew together, so that no transaction's number tells when a
    complaint came among rows that have a time.
    """
    for _ in range(3):
        await file(app, {"Idempotency-Key": str(uuid4())})
    came = "SELECT xmin::text FROM complaint UNION SELECT xmin::text FROM complaint_words"
    before = {row["xmin"] for row in await app.pool.fetch(came)}
    await end_day(app)
    after = {row["xmin"] for row in await app.pool.fetch(came)}
    assert (len(before), len(after)) == (3, 1)
    assert not before & after
