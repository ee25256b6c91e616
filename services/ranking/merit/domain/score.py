"""A list's score in integer units, out of a row of points; rounding is half-up.

The functions of a row take columns of integers in the place of integers too: of any kind that has
`+ - * //`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from services.ranking.merit.domain.points_row import PointsRow, terms_of
from shared.policies import List


def half_up(numerator: int, denominator: int) -> int:
    """numerator ÷ denominator, neither negative, to the nearest integer; a half goes up."""
    return (2 * numerator + denominator) // (2 * denominator)


def decimal_text(units: int, decimals: int) -> str:
    """Units of 10^-decimals as a decimal: 77120 and 3 give 77.120."""
    if not decimals:
        return str(units)
    whole, part = divmod(units, 10**decimals)
    return f"{whole}.{part:0{decimals}d}"


@dataclass(frozen=True, slots=True)
class ScoreFormula:
    """How a score is computed.

    `score`: from a row of units to the score in units of the list's last digit. `greatest`: from
    the highest row to the greatest number that occurs on the way to its score.
    """

    score: Callable[[Sequence[Any]], Any]
    greatest: Callable[[Sequence[int]], int]


@dataclass(frozen=True, slots=True)
class _ExactTerm:
    """A column's part in the score: units × `divided`, then × `weight`."""

    column: int
    divided: Fraction
    weight: Fraction


def score_formula(listed: List, need: str, row: PointsRow) -> ScoreFormula:
    """The formula of a list for one kind of need; terms that the row does not have are left out."""
    terms = []
    for term in terms_of(listed, need):
        code = term.component or term.stage
        if code in row.at:
            divided = Fraction(10**listed.score.decimals) / row.scale[code] / Fraction(term.divisor)
            terms.append(_ExactTerm(row.at[code], divided, Fraction(term.weight) / 100))
    match terms:
        case [_ExactTerm(column, divided, weight)] if divided == weight == 1:
            return ScoreFormula(lambda row: row[column], lambda most: most[column])
    if listed.score.rounding == "each-step":
        return _rounded_at_each_step(terms)
    return _rounded_at_the_end(terms)


def _rounded_at_each_step(terms: Sequence[_ExactTerm]) -> ScoreFormula:
    """`half_up` after the division and after the weight, its doubling done beforehand."""
    steps = [
        (
            term.column,
            2 * term.divided.numerator,
            term.divided.denominator,
            2 * term.weight.numerator,
            term.weight.denominator,
        )
        for term in terms
    ]

    def score(row: Sequence[Any]) -> Any:
        total = 0
        for column, times, by, weight, parts in steps:
            total += (weight * ((times * row[column] + by) // (2 * by)) + parts) // (2 * parts)
        return total

    def greatest(most: Sequence[int]) -> int:
        divisions = [times * most[column] + by for column, times, by, _, _ in steps]
        weightings = [
            weight * (times * most[column] // by + 1) + parts
            for column, times, by, weight, parts in steps
        ]
        return int(max([0, *divisions, *weightings]))

    return ScoreFormula(score, greatest)


def _rounded_at_the_end(terms: Sequence[_ExactTerm]) -> ScoreFormula:
    """The exact sum over the terms' common denominator, rounded once."""
    parts = lcm(*((term.divided * term.weight).denominator for term in terms))
    shares = [(term.column, int(term.divided * term.weight * parts)) for term in terms]

    def score(row: Sequence[Any]) -> Any:
        whole = sum(row[column] * share for column, share in shares)
        return (2 * whole + parts) // (2 * parts)

    def greatest(most: Sequence[int]) -> int:
        return 2 * sum(most[column] * share for column, share in shares) + parts

    return ScoreFormula(score, greatest)
