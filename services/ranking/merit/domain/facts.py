"""Personal facts as integers in their order, as ties, evidence and bonuses compare them."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import takewhile
from math import ceil

from services.ranking.merit.domain.candidate import Candidate
from shared.policies import FACTS, Policy, Tie

FactValue = Callable[[Candidate], int | None]
"""A fact of a candidate as an integer that grows with it; None where unknown."""

FACT_BYTES = 6
FACT_FIELD_BYTES = 1 + FACT_BYTES
UNKNOWN_FACT: int = 256**FACT_BYTES
MOST_FACT: int = 256**FACT_BYTES - 1
"""Holds a mark of six digits before and after the point (contracts' Points), a day's number, a
count of months. Unknown comes after all of these."""


def ties_before_facts(ties: Sequence[Tie]) -> tuple[Tie, ...]:
    """The ties by points that come before the first by a personal fact."""
    return tuple(takewhile(lambda tie: tie.by not in FACTS, ties))


class FactOrder:
    """Reads a candidate's facts as integers, under a policy's education levels and groups."""

    def __init__(self, policy: Policy) -> None:
        self._education = _ordinals(
            policy.education_code, [level.code for level in policy.education]
        )
        self._priority = _ordinals(
            policy.priority_code, [group.code for group in reversed(policy.priority_groups)]
        )
        self._threshold = policy.value_of_fact

    def education(self, candidate: Candidate) -> int | None:
        """The level of education, counted from the lowest, from 1."""
        return None if candidate.education is None else self._education(candidate.education)

    def priority(self, candidate: Candidate) -> int | None:
        """The priority group, counted from the last, from 1."""
        return None if candidate.priority is None else self._priority(candidate.priority)

    def value_of(self, fact: str) -> FactValue:
        """The function that reads this fact."""
        of_policy = {"education": self.education, "priority": self.priority}
        return of_policy.get(fact) or _SAME_IN_EVERY_POLICY[fact]

    def least(self, fact: str, at_least: str) -> int:
        """The lowest integer of this fact that meets a policy's minimum.

        Raises ValueError where the minimum is no value of the fact.
        """
        found = self._threshold(fact, at_least)
        if found is None:
            raise ValueError(f"{at_least} is no value of {fact}")
        if fact in {"education", "priority"}:
            return int(found) + 1
        return ceil(found * (10**6 if fact == "gpa" else 1))


def _ordinals(
    code_of: Callable[[str], str | None], codes: list[str]
) -> Callable[[str], int | None]:
    """A function from a stated text to its code's place among the codes, from 1."""

    @lru_cache(maxsize=4096)
    def ordinal(text: str) -> int | None:
        code = code_of(text)
        return None if code is None else codes.index(code) + 1

    return ordinal


@lru_cache(maxsize=4096)
def _millionths(mark: Decimal) -> int:
    return int(mark * 10**6)


def _gpa(candidate: Candidate) -> int | None:
    return None if candidate.gpa is None else _millionths(candidate.gpa)


def _birth_date(candidate: Candidate) -> int | None:
    return None if candidate.birth_date is None else candidate.birth_date.toordinal()


def _relevant_experience_months(candidate: Candidate) -> int | None:
    months = candidate.relevant_experience_months
    return None if months is None else min(months, MOST_FACT)


_SAME_IN_EVERY_POLICY: dict[str, FactValue] = {
    "gpa": _gpa,
    "birth_date": _birth_date,
    "relevant_experience_months": _relevant_experience_months,
}
