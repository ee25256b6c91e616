"""One scenario for each of the five places that asked for this, played only through public
interfaces.
"""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from deploy.demo.door import DemoError, Door
from deploy.demo.play import text_csv
from tests.e2e.small_round import SmallRound

pytestmark = pytest.mark.timeout(300)


async def until_flagged(door: Door, unit_id: str, kind: str, *, flagged: bool) -> dict[str, Any]:
    """The unit, once its flags say so."""
    for _ in range(120):
        unit: dict[str, Any] = await door.get(f"/feedback/units/{unit_id}", waits=True)
        if (kind in {flag["kind"] for flag in unit["flags"]}) is flagged:
            return unit
        await asyncio.sleep(0.25)
    raise AssertionError(
        f"{kind} of {unit_id} is not {'flagged' if flagged else 'cleared'}: {unit}"
    )


async def test_kasemen_complaints_become_a_flag_and_answers_clear_it(door: Door) -> None:
    """Kasemen: citizens say that permits take too long; the unit is flagged with figures, and
    cleared when complaints prove unfounded.
    """
    one = await SmallRound.open(door, "local-kasemen", "KECAMATAN KASEMEN")
    other = await SmallRound.open(door, "local-kasemen", "KECAMATAN CURUG")
    month = f"{datetime.now(UTC):%Y-%m}"
    rows = [(one.unit_id, month, 1000), (other.unit_id, month, 20_000)]
    await one.officer(
        "/feedback/services-rendered/import",
        csv=text_csv(("unit_id", "month", "services"), rows),
        waits=True,
    )
    filed = []
    for _ in range(30):
        complaint = {
            "unit_id": one.unit_id,
            "category": "slow-service",
            "text": "Izin belum selesai juga.",
            "place": "Loket 2",
        }
        filed.append(
            await door.post("/feedback/complaints", key=uuid4().hex, body=complaint, waits=True)
        )
    unit = await until_flagged(door, one.unit_id, "process", flagged=True)
    figures = next(flag["figures"] for flag in unit["flags"] if flag["kind"] == "process")
    assert figures["complaints"] >= 5
    followed = await door.post(
        "/feedback/complaints/tracking",
        key=uuid4().hex,
        body={"tracking_code": filed[0]["tracking_code"]},
    )
    assert followed["complaint_id"] == filed[0]["complaint_id"]
    for complaint in filed:
        answer = {"outcome": "not-upheld", "text": "Berkas belum lengkap saat diajukan."}
        await one.officer(
            f"/feedback/complaints/{complaint['complaint_id']}/resolution", body=answer
        )
    await until_flagged(door, one.unit_id, "process", flagged=False)


async def test_senapelan_more_relevant_experience_goes_first_between_equals(door: Door) -> None:
    """Senapelan: two candidates are equal in education and score; the one with more relevant
    experience gets the seat.
    """
    one = await SmallRound.open(door, "local-senapelan", "KECAMATAN SENAPELAN")
    await one.apply("sedikit", months=6, birth_date="1990-01-01")
    await one.apply("banyak", months=48, birth_date="1999-01-01")
    await one.close_registration()
    equal = {"KOMPETENSI": "80", "FORUM": "70"}
    await one.sit("seleksi", {"sedikit": equal, "banyak": equal})
    await one.close()
    assert await one.codes() == {"banyak": "L", "sedikit": "P"}


async def test_tenayan_raya_criteria_of_the_post_are_told_before_anyone_sits(door: Door) -> None:
    """Tenayan Raya: points outside the policy's components or maxima are refused, with what would
    be right; nothing is recorded.
    """
    one = await SmallRound.open(door, "local-tenayan-raya", "KECAMATAN TENAYAN RAYA")
    await one.apply("calon")
    await one.close_registration()
    sitting = await one.schedule("teknis")
    await one.score(sitting, "calon", {"TEKNIS": "85"})
    for wrong in ({"TEKNIS": "101"}, {"WAWANCARA": "80"}):
        with pytest.raises(DemoError, match=r"TEKNIS|WAWANCARA"):
            await door.post(
                f"/exams/sittings/{sitting}/corrections",
                who="e2e-examiner",
                role="examiner",
                key=uuid4().hex,
                body={
                    "participant_no": one.numbers["calon"],
                    "points": wrong,
                    "reason": "salah baca",
                },
            )
    await one.officer(f"/exams/sittings/{sitting}/close", waits=True)
    await one.close("teknis")
    assert await one.codes("teknis") == {"calon": "P/L"}


async def test_medan_registers_and_sits_without_coming_to_the_site(door: Door) -> None:
    """Medan: all of it happens online, sent twice by a bad line: each thing has its effect once."""
    one = await SmallRound.open(door, "local-medan", "DINAS KESEHATAN KOTA MEDAN")
    await one.apply("jauh", months=30)
    command = {"body": {"decision": "MS"}, "who": "e2e-verifier", "role": "verifier"}
    path = (
        f"/applications/vacancies/{one.vacancy_id}/applications/{one.numbers['jauh']}/verification"
    )
    again = [await door.post(path, key="same-key-sent-twice", **command) for _ in range(2)]
    assert again[0] == again[1]
    await one.close_registration()
    await one.sit("tes", {"jauh": {"TES": "90"}})
    await one.close("tes")
    assert await one.codes("tes") == {"jauh": "P/L"}


async def test_jambi_results_are_seen_as_they_arrive_and_seats_are_those_decreed(
    stack: dict[str, Any], door: Door
) -> None:
    """Jambi: seats other than decreed can't be published; whoever watches the stream sees a score
    that was recorded just now.
    """
    with pytest.raises(DemoError, match="3"):
        await SmallRound.open(door, "local-jambi", "DINAS SOSIAL JAMBI", seats=2, decreed=3)
    one = await SmallRound.open(door, "local-jambi", "DINAS SOSIAL PROVINSI JAMBI", seats=1)
    await one.apply("pertama")
    await one.close_registration()
    sitting = await one.schedule("tes")
    await door.get(f"/ranking/vacancies/{one.vacancy_id}/standings", list="final", waits=True)
    address = f"{stack['door']}/ranking/vacancies/{one.vacancy_id}/stream"
    async with (
        aiohttp.ClientSession() as person,
        person.get(address, params={"list": "final"}) as stream,
    ):
        await one.score(sitting, "pertama", {"DASAR": "80", "BIDANG": "90"})
        async for line in stream.content:
            if line.startswith(b"data:") and one.numbers["pertama"] in line.decode():
                seen = json.loads(line[5:])
                if any(each["score"] for each in seen["items"]):
                    break
        else:
            raise AssertionError("the stream ended before the score was seen")
