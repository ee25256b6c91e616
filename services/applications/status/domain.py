"""What became of a candidate on the lists that ranking fixed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from services.applications.registration.domain import ApplicationStatus

ListOutcome = Literal["selected", "shortlisted", "not-passed"]


@dataclass(frozen=True, slots=True)
class PassedList:
    """What a list says of a candidate who passed it."""

    list: str
    selected: bool
    rank: int
    score: Decimal
    code: str
    at: datetime

    @property
    def outcome(self) -> ListOutcome:
        return "selected" if self.selected else "shortlisted"


@dataclass(frozen=True, slots=True)
class ListStatus:
    """What a candidate is told of one list; `result` is none for who did not pass."""

    list: str
    outcome: ListOutcome
    at: datetime
    result: PassedList | None


def list_statuses(
    status: ApplicationStatus, results: Sequence[PassedList], closed: Mapping[str, datetime]
) -> list[ListStatus]:
    """What to tell of each list, in order of time.

    Only who was verified can have failed to pass a list. After it, later lists say nothing.
    """
    told = [ListStatus(passed.list, passed.outcome, passed.at, passed) for passed in results]
    passed = {result.list for result in results}
    missed = sorted((at, list_) for list_, at in closed.items() if list_ not in passed)
    if status == "verified" and missed:
        at, list_ = missed[0]
        told.append(ListStatus(list_, "not-passed", at, None))
    return sorted(told, key=lambda list_status: (list_status.at, list_status.list))
