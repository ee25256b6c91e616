"""Pass rates by kind of need, as a regulator asks for them: with intervals, and without any group
so small that it tells of a person.

Tested is whoever has a whole result or was disqualified; not who was absent, withdrew, was rejected
or still waits. Nobody is left out of the groups: what is hidden would follow from the total. Small
groups go into one, and where that is small too, the next larger joins it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from shared.policies import Codes

LEAST = 5
"""People in a group that is shown: a smaller one would tell of somebody."""

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Count:
    """Some kinds of need, over all their vacancies: who was tested, who met the thresholds, who
    came within the cut.
    """

    needs: tuple[str, ...]
    tested: int
    passed: int
    within: int

    def __add__(self, other: "Count") -> "Count":
        return Count(
            tuple(sorted({*self.needs, *other.needs})),
            self.tested + other.tested,
            self.passed + other.passed,
            self.within + other.within,
        )


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of those who were tested, and the share with its 95 % Wilson interval, decimals of
    four digits.
    """

    count: int
    share: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Group:
    """A kind of need, or several together that are too small alone."""

    needs: tuple[str, ...]
    tested: int
    passed: Rate
    within: Rate


def count(need: str, codes: Codes, lines: Mapping[str, int]) -> Count:
    """The count of a fixed list, out of its lines by code."""
    within = lines.get(codes.within, 0)
    passed = within + lines.get(codes.passed, 0)
    tested = passed + lines.get(codes.below, 0) + lines.get(codes.disqualified, 0)
    return Count((need,), tested, passed, within)


def groups(counts: Sequence[Count]) -> list[Group]:
    """What may be shown of counts by kind of need, the largest group first; nothing where all
    together are too few.
    """
    return [
        Group(
            each.needs,
            each.tested,
            _rate(each.passed, each.tested),
            _rate(each.within, each.tested),
        )
        for each in reversed(_merged(counts))
        if each.tested >= LEAST
    ]


def _merged(counts: Sequence[Count]) -> list[Count]:
    """By kind of need where it has enough people; from the smallest up, the others together.

    The smallest group comes first.
    """
    by_need: dict[tuple[str, ...], Count] = {}
    for each in counts:
        by_need[each.needs] = by_need[each.needs] + each if each.needs in by_need else each
    rest = _smallest_first(each for each in by_need.values() if each.tested)
    while (
        len(rest) > 1 and rest[0].tested < LEAST
    ):  # two that are enough together may be larger than the next, which is not
        rest = _smallest_first([rest[0] + rest[1], *rest[2:]])
    return rest


def _smallest_first(counts: Iterable[Count]) -> list[Count]:
    return sorted(counts, key=lambda each: (each.tested, each.needs))


def _rate(people: int, tested: int) -> Rate:
    # here: loading it would hold up the start of every process, and only this report needs it
    from scipy.stats import binomtest

    interval = binomtest(people, tested).proportion_ci(confidence_level=CONFIDENCE, method="wilson")
    share = (Decimal(people) / tested).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    return Rate(people, str(share), f"{interval.low:.4f}", f"{interval.high:.4f}")
