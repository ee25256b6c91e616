"""Why one candidate of a file has their place, by the same account that the service gives."""

import numpy as np

from services.ranking.explanation.domain.account import Explanation, explain
from services.ranking.explanation.domain.comparison import ListedCandidate, PlaceOnList
from services.ranking.files.order import Column
from services.ranking.files.ranking import FileRanking, RankedList
from services.ranking.merit.domain.list_cut import UNDECIDED
from services.ranking.merit.domain.standing import Gate


def explain_row(row: int, ranking: FileRanking, lists: list[RankedList]) -> Explanation:
    """The account of the candidate in that row, on the last list that has them."""
    ranked_list = next(found for found in reversed(lists) if row in found.rows)
    number = int(ranking.candidates.vacancy[row])
    vacancy = ranking.vacancies[number]
    rules = ranked_list.rules[vacancy.need]
    own = int(np.flatnonzero(ranked_list.rows == row)[0])
    of_vacancy = ranking.candidates.vacancy[ranked_list.rows] == number
    ranked = np.flatnonzero(of_vacancy & (ranked_list.gate == Gate.RANKED))
    listed = _listed(ranking, ranked_list, own)
    return explain(
        ranking.policy,
        rules,
        vacancy.need,
        vacancy.seats,
        listed.candidate,
        listed.standing,
        _place(ranking, ranked_list, own, ranked),
    )


def _place(ranking: FileRanking, ranked_list: RankedList, own: int, ranked: Column) -> PlaceOnList:
    """The place of the entry `own`; `ranked`: the entries of its vacancy that have a rank."""
    words = [ranked_list.words[code] for code in ranked_list.code[ranked].tolist()]
    undecided = np.array([word == UNDECIDED for word in words], dtype=bool)
    within = ranked_list.within[ranked]
    near = ranked if ranked_list.gate[own] == Gate.RANKED else ranked[:0]

    def first_of(entries: Column) -> ListedCandidate | None:
        return _listed(ranking, ranked_list, int(entries[0])) if len(entries) else None

    return PlaceOnList(
        rank=int(ranked_list.rank[own]) or None,
        of=len(ranked),
        equals=int(ranked_list.equals[own]) or 1,
        code=ranked_list.words[int(ranked_list.code[own])],
        goes_on=bool(ranked_list.within[own]),
        within=int(np.count_nonzero(within)),
        above=first_of(near[near < own][::-1]),
        below=first_of(near[near > own]),
        last_within=first_of(ranked[within | undecided][::-1]),
    )


def _listed(ranking: FileRanking, ranked_list: RankedList, entry: int) -> ListedCandidate:
    """The candidate of an entry of the list."""
    row = int(ranked_list.rows[entry])
    candidate = ranking.candidate(row, ranked_list.policy_list)
    need = ranking.vacancies[int(ranking.candidates.vacancy[row])].need
    standing = ranked_list.rules[need].standing_of(candidate)
    assert standing is not None
    return ListedCandidate(candidate, int(ranked_list.rank[entry]) or None, standing)
