"""Numbers in the parts of a score are written as they are."""

from fractions import Fraction

from services.ranking.explanation.domain.score_parts import written


def test_numbers_are_exact_or_say_that_they_go_on() -> None:
    """No digit is made up: an endless fraction ends with a sign that it does not."""
    assert [written(Fraction(*pair)) for pair in [(400, 1), (1, 8), (800, 11), (3, 2500)]] == [
        "400",
        "0.125",
        "72.727272…",
        "0.0012",
    ]
