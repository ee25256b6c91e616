"""What may be stated, and what may be taken back."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.applications.registration.domain import (
    ApplicationStatus,
    RegistrationTerms,
    StatedFacts,
    check_submission,
    fact_faults,
    highest_gpa,
    participant_no,
    withdraw,
    years_before,
)
from shared.refusals import Refusal

ZONE = ZoneInfo("Asia/Jakarta")
NOON = datetime(2026, 8, 20, 12, tzinfo=UTC)
ACCEPTED = {("S-1/Sarjana", "S-1 HUKUM")}
PLACE = RegistrationTerms(ACCEPTED, NOON, NOON + timedelta(days=20), closed=False)
FACTS = StatedFacts("S-1/Sarjana", "S-1 HUKUM", Decimal("3.5"), date(1999, 3, 31), 0)


@pytest.mark.parametrize(
    ("place", "now", "code"),
    [
        (PLACE, NOON - timedelta(microseconds=1), "registration-not-open"),
        (PLACE, NOON + timedelta(days=20), "registration-over"),
        (
            RegistrationTerms(ACCEPTED, NOON, NOON + timedelta(days=20), closed=True),
            NOON,
            "registration-closed",
        ),
        (
            RegistrationTerms(
                {("S-2", "S-2 HUKUM")}, NOON, NOON + timedelta(days=20), closed=False
            ),
            NOON,
            "facts-refused",
        ),
    ],
)
def test_no_submission(place: RegistrationTerms, now: datetime, code: str) -> None:
    """Nobody applies before registration, after it, or with facts that don't fit."""
    with pytest.raises(Refusal) as refused:
        check_submission(FACTS, place, now, ZONE)
    assert refused.value.code == code


def test_instants_are_told_in_the_provinces_zone() -> None:
    """Who comes too early reads when registration opens as the clock on the wall shows it."""
    with pytest.raises(Refusal) as refused:
        check_submission(FACTS, PLACE, NOON - timedelta(days=1), ZONE)
    assert refused.value.facts == {"opens": "2026-08-20 19:00 Asia/Jakarta"}


def test_submission_at_the_limits() -> None:
    """The first instant of registration counts, and the last before its end."""
    check_submission(FACTS, PLACE, NOON, ZONE)
    check_submission(FACTS, PLACE, NOON + timedelta(days=20) - timedelta(microseconds=1), ZONE)


def test_every_fault_is_named() -> None:
    """Facts that fail in several ways get all their faults at once."""
    wrong = StatedFacts("S-1/Sarjana", "S-1 FILSAFAT", Decimal("4.01"), date(2026, 8, 21), 0)
    columns = [fault["field"] for fault in fact_faults(wrong, ACCEPTED, NOON.date())]
    assert columns == ["education_programme", "gpa", "birth_date"]


@pytest.mark.parametrize(
    ("level", "highest"),
    [
        ("S-1/Sarjana", 4),
        ("S-2", 4),
        ("S-3/Doktor", 4),
        ("Diploma III/Sarjana Muda", 4),
        ("Diploma IV", 4),
        ("Profesi", 4),
        ("SMK/SLTA Kejuruan", 100),
        ("SLTA/SMA Sederajat", 100),
        ("SLTP", 100),
    ],
)
def test_scale_of_a_grade(level: str, highest: int) -> None:
    """A school's diploma has a mean mark up to 100, any other an average up to 4."""
    assert highest_gpa(level) == highest


@given(st.dates(min_value=date(1800, 1, 1)), st.integers(1, 99))
def test_years_before(day: date, years: int) -> None:
    """So many years earlier is the same day of the year; a leap day becomes the day before."""
    earlier = years_before(day, years)
    assert earlier.year == day.year - years
    assert (earlier.month, earlier.day) == (
        day.month,
        day.day if (day.month, day.day) != (2, 29) else 28,
    )


@given(st.integers(1, 999_999), st.integers(1, 999_999), st.integers(1, 999_999))
def test_participant_numbers_sort(vacancy: int, n: int, other: int) -> None:
    """Within a vacancy, numbers sort as text in the order in which they were given."""
    assert (participant_no(vacancy, n) < participant_no(vacancy, other)) == (n < other)


@pytest.mark.parametrize(
    ("status", "is_final", "outcome"),
    [
        ("submitted", False, True),
        ("verified", False, True),
        ("withdrawn", False, False),
        ("withdrawn", True, False),
        ("rejected", False, "already-rejected"),
        ("verified", True, "list-is-final"),
        ("submitted", True, "list-is-final"),
    ],
)
def test_withdraw(status: ApplicationStatus, is_final: bool, outcome: bool | str) -> None:
    """An application is taken back once, until the final list; a rejected one not at all."""
    if isinstance(outcome, bool):
        assert withdraw(status, list_is_final=is_final) is outcome
    else:
        with pytest.raises(Refusal) as refused:
            withdraw(status, list_is_final=is_final)
        assert refused.value.code == outcome
