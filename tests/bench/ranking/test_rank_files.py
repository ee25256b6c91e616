"""How long `terang rank` takes beside DuckDB's plain ranking of the same files, on the same
processors; and how much memory. Nothing is asserted on time.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from tests.bench.measure import FULL, Report, interleaved

CANDIDATES = 1_000_000 if FULL else 5_000
VACANCIES = CANDIDATES // 200
MOST_TIMES = 10
MOST_MEMORY_GIB = 2

TERANG = Path(sys.executable).with_name("terang")

MADE_UP = """
COPY (SELECT format('{:06d}-{:06d}', n % $vacancies, n // $vacancies) AS participant_no,
             format('v{:06d}', n * 7919 % $vacancies) AS vacancy_id,
             5 * least(30, greatest(0, 19 + round(4 * z1)))::INT AS TWK,
             5 * least(35, greatest(0, 21 + round(5 * z2)))::INT AS TIU,
             least(225, greatest(45, 178 + round(15 * z3)))::INT AS TKP,
             round(30 + 65 * random(), 3)::DECIMAL(6, 3) AS SKB,
             round(2.75 + 1.25 * random(), 2)::DECIMAL(4, 2) AS gpa,
             DATE '1989-01-01' + (random() * 5400)::INT AS birth_date
        FROM (SELECT n, sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS z1,
                     sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS z2,
                     sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS z3
                FROM range($candidates) AS one (n)))
TO '{file}' (HEADER)
"""

PLAIN = """
SELECT vacancy_id, participant_no,
       rank() OVER (PARTITION BY vacancy_id
                    ORDER BY TWK + TIU + TKP DESC, TKP DESC, TIU DESC, TWK DESC, SKB DESC) AS rank
  FROM read_csv('{candidates}') AS candidate
  JOIN read_csv('{vacancies}') AS vacancy USING (vacancy_id)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of made-up people, the same ones each time."""
    folder = tmp_path_factory.mktemp("rank")
    lines = "".join(f"v{number:06d},UMUM,{1 + number % 5}\n" for number in range(VACANCIES))
    (folder / "vacancies.csv").write_text("vacancy_id,need,seats\n" + lines)
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute("SELECT setseed(0.42)").fetchall()
        made_up = MADE_UP.replace("{file}", str(folder / "candidates.csv"))
        made_up = made_up.replace("$vacancies", str(VACANCIES)).replace(
            "$candidates", str(CANDIDATES)
        )
        database.execute(made_up).fetchall()
    return folder


async def test_ranking_beside_plain_duckdb(folder: Path) -> None:
    """The whole command, from its start to the file with every line, and its peak memory; against
    reading and one window, nothing written.
    """
    report = Report("rank-files")
    for asked in (["skd"], ["final"], ["final", "--admitted"]):
        memory: list[float] = []

        async def terang(asked: list[str] = asked, memory: list[float] = memory) -> float:
            out = folder / "lines.csv"
            command = [
                str(TERANG),
                "rank",
                "--policy",
                "national-cpns-2024",
                "--stage",
                *asked,
                "--out",
                str(out),
            ]
            command += [
                "--vacancies",
                str(folder / "vacancies.csv"),
                "--candidates",
                str(folder / "candidates.csv"),
            ]
            began = time.perf_counter()
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode in {0, 3}
            with out.open("rb") as lines:
                assert sum(1 for _ in lines) == CANDIDATES + 1
            memory.append(usage.ru_maxrss / 2**20)
            return seconds * 1000

        async def plain() -> float:
            query = PLAIN.replace("{candidates}", str(folder / "candidates.csv"))
            with duckdb.connect() as database:
                began = time.perf_counter()
                query = query.replace("{vacancies}", str(folder / "vacancies.csv"))
                database.execute(f"CREATE TABLE ranked AS {query}").fetchall()
                seconds = time.perf_counter() - began
                assert database.execute("SELECT count(*) FROM ranked").fetchall() == [(CANDIDATES,)]
            return seconds * 1000

        runs = await interleaved({"terang rank": terang, "DuckDB": plain})
        report.times(
            f"terang rank --stage {' '.join(asked)}, {CANDIDATES:,} candidates",
            runs["terang rank"],
            "DuckDB, reading and one window",
            runs["DuckDB"],
            MOST_TIMES,
            f"at most {max(memory):.2f} GiB of memory ({MOST_MEMORY_GIB} asked)"
            + ("" if FULL else "; files this small measure the command's start"),
        )
    report.save()
