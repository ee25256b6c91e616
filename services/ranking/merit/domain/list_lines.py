"""The lines of a sorted list: who is equal shares a rank."""

from typing import NamedTuple

from services.ranking.merit.domain.standing import Gate, score_and_priority


class SortedRow(NamedTuple):
    """A candidate's row in the sorted list, and how many are alike in score and every tie.

    `place` counts rows from 1. `combined_score` as in CandidateStanding. `shared_rank`: the rank of
    those who are alike, `alike` people with this one; an officer gave a place to `decided` of them.
    """

    place: int
    participant_no: str
    gate: Gate
    combined_score: int | None
    shared_rank: int
    alike: int
    decided: int


class ListLine(NamedTuple):
    """A candidate's line on a list.

    `place` counts lines from 1. `rank`: shared by `equals` people who are equal in score and every
    tie; None where `score` is None too, unless ranked. `score`: in units of the list's last digit.
    `priority` as in CandidateStanding. `decided`: an officer gave the rank among people who are
    alike.
    """

    place: int
    participant_no: str
    gate: Gate
    rank: int | None
    equals: int
    score: int | None
    priority: int = 0
    decided: bool = False


def list_line(row: SortedRow) -> ListLine:
    """The line of a row.

    Where an officer gave a place to each of those who are alike, the places are their ranks; else
    they share the first.
    """
    if row.gate is not Gate.RANKED or row.combined_score is None:
        return ListLine(row.place, row.participant_no, row.gate, None, 1, None)
    all_decided = row.decided == row.alike
    rank, equals = (row.place, 1) if all_decided else (row.shared_rank, row.alike)
    score, priority = score_and_priority(row.combined_score)
    decided = all_decided and row.alike > 1
    return ListLine(row.place, row.participant_no, row.gate, rank, equals, score, priority, decided)
