"""The lines of a list: ranks that equals share, codes by the cut, and the digest of them all."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple, Self

from services.ranking.merit.domain.merit import Gate, ListRules, digits, score_and_priority

WAIT = "WAIT"
"""Of a candidate who has no result yet; no policy's code."""

UNDECIDED = "UNDECIDED"
"""Of those who are equal in everything at the last seat: the machine does not choose between
people."""

FIRST_LINES = 10


class Row(NamedTuple):
    """A candidate among the others: `place` counts lines from 1, `worth` is score and priority
    group in one, `shared` is the rank of the `alike` whom worth and ties don't tell apart,
    `decided` for how many of them an officer gave a place.
    """

    place: int
    participant_no: str
    gate: Gate
    worth: int | None
    shared: int
    alike: int
    decided: int


class Line(NamedTuple):
    """A candidate's line.

    `place` counts lines from 1, `rank` is shared by the `equals` who are equal in score and every
    tie; no rank, no score. `priority` as in merit.Standing. `decided`: an officer gave the rank
    among people who are alike.
    """

    place: int
    participant_no: str
    gate: Gate
    rank: int | None
    equals: int
    score: int | None
    priority: int = 0
    decided: bool = False


def line(row: Row) -> Line:
    """The line of a row.

    Where an officer gave a place to each of those who are alike, the places are their ranks; else
    they share the first.
    """
    if row.gate is not Gate.RANKED or row.worth is None:
        return Line(row.place, row.participant_no, row.gate, None, 1, None)
    told_apart = row.decided == row.alike
    rank, equals = (row.place, 1) if told_apart else (row.shared, row.alike)
    score = score_and_priority(row.worth)
    return Line(
        row.place, row.participant_no, row.gate, rank, equals, *score, told_apart and row.alike > 1
    )


@dataclass(frozen=True, slots=True)
class ListCut:
    """How many of a vacancy's ranked candidates go on, and what their codes are called."""

    limit: int | None
    officer_decides: bool
    one: ListRules

    @classmethod
    def of(cls, rules: ListRules, seats: int) -> Self:
        cut = rules.cut
        if cut is None:
            return cls(None, False, rules)
        return cls(cut.multiple * seats, cut.equals_at_the_limit == "officer-decides", rules)

    def code(self, gate: Gate, rank: int | None, equals: int) -> str:
        """The outcome of a line, as the list's code for it.

        Ranks are shared, so a rank within the limit admits all its equals, unless an officer has to
        choose among them. What is published is `ListRules.shown` of it.
        """
        codes = self.one.codes
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
class Summary:
    """A list told in figures, gathered line by line; lines come in order of participant number.

    `codes` counts the list's own codes, whatever priority groups add to them.
    """

    cut: ListCut
    candidates: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    within: int = 0
    cut_score: int | None = None
    first: list[Line] = field(default_factory=list)
    _digest: Any = field(default_factory=sha256)

    def add(self, lines: Iterable[Line]) -> None:
        """Takes the next lines."""
        rules, codes = self.cut.one, self.cut.one.codes
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
            score = "" if line.score is None else digits(line.score, rules.decimals)
            self._digest.update(
                f"{line.participant_no},{line.rank or ''},{score},{rules.shown(code, line.priority)}\n".encode()
            )

    @property
    def limit(self) -> int:
        """How many may go on; all, where the policy cuts nobody."""
        return self.candidates if self.cut.limit is None else self.cut.limit

    @property
    def digest(self) -> str:
        """SHA-256 of all lines, as the contract of StandingsRecomputed writes them."""
        return str(self._digest.hexdigest())
