"""Units as an officer's file lists them."""

from hypothesis import given
from hypothesis import strategies as st

from services.applications.vacancies.domain.units import path_key


@given(st.text(alphabet="Ab | \t", max_size=30))
def test_path_key(path: str) -> None:
    """Case and surplus blanks of a path don't count."""
    assert path_key(path) == path_key(f"  {path.upper()} ".replace(" ", "   "))
    assert path_key(path_key(path)) == path_key(path)
    assert path_key(path).count("|") == path.count("|")
