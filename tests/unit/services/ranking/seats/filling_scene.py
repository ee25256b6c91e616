"""Vacancies and candidates of a filling, by number."""

from typing import Any

from services.ranking.seats.domain.candidates import RankedCandidate
from services.ranking.seats.domain.rules import ClosedVacancy, SeatRules
from shared.policies import load

CPNS = load("national-cpns-2024")
RULES = SeatRules(CPNS.seat_moves, (), "L")


def vacancy(
    number: int, *, seats: int = 1, need: str = "UMUM", unit: str = "kasemen", **other: object
) -> ClosedVacancy:
    """A vacancy of Kota Serang; with what `other` says instead."""
    known: dict[str, Any] = {
        "agency": "Kota Serang",
        "post": "PENATA LAYANAN",
        "education": frozenset({("S-1", "HUKUM")}),
    }
    return ClosedVacancy(
        vacancy_id=f"v{number}",
        number=number,
        seats=seats,
        need=need,
        unit_id=unit,
        **(known | other),
    )


def person(
    number: int,
    candidate: int,
    place: int,
    *,
    selected: bool = False,
    meets: tuple[str, ...] = ("UMUM",),
) -> RankedCandidate:
    """A candidate of that vacancy, in the same place under the rules of every kind of need."""
    places = dict.fromkeys(CPNS.needs, place)
    return RankedCandidate(
        f"v{number}", f"{number:04d}-{candidate:06d}", place, selected, places, frozenset(meets)
    )
