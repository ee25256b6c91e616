"""A sitting is closed once nobody who should have a result waits for one."""

import pytest

from services.exams.scores.domain.closing import VacancyProgress, closing_refusal
from tests.unit.services.exams.examples import code, sitting


def vacancy(
    *, admitted: int = 3, waiting: int = 0, shortlisted: int | None = 3, vacancy_id: str = "nurse"
) -> VacancyProgress:
    """A vacancy with `waiting` of its candidates without a result."""
    first = [f"0001-{number:06}" for number in range(min(waiting, 5))]
    return VacancyProgress(
        vacancy_id, admitted - waiting, 0, 0, admitted, waiting, first, shortlisted
    )


@pytest.mark.parametrize(
    ("stage", "progress", "expected"),
    [
        ("skd", vacancy(shortlisted=None), None),
        ("skb", vacancy(), None),
        ("skb", vacancy(shortlisted=None), "shortlist-incomplete"),
        ("skb", vacancy(shortlisted=4), "shortlist-incomplete"),
        ("skb", vacancy(shortlisted=4, waiting=1), "shortlist-incomplete"),
        ("skb", vacancy(waiting=1), "results-missing"),
        ("skd", vacancy(waiting=1), "results-missing"),
    ],
)
def test_when_a_sitting_closes(stage: str, progress: VacancyProgress, expected: str | None) -> None:
    """No one waits, and at a later stage the whole shortlist is known: that is said first."""
    assert code(closing_refusal(sitting(stage), [progress])) == expected


def test_who_still_waits() -> None:
    """The refusal counts all who wait and names the first of each vacancy."""
    vacancies = [vacancy(), vacancy(vacancy_id="midwife", admitted=9, waiting=7, shortlisted=9)]
    refusal = closing_refusal(sitting("skb"), vacancies)
    assert refusal is not None
    assert refusal.facts == {"count": 7, "vacancies": 1}
    reason = "7: 0001-000000, 0001-000001, 0001-000002, 0001-000003, 0001-000004 …"
    assert refusal.errors == [{"about": "midwife", "reason": reason}]
