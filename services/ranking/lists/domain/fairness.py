"""Pass rates by kind of need, with intervals, and no group so small that it tells of a person.

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
class NeedCount:
    """Some kinds of need, over all their vacancies.

    Who was tested, who met the thresholds, who came within the cut.
    """

    needs: tuple[str, ...]
    tested: int
    passed: int
    within: int

    def __add__(self, other: "NeedCount") -> "NeedCount":
        return NeedCount(
            tuple(sorted({*self.needs, *other.needs})),
            self.tested + other.tested,
            self.passed + other.passed,
            self.within + other.within,
        )


@dataclass(frozen=True, slots=True)
class PassRate:
    """How many of those who were tested, and their share with its 95 % Wilson interval.

    The share and the interval's ends are decimals of four digits.
    """

    count: int
    share: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class NeedGroup:
    """A kind of need, or several together that are too small alone."""

    needs: tuple[str, ...]
    tested: int
    passed: PassRate
    within: PassRate


def count_need(need: str, codes: Codes, lines: Mapping[str, int]) -> NeedCount:
    """The count of a fixed list, out of the numbers of its lines by code."""
    within = lines.get(codes.within, 0)
    passed = within + lines.get(codes.passed, 0)
    tested = passed + lines.get(codes.below, 0) + lines.get(codes.disqualified, 0)
    return NeedCount((need,), tested, passed, within)


def shown_groups(counts: Sequence[NeedCount]) -> list[NeedGroup]:
    """What may be shown, the largest group first; nothing where all together are too few."""
    return [
        NeedGroup(
            count.needs,
            count.tested,
            _rate(count.passed, count.tested),
            _rate(count.within, count.tested),
        )
        for count in reversed(_merged(counts))
        if count.tested >= LEAST
    ]


def _merged(counts: Sequence[NeedCount]) -> list[NeedCount]:
    """By kind of need where it has enough people; from the smallest up, the others together.

    The smallest group comes first.
    """
    by_need: dict[tuple[str, ...], NeedCount] = {}
    for count in counts:
        known = by_need.get(count.needs)
        by_need[count.needs] = count if known is None else known + count
    rest = _smallest_first(count for count in by_need.values() if count.tested)
    # two that are enough together may be larger than the next, which is not
    while len(rest) > 1 and rest[0].tested < LEAST:
        rest = _smallest_first([rest[0] + rest[1], *rest[2:]])
    return rest


def _smallest_first(counts: Iterable[NeedCount]) -> list[NeedCount]:
    return sorted(counts, key=lambda count: (count.tested, count.needs))


def _rate(people: int, tested: int) -> PassRate:
    # here: loading it would hold up the start of every process, and only this report needs it
    from scipy.stats import binomtest

    interval = binomtest(people, tested).proportion_ci(confidence_level=CONFIDENCE, method="wilson")
    share = (Decimal(people) / tested).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    return PassRate(people, str(share), f"{interval.low:.4f}", f"{interval.high:.4f}")
