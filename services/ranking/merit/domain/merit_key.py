"""The merit key: bytes whose order is the merit order of a list.

A ranked candidate's key is, in this order: gate, priority group where the list ranks by them,
score, each tie of the policy, an officer's decision between equals, and a last resort that only
orders lines. What is better is smaller. All fields but the last resort make one great integer: what
a point is worth in it is known when the rules are compiled.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.ranking.merit.domain.candidate import Candidate
from services.ranking.merit.domain.facts import (
    FACT_FIELD_BYTES,
    MOST_FACT,
    UNKNOWN_FACT,
    FactOrder,
    FactValue,
)
from services.ranking.merit.domain.points_row import PointsRow
from shared.policies import FACTS, Tie

LAST_RESORT_BYTES = 16
"""Of a SHA-256. Among a million candidates two equal ones are less likely than 1 in 10^26."""

DECISION_BYTES = 2
UNDECIDED_PLACE = 0xFFFF
"""No officer decided: all equals have this, so none goes before another by it."""

_UNDECIDED = UNDECIDED_PLACE.to_bytes(DECISION_BYTES, "big")


def before_decision(merit_key: bytes) -> bytes:
    """The first bytes that all share whom score and ties leave equal.

    That is all but an officer's decision and the last resort.
    """
    return merit_key[: -LAST_RESORT_BYTES - DECISION_BYTES]


def is_decided(merit_key: bytes) -> bool:
    """Whether an officer gave a place among equals to the ranked candidate with this key."""
    return merit_key[-LAST_RESORT_BYTES - DECISION_BYTES : -LAST_RESORT_BYTES] != _UNDECIDED


def end_of_prefix(prefix: bytes) -> bytes:
    """Sorts after every key that begins with `prefix`, and before every key beyond these.

    Keys are shorter than 64 bytes.
    """
    return prefix + b"\xff" * 64


class KeyLayout:
    """The fields of a ranked candidate's key for one list, and how they are filled.

    `fields`: name of each field after the gate, with the byte where it ends.
    """

    def __init__(
        self, ties: Sequence[Tie], groups: int, most_score: int, row: PointsRow, facts: FactOrder
    ) -> None:
        self._ties = ties
        self._groups = groups
        self._most_score = most_score
        self._row = row
        self._facts = facts
        self.score_bytes = _bytes_for(most_score)
        widths = [("priority", 1)] if groups else []
        widths.append(("score", self.score_bytes))
        widths += [(tie.by, self._width_of(tie)) for tie in ties]
        widths.append(("decision", DECISION_BYTES))
        self.key_bytes = 1 + sum(width for _, width in widths)
        self.fields: list[tuple[str, int]] = []
        end = 1
        for name, width in widths:
            end += width
            self.fields.append((name, end))
        self._compile()

    def _width_of(self, tie: Tie) -> int:
        return FACT_FIELD_BYTES if tie.by in FACTS else _bytes_for(self._row.most_of(tie.by))

    def _compile(self) -> None:
        """Finds what each unit of points and each fact adds to the integer of the fields."""
        unit_of = {name: 1 << 8 * (self.key_bytes - end) for name, end in self.fields}
        self.per_priority = unit_of.get("priority", 0)
        self.per_score = unit_of["score"]
        self.base = (
            self._groups * self.per_priority + self._most_score * self.per_score + UNDECIDED_PLACE
        )
        per_unit: dict[int, int] = {}
        self.of_facts: list[tuple[FactValue, int, int, int]] = []
        """Of each tie by a fact: how it is read, and what is added: a constant, so much for each
        of its units, and so much where the fact is unknown."""
        for tie in self._ties:
            unit = unit_of[tie.by]
            if tie.by in FACTS:
                self.of_facts.append(self._fact_term(tie, unit))
                continue
            if tie.order == "highest-first":
                self.base += self._row.most_of(tie.by) * unit
                unit = -unit
            for column, factor in self._row.summands(tie.by):
                per_unit[column] = per_unit.get(column, 0) + unit * factor
        self.of_points = [*per_unit.items()]
        """What each unit of a column of the row adds."""

    def _fact_term(self, tie: Tie, unit: int) -> tuple[FactValue, int, int, int]:
        constant, per_unit = (MOST_FACT * unit, -unit) if _highest_first(tie) else (0, unit)
        return self._facts.value_of(tie.by), constant, per_unit, UNKNOWN_FACT * unit

    def encode(
        self,
        score: int,
        priority: int,
        units: Sequence[int],
        candidate: Candidate,
        list_code: str,
    ) -> bytes:
        """The key of a ranked candidate, without its last resort."""
        key = self.base - score * self.per_score - priority * self.per_priority
        for column, unit in self.of_points:
            key += units[column] * unit
        for value_of, constant, per_unit, unknown in self.of_facts:
            value = value_of(candidate)
            key += unknown if value is None else constant + value * per_unit
        if candidate.decided:
            key += candidate.decided.get(list_code, UNDECIDED_PLACE) - UNDECIDED_PLACE
        return key.to_bytes(self.key_bytes, "big")

    def columns(
        self, row: Sequence[Any], score: Any, facts: Mapping[str, Any], priority: Any
    ) -> Iterator[Any]:
        """The fields from the first up to the last tie, for whole columns of candidates at once.

        `facts`: by tie, as `fact_field` gives them.
        """
        if self._groups:
            yield self._groups - priority
        yield self._most_score - score
        for tie in self._ties:
            if tie.by in FACTS:
                yield facts[tie.by]
                continue
            points = row[0] * 0 + self._row.sum_of(tie.by, row)
            yield self._row.most_of(tie.by) - points if _highest_first(tie) else points

    @property
    def fact_ties(self) -> list[str]:
        """The personal facts that ties compare."""
        return [tie.by for tie in self._ties if tie.by in FACTS]

    def fact_field(self, fact: str, candidate: Candidate) -> int:
        """The integer in the field of a tie by a fact."""
        value = self._facts.value_of(fact)(candidate)
        if value is None:
            return UNKNOWN_FACT
        highest_first = any(tie.by == fact and _highest_first(tie) for tie in self._ties)
        return MOST_FACT - value if highest_first else value

    @property
    def score_prefix_bytes(self) -> int:
        """How many first bytes all keys with the same priority group and score share."""
        return self.fields[1 if self._groups else 0][1]

    def deciding_field(self, above: bytes, below: bytes) -> str | None:
        """The first field in which two ranked keys differ.

        `priority`, `score`, a tie's name, `decision` (an officer's), or None for equals.
        """
        start = 1
        for name, end in self.fields:
            if above[start:end] != below[start:end]:
                return name
            start = end
        return None


def _highest_first(tie: Tie) -> bool:
    return tie.order == "highest-first"


def _bytes_for(most: int) -> int:
    return max(1, (most.bit_length() + 7) // 8)
