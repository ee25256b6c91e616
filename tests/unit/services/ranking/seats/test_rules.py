"""Between which vacancies people may move."""

from services.ranking.seats.domain.rules import SeatRules
from tests.unit.services.ranking.seats.filling_scene import RULES, vacancy


def test_pools_part_what_moves_never_join() -> None:
    """Vacancies of one agency and post share a pool, whatever unit, need and education.

    Others have their own.
    """
    vacancies = [
        vacancy(1),
        vacancy(2, unit="medan"),
        vacancy(3, post="PERAWAT"),
        vacancy(4, need="PAPUA", unit="jambi"),
    ]
    assert RULES.pools([*vacancies, vacancy(5, post="perawat", unit="x")]) == {
        "v1": 0,
        "v2": 0,
        "v3": 2,
        "v4": 0,
        "v5": 2,
    }
    assert SeatRules((), (), "L").pools(vacancies) == {"v1": 0, "v2": 1, "v3": 2, "v4": 3}
