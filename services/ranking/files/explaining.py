"""Why one candidate of a file stands where they stand, by the same account that the service gives."""

from itertools import pairwise
from typing import cast

import numpy as np

from services.ranking.explanation.domain.account import Explanation, explain
from services.ranking.explanation.domain.comparison import ListedCandidate, PlaceOnList
from services.ranking.files.ranking import Lists, Standings
from services.ranking.files.reading import Candidates, Vacancy
from services.ranking.merit.domain.merit import Gate
from services.ranking.merit.domain.standing import UNDECIDED


def explain_row(
    row: int,
    lists: Lists,
    standings: list[Standings],
    vacancies: list[Vacancy],
    candidates: Candidates,
) -> Explanation:
    """The account of the candidate in that row, on the last list that has them."""
    one = next(each for each in reversed(standings) if row in each.rows)
    number = int(candidates.vacancy[row])
    vacancy = vacancies[number]
    rules = one.rules[vacancy.need]
    here = np.flatnonzero(candidates.vacancy[one.rows] == number)
    ranked = [int(at) for at in here if one.gate[at] == Gate.RANKED]
    own = next(int(at) for at in here if one.rows[at] == row)

    def other(at: int | None) -> ListedCandidate | None:
        if at is None:
            return None
        candidate = lists.candidate(int(one.rows[at]), one.one)
        standing = rules.stands(candidate)
        assert standing is not None
        return ListedCandidate(candidate, int(one.rank[at]), standing)

    above = next((before for before, at in pairwise(ranked) if at == own), None)
    below = next((after for at, after in pairwise(ranked) if at == own), None)
    within = [at for at in ranked if one.within[at]]
    to_the_limit = [
        at for at in ranked if one.within[at] or one.words[int(one.code[at])] == UNDECIDED
    ]
    place = PlaceOnList(
        rank=int(one.rank[own]) or None,
        of=len(ranked),
        equals=int(one.equals[own]) or 1,
        code=one.words[int(one.code[own])],
        goes_on=bool(one.within[own]),
        within=len(within),
        above=other(above),
        below=other(below),
        last_within=other(to_the_limit[-1] if to_the_limit else None),
    )
    self_ = cast("ListedCandidate", other(own))
    return explain(
        lists.policy, rules, vacancy.need, vacancy.seats, self_.candidate, self_.standing, place
    )
