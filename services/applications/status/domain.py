"""What became of a candidate on the lists that ranking fixed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from services.applications.registration.domain import Status

Outcome = Literal["selected", "shortlisted", "not-passed"]


@dataclass(frozen=True, slots=True)
class Result:
    """A list's word on a candidate who passed it."""

    list: str
    selected: bool
    rank: int
    score: Decimal
    code: str
    at: datetime

    @property
    def outcome(self) -> Outcome:
        return "selected" if self.selected else "shortlisted"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a candidate is told of one list; `result` is none for who did not pass."""

    list: str
    outcome: Outcome
    at: datetime
    result: Result | None


def standings(
    status: Status, results: Sequence[Result], closed: Mapping[str, datetime]
) -> list[Standing]:
    """What to tell of each list, in order of time.

    Only who was verified can have failed to pass one.

    After a list that a candidate did not pass, later ones say nothing of them.
    """
    told = [Standing(each.list, each.outcome, each.at, each) for each in results]
    passed = {each.list for each in results}
    missed = sorted((at, list_) for list_, at in closed.items() if list_ not in passed)
    if status == "verified" and missed:
        at, list_ = missed[0]
        told.append(Standing(list_, "not-passed", at, None))
    return sorted(told, key=lambda each: (each.at, each.list))
