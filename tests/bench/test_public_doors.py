"""How many people a second one api process of ranking shows a list or tells why, with its answers
kept, beside the same process that makes each answer anew; both in one run.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from deploy.local.ports import free_port
from shared.clock import utc_now
from shared.contracts.catalogue import stated_by, written_by
from shared.messaging.outbox import Outbox
from shared.postgres.pool import create_pool
from tests.bench.load import WRK, Load, load, wrk
from tests.bench.measure import FULL, TIMES, Report
from tests.component.conftest import PROVINCE, Clock, Issuer, ServiceApp
from tests.component.processes import terang
from tests.component.ranking.conftest import Facts
from tests.component.ranking.test_seats import closed
from tests.servers import Servers

PEOPLE = 300 if FULL else 20
SECONDS = 5 if FULL else 1
V1 = "/ranking/vacancies/v1"
DOORS = {
    "list page": (f"{V1}?list=skd", 10.0),
    "explanation": (f"{V1}/candidates/0001-000010/explanation?list=skd", 4.0),
    "page of an explanation": (f"{V1}/candidates/0001-000010/why?list=skd", 4.0),
    "standings": (f"{V1}/standings?list=skd", 1.0),
    "live list page": ("/ranking/vacancies/v2?list=skd", 10.0),
}
"""What is asked for, and how many times the rate without kept answers it is to have."""
MOST_MS = 100.0


@contextmanager
def api(servers: Servers, database: str, issuer: Issuer, kept_mib: int) -> Iterator[str]:
    """`terang serve ranking api` until the block ends; gives its address."""
    port = free_port()
    process = terang(
        *("serve", "ranking", "api", "--port", str(port)),
        servers=servers,
        issuer=issuer,
        service="ranking",
        database=database,
        TERANG_RANKING_KEPT_ANSWERS_MIB=str(kept_mib),
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address)
        yield address
    finally:
        process.terminate()
        process.wait(60)


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"{address}/ready").raise_for_status()
        except httpx.HTTPError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


async def test_public_doors(servers: Servers) -> None:
    """Each door of a round whose first vacancy has a fixed list and whose second a live one; every
    answer is whole, and the same with and without kept answers.
    """
    wrk()
    report = Report("public-doors")
    print(f"one api process with kept answers, one without; {WRK}, {SECONDS} s each")
    issuer, database = Issuer(), servers.service_database("ranking")
    with (
        api(servers, database, issuer, 64) as kept,
        api(servers, database, issuer, 0) as anew,
    ):
        await prepare(database, kept, issuer)
        for door, (path, times) in DOORS.items():
            same(kept + path, anew + path)
            loads: dict[str, list[Load]] = {kept: [], anew: []}
            for _ in range(TIMES):
                for address, found in loads.items():
                    found.append(await asyncio.to_thread(load, address + path, SECONDS))
            assert not any(found.refused for side in loads.values() for found in side)
            rates = {address: [found.rate for found in side] for address, side in loads.items()}
            report.rates(door, rates[kept], "made anew", rates[anew], times)
            report.limit(f"{door}, p99", [found.p99_ms for found in loads[kept]], MOST_MS)
    issuer.close()
    report.save()


def same(kept: str, anew: str) -> None:
    """Both processes show the same, but for the minute that a live page says."""
    first, second = httpx.get(kept), httpx.get(anew)
    assert (first.status_code, second.status_code) == (200, 200)
    assert len(first.content) == len(second.content)


async def prepare(database: str, address: str, issuer: Issuer) -> None:
    """The round: people of three vacancies, of which the last two have sat nothing yet."""
    async with (
        await create_pool(database, application="bench", size=2) as pool,
        httpx.AsyncClient(base_url=address, timeout=120) as http,
    ):
        outbox = Outbox(
            source=f"/provinces/{PROVINCE}/ranking",
            service="ranking",
            contracts=stated_by("ranking"),
            partitions=written_by("ranking"),
        )
        app: Any = None
        ranking = ServiceApp("ranking", app, http, pool, outbox, Clock(utc_now()), issuer, database)
        facts = Facts({"v1": PEOPLE // 10})
        people = [
            (65 + 5 * (n % 18), 80 + 5 * (n % 20), 166 + n % 60, f"{40 + n / 10:.1f}")
            for n in range(PEOPLE)
        ]
        await closed(ranking, facts, {"v1": people})
        live = Facts({"v2": PEOPLE // 10})
        await ranking.hear(
            live.vacancy("v2"),
            *live.people("v2", PEOPLE),
            live.scheduled("v2", "skd"),
            *(live.skd("v2", at, *scores[:3]) for at, scores in enumerate(people, 1)),
        )
