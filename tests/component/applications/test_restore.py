"""What `terang recover applications` takes back in from the log after a restored backup."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from services.applications.restore_from_log import restore
from shared.messaging.envelope import Record
from tests.component.applications.conftest import (
    CUMLAUDE,
    GENERAL,
    ROUND,
    UNITS,
    VACANCIES,
    Office,
    ok,
    refused,
)
from tests.component.conftest import ServiceApp

STATED = """
SELECT topic, partition, key, headers, data FROM messaging.outbox ORDER BY topic, partition, id
"""
OWN_TABLES = {
    "units": "SELECT * FROM units ORDER BY unit_id",
    "rounds": "SELECT * FROM rounds ORDER BY round_id",
    "vacancies": "SELECT * FROM vacancies ORDER BY vacancy_id",
    "applications": "SELECT * FROM applications ORDER BY vacancy_id, participant_no",
    "facts": (
        "SELECT participant_no, education_level, gpa, birth_date, relevant_experience_months"
        " FROM applications_personal"
        " ORDER BY participant_no"
    ),
}


async def log_of(service: ServiceApp) -> list[Record]:
    """What the service stated, as its topics would hold it."""
    records = []
    numbers: dict[tuple[str, int], int] = {}
    for row in await service.pool.fetch(STATED):
        place = (row["topic"], row["partition"])
        numbers[place] = sequence = numbers.get(place, 0) + 1
        headers = [(name, value.encode("latin-1")) for name, value in json.loads(row["headers"])]
        headers.append(("ce_sequence", str(sequence).encode()))
        records.append(Record(*place, sequence - 1, row["key"], row["data"], tuple(headers), 0))
    return records


async def taken_in(service: ServiceApp, records: list[Record]) -> list[str]:
    async with service.pool.acquire() as connection, connection.transaction():
        return await restore(connection, records)


async def rows(service: ServiceApp) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [dict(row) for row in await service.pool.fetch(query)]
        for name, query in OWN_TABLES.items()
    }


async def test_everything_that_was_stated_comes_back(
    open_round: Office, service_app: Callable[..., Awaitable[ServiceApp]]
) -> None:
    """A lost database comes back from the log alone, and the service goes on."""
    for n in range(1, 6):
        ok(await open_round.apply(f"person-{n}"), 201)
    ok(await open_round.apply("person-6", CUMLAUDE), 201)
    ok(await open_round.verify("0001-000001"))
    ok(await open_round.verify("0001-000002", "TMS", "document-missing", note="private"))
    ok(await open_round.verify("0001-000003"))
    ok(await open_round.withdraw("person-3", "0001-000003"))
    ok(await open_round.withdraw("person-4", "0001-000004"))
    ok(await open_round.open("cpns-2027"), 201)
    ok(await open_round.close())
    empty = await service_app("applications")
    lines = await taken_in(empty, await log_of(open_round.service))
    assert await rows(empty) == await rows(open_round.service)
    assert "Taken in: 6 terang.ApplicationSubmitted" in lines
    assert f"Vacancy {GENERAL}: participant numbers go on above 5" in lines
    assert [line for line in lines if "without their persons" in line and line.startswith("6 ")]
    again = Office(empty)
    assert ok(await again.verify("0001-000005"))["status"] == "verified"
    assert (await again.apply("person-9")).status_code == 409


async def test_each_person_has_the_own_application_again(
    open_round: Office, service_app: Callable[..., Awaitable[ServiceApp]]
) -> None:
    """By the account on the log: nobody else's, and no second one in the round."""
    for n in (1, 2):
        ok(await open_round.apply(f"person-{n}"), 201)
    empty = Office(await service_app("applications"))
    await taken_in(empty.service, await log_of(open_round.service))
    again = refused(await empty.apply("person-2"), 409, "already-applied")
    assert "0001-000002" in again["detail"]
    for n in (3, 2, 1):
        items = ok(await empty.get("/me", empty.applicant(f"person-{n}")))["items"]
        numbers = [item["participant_no"] for item in items]
        assert numbers == ([f"0001-00000{n}"] if n < 3 else [])
    ok(await empty.withdraw("person-1", "0001-000001"))
    other = await empty.withdraw("person-1", "0001-000002")
    assert other.status_code == 404


async def test_numbers_go_on_above_the_log(
    open_round: Office, service_app: Callable[..., Awaitable[ServiceApp]]
) -> None:
    """A number that the log shows is never given again.

    One that was, since the backup, is named, and stays with who has it here.
    """
    records = await log_of(open_round.service)
    for n in (1, 2, 3):
        ok(await open_round.apply(f"person-{n}"), 201)
    ok(await open_round.verify("0001-000001"))
    later = await log_of(open_round.service)
    yesterday = Office(await service_app("applications"))
    await taken_in(yesterday.service, records)
    ok(await yesterday.apply("person-9"), 201)
    lines = await taken_in(yesterday.service, [record for record in later if record not in records])
    assert [line for line in lines if line.startswith(f"Given twice: {GENERAL}/0001-000001")]
    (mine,) = ok(await yesterday.get("/me", yesterday.applicant("person-9")))["items"]
    assert (mine["participant_no"], mine["status"]) == ("0001-000001", "submitted")
    assert ok(await yesterday.apply("person-10"), 201)["participant_no"] == "0001-000004"


async def test_a_draft_gives_way(
    office: Office, service_app: Callable[..., Awaitable[ServiceApp]]
) -> None:
    """Published vacancies on the log take the place of a draft; missing ones are named."""
    ok(await office.post("/units/import", office.officer(), UNITS))
    ok(await office.open(), 201)
    before = await log_of(office.service)
    ok(await office.post(f"/rounds/{ROUND}/vacancies/import", office.officer(), VACANCIES))
    ok(await office.publish())
    later = [record for record in await log_of(office.service) if record not in before]
    yesterday = Office(await service_app("applications"))
    await taken_in(yesterday.service, before)
    draft = "\n".join(line for line in VACANCIES.splitlines() if not line.startswith("a-general"))
    ok(await yesterday.post(f"/rounds/{ROUND}/vacancies/import", yesterday.officer(), draft))
    lines = await taken_in(yesterday.service, later[:2])
    assert [line for line in lines if line.startswith(f"Round {ROUND} has ")]
    public = ok(await yesterday.get(f"/rounds/{ROUND}/vacancies"))["items"]
    assert len(public) == 2


async def test_foreign_records_are_named(office: Office) -> None:
    """What is no event known here is left out and named by its place, never by what it holds."""
    lines = await taken_in(
        office.service, [Record("terang.applications", 3, 7, None, b"secret", (), 0)]
    )
    assert lines == ["Not taken in: terang.applications/3 at offset 7 is no event known here."]


async def test_reasons_come_back_from_older_events_too(
    open_round: Office, service_app: Callable[..., Awaitable[ServiceApp]]
) -> None:
    """An ApplicationRejected of an older version has the codes itself; of a newer one, whose
    restricted topic no longer has them, none come back.
    """
    ok(await open_round.apply("person-1"), 201)
    ok(await open_round.apply("person-2"), 201)
    ok(await open_round.verify("0001-000001", "TMS", "document-missing"))
    ok(await open_round.verify("0001-000002", "TMS", "data-differ"))
    records = [
        record
        for record in await log_of(open_round.service)
        if dict(record.headers)["ce_type"] != b"terang.RejectionReasonsStated"
    ]
    older = [
        replace(record, value=record.value.replace(b"not-met", b"document-missing"))
        if record.value and b"0001-000001" in record.value
        else record
        for record in records
    ]
    empty = await service_app("applications")
    await taken_in(empty, older)
    found = await empty.pool.fetch("SELECT status, reasons FROM applications ORDER BY 1, 2 DESC")
    assert [tuple(row) for row in found] == [("rejected", ["document-missing"]), ("rejected", [])]
