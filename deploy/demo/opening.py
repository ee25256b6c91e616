"""The officer opens the round: units, services rendered, the policy, vacancies."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from deploy.demo.client import csv_text
from deploy.demo.demonstration import OFFICER, Demonstration
from deploy.demo.people import Unit

POLICY = "national-cpns-2024"
MONTHS = 12
"""Of services rendered before the round, which complaints are compared with."""

REGISTRATION_DAYS = 30
"""How long people may apply; the clock of the demonstration passes over them."""


async def open_round(demo: Demonstration) -> None:
    """Units, services rendered, the round under its policy, its vacancies, published."""
    now = await demo.client.now()
    path = f"/applications/rounds/{demo.round_id}"
    commands: list[tuple[str, dict[str, Any]]] = [
        ("/applications/units/import", {"csv": _units(demo.people.units)}),
        (
            "/feedback/services-rendered/import",
            {"csv": _services_rendered(demo.people.units, now), "waits": True},
        ),
        ("/applications/rounds", {"body": _round(demo, now)}),
        (f"{path}/vacancies/import", {"csv": demo.people.vacancies_csv}),
        (f"{path}/publish", {}),
    ]
    async with demo.step("open the round", len(commands)) as done:
        for address, request in commands:
            await demo.command(OFFICER, address, "prepare", address, **request)
            done()
    async for vacancy in demo.client.items(f"{path}/vacancies"):
        demo.vacancy_ids[vacancy["listing_id"]] = vacancy["vacancy_id"]


def _units(units: list[Unit]) -> str:
    return csv_text(
        ("unit_id", "path", "staff"), ((unit.unit_id, unit.path, unit.staff) for unit in units)
    )


def _services_rendered(units: list[Unit], now: datetime) -> str:
    rows = (
        (unit.unit_id, month, unit.services_a_month) for unit in units for month in _months(now)
    )
    return csv_text(("unit_id", "month", "services"), rows)


def _months(now: datetime) -> Iterator[str]:
    """This month and those before it, as YYYY-MM."""
    newest = now.year * 12 + now.month - 1
    for month in range(newest, newest - MONTHS, -1):
        yield f"{month // 12:04d}-{month % 12 + 1:02d}"


def _round(demo: Demonstration, now: datetime) -> dict[str, Any]:
    return {
        "round_id": demo.round_id,
        "name": f"Demonstrasi {demo.round_id} (pelamar rekaan)",
        "policy_id": POLICY,
        "decreed_seats": sum(listing.seats for listing in demo.people.listings),
        "calendar": {
            "registration_opens": (now - timedelta(days=1)).isoformat(),
            "registration_closes": (now + timedelta(days=REGISTRATION_DAYS)).isoformat(),
        },
    }
