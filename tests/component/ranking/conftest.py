"""A small round as ranking hears it: facts as applications and exams would state them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest

from shared.contracts.applications import (
    ApplicantFactsStated,
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationVerified,
    ApplicationWithdrawn,
    Calendar,
    Education,
    RegistrationClosed,
    RoundOpened,
    VacancyPublished,
)
from shared.contracts.exams import (
    CandidateDisqualified,
    ExamMissed,
    ExamScheduled,
    ExamScoreCorrected,
    ExamScored,
    SittingClosed,
)
from shared.contracts.fields import Fact
from shared.policies import load
from tests.component.conftest import ServiceApp

ROUND = "cpns-2024"
NAMESPACE = UUID("6b1c7a52-3a3f-4a5e-9a53-1f6f4d8f2b10")


def number(vacancy: str, candidate: int) -> str:
    """The participant number of a vacancy's nth applicant."""
    return f"{int(vacancy.removeprefix('v')):04d}-{candidate:06d}"


@dataclass
class Facts:
    """The facts of a round, in the order in which their owners would state them.

    `seats` and `needs` by vacancy (`v1`, `v2` …).
    """

    seats: Mapping[str, int]
    needs: Mapping[str, str] = field(default_factory=dict)

    def round(self) -> RoundOpened:
        policy = load("national-cpns-2024")
        return RoundOpened(
            round_id=ROUND,
            name="CPNS 2024",
            policy_id=policy.id,
            policy_version=policy.version,
            policy=policy.as_json(),
            policy_hash=policy.hash(),
            seed="5e" * 32,
            decreed_seats=sum(self.seats.values()),
            calendar=Calendar(
                registration_opens=datetime(2026, 8, 1, tzinfo=UTC),
                registration_closes=datetime(2026, 9, 1, tzinfo=UTC),
            ),
        )

    def vacancy(self, vacancy: str) -> VacancyPublished:
        return VacancyPublished(
            vacancy_id=vacancy,
            round_id=ROUND,
            listing_id=vacancy,
            number=int(vacancy.removeprefix("v")),
            agency="Pemerintah Kota Serang",
            post="PENATA LAYANAN OPERASIONAL",
            unit_id="kasemen",
            unit_path="Kota Serang | Kecamatan Kasemen",
            need=self.needs.get(vacancy, "UMUM"),
            seats=self.seats[vacancy],
            education=(Education(level="S-1", programme="HUKUM"),),
            open_to_disabled=True,
            pay_min=3_000_000,
            pay_max=5_000_000,
        )

    def opened(self) -> list[Fact]:
        return [self.round(), *(self.vacancy(vacancy) for vacancy in self.seats)]

    def who(self, vacancy: str, candidate: int) -> dict[str, Any]:
        return {
            "vacancy_id": vacancy,
            "round_id": ROUND,
            "participant_no": number(vacancy, candidate),
        }

    def applied(
        self,
        vacancy: str,
        candidate: int,
        *,
        gpa: str | None = "3.25",
        born: date | None = date(1999, 5, 17),
    ) -> list[Fact]:
        who = self.who(vacancy, candidate)
        facts = ApplicantFactsStated(
            **who, education_level="S-1", gpa=None if gpa is None else Decimal(gpa), birth_date=born
        )
        return [ApplicationSubmitted(**who), facts]

    def verified(self, vacancy: str, candidate: int) -> Fact:
        return ApplicationVerified(**self.who(vacancy, candidate))

    def rejected(self, vacancy: str, candidate: int) -> Fact:
        return ApplicationRejected(**self.who(vacancy, candidate), reasons=("education-differs",))

    def withdrawn(self, vacancy: str, candidate: int) -> Fact:
        return ApplicationWithdrawn(**self.who(vacancy, candidate))

    def registered(self, vacancy: str, submitted: int) -> Fact:
        return RegistrationClosed(vacancy_id=vacancy, round_id=ROUND, submitted=submitted)

    def sitting(self, vacancy: str, stage: str) -> dict[str, Any]:
        return {
            "sitting_id": uuid5(NAMESPACE, stage),
            "round_id": ROUND,
            "vacancy_id": vacancy,
            "stage": stage,
        }

    def scheduled(self, vacancy: str, stage: str) -> Fact:
        return ExamScheduled(
            **self.sitting(vacancy, stage),
            site="Gedung Juang",
            starts_at=datetime(2026, 10, 1, tzinfo=UTC),
        )

    def _sat(self, vacancy: str, stage: str, candidate: int) -> dict[str, Any]:
        return {**self.sitting(vacancy, stage), "participant_no": number(vacancy, candidate)}

    def skd(
        self, vacancy: str, candidate: int, twk: int, tiu: int, tkp: int, *, corrected: bool = False
    ) -> Fact:
        model = ExamScoreCorrected if corrected else ExamScored
        points = {"TWK": Decimal(twk), "TIU": Decimal(tiu), "TKP": Decimal(tkp)}
        return model(**self._sat(vacancy, "skd", candidate), points=points)

    def skb(self, vacancy: str, candidate: int, points: str, *, corrected: bool = False) -> Fact:
        model = ExamScoreCorrected if corrected else ExamScored
        return model(**self._sat(vacancy, "skb", candidate), points={"SKB": Decimal(points)})

    def missed(self, vacancy: str, stage: str, candidate: int) -> Fact:
        return ExamMissed(**self._sat(vacancy, stage, candidate))

    def disqualified(self, vacancy: str, stage: str, candidate: int) -> Fact:
        return CandidateDisqualified(**self._sat(vacancy, stage, candidate))

    def closed(
        self, vacancy: str, stage: str, scored: int, missed: int = 0, disqualified: int = 0
    ) -> Fact:
        counts = {"scored": scored, "missed": missed, "disqualified": disqualified}
        return SittingClosed(**self.sitting(vacancy, stage), **counts)

    def people(self, vacancy: str, count: int) -> list[Fact]:
        """So many applied, were verified, and registration closed."""
        facts: list[Fact] = []
        for candidate in range(1, count + 1):
            facts += [*self.applied(vacancy, candidate), self.verified(vacancy, candidate)]
        return [*facts, self.registered(vacancy, count)]


@pytest.fixture
async def ranking(service_app: Callable[..., Awaitable[ServiceApp]]) -> ServiceApp:
    """Ranking's HTTP app over a database of its own."""
    return await service_app("ranking")
