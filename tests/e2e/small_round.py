"""A round of a few people, played through the public interfaces: the scenarios are told with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from deploy.demo.client import Client, csv_text
from services.applications.vacancies.domain.listing import COLUMNS

LEVEL, PROGRAMME = "S-1/Sarjana", "S-1 ILMU PEMERINTAHAN"


@dataclass
class SmallRound:
    """One vacancy of one unit under one policy; tests call people by names of their own."""

    client: Client
    round_id: str
    unit_id: str
    vacancy_id: str
    numbers: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def open(
        cls, client: Client, policy: str, unit: str, *, seats: int = 1, decreed: int | None = None
    ) -> "SmallRound":
        """Register the unit, open the round, import its one vacancy and publish it."""
        mark = uuid4().hex[:8]
        small = cls(client, f"r-{mark}", f"E-{mark}", str(uuid4()))
        await small.officer(
            "/applications/units/import",
            csv=csv_text(("unit_id", "path", "staff"), [(small.unit_id, f"{unit} {mark}", 20)]),
        )
        now = await client.now()
        await small.officer(
            "/applications/rounds",
            body={
                "round_id": small.round_id,
                "name": f"Uji {unit}",
                "policy_id": policy,
                "decreed_seats": decreed or seats,
                "calendar": {
                    "registration_opens": (now - timedelta(days=1)).isoformat(),
                    "registration_closes": (now + timedelta(days=7)).isoformat(),
                },
            },
        )
        row = (
            small.vacancy_id,
            "Pemerintah Kota",
            "CPNS",
            "UMUM",
            "PENATA LAYANAN",
            f"{unit} {mark}",
            seats,
            1,
            1,
            2,
            LEVEL,
            PROGRAMME,
        )
        await small.officer(
            f"/applications/rounds/{small.round_id}/vacancies/import", csv=csv_text(COLUMNS, [row])
        )
        await small.officer(f"/applications/rounds/{small.round_id}/publish")
        return small

    @property
    def applications(self) -> str:
        """The address of the vacancy's applications."""
        return f"/applications/vacancies/{self.vacancy_id}/applications"

    async def officer(self, path: str, *, waits: bool = False, **request: Any) -> Any:
        """Send a command as an officer of the personnel agency."""
        return await self.client.post(
            path, who="e2e-officer", role="officer", key=uuid4().hex, waits=waits, **request
        )

    async def apply(self, name: str, *, birth_date: str = "1998-05-01", months: int = 0) -> None:
        """`name` applies and is found to meet the requirements."""
        applied = await self.client.post(
            self.applications,
            who=f"{self.round_id}-{name}",
            role="applicant",
            key=uuid4().hex,
            body={
                "education_level": LEVEL,
                "education_programme": PROGRAMME,
                "gpa": "3.50",
                "birth_date": birth_date,
                "relevant_experience_months": months,
            },
        )
        self.numbers[name] = applied["participant_no"]
        await self.client.post(
            f"{self.applications}/{self.numbers[name]}/verification",
            who="e2e-verifier",
            role="verifier",
            key=uuid4().hex,
            body={"decision": "MS"},
        )

    async def close_registration(self) -> None:
        """Nobody applies any more, before the announced end: two officers say so."""
        proposal = await self.officer(
            f"/applications/rounds/{self.round_id}/registration/close",
            body={"reason": "Uji coba: semua sudah mendaftar"},
        )
        await self.client.post(
            proposal["confirm_at"], who="e2e-second-officer", role="officer", key=uuid4().hex
        )

    async def schedule(self, stage: str, site: str = "daring") -> str:
        """A sitting of the stage for all who are admitted to it."""
        answer = await self.officer(
            "/exams/sittings",
            body={
                "round_id": self.round_id,
                "stage": stage,
                "site": site,
                "starts_at": (await self.client.now()).replace(microsecond=0).isoformat(),
                "vacancy_ids": [self.vacancy_id],
            },
            waits=True,
        )
        return str(answer["sitting_id"])

    async def score(self, sitting: str, name: str, points: Mapping[str, str]) -> None:
        """An examiner records one person's points."""
        await self.client.post(
            f"/exams/sittings/{sitting}/scores",
            who="e2e-examiner",
            role="examiner",
            key=uuid4().hex,
            body={"participant_no": self.numbers[name], "points": dict(points)},
            waits=True,
        )

    async def sit(self, stage: str, points: Mapping[str, Mapping[str, str]]) -> None:
        """All of a stage: scheduled, everybody scored, closed."""
        sitting = await self.schedule(stage)
        for name, scored in points.items():
            await self.score(sitting, name, scored)
        await self.officer(f"/exams/sittings/{sitting}/close", waits=True)

    async def close(self, stage: str | None = None) -> None:
        """Fix a stage's list, or without one the final list."""
        path = f"stages/{stage}/close" if stage else "close"
        await self.officer(f"/ranking/rounds/{self.round_id}/{path}", waits=True)

    async def codes(self, list_code: str = "final") -> dict[str, str]:
        """Result codes by name, in the order of the list."""
        page = await self.client.get(
            f"/ranking/vacancies/{self.vacancy_id}/standings", list=list_code
        )
        names = {number: name for name, number in self.numbers.items()}
        return {names[line["participant_no"]]: line["code"] for line in page["items"]}
