"""A whole list ranked in memory: where it places each of its candidates."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from services.ranking.merit.domain.merit import (
    DECISION_BYTES,
    LAST_RESORT_BYTES,
    UNDECIDED_PLACE,
    Candidate,
    Gate,
    ListRules,
    before_decision,
    digits,
)
from services.ranking.merit.domain.standing import Line, ListCut, Row, line

NO_DECISION = UNDECIDED_PLACE.to_bytes(DECISION_BYTES, "big")


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a list has somebody. `code` as published; `within`: goes on, or has a seat."""

    rank: int | None
    score: str | None
    code: str
    within: bool


def placed(cut: ListCut, candidates: Iterable[Candidate]) -> dict[str, Placed]:
    """A whole list, ranked in memory, by participant number; who is not admitted to it is left out."""
    rules = cut.one
    return {each.participant_no: place_of(cut, each) for each in lines(rules, candidates)}


def lines(rules: ListRules, candidates: Iterable[Candidate]) -> Iterator[Line]:
    """Every line of a list: the ranked in merit order, then the others by gate and participant
    number.
    """
    found = [
        (stands.merit_key, stands, each.participant_no)
        for each in candidates
        if (stands := rules.stands(each))
    ]
    found.sort(key=lambda each: each[0])
    ranked = [each for each in found if each[1].gate is Gate.RANKED]
    place = 0
    for _, group in groupby(ranked, lambda each: before_decision(each[0])):
        alike = list(group)
        decided = sum(
            key[-LAST_RESORT_BYTES - DECISION_BYTES : -LAST_RESORT_BYTES] != NO_DECISION
            for key, _, _ in alike
        )
        shared = place + 1
        for _, stands, participant_no in alike:
            place += 1
            yield line(
                Row(place, participant_no, Gate.RANKED, stands.worth, shared, len(alike), decided)
            )
    for _, stands, participant_no in found[len(ranked) :]:
        place += 1
        yield line(Row(place, participant_no, stands.gate, None, 0, 1, 0))


def place_of(cut: ListCut, one: Line) -> Placed:
    """The line as it is published, and whether it is within the cut."""
    code = cut.code(one.gate, one.rank, one.equals)
    score = None if one.score is None else digits(one.score, cut.one.decimals)
    return Placed(one.rank, score, cut.one.shown(code, one.priority), code == cut.one.codes.within)
