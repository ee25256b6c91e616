"""A round with two vacancies, as exams hears of it, and the people who work with it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared.contracts.applications import (
    ApplicationVerified,
    ApplicationWithdrawn,
    Calendar,
    Education,
    RoundOpened,
    VacancyPublished,
)
from shared.contracts.fields import Fact
from shared.contracts.ranking import (
    AdmissionRevoked,
    CandidateShortlisted,
    ClosedListCorrected,
    StageClosed,
)
from shared.policies import load
from tests.component.conftest import ServiceApp

ROUND = "cpns-2024"
NURSE, DOCTOR, CLERK = "nurse", "doctor", "clerk"
NUMBERS = {NURSE: 1, DOCTOR: 2, CLERK: 3}
GOOD = {"TWK": "120", "TIU": "130", "TKP": "181"}


def number(vacancy: str, n: int) -> str:
    """The participant number of the n-th applicant of a vacancy."""
    return f"{NUMBERS[vacancy]:04d}-{n:06d}"


def round_opened(round_id: str = ROUND, policy_id: str = "national-cpns-2024") -> RoundOpened:
    """A round, of the national policy unless said."""
    policy = load(policy_id)
    return RoundOpened(
        round_id=round_id,
        name="CPNS 2024",
        policy_id=policy.id,
        policy_version=policy.version,
        policy=policy.as_json(),
        policy_hash=policy.hash(),
        seed="0" * 64,
        decreed_seats=3,
        calendar=Calendar(
            registration_opens=datetime(2026, 8, 1, tzinfo=UTC),
            registration_closes=datetime(2026, 8, 15, tzinfo=UTC),
        ),
    )


def vacancy_published(
    vacancy_id: str, round_id: str = ROUND, need: str = "UMUM"
) -> VacancyPublished:
    """A vacancy of the round."""
    return VacancyPublished(
        vacancy_id=vacancy_id,
        round_id=round_id,
        listing_id=vacancy_id,
        number=NUMBERS[vacancy_id],
        agency="Pemerintah Provinsi",
        post=vacancy_id,
        unit_id="1.02",
        unit_path="Dinas Kesehatan",
        need=need,
        seats=1,
        education=(Education(level="S1", programme="Keperawatan"),),
        open_to_disabled=False,
        pay_min=0,
        pay_max=0,
    )


def verified(vacancy: str, *ns: int) -> list[Fact]:
    """These applicants of a vacancy meet the requirements."""
    return [
        ApplicationVerified(vacancy_id=vacancy, round_id=ROUND, participant_no=number(vacancy, n))
        for n in ns
    ]


def withdrawn(vacancy: str, n: int) -> Fact:
    """The applicant took the application back."""
    return ApplicationWithdrawn(
        vacancy_id=vacancy, round_id=ROUND, participant_no=number(vacancy, n)
    )


def shortlisted(vacancy: str, n: int, list_code: str = "skd") -> Fact:
    """The first list admits the applicant to the second stage."""
    return CandidateShortlisted(
        vacancy_id=vacancy,
        round_id=ROUND,
        list=list_code,
        participant_no=number(vacancy, n),
        rank=n,
        score=n,
        code="P/L",
    )


def list_closed(vacancy: str, shortlisted_: int) -> Fact:
    """The first list is fixed, with so many on it."""
    return StageClosed(
        vacancy_id=vacancy,
        round_id=ROUND,
        list="skd",
        version=1,
        codes={},
        shortlisted=shortlisted_,
        digest="0" * 64,
    )


def revoked(vacancy: str, n: int) -> Fact:
    """The corrected first list no longer admits the applicant."""
    return AdmissionRevoked(
        vacancy_id=vacancy, round_id=ROUND, list="skd", participant_no=number(vacancy, n), code="P"
    )


def list_corrected(vacancy: str, shortlisted_: int, version: int = 2) -> Fact:
    """The first list counts in another version from now on, with so many on it."""
    return ClosedListCorrected(
        vacancy_id=vacancy,
        round_id=ROUND,
        list="skd",
        version=version,
        follows=version - 1,
        codes={},
        shortlisted=shortlisted_,
        digest="1" * 64,
    )


@dataclass
class Exams:
    """The service over HTTP, as its people use it: `officer`, `examiner` and `proctor` are of one
    name each.
    """

    service: ServiceApp

    async def post(
        self,
        path: str,
        body: dict[str, Any] | str | None = None,
        *,
        role: str = "officer",
        key: str | None = None,
    ) -> httpx.Response:
        """POST as someone in `role`; a text is sent as CSV."""
        headers = self.service.who(f"one-{role}", role, key=key)
        if isinstance(body, str):
            return await self.service.http.post(
                f"/exams{path}", content=body.encode(), headers=headers
            )
        return await self.service.http.post(f"/exams{path}", json=body, headers=headers)

    async def get(self, path: str, *, role: str = "officer", **query: Any) -> httpx.Response:
        """GET as someone in `role`."""
        return await self.service.http.get(
            f"/exams{path}", params=query, headers=self.service.who(f"one-{role}", role)
        )

    async def schedule(
        self,
        *vacancies: str,
        stage: str = "skd",
        site: str = "Hall A",
        starts_at: str = "2026-08-20T08:00:00+07:00",
    ) -> str:
        """A new sitting's id."""
        answer = await self.post(
            "/sittings",
            {
                "round_id": ROUND,
                "stage": stage,
                "site": site,
                "starts_at": starts_at,
                "vacancy_ids": list(vacancies),
            },
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["sitting_id"])

    async def score(
        self,
        sitting: str,
        participant_no: str,
        points: dict[str, Any] | None = None,
        *,
        key: str | None = None,
    ) -> httpx.Response:
        """An examiner records points."""
        body = {"participant_no": participant_no, "points": points or GOOD}
        return await self.post(f"/sittings/{sitting}/scores", body, role="examiner", key=key)

    async def absent(self, sitting: str, participant_no: str) -> httpx.Response:
        """A proctor notes an absence."""
        return await self.post(
            f"/sittings/{sitting}/absences", {"participant_no": participant_no}, role="proctor"
        )

    async def disqualify(
        self, sitting: str, participant_no: str, *, role: str = "proctor"
    ) -> httpx.Response:
        """Someone proposes to disqualify a candidate, an officer confirms; gives the confirmation,
        or the refusal of what was proposed.
        """
        body = {"participant_no": participant_no, "reason": "Membawa ponsel"}
        return await self.confirmed(
            await self.post(f"/sittings/{sitting}/disqualifications", body, role=role)
        )

    async def confirmed(self, proposed: httpx.Response) -> httpx.Response:
        """A second officer confirms what was proposed, if it was."""
        if proposed.status_code != 202:
            return proposed
        return await self.service.http.post(
            proposed.json()["confirm_at"], headers=self.service.who("second-officer", "officer")
        )

    async def correct(
        self, sitting: str, participant_no: str, points: dict[str, str], *, role: str = "examiner"
    ) -> httpx.Response:
        """Someone replaces points; in a closed sitting a second officer confirms."""
        body = {"participant_no": participant_no, "points": points, "reason": "Salah baca"}
        return await self.confirmed(
            await self.post(f"/sittings/{sitting}/corrections", body, role=role)
        )

    async def send(self, sitting: str, csv: str, *, key: str | None = None) -> httpx.Response:
        """An examiner sends a file of scores."""
        return await self.post(f"/sittings/{sitting}/scores/import", csv, role="examiner", key=key)

    async def close(self, sitting: str, *, key: str | None = None) -> httpx.Response:
        """An officer closes the sitting."""
        return await self.post(f"/sittings/{sitting}/close", key=key)

    async def hear(self, *facts: Fact) -> None:
        """Others stated these."""
        await self.service.hear(*facts)


def code(answer: httpx.Response) -> str:
    """The kind of problem that was answered."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(answer.json()["type"]).removeprefix("/problems/exams/")


@pytest.fixture
async def empty(service_app: Callable[..., Awaitable[ServiceApp]]) -> Exams:
    """The service before anything is known to it."""
    return Exams(await service_app("exams"))


@pytest.fixture
async def exams(empty: Exams) -> Exams:
    """The service in a round with three vacancies: four verified nurses, two verified doctors,
    nobody as clerk.
    """
    await empty.hear(
        round_opened(),
        *(vacancy_published(vacancy) for vacancy in (NURSE, DOCTOR, CLERK)),
        *verified(NURSE, 1, 2, 3, 4),
        *verified(DOCTOR, 1, 2),
    )
    return empty
