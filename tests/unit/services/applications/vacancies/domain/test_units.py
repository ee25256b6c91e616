"""Units as an officer's file lists them."""

from hypothesis import given
from hypothesis import strategies as st

from services.applications.vacancies.domain.units import (
    RegisteredUnit,
    UnitRow,
    changed,
    faults,
    path_key,
)


@given(st.text(alphabet="Ab | \t", max_size=30))
def test_path_key(path: str) -> None:
    """Case and surplus blanks of a path don't count."""
    assert path_key(path) == path_key(f"  {path.upper()} ".replace(" ", "   "))
    assert path_key(path_key(path)) == path_key(path)
    assert path_key(path).count("|") == path.count("|")


def test_changed_units() -> None:
    """A unit counts as changed by its path or staff; surplus blanks are no change."""
    known = {"U-1": RegisteredUnit("U-1", "A | B", 1), "U-2": RegisteredUnit("U-2", "A | C", 1)}
    rows = [
        UnitRow(unit_id="U-1", path="A  |  B", staff=1),
        UnitRow(unit_id="U-2", path="A | C", staff=2),
        UnitRow(unit_id="U-3", path="A | D", staff=0),
    ]
    assert [unit.unit_id for unit in changed(rows, known)] == ["U-2", "U-3"]


def test_a_path_may_move_within_a_file() -> None:
    """A path is taken only by a unit that the file leaves as it is."""
    known = [RegisteredUnit("U-1", "A", 1)]
    moves = [
        (2, UnitRow(unit_id="U-2", path="a", staff=1)),
        (3, UnitRow(unit_id="U-1", path="B", staff=1)),
    ]
    assert faults(moves, known) == []
    assert [fault["line"] for fault in faults(moves[:1], known)] == [2]
