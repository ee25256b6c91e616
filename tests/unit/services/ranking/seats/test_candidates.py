"""In which places candidates stand under the rules of each kind of need."""

from decimal import Decimal
from typing import Any

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.seats.domain.candidates import RankedLine, rank_in_pools
from tests.unit.services.ranking.seats.filling_scene import CPNS, vacancy


def test_places_are_by_the_receiving_list_and_grades_by_the_policy() -> None:
    """Final scores order all of a pool; equals share a place.

    GPA and age decide where the list's ties say so. An older birth date is no passing grade.
    Whoever lacks points has no place.
    """

    def listed(number: int, tkp: str, skb: str | None, **facts: Any) -> RankedLine:
        results = {
            "skd": StageResult(Outcome.SCORED, {"TWK": "65", "TIU": "85", "TKP": tkp}),
            "skb": StageResult(Outcome.SCORED, {"SKB": skb} if skb else {}),
        }
        candidate = Candidate(
            f"0001-{number:06d}", True, results=results, admitted_by=frozenset({"skd"}), **facts
        )
        return RankedLine("v1", number, False, candidate)

    vacancies = [vacancy(1, need="CUMLAUDE"), vacancy(2)]
    lines = [
        listed(1, "166", "80"),
        listed(2, "170", "80"),
        listed(3, "166", "80"),
        listed(4, "165", "99"),
        listed(5, "166", "80", gpa=Decimal("3.5")),
        listed(6, "170", None),
    ]
    found = {
        int(candidate.participant_no[-1]): candidate
        for candidate in rank_in_pools(CPNS, "5e" * 32, vacancies, {"v1": 0, "v2": 0}, lines)
    }
    assert {number: candidate.places.get("UMUM") for number, candidate in found.items()} == {
        4: 1,
        2: 2,
        5: 3,
        1: 4,
        3: 4,
        6: None,
    }
    assert all(
        candidate.places.get("CUMLAUDE") == candidate.places.get("UMUM")
        for candidate in found.values()
    )
    assert [number for number, candidate in found.items() if "UMUM" not in candidate.meets] == [4]
