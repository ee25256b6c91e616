"""An application: what may be stated in it, and when it may be taken back."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from shared.csv_files import Fault
from shared.local_time import in_words
from shared.refusals import Refusal

ApplicationStatus = Literal["submitted", "verified", "rejected", "withdrawn"]

YOUNGEST, OLDEST = 15, 70
"""Years of age outside which a birth date is a slip of the pen. A verifier applies the law's own
limits."""

HIGHEST_GPA, HIGHEST_MARK = Decimal(4), Decimal(100)
SCHOOLS = {"SD", "SLTP", "SMP", "SLTA", "SMA", "SMU", "SMK", "STM", "MA"}
"""Words of a school's level of education, whose diploma has a mean mark up to 100."""


@dataclass(frozen=True, slots=True)
class StatedFacts:
    """What an applicant states of themselves.

    `gpa` is the grade point average, or the mean diploma mark of a school.
    """

    education_level: str
    education_programme: str
    gpa: Decimal
    birth_date: date
    relevant_experience_months: int


@dataclass(frozen=True, slots=True)
class RegistrationTerms:
    """What a vacancy asks of applicants: `education` holds each (level, programme) it accepts."""

    education: Collection[tuple[str, str]]
    registration_opens: datetime
    registration_closes: datetime
    closed: bool


def check_submission(
    facts: StatedFacts, terms: RegistrationTerms, now: datetime, zone: ZoneInfo
) -> None:
    """Checks that the vacancy takes an application with these facts now.

    Raises Refusal `registration-closed`, `registration-not-open`, `registration-over`, or
    `facts-refused` with each fault.
    """
    if terms.closed:
        raise Refusal("registration-closed")
    if now < terms.registration_opens:
        raise Refusal("registration-not-open", opens=in_words(terms.registration_opens, zone))
    if now >= terms.registration_closes:
        raise Refusal("registration-over", closes=in_words(terms.registration_closes, zone))
    faults = fact_faults(facts, terms.education, now.astimezone(zone).date())
    if faults:
        raise Refusal("facts-refused", errors=faults)


def fact_faults(
    facts: StatedFacts, accepted: Collection[tuple[str, str]], today: date
) -> list[Fault]:
    """What is wrong with the facts, by field; empty where nothing is."""
    faults: list[Fault] = []
    if (facts.education_level, facts.education_programme) not in accepted:
        words = "; ".join(f"{level}: {programme}" for level, programme in sorted(accepted))
        faults.append(
            {
                "field": "education_programme",
                "reason": Refusal("education-not-accepted", accepted=words),
            }
        )
    highest = highest_gpa(facts.education_level)
    if facts.gpa > highest:
        faults.append({"field": "gpa", "reason": Refusal("gpa-above-scale", highest=highest)})
    if not years_before(today, OLDEST) <= facts.birth_date <= years_before(today, YOUNGEST):
        reason = Refusal("birth-date-unlikely", youngest=YOUNGEST, oldest=OLDEST)
        faults.append({"field": "birth_date", "reason": reason})
    return faults


def highest_gpa(education_level: str) -> Decimal:
    """The top of the scale of `gpa`: 100 for a school's mean diploma mark, 4 otherwise."""
    words = set(re.split(r"[^A-Z]+", education_level.upper()))
    return HIGHEST_MARK if words & SCHOOLS else HIGHEST_GPA


def years_before(day: date, years: int) -> date:
    """The same day so many years earlier; 29 February becomes the 28th."""
    return day.replace(
        year=day.year - years, day=28 if (day.month, day.day) == (2, 29) else day.day
    )


def participant_no(vacancy_number: int, n: int) -> str:
    """The participant number of the `n`th to apply for the vacancy of that number in its round."""
    return f"{vacancy_number:04d}-{n:06d}"


def withdraw(status: ApplicationStatus, *, list_is_final: bool) -> bool:
    """Whether the withdrawal is new: False where it was withdrawn before.

    `list_is_final`: the final list of the vacancy was fixed.

    Raises Refusal `already-rejected`, or `list-is-final`.
    """
    if status == "withdrawn":
        return False
    if status == "rejected":
        raise Refusal("already-rejected")
    if list_is_final:
        raise Refusal("list-is-final")
    return True
