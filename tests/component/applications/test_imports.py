"""Files of any size that are taken in beside everything else."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from shared.contracts.applications import VacancyPublished
from tests.component.applications.conftest import (
    CUMLAUDE,
    GENERAL,
    HEADER,
    ROUND,
    UNITS,
    VACANCIES,
    Office,
    ok,
    refused,
)
from tests.component.applications.national_list import NATIONAL, national_list

IMPORT = f"/rounds/{ROUND}/vacancies/import"


def without(listing_id: str) -> str:
    """The small list less one vacancy."""
    lines = VACANCIES.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(f"{listing_id},"))


def alone(listing_id: str) -> str:
    """One vacancy of the small list."""
    lines = VACANCIES.splitlines(keepends=True)
    return lines[0] + "".join(line for line in lines if line.startswith(f"{listing_id},"))


async def drafts(office: Office) -> dict[str, int]:
    """Listing id and number of each vacancy of the draft."""
    page = ok(await office.get(f"/rounds/{ROUND}/vacancies", office.officer()))
    return {item["listing_id"]: item["number"] for item in page["items"]}


@pytest.fixture
async def prepared(office: Office) -> Office:
    """A round without vacancies."""
    ok(await office.post("/units/import", office.officer(), UNITS))
    ok(await office.open(), 201)
    return office


async def test_a_second_file_adds_to_the_first(prepared: Office) -> None:
    """It used to replace it: a list in several files could not be imported. Numbers go by listing
    id over all files.
    """
    first = ok(await prepared.post(IMPORT, prepared.officer(), without(GENERAL)))
    assert (first["added"], first["draft_vacancies"], first["seats"]) == (2, 2, 2)
    second = ok(await prepared.post(IMPORT, prepared.officer(), alone(GENERAL)))
    assert second == {
        "rows": 2,
        "vacancies": 1,
        "added": 1,
        "changed": 0,
        "removed": 0,
        "draft_vacancies": 3,
        "seats": 4,
        "decreed_seats": 4,
    }
    assert await drafts(prepared) == {GENERAL: 1, CUMLAUDE: 2, "c-school": 3}


async def test_a_file_sent_again_changes_nothing(prepared: Office) -> None:
    """The same file twice is one draft, and what the second did is none."""
    ok(await prepared.post(IMPORT, prepared.officer(), VACANCIES))
    again = ok(await prepared.post(IMPORT, prepared.officer(), VACANCIES))
    assert (again["added"], again["changed"], again["removed"]) == (0, 0, 0)
    assert (again["draft_vacancies"], again["seats"]) == (3, 4)


async def test_a_vacancy_that_comes_again_otherwise_is_as_the_file_says(prepared: Office) -> None:
    """A corrected row in a second file changes that vacancy alone."""
    ok(await prepared.post(IMPORT, prepared.officer(), VACANCIES))
    corrected = alone("c-school").replace("SEKRETARIAT,1,", "SEKRETARIAT,2,")
    changed = ok(await prepared.post(IMPORT, prepared.officer(), corrected))
    assert (changed["added"], changed["changed"], changed["seats"]) == (0, 1, 5)
    assert len(await drafts(prepared)) == 3


async def test_a_file_replaces_the_draft_only_when_asked(prepared: Office) -> None:
    """With `replace` the vacancies that it does not name are gone, and it says how many."""
    ok(await prepared.post(IMPORT, prepared.officer(), VACANCIES))
    answer = await prepared.post(f"{IMPORT}?replace=true", prepared.officer(), without("c-school"))
    replaced = ok(answer)
    assert (replaced["removed"], replaced["draft_vacancies"]) == (1, 2)
    assert await drafts(prepared) == {GENERAL: 1, CUMLAUDE: 2}


async def test_order_of_rows_does_not_count(prepared: Office) -> None:
    """However the rows of a file are ordered, the same vacancies get the same numbers."""
    ok(await prepared.post(IMPORT, prepared.officer(), VACANCIES))
    numbered = await drafts(prepared)
    header, *rows = VACANCIES.splitlines()
    backwards = "\n".join([header, *reversed(rows)])
    ok(await prepared.post(f"{IMPORT}?replace=true", prepared.officer(), backwards))
    assert await drafts(prepared) == numbered


WAITING = """
SELECT count(*) FROM pg_locks
 WHERE NOT granted AND (locktype = $1 OR relation = to_regclass('public.units'))
"""


async def test_units_stay_as_they_are_while_vacancies_are_read(prepared: Office) -> None:
    """A file of units that came between the check and the reading of a file of vacancies took
    units away from under it: their vacancies were left out without a word.
    """
    pool = prepared.service.pool
    moved = UNITS.replace("KECAMATAN KASEMEN", "KECAMATAN CURUG")

    async def ends_or_waits(request: asyncio.Task[httpx.Response], lock: str) -> bool:
        while not request.done():
            if await pool.fetchval(WAITING, lock):
                return False
            await asyncio.sleep(0.02)
        return True

    async with pool.acquire() as other, other.transaction():
        # where an import of vacancies stands when it has read its file
        await other.execute("SELECT pg_advisory_xact_lock(hashtext('vacancies'))")
        reading = asyncio.create_task(prepared.post(IMPORT, prepared.officer(), VACANCIES))
        assert not await ends_or_waits(reading, "advisory")
        moving = asyncio.create_task(prepared.post("/units/import", prepared.officer(), moved))
        assert not await ends_or_waits(moving, "relation")
    assert ok(await reading)["vacancies"] == 3
    assert ok(await moving)["changed"] == 1


async def test_an_unknown_unit_is_named_once(prepared: Office) -> None:
    """A vacancy whose unit isn't registered is named at its first row, not at each."""
    file = alone(GENERAL).replace("Kasemen", "Antah Berantah")
    problem = refused(await prepared.post(IMPORT, prepared.officer(), file), 422, "rows-refused")
    assert [(fault["line"], fault["code"]) for fault in problem["errors"]] == [(2, "unknown-unit")]


async def test_an_answer_names_twenty_faults_and_counts_the_others(prepared: Office) -> None:
    """It used to list a hundred; a file of wrong rows gets a short answer."""
    rows = [f"x{n},Pemkot,CPNS,UMUM,POST,Nowhere,1,1,1,2,S-1,A" for n in range(30)]
    file = "\n".join([HEADER, *rows, *(row.replace(",1,1,", ",0,1,") for row in rows[:5])])
    problem = refused(await prepared.post(IMPORT, prepared.officer(), file), 422, "rows-refused")
    assert len(problem["errors"]) == 20
    assert "35 fault(s)" in problem["detail"]
    assert "15 more" in problem["detail"]


async def test_a_key_used_for_another_way_of_importing_is_refused(prepared: Office) -> None:
    """To add and to replace are two requests."""
    key = prepared.officer(key="import-0001")
    ok(await prepared.post(IMPORT, key, VACANCIES))
    again = await prepared.post(IMPORT, key, VACANCIES)
    assert again.headers["idempotent-replayed"] == "true"
    refused(
        await prepared.post(f"{IMPORT}?replace=true", key, VACANCIES), 422, "idempotency-key-reused"
    )


async def test_a_file_above_the_limit_is_refused_while_it_comes(prepared: Office) -> None:
    """Above 64 MiB the answer is 413, and the rest is not read."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1_000):
            sent += 2**20
            yield b"x" * 2**20

    answer = await prepared.service.http.post(
        f"/applications{IMPORT}", content=endless(), headers=prepared.officer()
    )
    refused(answer, 413, "too-large")
    assert sent <= 66 * 2**20


async def test_others_are_answered_while_a_national_list_is_imported(office: Office) -> None:
    """94,476 vacancies (29 MB) are imported, and published at once, over HTTP; requests that come
    meanwhile are answered. A second file of that size used to be refused for its size, and what
    was imported to hold up everybody.
    """
    vacancies, units, seats = national_list()
    officer, path = office.officer(), f"/applications{IMPORT}"
    http = office.service.http
    ok(await http.post("/applications/units/import", content=units, headers=officer))
    ok(await office.open(seats=seats), 201)
    importing = asyncio.create_task(http.post(path, content=vacancies, headers=officer))
    assert await answered_during(http, importing) >= 20
    imported = ok(importing.result())
    assert (imported["draft_vacancies"], imported["seats"]) == (NATIONAL, seats)
    publishing = asyncio.create_task(office.publish())
    assert await answered_during(http, publishing) >= 20
    assert ok(publishing.result())["vacancies"] == NATIONAL
    stated = await office.service.pool.fetch(
        "SELECT data FROM messaging.outbox WHERE type = $1 ORDER BY id",
        "terang.VacancyPublished",
    )
    numbers = [json.loads(row["data"])["number"] for row in stated]
    assert numbers == list(range(1, NATIONAL + 1))
    VacancyPublished.model_validate_json(stated[-1]["data"])


async def answered_during(http: httpx.AsyncClient, task: asyncio.Task[httpx.Response]) -> int:
    """How many other requests are answered, one after the other, until the task is done."""
    answered = 0
    while not task.done():
        assert (await http.get("/ready")).status_code == 200
        answered += 1
    return answered
