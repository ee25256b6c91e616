"""Points are exact decimals, and the policy says which are right."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.exams.scores.domain.points import WrittenPoints, points_refusal
from tests.unit.services.exams.examples import POLICY

READ: TypeAdapter[Decimal] = TypeAdapter(WrittenPoints)


@given(st.decimals(min_value=0, max_value=999_999, places=6, allow_nan=False, allow_infinity=False))
def test_written_points_are_exact(value: Decimal) -> None:
    """What is written in digits is read as just that number, and told without an exponent or zeros
    at its end.
    """
    read = READ.validate_python(f"{value:f}")
    assert read == value
    told = str(read)
    assert "E" not in told
    assert "." not in told or not told.endswith("0")


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()))
def test_nothing_else_is_points(value: object) -> None:
    """Whatever is no text of ASCII digits with at most one point inside is refused."""
    plain = isinstance(value, str) and value.isascii() and value.replace(".", "", 1).isdigit()
    if not plain:
        with pytest.raises(ValidationError):
            READ.validate_python(value)


@pytest.mark.parametrize(
    ("given_", "components"),
    [
        ({"TWK": "150", "TIU": "175", "TKP": "225"}, []),
        ({"TWK": "0", "TIU": "0", "TKP": "0"}, []),
        ({"TWK": "155", "TIU": "3", "TKP": "225.5"}, ["TWK", "TIU", "TKP"]),
        ({"TWK": "150", "SKB": "1"}, ["SKB", "TIU", "TKP"]),
    ],
)
def test_points_of_a_stage(given_: dict[str, str], components: list[str]) -> None:
    """A refusal has a fault for each component that is wrong, missing or unknown."""
    refusal = points_refusal(
        POLICY, "skd", {component: Decimal(value) for component, value in given_.items()}, "UMUM"
    )
    found = [error["field"] for error in refusal.errors] if refusal else []
    assert found == [f"points.{component}" for component in components]
