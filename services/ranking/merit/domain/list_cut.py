"""The cut of a list: who goes on, the result codes, and the list's figures and digest."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Self

from services.ranking.merit.domain.list_lines import ListLine
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.score import decimal_text
from services.ranking.merit.domain.standing import Gate

WAIT = "WAIT"
"""Code of a candidate who has no result yet; no policy's code."""

UNDECIDED = "UNDECIDED"
"""Code of those who are equal in everything at the last seat.

The machine does not choose between people."""

FIRST_LINES = 10


@dataclass(frozen=True, slots=True)
class ListCut:
    """How many of a vacancy's ranked candidates go on, and what their codes are called.

    `limit`: None where the policy cuts nobody. `officer_decides`: an officer chooses among equals
    of whom only some fit; else all of them are admitted.
    """

    limit: int | None
    officer_decides: bool
    rules: ListRules

    @classmethod
    def of(cls, rules: ListRules, seats: int) -> Self:
        """The cut of a list for a vacancy with so many seats."""
        cut = rules.cut
        if cut is None:
            return cls(None, False, rules)
        return cls(cut.multiple * seats, cut.equals_at_the_limit == "officer-decides", rules)

    def code(self, gate: Gate, rank: int | None, equals: int) -> str:
        """The result code of a line.

        Equals share a rank, so a rank within the limit admits all of them, unless an officer has
        to choose among them. What is published is `ListRules.published_code` of it.
        """
        codes = self.rules.codes
        if rank is None:
            return {
                Gate.BELOW: codes.below,
                Gate.ABSENT: codes.absent,
                Gate.DISQUALIFIED: codes.disqualified,
                Gate.WITHDRAWN: codes.withdrawn,
                Gate.REJECTED: codes.rejected,
            }.get(gate, WAIT)
        if self.limit is None or rank + equals - 1 <= self.limit:
            return codes.within
        if rank > self.limit:
            return codes.passed
        return UNDECIDED if self.officer_decides else codes.within


@dataclass(slots=True)
class ListSummary:
    """A list's figures and digest, from its lines in order of participant number.

    `codes` counts the list's own codes, without those of priority groups. `within`: how many the
    cut admits. `cut_score`: the lowest score among them, in units of the list's last digit; None
    where it admits nobody. `first`: the lines of the first places.
    """

    cut: ListCut
    candidates: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    within: int = 0
    cut_score: int | None = None
    first: list[ListLine] = field(default_factory=list)
    _digest: Any = field(default_factory=sha256)

    def add(self, lines: Iterable[ListLine]) -> None:
        """Adds the next lines."""
        rules, codes = self.cut.rules, self.cut.rules.codes
        for line in lines:
            code = self.cut.code(line.gate, line.rank, line.equals)
            self.candidates += 1
            self.codes[code] += 1
            if code == codes.within and line.score is not None:
                self.within += 1
                self.cut_score = (
                    line.score if self.cut_score is None else min(self.cut_score, line.score)
                )
            if line.rank is not None and line.place <= FIRST_LINES:
                self.first.append(line)
            score = "" if line.score is None else decimal_text(line.score, rules.decimals)
            published = rules.published_code(code, line.priority)
            text = f"{line.participant_no},{line.rank or ''},{score},{published}\n"
            self._digest.update(text.encode())

    @property
    def limit(self) -> int:
        """How many may go on; all, where the policy cuts nobody."""
        return self.candidates if self.cut.limit is None else self.cut.limit

    @property
    def digest(self) -> str:
        """SHA-256 of all lines in hexadecimal, as StandingsRecomputed defines it."""
        return str(self._digest.hexdigest())
