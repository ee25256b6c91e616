"""What is known of a candidate: results by stage, personal facts, decisions of officers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import IntEnum

Points = Decimal | str
"""Points as they were stated; digits in a text count like the decimal."""


class Outcome(IntEnum):
    """How a stage ended for a candidate."""

    SCORED = 0
    MISSED = 1
    DISQUALIFIED = 2


# Not frozen, for speed: one of each is made for every candidate of a million, and a frozen
# dataclass takes four times as long to make. Nothing changes them afterwards.
@dataclass(slots=True)
class StageResult:
    """A candidate's newest result in a stage; `points` by component, empty unless scored."""

    outcome: Outcome
    points: Mapping[str, Points]


@dataclass(slots=True)
class Candidate:
    """All that is known of a candidate.

    `verified`: true for MS, false for TMS, None while undecided. `results` by stage code.
    `admitted_by`: codes of the lists that admitted the candidate. `decided`: by list code, the
    place that an officer gave among equals, from 1. `education` and `priority` as they were stated:
    a code or a label of the policy; any other text counts as unknown.
    """

    participant_no: str
    verified: bool | None = None
    withdrawn: bool = False
    results: Mapping[str, StageResult] = field(default_factory=dict)
    gpa: Decimal | None = None
    birth_date: date | None = None
    relevant_experience_months: int | None = None
    admitted_by: frozenset[str] = frozenset()
    decided: Mapping[str, int] = field(default_factory=dict)
    education: str | None = None
    priority: str | None = None
