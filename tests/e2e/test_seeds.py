"""One scenario for each of the five places that asked for this, through public interfaces alone."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from deploy.demo.client import Client, DemoError, csv_text
from deploy.local.state import StackStatus
from tests.e2e.small_round import SmallRound

pytestmark = pytest.mark.timeout(300)


async def until_flagged(
    client: Client, unit_id: str, kind: str, *, flagged: bool
) -> dict[str, Any]:
    """The unit, once its flags say so."""
    unit: dict[str, Any] = {}
    for _ in range(120):
        unit = await client.get(f"/feedback/units/{unit_id}", waits=True)
        if (kind in {flag["kind"] for flag in unit["flags"]}) is flagged:
            return unit
        await asyncio.sleep(0.25)
    raise AssertionError(
        f"{kind} of {unit_id} is not {'flagged' if flagged else 'cleared'}: {unit}"
    )


async def test_kasemen_complaints_become_a_flag_and_answers_clear_it(client: Client) -> None:
    """Kasemen: complaints about slow permits flag the unit, with figures.

    It is cleared when they prove unfounded. Either shows once the day is over.
    """
    kasemen = await SmallRound.open(client, "local-kasemen", "KECAMATAN KASEMEN")
    curug = await SmallRound.open(client, "local-kasemen", "KECAMATAN CURUG")
    month = f"{await client.now():%Y-%m}"
    rows = [(kasemen.unit_id, month, 1000), (curug.unit_id, month, 20_000)]
    await kasemen.officer(
        "/feedback/services-rendered/import",
        csv=csv_text(("unit_id", "month", "services"), rows),
        waits=True,
    )
    filed = []
    for _ in range(30):
        complaint = {
            "unit_id": kasemen.unit_id,
            "category": "slow-service",
            "text": "Izin belum selesai juga.",
            "place": "Loket 2",
        }
        filed.append(
            await client.post("/feedback/complaints", key=str(uuid4()), body=complaint, waits=True)
        )
    await client.let_pass(hours=26)
    unit = await until_flagged(client, kasemen.unit_id, "process", flagged=True)
    figures = next(flag["figures"] for flag in unit["flags"] if flag["kind"] == "process")
    assert figures["complaints"] >= 5
    followed = await client.post(
        "/feedback/complaints/tracking",
        key=str(uuid4()),
        body={"tracking_code": filed[0]["tracking_code"]},
    )
    assert followed["complaint_id"] == filed[0]["complaint_id"]
    for complaint in filed:
        answer = {"outcome": "not-upheld", "text": "Berkas belum lengkap saat diajukan."}
        await kasemen.officer(
            f"/feedback/complaints/{complaint['complaint_id']}/resolution", body=answer
        )
    await client.let_pass(hours=26)
    await until_flagged(client, kasemen.unit_id, "process", flagged=False)


async def test_senapelan_more_relevant_experience_goes_first_between_equals(client: Client) -> None:
    """Senapelan: of two equal in education and score, more relevant experience goes first."""
    senapelan = await SmallRound.open(client, "local-senapelan", "KECAMATAN SENAPELAN")
    await senapelan.apply("sedikit", months=6, birth_date="1990-01-01")
    await senapelan.apply("banyak", months=48, birth_date="1999-01-01")
    await senapelan.close_registration()
    equal = {"KOMPETENSI": "80", "FORUM": "70"}
    await senapelan.sit("seleksi", {"sedikit": equal, "banyak": equal})
    await senapelan.close()
    assert await senapelan.codes() == {"banyak": "L", "sedikit": "P"}


async def test_tenayan_raya_criteria_of_the_post_are_told_before_anyone_sits(
    client: Client,
) -> None:
    """Tenayan Raya: points outside the policy's components or maxima are refused.

    The refusal says what would be right, and nothing is recorded.
    """
    tenayan_raya = await SmallRound.open(client, "local-tenayan-raya", "KECAMATAN TENAYAN RAYA")
    await tenayan_raya.apply("calon")
    await tenayan_raya.close_registration()
    sitting = await tenayan_raya.schedule("teknis")
    await tenayan_raya.score(sitting, "calon", {"TEKNIS": "85"})
    for wrong in ({"TEKNIS": "101"}, {"WAWANCARA": "80"}):
        with pytest.raises(DemoError, match=r"TEKNIS|WAWANCARA"):
            await client.post(
                f"/exams/sittings/{sitting}/corrections",
                who="e2e-examiner",
                role="examiner",
                key=uuid4().hex,
                body={
                    "participant_no": tenayan_raya.numbers["calon"],
                    "points": wrong,
                    "reason": "salah baca",
                },
            )
    await tenayan_raya.officer(f"/exams/sittings/{sitting}/close", waits=True)
    await tenayan_raya.close("teknis")
    assert await tenayan_raya.codes("teknis") == {"calon": "P/L"}


async def test_medan_registers_and_sits_without_coming_to_the_site(client: Client) -> None:
    """Medan: all of it happens online, sent twice by a bad line: each thing has its effect once."""
    medan = await SmallRound.open(client, "local-medan", "DINAS KESEHATAN KOTA MEDAN")
    await medan.apply("jauh", months=30)
    path = f"/applications/vacancies/{medan.vacancy_id}/applications/{medan.numbers['jauh']}"
    answers = [
        await client.post(
            f"{path}/verification",
            who="e2e-verifier",
            role="verifier",
            key="same-key-sent-twice",
            body={"decision": "MS"},
        )
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    await medan.close_registration()
    await medan.sit("tes", {"jauh": {"TES": "90"}})
    await medan.close("tes")
    assert await medan.codes("tes") == {"jauh": "P/L"}


async def test_jambi_results_are_seen_as_they_arrive_and_seats_are_those_decreed(
    stack: StackStatus, client: Client
) -> None:
    """Jambi: seats other than decreed can't be published.

    Whoever watches the stream sees a score that was recorded just now.
    """
    with pytest.raises(DemoError, match="3"):
        await SmallRound.open(client, "local-jambi", "DINAS SOSIAL JAMBI", seats=2, decreed=3)
    jambi = await SmallRound.open(client, "local-jambi", "DINAS SOSIAL PROVINSI JAMBI", seats=1)
    await jambi.apply("pertama")
    await jambi.close_registration()
    sitting = await jambi.schedule("tes")
    await client.get(f"/ranking/vacancies/{jambi.vacancy_id}/standings", list="final", waits=True)
    address = f"{stack.door}/ranking/vacancies/{jambi.vacancy_id}/stream"
    async with (
        aiohttp.ClientSession() as person,
        person.get(address, params={"list": "final"}) as stream,
    ):
        await jambi.score(sitting, "pertama", {"DASAR": "80", "BIDANG": "90"})
        async for line in stream.content:
            if line.startswith(b"data:") and jambi.numbers["pertama"] in line.decode():
                seen = json.loads(line[5:])
                if any(item["score"] for item in seen["items"]):
                    break
        else:
            raise AssertionError("the stream ended before the score was seen")
