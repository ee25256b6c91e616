"""How a score comes about: the engine's own arithmetic, step by step."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from services.ranking.merit.domain.score import decimal_text, half_up
from shared.policies import List

DIGITS_OF_A_FRACTION = 6
"""Shown of a number without end, before `…`."""


@dataclass(frozen=True, slots=True)
class ScorePart:
    """A part of the score: points, divided, then weighted.

    `of`: a stage (its total), or a component. `divided` and `weighted` are the numbers that the
    calculation goes on with; `rounded`: one of them was rounded.
    """

    of: str
    points: str
    divisor: str
    divided: str
    weight: str
    weighted: str
    rounded: bool


def score_parts(
    policy_list: List, need: str, counted: Mapping[str, Decimal]
) -> Iterator[ScorePart]:
    """The parts of a score for that kind of need, out of the points by component and by stage."""
    for term in policy_list.score.terms:
        name = term.component or term.stage
        if (term.needs and need not in term.needs) or name not in counted:
            continue
        exact = Fraction(counted[name]) / Fraction(term.divisor)
        divided = _rounded(policy_list, exact)
        full = divided * Fraction(term.weight) / 100
        weighted = _rounded(policy_list, full)
        yield ScorePart(
            of=name,
            points=plain(counted[name]),
            divisor=plain(term.divisor),
            divided=written(divided),
            weight=plain(term.weight),
            weighted=written(weighted),
            rounded=(divided, weighted) != (exact, full),
        )


def _rounded(policy_list: List, value: Fraction) -> Fraction:
    """The value that the calculation goes on with: rounded where the list rounds at each step."""
    if policy_list.score.rounding != "each-step":
        return value
    unit = 10**policy_list.score.decimals
    return Fraction(half_up(value.numerator * unit, value.denominator), unit)


def plain(value: Decimal) -> str:
    """A decimal without zeros at its end and without an exponent: 5.50 is 5.5, 1E+2 is 100."""
    return f"{value.normalize():f}"


def written(value: Fraction) -> str:
    """A number as a decimal: all of it where it ends, else its first digits and `…`."""
    decimals = _decimals(value.denominator)
    if decimals is None:
        units = value.numerator * 10**DIGITS_OF_A_FRACTION // value.denominator
        return decimal_text(units, DIGITS_OF_A_FRACTION) + "…"
    return decimal_text(value.numerator * 10**decimals // value.denominator, decimals)


def _decimals(denominator: int) -> int | None:
    """How many digits follow the point, or none where they have no end.

    They end where the denominator, in lowest terms, has no prime factors but 2 and 5.
    """
    decimals = 0
    for prime in (2, 5):
        times = 0
        while denominator % prime == 0:
            denominator //= prime
            times += 1
        decimals = max(decimals, times)
    return decimals if denominator == 1 else None
