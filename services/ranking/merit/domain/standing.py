"""What a list's rules say of one candidate: the gate, the score, the merit key."""

from dataclasses import dataclass
from enum import IntEnum

from shared.policies import MAX_UNITS


class Gate(IntEnum):
    """Whether a candidate is ranked on a list, or why not.

    Lines are shown in this order: the ranked first, then who is out, then who still waits.
    """

    RANKED = 0
    BELOW = 1
    ABSENT = 2
    DISQUALIFIED = 3
    WITHDRAWN = 4
    REJECTED = 5
    WAITING = 6


# Not frozen, for speed: see candidate.py.
@dataclass(slots=True)
class CandidateStanding:
    """Gate, score and merit key of a candidate on a list.

    `score`: in units of the list's last digit, None unless ranked. `priority`: how many priority
    groups come after the candidate's own, where being in none counts as the last group; 0 where
    the list does not rank by priority groups.
    """

    gate: Gate
    score: int | None
    merit_key: bytes
    priority: int = 0

    @property
    def combined_score(self) -> int | None:
        """Priority group and score in one number that orders like both; None unless ranked.

        The tables `standing` and `tally` hold it in their column `score`.
        """
        return None if self.score is None else self.priority * MAX_UNITS + self.score


def score_and_priority(combined_score: int) -> tuple[int, int]:
    """The score and the priority that a combined score is made of."""
    priority, score = divmod(combined_score, MAX_UNITS)
    return score, priority


def not_ranked(gate: Gate, participant_no: str) -> CandidateStanding:
    """The standing of a candidate whom a gate keeps out; the key orders by participant number."""
    return CandidateStanding(gate, None, bytes((gate,)) + participant_no.encode())
