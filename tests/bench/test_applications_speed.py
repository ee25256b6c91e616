"""How many registrations and decisions a second one api process takes over HTTP, beside how often
it just says that it lives.
"""

import asyncio
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.ports import free_port
from shared.settings import DEMO_PROVINCE_KEY
from tests.bench.measure import FULL, TIMES, Report
from tests.component.applications.conftest import FACTS, real_list, units_of
from tests.component.conftest import PROVINCE, Issuer
from tests.servers import Servers

PLAIN = Path(__file__).with_name("plain_loop.py")
STATEMENTS = Path(__file__).with_name("registration.pgbench")
POOL = 10
"""Connections of an api process to PostgreSQL."""
PGBENCH_S = 5 if FULL else 1

PEOPLE = 3_000 if os.environ.get("TERANG_TEST_SIZE") == "full" else 200
AT_ONCE = 16
SECONDS = 60


class Line:
    """One kept-alive connection; a client so small that the figures are the server's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(
        self, method: str, path: str, token: str = "", body: object = None, key: str = ""
    ) -> Any:
        content = (
            body.encode()
            if isinstance(body, str)
            else json.dumps(body).encode()
            if body is not None
            else b""
        )
        head = [f"{method} {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(content)}"]
        head += [f"Authorization: Bearer {token}"] * bool(token) + [
            f"Idempotency-Key: {key}"
        ] * bool(key)
        head += ["Content-Type: application/json"] * (not isinstance(body, str))
        self._writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + content)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(answer.partition("content-length: ")[2].partition("\r\n")[0])
        data = await self._reader.readexactly(length)
        assert answer.split()[1] in {"200", "201"}, data
        return json.loads(data) if "json" in answer else data


@contextmanager
def api(
    database: str, issuer: Issuer, port: int, *, plain: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """`terang serve applications api` until the block ends; `plain`: on asyncio and h11."""
    environment = os.environ | {
        "TERANG_PROVINCE": PROVINCE,
        "TERANG_ISSUER": issuer.url,
        "TERANG_AUDIENCE": "terang",
        "TERANG_PROVINCE_KEY": DEMO_PROVINCE_KEY,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",  # people apply while Kafka is away
        "DATABASE_URL_APPLICATIONS": database,
    }
    terang = Path(sysconfig.get_path("scripts")) / "terang"
    words = [str(terang), "serve", "applications", "api", "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, str(PLAIN), *words] if plain else words, env=environment
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(SECONDS)


@asynccontextmanager
async def lines(port: int) -> AsyncIterator[list[Line]]:
    """Connections to the api, once it answers."""
    opened: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    async with asyncio.timeout(SECONDS):
        while len(opened) < AT_ONCE:
            try:
                opened.append(await asyncio.open_connection("127.0.0.1", port))
            except OSError:
                await asyncio.sleep(0.1)
    yield [Line(*each) for each in opened]
    for _, writer in opened:
        writer.close()


async def rate(
    through: Sequence[Line], things: Sequence[Any], do: Callable[[Line, Any], Awaitable[object]]
) -> float:
    """Things done a second, AT_ONCE at a time."""
    queue = iter(things)

    async def work(line: Line) -> None:
        for thing in queue:
            await do(line, thing)

    began = time.perf_counter()
    await asyncio.gather(*(work(line) for line in through))
    return len(things) / (time.perf_counter() - began)


async def test_registrations_and_decisions_a_second(servers: Servers) -> None:
    """Everybody registers over all vacancies, is verified one by one, and others rush for one
    vacancy; every answer is right.
    """
    issuer, port = Issuer(), free_port()
    officer, verifier = issuer.token("officer", "officer"), issuer.token("verifier", "verifier")
    people = [issuer.token(f"person-{n}", "applicant") for n in range(PEOPLE)]
    with api(servers.service_database("applications"), issuer, port):
        async with lines(port) as through:
            vacancies = await prepare(through[0], officer)
            numbers: list[tuple[str, str]] = []

            async def live(line: Line, _: int) -> None:
                await line.ask("GET", "/live")

            async def register(line: Line, who: tuple[int, dict[str, Any]]) -> None:
                n, vacancy = who
                programme = vacancy["education"][0]
                facts = {
                    "education_level": programme["level"],
                    "education_programme": programme["programme"],
                }
                path = f"/applications/vacancies/{vacancy['vacancy_id']}/applications"
                receipt = await line.ask(
                    "POST", path, people[n], FACTS | facts, key=f"register-{n}"
                )
                numbers.append((receipt["vacancy_id"], receipt["participant_no"]))

            async def verify(line: Line, which: tuple[str, str]) -> None:
                path = f"/applications/vacancies/{which[0]}/applications/{which[1]}/verification"
                await line.ask(
                    "POST", path, verifier, {"decision": "MS"}, key=f"verify-{'-'.join(which)}"
                )

            half = PEOPLE // 2
            baseline = await rate(through, range(PEOPLE), live)
            registered = await rate(
                through, [(n, vacancies[n % len(vacancies)]) for n in range(half)], register
            )
            rushed = await rate(through, [(n, vacancies[0]) for n in range(half, PEOPLE)], register)
            verified = await rate(through, list(numbers), verify)
    issuer.close()
    assert len(set(numbers)) == PEOPLE
    print(
        f"\none api process, {AT_ONCE} at once: {registered:,.0f} registrations/s over"
        f" {len(vacancies)} vacancies, "
        f"{rushed:,.0f}/s for one vacancy, {verified:,.0f} decisions/s; just /live"
        f" {baseline:,.0f}/s "
        f"(ratios {registered / baseline:.2f}, {rushed / baseline:.2f}, {verified / baseline:.2f})"
    )


async def test_registrations_beside_plain_statements(servers: Servers) -> None:
    """Registrations over HTTP on uvloop and httptools, on asyncio and h11, and the same statements
    alone, sent by pgbench; all in one run, into one database.
    """
    pgbench = shutil.which("pgbench")
    if pgbench is None:
        pytest.skip("pgbench is absent: on Debian or Ubuntu, apt-get install postgresql-contrib")
    report = Report("registrations")
    print(f"one api process, this file's client, {AT_ONCE} at once; pgbench, {POOL} connections")
    issuer, database = Issuer(), servers.service_database("applications")
    people = itertools.count(1)
    rates: dict[str, list[float]] = {"fast": [], "plain": [], "pgbench": []}
    fast, plain = free_port(), free_port()
    with api(database, issuer, fast), api(database, issuer, plain, plain=True):
        async with lines(fast) as through:
            vacancies = await prepare(through[0], issuer.token("officer", "officer"))
        for _ in range(TIMES):
            for side, port in (("fast", fast), ("plain", plain)):
                things = [
                    (issuer.token(f"person-{n}", "applicant"), vacancies[n % len(vacancies)])
                    for n in itertools.islice(people, PEOPLE // 2)
                ]
                async with lines(port) as through:
                    rates[side].append(await rate(through, things, apply))
            found = await asyncio.to_thread(statements_a_second, pgbench, database)
            rates["pgbench"].append(found)
    issuer.close()
    report.rates(
        "registrations on uvloop and httptools",
        rates["fast"],
        "asyncio and h11",
        rates["plain"],
        2.0,
    )
    report.rates("registrations over HTTP", rates["fast"], "pgbench", rates["pgbench"], 0.1)
    report.save()


async def apply(line: Line, who: tuple[str, dict[str, Any]]) -> None:
    """One registration."""
    token, vacancy = who
    programme = vacancy["education"][0]
    facts = {
        "education_level": programme["level"],
        "education_programme": programme["programme"],
    }
    path = f"/applications/vacancies/{vacancy['vacancy_id']}/applications"
    await line.ask("POST", path, token, FACTS | facts, key=str(uuid4()))


def statements_a_second(pgbench: str, database: str) -> float:
    """Registrations a second as statements alone."""
    options = ["-n", "-M", "prepared", "-c", str(POOL), "-j", "1", "-T", str(PGBENCH_S)]
    command = [pgbench, *options, "-f", str(STATEMENTS), database]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([0-9.]+)", said.stdout)
    assert said.returncode == 0, said.stderr
    assert found, said.stdout
    return float(found[1])


async def prepare(line: Line, officer: str) -> list[dict[str, Any]]:
    """A published round with the real list of 2024."""
    await line.ask("POST", "/applications/units/import", officer, units_of(real_list()))
    round_ = {
        "round_id": "bench",
        "name": "Bench",
        "policy_id": "national-cpns-2024",
        "decreed_seats": 144,
        "calendar": {
            "registration_opens": "2020-01-01T00:00:00Z",
            "registration_closes": "2099-01-01T00:00:00Z",
        },
    }
    await line.ask("POST", "/applications/rounds", officer, round_)
    await line.ask("POST", "/applications/rounds/bench/vacancies/import", officer, real_list())
    await line.ask("POST", "/applications/rounds/bench/publish", officer)
    page = await line.ask("GET", "/applications/rounds/bench/vacancies?limit=500")
    found: list[dict[str, Any]] = page["items"]
    return found
