"""How long people wait for their place and for a list's top in a vacancy of 200,000, beside one
read by primary key.
"""

import random
import statistics
import time
from collections.abc import Awaitable, Callable

from services.ranking.merit.domain.list_cut import ListCut
from services.ranking.standings.storage.facts import vacancies_known
from services.ranking.standings.storage.list_reader import ListReader
from services.ranking.standings.usecases.recompute import lock_vacancies, recompute
from shared.postgres.pool import create_pool
from tests.bench.measure import FULL, TIMES, Report, percentile
from tests.bench.ranking.scene import scene
from tests.component.ranking.conftest import number
from tests.servers import Servers

CANDIDATES = 200_000 if FULL else 600
ASKED = 1_500 if FULL else 20
TOP = 20
"""Lines of a page's top."""

SCORED = """
INSERT INTO result (vacancy_id, participant_no, stage, sitting_id, outcome, points, sequence)
SELECT vacancy_id, participant_no, 'skd', gen_random_uuid(), 0,
       jsonb_build_object('TWK', (65 + 5 * floor(random() * 18))::text,
                          'TIU', (80 + 5 * floor(random() * 20))::text,
                          'TKP', (166 + floor(random() * 60))::text), 1
  FROM candidate
"""


async def test_reads(servers: Servers) -> None:
    """Asked turn by turn over one connection, of candidates as chance has them; p99 of each
    question.
    """
    report = Report("ranking-reads")
    one = await scene(servers, "reads", vacancies=1, candidates=CANDIDATES)
    numbers = [number("v1", candidate) for candidate in range(1, CANDIDATES + 1)]
    pool = await create_pool(one.database, application="bench", size=1)
    await pool.execute("SELECT setseed(0.42)")
    await pool.execute(SCORED, timeout=600)
    await pool.execute("VACUUM ANALYZE result", timeout=600)
    for start in range(0, CANDIDATES, 5_000):
        async with pool.acquire() as connection, connection.transaction():
            await lock_vacancies(connection, {"v1": None})
            await recompute(connection, [("v1", each) for each in numbers[start : start + 5_000]])
    for table in ("standing", "tally"):
        await pool.execute(f"VACUUM ANALYZE {table}", timeout=600)
    async with pool.acquire() as connection:
        vacancy = (await vacancies_known(connection, ["v1"]))["v1"]
        asked = ListReader(connection, "v1", vacancy.lists["skd"])
        limit = ListCut.of(vacancy.lists["skd"], vacancy.seats).limit
        assert limit is not None
        chance = random.Random(3)
        known = [
            row
            for row in [await asked.find(each) for each in chance.sample(numbers, 500)]
            if row is not None
        ]
        questions: dict[str, Callable[[], Awaitable[object]]] = {
            "key": lambda: asked.find(chance.choice(numbers)),
            "place": lambda: asked.place(chance.choice(numbers)),
            "top": lambda: asked.page(None, TOP),
            "cut": lambda: asked.at_the_limit(limit),
            "neighbours": lambda: asked.neighbours(chance.choice(known)),
        }
        p99: dict[str, list[float]] = {name: [] for name in questions}
        p50: dict[str, list[float]] = {name: [] for name in questions}
        for _ in range(TIMES):
            took: dict[str, list[float]] = {name: [] for name in questions}
            for _ in range(ASKED):
                for name, ask in questions.items():
                    began = time.perf_counter()
                    answer = await ask()
                    took[name].append((time.perf_counter() - began) * 1000)
                    assert answer
            for name, each in took.items():
                p99[name].append(percentile(each, 99))
                p50[name].append(statistics.median(each))
        await check(asked, numbers)
    await pool.close()

    def row(what: str, name: str, most: float) -> None:
        ratio = statistics.median(a / b for a, b in zip(p50[name], p50["key"], strict=True))
        report.times(
            what,
            p99[name],
            "one read by primary key, p99",
            p99["key"],
            most,
            f"of the p50: {ratio:.3g}",
        )

    row(f"own place among {CANDIDATES:,}, p99", "place", 2.5)
    row(f"top page of {TOP} lines, p99", "top", 2)
    row(f"line at the cut ({limit:,}th), p99", "cut", 2)
    row("neighbours, p99", "neighbours", 2)
    report.save()


async def check(asked: ListReader, numbers: list[str]) -> None:
    """The answers agree with each other: the first lines are ranked from 1, and each says of itself
    what the page says.
    """
    lines = await asked.page(None, TOP)
    assert lines[0][1].rank == 1
    for row, line in lines:
        assert await asked.place(row.participant_no) == (row, line)
        assert await asked.line(row) == line
    near = await asked.neighbours(lines[1][0])
    assert near == (lines[0][0], lines[2][0])
