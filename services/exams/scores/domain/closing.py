"""Whether a sitting can be closed: nobody who should have a result still waits for one."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.exams.sittings.domain import VERIFIED, Sitting
from shared.refusals import Refusal

MOST_LISTS_NAMED = 10
"""Vacancies with an incomplete shortlist that a refusal names; it counts all of them."""

MOST_VACANCIES_NAMED = 100
"""Vacancies with missing results that a refusal names; it counts all of them."""


@dataclass(frozen=True, slots=True)
class VacancyProgress:
    """How far one vacancy of a sitting is, in candidates.

    `scored`, `missed` and `disqualified` are the newest results, recorded in this sitting. Of all
    who are `admitted` to the stage, those `waiting` have no result in any sitting and did not
    withdraw; `first_waiting` are the lowest five of their numbers. `shortlisted` is the count that
    the list before stated, none while it isn't closed.
    """

    vacancy_id: str
    scored: int
    missed: int
    disqualified: int
    admitted: int
    waiting: int
    first_waiting: list[str]
    shortlisted: int | None


def closing_refusal(sitting: Sitting, vacancies: Sequence[VacancyProgress]) -> Refusal | None:
    """Why the sitting can't be closed; none where it can.

    `shortlist-incomplete` while the list before is not closed or not all whom it admits are known;
    `results-missing` while admitted candidates have no result.
    """
    return _shortlist_refusal(sitting, vacancies) or _results_refusal(vacancies)


def _shortlist_refusal(sitting: Sitting, vacancies: Sequence[VacancyProgress]) -> Refusal | None:
    if sitting.basis == VERIFIED:
        return None  # nobody states how many are verified; a later one needs another sitting
    incomplete = [
        vacancy.vacancy_id
        for vacancy in vacancies
        if vacancy.shortlisted is None or vacancy.admitted < vacancy.shortlisted
    ]
    if not incomplete:
        return None
    first = ", ".join(incomplete[:MOST_LISTS_NAMED])
    return Refusal("shortlist-incomplete", list=sitting.basis, count=len(incomplete), first=first)


def _results_refusal(vacancies: Sequence[VacancyProgress]) -> Refusal | None:
    missing = [vacancy for vacancy in vacancies if vacancy.waiting]
    if not missing:
        return None
    errors: list[dict[str, object]] = [
        {"about": vacancy.vacancy_id, "reason": _who_waits(vacancy)}
        for vacancy in missing[:MOST_VACANCIES_NAMED]
    ]
    count = sum(vacancy.waiting for vacancy in missing)
    return Refusal("results-missing", count=count, vacancies=len(missing), errors=errors)


def _who_waits(vacancy: VacancyProgress) -> str:
    more = " …" if vacancy.waiting > len(vacancy.first_waiting) else ""
    return f"{vacancy.waiting}: {', '.join(vacancy.first_waiting)}{more}"
