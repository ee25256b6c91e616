"""Ranks candidates out of files, with the rules that rank them in a round."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from services.ranking.explanation.domain.account import Explanation
from services.ranking.files.columns import FilesRefusedError
from services.ranking.files.explaining import explain_row
from services.ranking.files.ranking import Lists
from services.ranking.files.reading import read_candidates, read_vacancies
from services.ranking.files.writing import lines_of, write_lines
from services.ranking.merit.domain.standing import UNDECIDED
from shared.policies import List, Policy


@dataclass(frozen=True, slots=True)
class Ranked:
    """What became of the candidates: how many have which code.

    `explanation`: of whom one was asked for.
    """

    list: str
    vacancies: int
    candidates: int
    codes: dict[str, int]
    explanation: Explanation | None

    @property
    def undecided(self) -> int:
        """How many are equal in everything with others at a last seat, where an officer has to
        choose.
        """
        return self.codes.get(UNDECIDED, 0)


class NobodyError(Exception):
    """An account was asked for of somebody who is not in the file."""


def rank_files(
    policy: Policy,
    one: List,
    vacancies: Path,
    candidates: Path,
    *,
    admitted: bool = False,
    out: BinaryIO | None = None,
    explain: str | None = None,
) -> Ranked:
    """Rank the candidates on one list of the policy, and write its lines to `out`; `explain` is a
    participant number.

    Lists before it are applied first, each to those whom the one before let go on, unless
    `admitted` says that all had passed them. Lines of equals are in order of participant number
    (bytes): files don't have the seed that orders them in a round. Raises FilesRefusedError with
    every fault's file, line, column and reason; NobodyError; OSError. Nothing is written then but
    by the last.
    """
    with TemporaryDirectory(prefix="terang-rank-") as folder:
        room = Path(folder)
        file = _regular(candidates, room)
        known = read_vacancies(vacancies, policy)
        try:
            read = read_candidates(
                file, policy, known, stages_asked(policy, one, admitted=admitted), room
            )
        except FilesRefusedError as error:
            raise FilesRefusedError(
                [replace(fault, file=str(candidates)) for fault in error.faults]
            ) from error
        lists = Lists(policy, one, known, read, admitted=admitted)
        standings = lists.standings()
        lines = lines_of(known, read, standings, is_last=one == policy.lists[-1])
        row = read.row_of(explain) if explain is not None else None
        if explain is not None and row is None:
            raise NobodyError(f"nobody in {candidates} has the number {explain}")
        if out is not None:
            write_lines(room / "lines.csv", known, read, lines)
            with (room / "lines.csv").open("rb") as written:
                shutil.copyfileobj(written, out, 2**20)
        explanation = None if row is None else explain_row(row, lists, standings, known, read)
    return Ranked(
        one.code, len(known), len(read.vacancy), dict(sorted(lines.codes().items())), explanation
    )


def stages_asked(policy: Policy, one: List, *, admitted: bool) -> set[str]:
    """The stages that count on the list, and on those before it unless all had passed them."""
    before = policy.list_called(one.after) if one.after and not admitted else None
    stages = {term.stage for term in one.score.terms}
    return stages if before is None else stages | stages_asked(policy, before, admitted=False)


def _regular(path: Path, room: Path) -> Path:
    """A file that can be read twice: what comes through a pipe is kept first."""
    if path.is_file():
        return path
    kept = room / "piped.csv"
    with path.open("rb") as source, kept.open("wb") as target:
        shutil.copyfileobj(source, target, 2**20)
    return kept
