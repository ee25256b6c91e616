"""How fast results take effect in ranking: beside an event at a time, beside PostgreSQL alone, on
one vacancy, and made anew from the log.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared.contracts.fields import Fact
from tests.bench.measure import FULL, Report, interleaved
from tests.bench.ranking.scene import Scene, records, scene
from tests.servers import Servers, owner_address

ROOT = Path(__file__).parents[3]
CANDIDATES = 200_000 if FULL else 600
VACANCIES = 5_000 if FULL else 20
ONE_BY_ONE = 1_000 if FULL else 50
WHOLE = 100_000 if FULL else 300
"""Candidates of the log that is drained and rebuilt whole, with three events each."""


async def side(name: str, **arguments: Any) -> dict[str, float]:
    """Runs one side in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.ranking.sides", name, json.dumps(arguments), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode == 0
    said: dict[str, float] = json.loads(out)
    return said


@pytest.fixture(scope="module")
def report() -> Iterator[Report]:
    found = Report("ranking-drain")
    yield found
    found.save()


async def test_drain(servers: Servers, report: Report) -> None:
    """Results of 200,000 candidates, spread over 5,000 vacancies and all on one; afterwards nobody
    waits.
    """
    spread = await scene(servers, "spread", vacancies=VACANCIES, candidates=CANDIDATES)
    one = await scene(servers, "one", vacancies=1, candidates=CANDIDATES)
    for each in (spread, one):
        await each.log.write(await records(each.prefix, each.results(each.places)))

    def run(name: str, of: Scene, events: int, **more: Any) -> Callable[[], Awaitable[float]]:
        async def once() -> float:
            database = await of.copy()
            said = await side(
                name,
                bootstrap=servers.bootstrap,
                database=database,
                prefix=of.prefix,
                events=events,
                **more,
            )
            assert await placed(database) == events
            await of.drop(database)
            print(f"  {name} {of.prefix}: {events / said['seconds']:,.0f}/s, {said}")
            return events / said["seconds"]

        return once

    found = await interleaved(
        {
            "single": run("single", spread, ONE_BY_ONE),
            "drain": run("drain", spread, CANDIDATES, every=False),
            "bare": run("bare", spread, CANDIDATES),
            "one": run("drain", one, CANDIDATES, every=False),
        }
    )
    report.rates(
        "drain of ExamScored", found["drain"], "one event, one transaction", found["single"], 40
    )
    report.rates("drain of ExamScored", found["drain"], "PostgreSQL alone", found["bare"], 0.75)
    report.rates("all on one vacancy", found["one"], "spread over many", found["drain"], 0.9)


async def test_rebuild(servers: Servers, report: Report) -> None:
    """A whole log (a round, its vacancies, who applied and was verified, and results) drained, then
    made anew: the same ranks.
    """
    whole = await scene(servers, "whole", vacancies=VACANCIES // 10, candidates=WHOLE, known=False)
    said: list[Fact] = whole.facts.opened()
    said += [whole.facts.applied(vacancy, number)[0] for vacancy, number in whole.places]
    said += [whole.facts.verified(vacancy, number) for vacancy, number in whole.places]
    before = await records(whole.prefix, said)
    await whole.log.write(before)
    verified = await whole.copy()
    await drained(servers, whole, verified, len(before))
    results = await records(whole.prefix, whole.results(whole.places))
    await whole.log.write(results)
    events = len(before) + len(results)
    database = ""

    async def everything() -> float:
        fresh = await whole.copy()
        seconds = await drained(servers, whole, fresh, events)
        await whole.drop(fresh)
        return events / seconds

    async def scored() -> float:
        nonlocal database
        database = await whole.copy(verified)
        seconds = await drained(servers, whole, database, events)
        assert await placed(database) == WHOLE
        return len(results) / seconds

    async def rebuilt() -> float:
        before = await ranks(database)
        done = await side(
            "rebuild",
            bootstrap=servers.bootstrap,
            database=owner_address(database),
            prefix=whole.prefix,
        )
        assert done["events"] == events
        assert await ranks(database) == before
        await whole.drop(database)
        print(f"  rebuild: {done}")
        return events / done["seconds"]

    found = await interleaved({"everything": everything, "scored": scored, "rebuild": rebuilt})
    report.rates(
        "rebuild from the log", found["rebuild"], "drain of ExamScored", found["scored"], 3
    )
    held = (
        "whatever is read is decoded, in Python, by a rebuild as by a drain; a rebuild uses all"
        " processors, which here are two, and PostgreSQL has its share of them"
    )
    report.rates(
        "rebuild from the log",
        found["rebuild"],
        "drain of the same log",
        found["everything"],
        3,
        held,
    )


async def drained(servers: Servers, of: Scene, database: str, events: int) -> float:
    """Seconds in which all that is not yet taken of so many events takes effect."""
    arguments = {"bootstrap": servers.bootstrap, "database": database, "prefix": of.prefix}
    return (await side("drain", **arguments, events=events, every=True))["seconds"]


async def placed(database: str) -> int:
    """How many wait no longer: they have a rank or fell below a threshold.

    The counts by score must say as many.
    """
    connection = await asyncpg.connect(database)
    row = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM projections.standing WHERE gate < 6),"
        " (SELECT sum(candidates) FROM projections.tally WHERE gate < 6), (SELECT count(*) FROM"
        " projections.result)"
    )
    await connection.close()
    assert row is not None
    assert row[0] == row[1] == row[2]
    found: int = row[0]
    return found


async def ranks(database: str) -> list[Any]:
    connection = await asyncpg.connect(database)
    found = await connection.fetch(
        "SELECT vacancy_id, participant_no, score, merit_key FROM projections.standing ORDER BY 1,"
        " 2"
    )
    await connection.close()
    return list(found)
