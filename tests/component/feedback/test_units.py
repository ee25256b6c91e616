"""Services rendered come in, units are assessed, flags rise and fall: through HTTP and the
assessment, over a real PostgreSQL.
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from services.feedback.flags.usecases.assess_units import assess_units
from services.feedback.settings import Settings
from shared.contracts.applications import UnitRegistered
from shared.contracts.feedback import UnitCleared, UnitFlagged
from tests.component.conftest import ServiceApp
from tests.component.feedback.days import end_day

StartApp = Callable[..., Awaitable[ServiceApp]]
IMPORT = "/feedback/services-rendered/import"
YEAR = [f"2025-{month:02d}" for month in range(9, 13)] + [
    f"2026-{month:02d}" for month in range(1, 9)
]


@pytest.fixture
async def app(service_app: StartApp) -> ServiceApp:
    """Feedback that knows ten units of twenty people each."""
    app = await service_app("feedback")
    await app.hear(
        *(UnitRegistered(unit_id=f"U-{n}", path=f"Kota | Dinas {n}", staff=20) for n in range(10))
    )
    return app


async def assess(app: ServiceApp) -> list[UnitFlagged | UnitCleared]:
    settings = app.app.state.resources.settings
    assert isinstance(settings, Settings)
    async with app.pool.acquire() as connection, connection.transaction():
        return await assess_units(
            connection, app.outbox, app.clock(), settings.zone, settings.limits
        )


async def end_day_and_assess(app: ServiceApp) -> list[UnitFlagged | UnitCleared]:
    """The day ends, what came in it is stated, and all units are assessed."""
    await end_day(app)
    return await assess(app)


async def test_a_clock_that_was_days_ahead_holds_no_assessment_back(app: ServiceApp) -> None:
    """Once the worker's clock is right again, an assessment is owed on each new day."""
    app.clock.advance(days=30)
    await assess(app)
    app.clock.advance(days=-30)
    await assess(app)
    today = app.clock().date()
    assert await app.pool.fetchval("SELECT assessed_on FROM assessment") == today


async def send(app: ServiceApp, text: str, **headers: str) -> Any:
    return await app.http.post(
        IMPORT, content=text.encode(), headers=app.who("officer-1", "officer") | headers
    )


async def report(app: ServiceApp, monthly: dict[str, int]) -> None:
    rows = [
        f"{unit_id},{month},{services}" for unit_id, services in monthly.items() for month in YEAR
    ]
    answer = await send(app, "\n".join(["unit_id,month,services", *rows]))
    assert answer.json() == {"rows": len(rows), "units": len(monthly)}


async def complain(app: ServiceApp, unit_id: str, category: str, times: int) -> list[str]:
    answers = [
        await app.http.post(
            "/feedback/complaints",
            json={"unit_id": unit_id, "category": category, "text": "Lambat."},
        )
        for _ in range(times)
    ]
    assert {answer.status_code for answer in answers} == {201}
    return [answer.json()["complaint_id"] for answer in answers]


async def test_a_file_of_services_is_taken_and_replaces_what_stood(app: ServiceApp) -> None:
    """Unit-months that come again take the new number; others stay."""
    assert (
        await send(app, "unit_id,month,services\nU-1,2026-07,10\nU-1,2026-06,20\n")
    ).status_code == 200
    assert (await send(app, "month,services,unit_id\n2026-07,11,U-1\n")).status_code == 200
    rows = await app.pool.fetch(
        "SELECT month::text, services FROM services_rendered ORDER BY month"
    )
    assert [tuple(row) for row in rows] == [("2026-06-01", 20), ("2026-07-01", 11)]
    assert (await app.http.get("/feedback/units/U-1")).json()["services"] == 31
    assert (
        await app.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'services.imported'")
        == 2
    )


async def test_bad_rows_are_named_and_nothing_is_taken(app: ServiceApp) -> None:
    """Unknown unit, bad month, month ahead, negative number, missing value, the same unit-month
    twice: each by line and column.
    """
    text = (
        "unit_id,month,services\nU-1,2026-07,10\nU-99,2026-07,10\nU-1,2026-13,10\nU-1,2026-09,10\n"
        "U-1,2026-05,-1\nU-1,2026-04,\nU-1,2026-07,12\n"
    )
    answer = await send(app, text)
    assert answer.status_code == 422
    details = answer.json()
    assert details["type"] == "/problems/feedback/rows-refused"
    assert [(fault["line"], fault["column"]) for fault in details["errors"]] == [
        (3, "unit_id"),
        (4, "month"),
        (5, "month"),
        (6, "services"),
        (7, "services"),
        (8, "month"),
    ]
    assert details["errors"][0]["code"] == "row-unknown-unit"
    assert "come from applications" in details["errors"][0]["reason"]
    assert await app.pool.fetchval("SELECT count(*) FROM services_rendered") == 0


async def test_services_are_imported_by_officers_once(app: ServiceApp) -> None:
    """Wrong role and no token are refused; a repeated key imports once; a file that is none is
    refused.
    """
    text = "unit_id,month,services\nU-1,2026-07,10\n"
    assert (await app.http.post(IMPORT, content=text)).status_code == 401
    assert (
        await app.http.post(IMPORT, content=text, headers=app.who("v", "verifier"))
    ).status_code == 403
    first, second = [await send(app, text, **{"Idempotency-Key": "import-1"}) for _ in range(2)]
    assert first.json() == second.json() == {"rows": 1, "units": 1}
    assert second.headers["idempotent-replayed"] == "true"
    assert await app.pool.fetchval("SELECT count(*) FROM audit") == 1
    assert (await send(app, "unit,month\nU-1,2026-07\n")).json()[
        "type"
    ] == "/problems/feedback/file-unreadable"


async def test_units_in_plain_trouble_are_flagged_and_everyone_sees_why(app: ServiceApp) -> None:
    """One slow unit with twice the workload, one slow without, one rude: staff, process, training;
    the others stand unflagged. Figures are the same in event, list and page.
    """
    await report(app, {f"U-{n}": 2_000 if n == 1 else 500 for n in range(10)})
    for n in range(10):
        await complain(app, f"U-{n}", "slow-service", 1)
        await complain(app, f"U-{n}", "other", 2)
    await complain(app, "U-1", "slow-service", 120)
    await complain(app, "U-2", "slow-service", 40)
    await complain(app, "U-3", "conduct", 15)
    await complain(app, "U-3", "competence", 15)
    changes = await end_day_and_assess(app)
    assert [(change.unit_id, change.kind) for change in changes] == [
        ("U-1", "staff"),
        ("U-2", "process"),
        ("U-3", "training"),
    ]
    assert await app.stated(UnitFlagged, UnitCleared) == changes

    page = (await app.http.get("/feedback/units", params={"flagged": True, "limit": 2})).json()
    assert [item["unit_id"] for item in page["items"]] == ["U-1", "U-2"]
    rest = (
        await app.http.get("/feedback/units", params={"flagged": True, "cursor": page["next"]})
    ).json()
    assert ([item["unit_id"] for item in rest["items"]], rest["next"]) == (["U-3"], None)
    unflagged = (await app.http.get("/feedback/units", params={"flagged": False})).json()["items"]
    assert len(unflagged) == 7
    assert len((await app.http.get("/feedback/units")).json()["items"]) == 10

    unit = (await app.http.get("/feedback/units/U-1")).json()
    (flag,) = unit["flags"]
    assert flag == page["items"][0]["flags"][0]
    assert flag["figures"] == changes[0].figures.model_dump(mode="json")
    assert flag["since"] == "2026-08-21T03:00:00Z"
    slow = next(group for group in unit["groups"] if group["group"] == "slow")
    assert slow["figures"] == flag["figures"]
    assert (slow["figures"]["complaints"], slow["figures"]["exposure"]) == (121, 24_000)
    assert (
        Decimal(slow["unit_rate_low"])
        < Decimal(slow["figures"]["unit_rate"])
        < Decimal(slow["unit_rate_high"])
    )
    assert Decimal(slow["figures"]["workload_ratio"]) > 2
    assert {(count["category"], count["complaints"]) for count in unit["complaints"]} == {
        ("slow-service", 121),
        ("other", 2),
    }


async def test_without_services_units_are_compared_by_staff(app: ServiceApp) -> None:
    """Nobody reported services: exposure is staff, and the flag says so."""
    for n in range(10):
        await complain(app, f"U-{n}", "slow-service", 1)
    await complain(app, "U-4", "slow-service", 25)
    (flagged,) = await end_day_and_assess(app)
    assert (flagged.unit_id, flagged.kind) == ("U-4", "process")
    assert (flagged.figures.exposure, flagged.figures.exposure_kind) == (20, "staff")
    assert flagged.figures.workload_ratio is None


async def test_a_flag_is_cleared_when_complaints_turn_out_wrong_and_stays_in_the_history(
    app: ServiceApp,
) -> None:
    """Answers `not-upheld` and `referred` take complaints out of the count; the flag falls, and its
    past is kept with both figures.
    """
    for n in range(10):
        await complain(app, f"U-{n}", "conduct", 2)
    filed = await complain(app, "U-5", "conduct", 30)
    assert [type(change) for change in await end_day_and_assess(app)] == [UnitFlagged]
    for number, complaint_id in enumerate(filed):
        await app.http.post(
            f"/feedback/complaints/{complaint_id}/resolution",
            json={"outcome": "not-upheld" if number % 2 else "referred", "text": "Tidak terbukti."},
            headers=app.who("officer-1", "officer"),
        )
    (cleared,) = await end_day_and_assess(app)
    assert isinstance(cleared, UnitCleared)
    assert cleared.figures.complaints == 2
    unit = (await app.http.get("/feedback/units/U-5")).json()
    assert unit["flags"] == []
    (past,) = unit["past_flags"]
    assert (past["since"], past["until"]) == ("2026-08-21T03:00:00Z", "2026-08-22T03:00:00Z")
    assert (past["figures"]["complaints"], past["figures_at_end"]["complaints"]) == (32, 2)
    assert await end_day_and_assess(app) == []


async def test_upheld_complaints_go_on_counting(app: ServiceApp) -> None:
    """An officer who finds the citizens right doesn't clear the flag by it."""
    for n in range(10):
        await complain(app, f"U-{n}", "conduct", 2)
    filed = await complain(app, "U-5", "conduct", 30)
    await end_day_and_assess(app)
    for complaint_id in filed:
        await app.http.post(
            f"/feedback/complaints/{complaint_id}/resolution",
            json={"outcome": "upheld", "text": "Benar."},
            headers=app.who("officer-1", "officer"),
        )
    assert await end_day_and_assess(app) == []
    assert await app.pool.fetchval("SELECT count(*) FROM assessment_owed") == 0


async def test_an_assessment_is_owed_by_each_thing_that_it_rests_on(app: ServiceApp) -> None:
    """Unit heard, services imported, complaints stated, answers stated: each sets the mark; what
    was refused doesn't; the assessment takes it off; nothing owed, nothing done.
    """

    async def owed() -> int:
        count: int = await app.pool.fetchval("SELECT count(*) FROM assessment_owed")
        return count

    assert await owed() == 2  # the first migration, and units heard, in one batch
    await assess(app)
    assert await owed() == 0
    assert (
        await send(app, "unit_id,month,services\nU-1,2026-07,10\nU-99,2026-07,1\n")
    ).status_code == 422
    assert await owed() == 0
    assert (await send(app, "unit_id,month,services\nU-1,2026-07,10\n")).status_code == 200
    assert await owed() == 1
    (complaint_id,) = await complain(app, "U-1", "conduct", 1)
    assert await owed() == 1
    await end_day(app)
    assert await owed() == 2
    await app.http.post(
        f"/feedback/complaints/{complaint_id}/resolution",
        json={"outcome": "upheld", "text": "Benar."},
        headers=app.who("officer-1", "officer"),
    )
    assert await owed() == 2
    await end_day(app)
    assert await owed() == 3
    await assess(app)
    assert await owed() == 0
    assessed_at = (await app.http.get("/feedback/units/U-1")).json()["assessed_at"]
    app.clock.advance(hours=2)
    await assess(app)
    assert (await app.http.get("/feedback/units/U-1")).json()["assessed_at"] == assessed_at


async def test_a_new_day_is_assessed_without_a_mark(app: ServiceApp) -> None:
    """A year later the window has moved past the complaints: the flag falls though nothing
    happened.
    """
    for n in range(10):
        await complain(app, f"U-{n}", "conduct", 2)
    await complain(app, "U-5", "conduct", 30)
    assert [type(change) for change in await end_day_and_assess(app)] == [UnitFlagged]
    app.clock.advance(days=1)
    assert await assess(app) == []
    assert (await app.http.get("/feedback/units/U-5")).json()[
        "assessed_at"
    ] == "2026-08-22T03:00:00Z"
    app.clock.advance(days=363)
    (cleared,) = await assess(app)
    assert isinstance(cleared, UnitCleared)
    assert (cleared.figures.complaints, cleared.figures.window_to.isoformat()) == (0, "2027-09-01")


async def test_two_workers_state_a_flag_once(app: ServiceApp) -> None:
    """Assessments of two workers at the same time: one after the other, one event."""
    for n in range(10):
        await complain(app, f"U-{n}", "conduct", 2)
    await complain(app, "U-5", "conduct", 30)
    await end_day(app)
    found = await asyncio.gather(*(assess(app) for _ in range(4)))
    assert sorted(len(changes) for changes in found) == [0, 0, 0, 1]
    assert len(await app.stated(UnitFlagged)) == 1


async def test_an_effect_during_an_assessment_is_not_forgotten(app: ServiceApp) -> None:
    """An import that commits after the marks were removed keeps a mark of its own for the next
    assessment.
    """
    settings = app.app.state.resources.settings
    async with app.pool.acquire() as connection, connection.transaction():
        await assess_units(connection, app.outbox, app.clock(), settings.zone, settings.limits)
        assert (await send(app, "unit_id,month,services\nU-1,2026-07,10\n")).status_code == 200
    assert await app.pool.fetchval("SELECT count(*) FROM assessment_owed") == 1


async def test_the_newest_event_of_a_unit_holds(app: ServiceApp) -> None:
    """Twice in one batch: the last one; an older one that comes again: nothing changes."""
    older = app.event(UnitRegistered(unit_id="U-1", path="Kota | Lama", staff=7))
    newer = app.event(UnitRegistered(unit_id="U-1", path="Kota | Baru", staff=9))
    await app.hear(older, newer)
    await app.hear(older)
    unit = (await app.http.get("/feedback/units/U-1")).json()
    assert (unit["path"], unit["staff"]) == ("Kota | Baru", 9)


async def test_a_unit_with_few_people_is_judged_by_all_complaints_together(app: ServiceApp) -> None:
    """Four people: one group is shown, of every complaint, and conduct asks for no training."""
    await app.hear(UnitRegistered(unit_id="U-small", path="Kota | Kelurahan", staff=4))
    await complain(app, "U-small", "conduct", 30)
    await complain(app, "U-1", "conduct", 1)
    (flagged,) = await end_day_and_assess(app)
    assert (flagged.unit_id, flagged.kind, flagged.figures.complaints) == (
        "U-small",
        "process",
        30,
    )
    unit = (await app.http.get("/feedback/units/U-small")).json()
    assert [group["group"] for group in unit["groups"]] == ["all"]
    assert unit["complaints"] == [{"month": "2026-08", "category": None, "complaints": 30}]


async def test_a_unit_nobody_registered_is_unknown(app: ServiceApp) -> None:
    """404 with the reason, in the reader's language; an id that can't be one is 422."""
    answer = await app.http.get("/feedback/units/U-77", headers={"Accept-Language": "id"})
    assert (answer.status_code, answer.json()["title"]) == (404, "Unit tidak dikenal")
    assert (await app.http.get("/feedback/units/a%00b")).status_code == 422
