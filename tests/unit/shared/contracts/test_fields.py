"""Decimals in events: texts of digits in JSON, decimals in Python, never floats."""

from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.contracts.fields import Figure, Points

POINTS: TypeAdapter[Decimal] = TypeAdapter(Points)
FIGURE: TypeAdapter[Decimal] = TypeAdapter(Figure)


@pytest.mark.parametrize("text", ["0", "130", "82.5", "100.00", "999999999.999999"])
def test_points_are_read_and_written_to_the_digit(text: str) -> None:
    """The value and its zeros come through as they were stated."""
    value = POINTS.validate_json(f'"{text}"')
    assert (str(value), POINTS.dump_json(value)) == (text, f'"{text}"'.encode())
    assert POINTS.dump_python(value) is value


@pytest.mark.parametrize(
    "json",
    ["130", "82.5", '"1e2"', '" 5"', '"-5"', '"+5"', '"1_0"', '"NaN"', '"5."', '"0.1234567"', '""'],
)
def test_what_is_no_text_of_digits_is_no_event(json: str) -> None:
    """As the published schema says it."""
    with pytest.raises(ValidationError):
        POINTS.validate_json(json)


def test_in_python_they_are_decimals_within_bounds() -> None:
    """What a service states is checked where it is made."""
    assert POINTS.validate_python(Decimal("82.5")) == Decimal("82.5")
    for wrong in (Decimal(-1), Decimal("0.1234567"), Decimal("NaN")):
        with pytest.raises(ValidationError):
            POINTS.validate_python(wrong)


def test_a_figure_may_be_below_nothing() -> None:
    """Differences are figures too."""
    assert FIGURE.validate_json('"-0.5"') == Decimal("-0.5")
