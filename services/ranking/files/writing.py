"""The lines of a list as a file has them: every candidate once, by vacancy and merit."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.ranking.files.candidate_file import CandidateTable
from services.ranking.files.order import Column, in_order, kinds_of
from services.ranking.files.ranking import RankedList
from services.ranking.files.vacancy_file import VacancyLine
from services.ranking.merit.domain.score import decimal_text
from services.ranking.merit.domain.standing import Gate

_OUT = 1000
"""From here on, whom a gate holds, on whatever list."""


@dataclass(frozen=True, slots=True)
class FileLines:
    """A line for each row of the candidate file.

    `place` orders them all; `rank`: 0 is none; the others are numbers of `texts`, 0 is none.
    """

    place: Column
    rank: Column
    stage_score: Column
    final_score: Column
    code: Column
    decided_by: Column
    texts: list[str]

    def codes(self) -> Counter[str]:
        """How many have which code."""
        numbers, counts = np.unique(self.code, return_counts=True)
        codes: Counter[str] = Counter()
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            codes[self.texts[number]] += count
        return codes


def lines_of(
    vacancies: list[VacancyLine],
    candidates: CandidateTable,
    lists: list[RankedList],
    is_last: bool,
) -> FileLines:
    """Each candidate's line as the latest of the lists has it, or the one that held them.

    Rank and scores are those of the latest list. `is_last`: it is the policy's last; then
    `stage_score` is the total of its own stage and `final_score` the list's score. Else
    `stage_score` is the list's score.
    """
    count = len(candidates.vacancy)
    held, order, code = (np.zeros(count, dtype=np.int64) for _ in range(3))
    texts = [""]
    numbers = [_added(texts, ranked_list.words) for ranked_list in lists]
    for index, ranked_list in enumerate(lists):
        rows = ranked_list.rows
        ranked = ranked_list.gate == Gate.RANKED
        held[rows] = np.where(ranked, len(lists) - 1 - index, _OUT + ranked_list.gate)
        # rows are in order of participant number
        order[rows] = np.where(ranked, np.arange(len(rows)), rows)
        code[rows] = numbers[index][ranked_list.code]
    latest = lists[-1]
    rank, decided = (np.zeros(count, dtype=np.int64) for _ in range(2))
    rank[latest.rows] = latest.rank
    decided[latest.rows] = numbers[-1][latest.decided_by]
    stage, final = _scores(vacancies, candidates, latest, texts, is_last=is_last)
    place = np.empty(count, dtype=np.int64)
    place[in_order([candidates.vacancy, held, order])] = np.arange(count)
    return FileLines(place, rank, stage, final, code, decided, texts)


def _scores(
    vacancies: list[VacancyLine],
    candidates: CandidateTable,
    latest: RankedList,
    texts: list[str],
    *,
    is_last: bool,
) -> tuple[Column, Column]:
    """The columns `stage_score` and `final_score`; their texts are added to the others."""
    stage, final = (np.zeros(len(candidates.vacancy), dtype=np.int64) for _ in range(2))
    vacancy = candidates.vacancy[latest.rows]
    ranked = latest.gate == Gate.RANKED
    rules = [latest.rules[line.need] for line in vacancies]
    of_list = np.array([of_need.decimals for of_need in rules], dtype=np.int64)[vacancy]
    score = _written(texts, latest.score, of_list, ranked)
    if not is_last:
        stage[latest.rows] = score
        return stage, final
    of_stage = np.array([of_need.own_decimals for of_need in rules], dtype=np.int64)[vacancy]
    stage[latest.rows] = _written(texts, latest.total, of_stage, ranked)
    final[latest.rows] = score
    return stage, final


def write_lines(
    path: Path, vacancies: list[VacancyLine], candidates: CandidateTable, lines: FileLines
) -> None:
    """FileLines as CSV in UTF-8, in their order."""
    database = candidates.database
    ids = np.array([vacancy.vacancy_id for vacancy in vacancies], dtype=object)
    needs = np.array([vacancy.need for vacancy in vacancies], dtype=object)
    database.register(
        "vacancies", {"vacancy_id": ids, "need": needs, "number": np.arange(len(ids))}
    )
    database.register(
        "texts",
        {"text": np.array(lines.texts, dtype=object), "number": np.arange(len(lines.texts))},
    )
    numbers = {
        "row": np.arange(len(lines.place)),
        "place": lines.place,
        "rank": lines.rank,
        "stage": lines.stage_score,
        "final": lines.final_score,
        "code": lines.code,
        "decided": lines.decided_by,
    }
    database.register("lines", numbers)
    target = str(path).replace("'", "''")
    database.execute(
        f"""
        COPY (SELECT vacancies.vacancy_id, vacancies.need, nullif(line.rank, 0) AS rank,
                     candidate.participant_no, nullif(stage.text, '') AS stage_score,
                     nullif(final.text, '') AS final_score, code.text AS code,
                     nullif(decided.text, '') AS decided_by
                FROM lines AS line
                JOIN candidate ON candidate.rowid = line.row
                JOIN vacancies ON vacancies.number = candidate.vacancy
                JOIN texts AS stage ON stage.number = line.stage
                JOIN texts AS final ON final.number = line.final
                JOIN texts AS code ON code.number = line.code
                JOIN texts AS decided ON decided.number = line.decided
               ORDER BY line.place)
          TO '{target}' (FORMAT csv, HEADER, DELIMITER ',', QUOTE '"', ESCAPE '"', NULLSTR '')
        """  # noqa: S608 - a path of our own
    )


def _added(texts: list[str], words: list[str]) -> Column:
    """Adds the words to the texts; gives their numbers there, 0 for an empty word."""
    start = len(texts)
    texts += words
    return np.array(
        [start + number if word else 0 for number, word in enumerate(words)], dtype=np.int64
    )


def _written(
    texts: list[str], values: Column, decimals: Column, ranked: NDArray[np.bool_]
) -> Column:
    """The values of the ranked with so many digits after the point, added to the texts."""
    found = np.zeros(len(values), dtype=np.int64)
    for length in np.unique(decimals).tolist():
        here = np.flatnonzero(ranked & (decimals == length))
        first, places = kinds_of([values[here]])
        found[here] = len(texts) + places
        texts += [decimal_text(value, length) for value in values[here][first].tolist()]
    return found
