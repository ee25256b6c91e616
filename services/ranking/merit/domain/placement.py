"""A whole list ranked in memory: where it places each of its candidates."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from services.ranking.merit.domain.candidate import Candidate
from services.ranking.merit.domain.list_cut import ListCut
from services.ranking.merit.domain.list_lines import ListLine, SortedRow, list_line
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.merit_key import before_decision, is_decided
from services.ranking.merit.domain.score import decimal_text
from services.ranking.merit.domain.standing import Gate


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a list places somebody.

    `score` and `code` as published; `within`: the cut admits, or gives a seat.
    """

    rank: int | None
    score: str | None
    code: str
    within: bool


def placements(cut: ListCut, candidates: Iterable[Candidate]) -> dict[str, Placement]:
    """The placements of a whole list by participant number, without who is not admitted to it."""
    lines = sorted_lines(cut.rules, candidates)
    return {line.participant_no: placement_of(cut, line) for line in lines}


def sorted_lines(rules: ListRules, candidates: Iterable[Candidate]) -> Iterator[ListLine]:
    """Every line of a list: the ranked in merit order, then by gate and participant number."""
    standings = [
        (standing.merit_key, standing, candidate.participant_no)
        for candidate in candidates
        if (standing := rules.standing_of(candidate))
    ]
    standings.sort(key=lambda entry: entry[0])
    ranked = [entry for entry in standings if entry[1].gate is Gate.RANKED]
    place = 0
    for _, group in groupby(ranked, lambda entry: before_decision(entry[0])):
        equals = list(group)
        decided = sum(is_decided(merit_key) for merit_key, _, _ in equals)
        rank = place + 1
        for _, standing, number in equals:
            place += 1
            score = standing.combined_score
            yield list_line(
                SortedRow(place, number, Gate.RANKED, score, rank, len(equals), decided)
            )
    for _, standing, number in standings[len(ranked) :]:
        place += 1
        yield list_line(SortedRow(place, number, standing.gate, None, 0, 1, 0))


def placement_of(cut: ListCut, line: ListLine) -> Placement:
    """The line as it is published, and whether it is within the cut."""
    rules = cut.rules
    code = cut.code(line.gate, line.rank, line.equals)
    score = None if line.score is None else decimal_text(line.score, rules.decimals)
    published = rules.published_code(code, line.priority)
    return Placement(line.rank, score, published, code == rules.codes.within)
