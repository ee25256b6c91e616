"""The lines of a list as a file has them: every candidate once, by vacancy and merit."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.ranking.files.order import Column, in_order, kinds_of
from services.ranking.files.ranking import Standings
from services.ranking.files.reading import Candidates, Vacancy
from services.ranking.merit.domain.merit import Gate, digits

COLUMNS = (
    "vacancy_id",
    "need",
    "rank",
    "participant_no",
    "stage_score",
    "final_score",
    "code",
    "decided_by",
)

_OUT = 1000
"""From here on, whom a gate holds, on whatever list."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A line for each row of the candidate file.

    `place` orders them all; `rank`: 0 is none; the others stand in `texts`, the empty one is none.
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
    vacancies: list[Vacancy], candidates: Candidates, lists: list[Standings], is_last: bool
) -> Lines:
    """Each candidate's line as the latest of the lists has it, or the one that held them.

    `is_last`: the latest is the policy's last.

    A rank and scores are of the latest list only. On the policy's last list, `stage_score` is the
    total of its own stage and `final_score` the list's score; on the others, `stage_score` is the
    list's score.
    """
    count = len(candidates.vacancy)
    held, order, rank, stage, final, code, decided = (
        np.zeros(count, dtype=np.int64) for _ in range(7)
    )
    texts = [""]
    for later, one in zip(range(len(lists) - 1, -1, -1), lists, strict=True):
        ranked = one.gate == Gate.RANKED
        held[one.rows] = np.where(ranked, later, _OUT + one.gate)
        order[one.rows] = np.where(
            ranked, np.arange(len(one.rows)), one.rows
        )  # rows are in order of participant number
        numbers = _added(texts, one.words)
        code[one.rows] = numbers[one.code]
        if not later:
            rank[one.rows] = one.rank
            decided[one.rows] = numbers[one.decided_by]
            need = [one.rules[vacancy.need] for vacancy in vacancies]
            of_list = np.array([rules.decimals for rules in need], dtype=np.int64)[
                candidates.vacancy[one.rows]
            ]
            of_stage = np.array([rules.own_decimals for rules in need], dtype=np.int64)[
                candidates.vacancy[one.rows]
            ]
            score = _written(texts, one.score, of_list, ranked)
            stage[one.rows] = _written(texts, one.total, of_stage, ranked) if is_last else score
            final[one.rows] = score if is_last else 0
    place = np.empty(count, dtype=np.int64)
    place[in_order([candidates.vacancy, held, order])] = np.arange(count)
    return Lines(place, rank, stage, final, code, decided, texts)


def write_lines(path: Path, vacancies: list[Vacancy], candidates: Candidates, lines: Lines) -> None:
    """Lines as CSV in UTF-8, in their order."""
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
    database.execute(
        f"""
        COPY (SELECT vacancies.vacancy_id, vacancies.need, nullif(line.rank, 0) AS rank, candidate.participant_no, nullif(stage.text, '') AS stage_score,
                     nullif(final.text, '') AS final_score, code.text AS code, nullif(decided.text, '') AS decided_by
                FROM lines AS line JOIN candidate ON candidate.rowid = line.row
                JOIN vacancies ON vacancies.number = candidate.vacancy
                JOIN texts AS stage ON stage.number = line.stage
                JOIN texts AS final ON final.number = line.final
                JOIN texts AS code ON code.number = line.code
                JOIN texts AS decided ON decided.number = line.decided
               ORDER BY line.place)
        TO '{str(path).replace("'", "''")}' (FORMAT csv, HEADER, DELIMITER ',', QUOTE '"', ESCAPE '"', NULLSTR '')
        """  # noqa: S608 - a path of our own
    )


def _added(texts: list[str], words: list[str]) -> Column:
    """Where words stand among the texts, to which they are added; nowhere, if empty."""
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
    for each in np.unique(decimals).tolist():
        here = np.flatnonzero(ranked & (decimals == each))
        first, places = kinds_of([values[here]])
        found[here] = len(texts) + places
        texts += [digits(value, each) for value in values[here][first].tolist()]
    return found
