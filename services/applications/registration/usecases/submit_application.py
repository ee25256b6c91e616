"""An applicant applies for a vacancy."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from services.applications.registration.domain import (
    RegistrationTerms,
    StatedFacts,
    check_submission,
    participant_no,
)
from services.applications.registration.fields import SubmittedAt
from services.applications.registration.storage import REGISTRATION
from shared.contracts.applications import ApplicantFactsStated, ApplicationSubmitted
from shared.contracts.fields import RoundId, VacancyId
from shared.contracts.strict import Command, DayInRequest, Whole, decimal_text, line_of_text
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.phrases import Phrase
from shared.postgres.pool import Connection
from shared.refusals import Refusal

StatedText = Annotated[str, *line_of_text(300)]
Grade = Annotated[
    Decimal, *decimal_text(r"^(100(\.0{1,2})?|(0|[1-9][0-9]?)(\.[0-9]{1,2})?)$", example="3.45")
]


class SubmitApplication(Command):
    """What an applicant states of themselves. Documents come later; a verifier compares."""

    education_level: StatedText = Field(
        description="Level of education, worded as one of the vacancy's", examples=["S-1/Sarjana"]
    )
    education_programme: StatedText = Field(
        description="Programme, worded as the vacancy words it", examples=["S-1 ILMU PEMERINTAHAN"]
    )
    gpa: Grade = Field(
        description="Grade point average, 0 to 4; for a school's diploma its mean mark, 0 to 100",
        examples=["3.52"],
    )
    birth_date: DayInRequest = Field(description="Date of birth", examples=["1999-03-31"])
    relevant_experience_months: Whole = Field(
        0, ge=0, le=720, description="Whole months of relevant work"
    )


class ApplicationReceipt(BaseModel):
    """The application was taken."""

    vacancy_id: VacancyId
    round_id: RoundId
    participant_no: str = Field(
        description="Participant number (nomor peserta): keep it", examples=["0042-000017"]
    )
    status: str = Field(description="It waits for a verifier", examples=["submitted"])
    submitted_at: SubmittedAt


async def submit_application(
    connection: Connection,
    outbox: Outbox,
    applicant: Person,
    vacancy_id: str,
    command: SubmitApplication,
    now: datetime,
    zone: ZoneInfo,
) -> ApplicationReceipt:
    """Gives the vacancy's next participant number.

    States ApplicationSubmitted and ApplicantFactsStated. Raises Refusal `not-found`,
    `registration-closed`, `registration-not-open`, `registration-over`, `facts-refused` with each
    fault, or `already-applied`.
    """
    vacancy = await REGISTRATION.take_number(connection, vacancy_id=vacancy_id)
    if vacancy is None:
        raise Refusal("not-found", what=Phrase("vacancy", vacancy_id=vacancy_id))
    check_command(vacancy, command, now, zone)
    number = participant_no(vacancy["number"], vacancy["submitted"])
    round_id = vacancy["round_id"]
    account = applicant.account(round_id)
    is_first = await REGISTRATION.add_application(
        connection,
        vacancy_id=vacancy_id,
        participant_no=number,
        round_id=round_id,
        subject=applicant.subject,
        account=account,
        education_level=command.education_level,
        education_programme=command.education_programme,
        gpa=command.gpa,
        birth_date=command.birth_date,
        experience=command.relevant_experience_months,
        at=now,
    )
    if not is_first:
        earlier = await REGISTRATION.number_in_round(
            connection, subject=applicant.subject, round_id=round_id, account=account
        )
        raise Refusal("already-applied", round=round_id, participant_no=earlier)
    receipt = ApplicationReceipt(
        vacancy_id=vacancy_id,
        round_id=round_id,
        participant_no=number,
        status="submitted",
        submitted_at=now,
    )
    await outbox.append(connection, statements(receipt, command, account))
    return receipt


def check_command(
    vacancy: Mapping[str, Any], command: SubmitApplication, now: datetime, zone: ZoneInfo
) -> None:
    """Raises Refusal as check_submission does, by what the vacancy asks of applicants."""
    accepted = {(option["level"], option["programme"]) for option in vacancy["education"]}
    terms = RegistrationTerms(
        accepted, vacancy["registration_opens"], vacancy["registration_closes"], vacancy["closed"]
    )
    check_submission(StatedFacts(**command.model_dump()), terms, now, zone)


def statements(
    receipt: ApplicationReceipt,
    command: SubmitApplication,
    account: str,
    *,
    correlation_id: str | None = None,
) -> list[Statement]:
    """What is stated of a new application: that it came, and the facts of its applicant."""
    application_key = {
        "vacancy_id": receipt.vacancy_id,
        "round_id": receipt.round_id,
        "participant_no": receipt.participant_no,
    }
    facts = ApplicantFactsStated(
        **application_key,
        education_level=command.education_level,
        gpa=command.gpa,
        birth_date=command.birth_date,
        relevant_experience_months=command.relevant_experience_months,
        account=account,
    )
    return [
        Statement(data, receipt.submitted_at, correlation_id=correlation_id)
        for data in (ApplicationSubmitted(**application_key), facts)
    ]
