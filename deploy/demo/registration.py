"""Applicants register, verifiers decide on each, some withdraw, and registration closes."""

import asyncio
from typing import Any

from deploy.demo.client import CONNECTIONS
from deploy.demo.demonstration import OFFICER, VERIFIER, Demonstration, person
from deploy.demo.opening import REGISTRATION_DAYS
from deploy.demo.people import Applicant
from deploy.demo.recompute import Participant


async def register(demo: Demonstration) -> None:
    """Everyone applies; for one vacancy in order, as participant numbers are given in order."""
    async with demo.step("register", len(demo.people.everyone)) as done:
        slots = asyncio.Semaphore(CONNECTIONS)

        async def one_by_one(applicants: list[Applicant]) -> None:
            for applicant in applicants:
                async with slots:
                    await _apply(demo, applicant)
                done()

        async with asyncio.TaskGroup() as group:
            for applicants in demo.people.applicants.values():
                group.create_task(one_by_one(applicants))


async def _apply(demo: Demonstration, applicant: Applicant) -> None:
    listing = applicant.listing
    answer = await demo.command(
        person(applicant),
        f"/applications/vacancies/{demo.vacancy_ids[listing.listing_id]}/applications",
        "apply",
        applicant.subject,
        body={
            "education_level": listing.level,
            "education_programme": listing.programme,
            "gpa": str(applicant.gpa),
            "birth_date": applicant.birth_date,
            "relevant_experience_months": applicant.experience_months,
        },
    )
    demo.participant_numbers[applicant.subject] = answer["participant_no"]


def application_path(demo: Demonstration, applicant: Applicant) -> str:
    """The address of a registered applicant's application."""
    vacancy_id = demo.vacancy_ids[applicant.listing.listing_id]
    number = demo.participant_numbers[applicant.subject]
    return f"/applications/vacancies/{vacancy_id}/applications/{number}"


async def verify(demo: Demonstration) -> None:
    """Verifiers decide on each application: MS, or TMS with a reason."""

    async def decide(applicant: Applicant) -> None:
        decision: dict[str, Any] = {"decision": "MS"}
        if not applicant.meets_requirements:
            decision = {
                "decision": "TMS",
                "reasons": ["diploma-does-not-match"],
                "note": "Ijazah tidak sesuai (rekaan)",
            }
        path = f"{application_path(demo, applicant)}/verification"
        await demo.command(VERIFIER, path, "verify", applicant.subject, body=decision)

    await demo.for_each("verify", demo.people.everyone, decide)


async def withdraw(demo: Demonstration) -> None:
    """Some applicants who were found to meet the requirements take their application back."""

    async def take_back(applicant: Applicant) -> None:
        path = f"{application_path(demo, applicant)}/withdrawal"
        await demo.command(person(applicant), path, "withdraw", applicant.subject)

    leaving = [
        applicant
        for applicant in demo.people.everyone
        if applicant.meets_requirements and applicant.withdraws
    ]
    await demo.for_each("withdraw", leaving, take_back)


async def close_registration(demo: Demonstration) -> None:
    """The officer ends registration in its time; who was verified is known from here on."""
    await demo.client.let_pass(days=REGISTRATION_DAYS, hours=1)
    path = f"/applications/rounds/{demo.round_id}/registration/close"
    async with demo.step("close registration", 1):
        await demo.command(OFFICER, path, "registration")
    for listing_id, applicants in demo.people.applicants.items():
        demo.verified[listing_id] = [
            Participant(demo.participant_numbers[applicant.subject], applicant, applicant.withdraws)
            for applicant in applicants
            if applicant.meets_requirements
        ]
