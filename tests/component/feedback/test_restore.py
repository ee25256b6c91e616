"""What feedback takes back in from its own log after a restored backup."""

from collections.abc import Awaitable, Callable
from typing import Any

from services.feedback.restore_from_log import restore
from shared.contracts.applications import UnitRegistered
from shared.contracts.feedback import ComplaintFiled, UnitCleared, UnitFlagged
from shared.messaging.envelope import Record
from shared.messaging.outbox import headers_from_text
from tests.component.conftest import ServiceApp
from tests.component.feedback.days import end_day
from tests.component.feedback.test_complaints import resolve
from tests.component.feedback.test_units import assess, complain, end_day_and_assess

StartApp = Callable[..., Awaitable[ServiceApp]]
UNITS = [
    UnitRegistered(unit_id=f"U-{n}", path=f"Kota | Dinas {n}", staff=4 if n == 9 else 20)
    for n in range(10)
]


async def log_of(app: ServiceApp) -> list[Record]:
    """What the service stated, as its relay would have put it on the log: numbered in each
    partition.
    """
    records = []
    rows = await app.pool.fetch(
        """SELECT *, row_number() OVER (PARTITION BY topic, partition ORDER BY id) AS number
        FROM messaging.outbox
           ORDER BY topic, partition, id"""
    )
    for row in rows:
        headers = (*headers_from_text(row["headers"]), ("ce_sequence", str(row["number"]).encode()))
        offset = row["number"] - 1
        records.append(
            Record(row["topic"], row["partition"], offset, row["key"], row["data"], headers, 0)
        )
    return records


async def take_back(app: ServiceApp, records: list[Record]) -> list[str]:
    async with app.pool.acquire() as connection, connection.transaction():
        return await restore(connection, records)


async def seen(app: ServiceApp) -> dict[str, Any]:
    """What the public sees of complaints and flags."""
    shown = {}
    for unit in UNITS:
        complaints = await app.http.get(
            "/feedback/complaints", params={"unit_id": unit.unit_id, "limit": 500}
        )
        view = (await app.http.get(f"/feedback/units/{unit.unit_id}")).json()
        shown[unit.unit_id] = (
            complaints.json(),
            view["flags"],
            view["past_flags"],
            view["complaints"],
        )
    return shown


async def test_complaints_answers_and_flags_come_back_from_the_log(service_app: StartApp) -> None:
    """A database that lacks everything shows the public the same again; words are gone, the
    operator is told so, and an assessment is owed, which states nothing anew.
    """
    lost, restored = await service_app("feedback"), await service_app("feedback")
    for app in (lost, restored):
        await app.hear(*UNITS)
    for unit in UNITS:
        await complain(lost, unit.unit_id, "conduct", 2)
    await complain(lost, "U-4", "slow-service", 30)
    filed = await complain(lost, "U-5", "conduct", 30)
    assert [type(change) for change in await end_day_and_assess(lost)] == [UnitFlagged, UnitFlagged]
    for complaint_id in filed:
        assert (await resolve(lost, complaint_id, outcome="not-upheld")).status_code == 201
    assert [type(change) for change in await end_day_and_assess(lost)] == [UnitCleared]
    restored.clock.now = lost.clock()
    records = await log_of(lost)
    lines = await take_back(restored, records)
    assert lines[:4] == [
        "Taken in: 80 terang.ComplaintFiled",
        "Taken in: 30 terang.ComplaintResolved",
        "Taken in: 1 terang.UnitCleared",
        "Taken in: 2 terang.UnitFlagged",
    ]
    assert await assess(restored) == []
    assert await seen(restored) == await seen(lost)
    officer = restored.who("officer-1", "officer")
    whole = await restored.http.get(
        "/feedback/complaints", params={"unit_id": "U-5", "limit": 500}, headers=officer
    )
    assert {(item["text"], item["answer"]) for item in whole.json()["items"]} == {("", None)}


async def test_what_is_there_already_stays_as_it_is(service_app: StartApp) -> None:
    """Records that the database has are named and change nothing; a record of another platform is
    named too.
    """
    app = await service_app("feedback")
    await app.hear(*UNITS)
    (complaint_id,) = await complain(app, "U-1", "conduct", 1)
    await end_day(app)
    records = await log_of(app)
    foreign = Record("terang.feedback", 3, 7, None, b"?", (), 0)
    lines = await take_back(app, [*records, foreign])
    assert lines[0] == f"Complaint {complaint_id} is in the database already: left as it is."
    assert lines[1] == "Not taken in: terang.feedback/3 at offset 7 is no event known here."
    assert len(await app.stated(ComplaintFiled)) == 1
    assert await app.pool.fetchval("SELECT text FROM complaint_words") == "Lambat."


async def test_what_was_stated_since_the_backup_is_not_stated_again(service_app: StartApp) -> None:
    """A complaint and its answer that the backup holds from before they were stated are marked so,
    and keep their words; what the log doesn't have is stated.
    """
    app = await service_app("feedback")
    await app.hear(*UNITS)
    answered, _ = await complain(app, "U-1", "conduct", 2)
    await resolve(app, answered)
    await end_day(app)
    records = await log_of(app)
    await app.pool.execute(
        "DELETE FROM messaging.outbox; UPDATE complaint SET answer_stated = false, stated = false;"
        "UPDATE complaints_stated SET stated_on = '1970-01-01';"
    )
    (later,) = await complain(app, "U-2", "conduct", 1)
    lines = await take_back(app, records)
    assert lines[:2] == [
        "Taken in: 2 terang.ComplaintFiled",
        "Taken in: 1 terang.ComplaintResolved",
    ]
    await end_day(app)
    assert [str(event.complaint_id) for event in await app.stated()] == [later]
    texts = await app.pool.fetch("SELECT text FROM complaint_words")
    assert {row["text"] for row in texts} == {"Lambat."}
