"""A round of applications, as far as each test needs it."""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import Any

import httpx
import pytest

from shared.contracts.ranking import CandidateSelected, CandidateShortlisted, StageClosed
from tests.component.conftest import ServiceApp

ROUND = "cpns-2026"
GENERAL, CUMLAUDE, SCHOOL = "a-general", "b-cumlaude", "c-school"
UNITS = (
    "unit_id,path,staff\n"
    "U-1,Pemerintah Kota Serang | KECAMATAN KASEMEN,34\n"
    "U-2,Pemerintah Kota Serang | DINAS KESEHATAN,120\n"
    "U-3,Pemerintah Kota Medan | SEKRETARIAT,80\n"
)
HEADER = (
    "formasi_id,ins_nm,jp_nama,formasi_nm,jabatan_nm,lokasi_nm,jumlah_formasi,disable,"
    "gaji_min,gaji_max,jenjang_studi,program_studi"
)
VACANCIES = (
    f"{HEADER}\n"
    "c-school,Pemerintah Kota Medan,CPNS,UMUM,PENGADMINISTRASI,"
    "Pemerintah Kota Medan | SEKRETARIAT,1,0,1747200,1921920,"
    "SMK/SLTA Kejuruan,SMK ADMINISTRASI\n"
    "a-general,Pemerintah Kota Serang,CPNS,UMUM,PENATA LAYANAN,"
    "PEMERINTAH KOTA SERANG |  Kecamatan Kasemen,2,1,2322880,2555168,"
    "S-1/Sarjana,S-1 ILMU PEMERINTAHAN\n"
    "a-general,Pemerintah Kota Serang,CPNS,UMUM,PENATA LAYANAN,"
    "PEMERINTAH KOTA SERANG |  Kecamatan Kasemen,2,1,2322880,2555168,"
    "Diploma IV,D-IV ADMINISTRASI PUBLIK\n"
    "b-cumlaude,Pemerintah Kota Serang,CPNS,LULUSAN TERBAIK,PENATA LAYANAN,"
    "Pemerintah Kota Serang | KECAMATAN KASEMEN,1,1,2322880,2555168,"
    "S-1/Sarjana,S-1 ILMU PEMERINTAHAN\n"
)
SEATS = 4
OPENS, CLOSES = "2026-08-20T00:00:00+07:00", "2026-09-10T23:59:00+07:00"
FACTS = {
    "education_level": "S-1/Sarjana",
    "education_programme": "S-1 ILMU PEMERINTAHAN",
    "gpa": "3.52",
    "birth_date": "1999-03-31",
    "relevant_experience_months": 18,
}


def real_list() -> str:
    """The list of 2024 that the demonstration plays with."""
    return (files("deploy.demo") / "vacancies-2024.csv").read_text("utf-8")


def units_of(vacancies: str) -> str:
    """A file of units for every path of a list."""
    rows = csv.DictReader(io.StringIO(vacancies))
    paths = {" ".join(row["lokasi_nm"].split()).casefold(): row["lokasi_nm"] for row in rows}
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("unit_id", "path", "staff"))
    writer.writerows((f"U-{n:03d}", paths[key], 10 + n) for n, key in enumerate(sorted(paths)))
    return out.getvalue()


@dataclass
class Office:
    """What people do at applications, in a few words each.

    Every method returns the whole response.
    """

    service: ServiceApp

    async def post(self, path: str, who: dict[str, str], body: object = None) -> httpx.Response:
        if isinstance(body, str):
            return await self.service.http.post(
                f"/applications{path}", content=body.encode(), headers=who
            )
        return await self.service.http.post(f"/applications{path}", json=body, headers=who)

    async def get(
        self, path: str, who: dict[str, str] | None = None, **query: object
    ) -> httpx.Response:
        params: Any = query
        return await self.service.http.get(f"/applications{path}", params=params, headers=who)

    def officer(self, key: str | None = None) -> dict[str, str]:
        return self.service.who("officer-1", "officer", key=key)

    def verifier(self, key: str | None = None) -> dict[str, str]:
        return self.service.who("verifier-1", "verifier", key=key)

    def applicant(self, subject: str, key: str | None = None) -> dict[str, str]:
        return self.service.who(subject, "applicant", key=key)

    async def open(
        self, round_id: str = ROUND, *, seats: int = SEATS, **other: object
    ) -> httpx.Response:
        round_ = {
            "round_id": round_id,
            "name": "CPNS 2026",
            "policy_id": "national-cpns-2024",
            "decreed_seats": seats,
            "calendar": {"registration_opens": OPENS, "registration_closes": CLOSES},
        }
        return await self.post("/rounds", self.officer(), round_ | other)

    async def publish(self, round_id: str = ROUND) -> httpx.Response:
        return await self.post(f"/rounds/{round_id}/publish", self.officer())

    async def close(self, round_id: str = ROUND) -> httpx.Response:
        """Two officers close registration before its end; what is then answered to whoever closes
        it, or the refusal of what was proposed.
        """
        path = f"/rounds/{round_id}/registration/close"
        reason = {"reason": "Gangguan listrik di seluruh provinsi"}
        decided = await self.service.decide(f"/applications{path}", reason)
        return decided if decided.is_error else await self.post(path, self.officer())

    async def apply(self, subject: str, vacancy: str = GENERAL, **facts: Any) -> httpx.Response:
        return await self.post(
            f"/vacancies/{vacancy}/applications", self.applicant(subject), FACTS | facts
        )

    async def verify(
        self,
        number: str,
        decision: str = "MS",
        *reasons: str,
        vacancy: str = GENERAL,
        **other: object,
    ) -> httpx.Response:
        body = {"decision": decision, "reasons": list(reasons), **other}
        return await self.post(
            f"/vacancies/{vacancy}/applications/{number}/verification", self.verifier(), body
        )

    async def withdraw(self, subject: str, number: str, vacancy: str = GENERAL) -> httpx.Response:
        return await self.post(
            f"/vacancies/{vacancy}/applications/{number}/withdrawal", self.applicant(subject)
        )


def ok(answer: httpx.Response, status: int = 200) -> Any:
    """The JSON of an answer that must have this status."""
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int, code: str) -> Any:
    """The problem of an answer that must be this one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"/problems/applications/{code}", problem
    assert "{" not in problem["detail"]
    return problem


@pytest.fixture
async def office(service_app: Callable[..., Awaitable[ServiceApp]]) -> Office:
    """Applications with nothing in it."""
    return Office(await service_app("applications"))


@pytest.fixture
async def open_round(office: Office) -> Office:
    """… with a round that takes registrations for three vacancies."""
    ok(await office.post("/units/import", office.officer(), UNITS))
    ok(await office.open(), 201)
    ok(await office.post(f"/rounds/{ROUND}/vacancies/import", office.officer(), VACANCIES))
    ok(await office.publish())
    return office


async def all_at_once(*answers: Awaitable[httpx.Response]) -> list[int]:
    """Status of each of several requests that run at the same time."""
    return [answer.status_code for answer in await asyncio.gather(*answers)]


def results(
    number: str, vacancy: str = GENERAL
) -> list[CandidateShortlisted | CandidateSelected | StageClosed]:
    """What ranking states of a candidate who passes the first list and gets the last one's seat."""
    of_list = {
        "vacancy_id": vacancy,
        "round_id": ROUND,
        "codes": {},
        "shortlisted": 1,
        "digest": "0" * 64,
        "version": 1,
    }
    line = {"vacancy_id": vacancy, "round_id": ROUND, "participant_no": number, "rank": 1}
    return [
        CandidateShortlisted(**line, list="skd", score=Decimal(432), code="P/L"),
        StageClosed(**of_list, list="skd"),
        CandidateSelected(**line, list="final", score=Decimal("81.273"), code="L"),
        StageClosed(**of_list, list="final"),
    ]
