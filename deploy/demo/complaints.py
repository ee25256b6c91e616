"""Citizens complain about units for some days, and an officer answers some of them.

What came in a day is public once it is over, so the demonstration's clock goes on in between.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from deploy.demo.client import AWAY_S, DemoError
from deploy.demo.demonstration import OFFICER, Demonstration, Person
from deploy.demo.people import Complaint

DAYS = 3
DAY_HOURS = 26
"""After so many hours a day is over in any zone, and its complaints are stated."""

SOON_S = 0.2
"""Between two looks at what is public."""


async def complain(demo: Demonstration) -> None:
    """File every complaint, some of them under a name; some are answered; flags show."""
    filed: list[tuple[str, str]] = []

    async def file(complaint: Complaint) -> None:
        filed.append((complaint.unit_id, await _file(demo, complaint)))

    for day in range(DAYS):
        name = f"complaints {day + 1} of {DAYS}"
        await demo.for_each(name, demo.people.complaints[day::DAYS], file)
        await demo.client.let_pass(hours=DAY_HOURS)
    async with demo.step("flags", 2) as done:
        await _until(lambda: _is_stated(demo, *filed[-1]))
        done()
        await _until(lambda: _any_unit_flagged(demo))
        done()


async def _file(demo: Demonstration, complaint: Complaint) -> str:
    """The id of a complaint, filed and, where it is to be, answered."""
    subject = f"demo-citizen-{complaint.number}" if complaint.named else None
    answer = await demo.command(
        Person(subject, "applicant"),
        "/feedback/complaints",
        "complaint",
        complaint.number,
        body={
            "unit_id": complaint.unit_id,
            "category": complaint.category,
            "text": complaint.text,
            "place": "Loket 1",
        },
        waits=True,
    )
    complaint_id = str(answer["complaint_id"])
    if complaint.resolved:
        await demo.command(
            OFFICER,
            f"/feedback/complaints/{complaint_id}/resolution",
            "resolution",
            complaint.number,
            body={"outcome": "upheld", "text": "Sudah ditindaklanjuti (rekaan)."},
        )
    return complaint_id


async def _is_stated(demo: Demonstration, unit_id: str, complaint_id: str) -> bool:
    complaints = demo.client.items("/feedback/complaints", unit_id=unit_id)
    return any([item["complaint_id"] == complaint_id async for item in complaints])


async def _any_unit_flagged(demo: Demonstration) -> bool:
    flagged: dict[str, Any] = await demo.client.get("/feedback/units", flagged="true", limit=1)
    return bool(flagged["items"])


async def _until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Asks until it is so. Raises DemoError where it does not come."""
    deadline = time.monotonic() + AWAY_S
    while not await is_so():
        if time.monotonic() > deadline:
            raise DemoError("The complaints of days that are over, or flags, don't become public.")
        await asyncio.sleep(SOON_S)
