"""How long a national list takes to be imported and published over HTTP, how long others wait
meanwhile, and what memory the api process takes, beside the same process left in peace.
"""

import asyncio
import time
from collections.abc import Awaitable

import httpx
import psutil

from deploy.local.ports import free_port
from tests.bench.measure import FULL, Report, percentile
from tests.bench.test_applications_speed import api, lines
from tests.component.applications.national_list import NATIONAL, national_list
from tests.component.conftest import Issuer
from tests.servers import Servers

VACANCIES = NATIONAL if FULL else 3_000
MEMORY_MIB = 512
"""Of an api process in docker-compose.yml."""


async def test_a_national_list(servers: Servers) -> None:
    """Imported, published, all of it there; others ask one after the other all the while."""
    report = Report("imports")
    issuer, port = Issuer(), free_port()
    vacancies, units, seats = national_list(VACANCIES)
    officer = {"Authorization": f"Bearer {issuer.token('officer', 'officer')}"}
    base = f"http://127.0.0.1:{port}/applications"
    with api(servers.service_database("applications"), issuer, port) as process:
        async with lines(port), httpx.AsyncClient(base_url=base, timeout=600) as http:
            own = psutil.Process(process.pid)
            quiet = await waits(http, asyncio.sleep(2))
            await post(http, "/units/import", officer, content=units)
            await post(http, "/rounds", officer, json=round_of(seats))
            before = own.memory_info().rss / 2**20
            for what, path, content in (
                ("import", "/rounds/national/vacancies/import", vacancies),
                ("publish", "/rounds/national/publish", b""),
            ):
                began = time.perf_counter()
                busy = await waits(http, post(http, path, officer, content=content))
                took = time.perf_counter() - began
                memory = own.memory_info().rss / 2**20
                print(
                    f"{what} of {VACANCIES:,} vacancies ({len(vacancies) / 1e6:.1f} MB):"
                    f" {took:.1f} s; memory {before:.0f} to {memory:.0f} MiB"
                    f" of {MEMORY_MIB}; others waited at most {max(busy):.0f} ms"
                )
                report.times(
                    f"others during {what}, p99",
                    [percentile(busy, 99)],
                    "left in peace, p99",
                    [percentile(quiet, 99)],
                    50,
                )
            shown = (await http.get("/rounds/national")).json()
    issuer.close()
    assert (shown["vacancies"], shown["seats"]) == (VACANCIES, seats)
    report.save()


async def waits(http: httpx.AsyncClient, work: Awaitable[object]) -> list[float]:
    """Milliseconds that each request of others takes until the work is done."""
    task = asyncio.ensure_future(work)
    found = []
    while not task.done():
        began = time.perf_counter()
        (await http.get("/rounds")).raise_for_status()
        found.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(0.01)
    await task
    return found


async def post(
    http: httpx.AsyncClient,
    path: str,
    who: dict[str, str],
    *,
    content: bytes | None = None,
    json: object = None,
) -> None:
    (await http.post(path, headers=who, content=content, json=json)).raise_for_status()


def round_of(seats: int) -> dict[str, object]:
    return {
        "round_id": "national",
        "name": "National",
        "policy_id": "national-cpns-2024",
        "decreed_seats": seats,
        "calendar": {
            "registration_opens": "2020-01-01T00:00:00Z",
            "registration_closes": "2099-01-01T00:00:00Z",
        },
    }
