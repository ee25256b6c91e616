"""Ranks candidates out of files, with the rules that rank them in a round."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from services.ranking.explanation.domain.account import Explanation
from services.ranking.files.candidate_file import CandidateTable, read_candidates
from services.ranking.files.explaining import explain_row
from services.ranking.files.faults import FilesRefusedError
from services.ranking.files.ranking import FileRanking
from services.ranking.files.vacancy_file import VacancyLine, read_vacancies
from services.ranking.files.writing import lines_of, write_lines
from services.ranking.merit.domain.list_cut import UNDECIDED
from shared.policies import List, Policy


@dataclass(frozen=True, slots=True)
class RankingResult:
    """How many candidates have which code.

    `explanation`: of the candidate for whom one was asked.
    """

    list: str
    vacancies: int
    candidates: int
    codes: dict[str, int]
    explanation: Explanation | None

    @property
    def undecided(self) -> int:
        """How many are equal in everything at a last seat, where an officer has to choose."""
        return self.codes.get(UNDECIDED, 0)


class NobodyError(Exception):
    """An account was asked for of somebody who is not in the file."""


def rank_files(
    policy: Policy,
    policy_list: List,
    vacancies: Path,
    candidates: Path,
    *,
    admitted: bool = False,
    out: BinaryIO | None = None,
    explain: str | None = None,
) -> RankingResult:
    """Ranks the candidates on one list of the policy, and writes its lines to `out`.

    Lists before it are applied first, each to those whom the one before let go on, unless
    `admitted` says that all had passed them. Lines of equals are in order of participant number
    (bytes): files don't have the seed that orders them in a round. `explain`: the participant
    number of whom the result has an account.

    Raises FilesRefusedError with every fault's file, line, column and reason; NobodyError; OSError.
    Nothing is written then but by the last.
    """
    with TemporaryDirectory(prefix="terang-rank-") as name:
        folder = Path(name)
        known = read_vacancies(vacancies, policy)
        stages = stages_asked(policy, policy_list, admitted=admitted)
        table = _read_candidates(candidates, policy, known, stages, folder)
        ranking = FileRanking(policy, policy_list, known, table, admitted=admitted)
        lists = ranking.lists()
        lines = lines_of(known, table, lists, is_last=policy_list == policy.lists[-1])
        row = table.row_of(explain) if explain is not None else None
        if explain is not None and row is None:
            raise NobodyError(f"nobody in {candidates} has the number {explain}")
        if out is not None:
            write_lines(folder / "lines.csv", known, table, lines)
            with (folder / "lines.csv").open("rb") as written:
                shutil.copyfileobj(written, out, 2**20)
        explanation = None if row is None else explain_row(row, ranking, lists)
    codes = dict(sorted(lines.codes().items()))
    return RankingResult(policy_list.code, len(known), len(table.vacancy), codes, explanation)


def stages_asked(policy: Policy, policy_list: List, *, admitted: bool) -> set[str]:
    """The stages that count on the list, and on those before it unless all had passed them."""
    stages = {term.stage for term in policy_list.score.terms}
    after = policy_list.after
    before = policy.list_called(after) if after and not admitted else None
    return stages if before is None else stages | stages_asked(policy, before, admitted=False)


def _read_candidates(
    path: Path, policy: Policy, vacancies: list[VacancyLine], stages: set[str], folder: Path
) -> CandidateTable:
    """The candidates; faults are told under the name of the file that was asked for."""
    try:
        return read_candidates(_regular(path, folder), policy, vacancies, stages, folder)
    except FilesRefusedError as error:
        raise FilesRefusedError(
            [replace(fault, file=str(path)) for fault in error.faults]
        ) from error


def _regular(path: Path, folder: Path) -> Path:
    """A file that can be read twice: what comes through a pipe is kept first."""
    if path.is_file():
        return path
    kept = folder / "piped.csv"
    with path.open("rb") as source, kept.open("wb") as target:
        shutil.copyfileobj(source, target, 2**20)
    return kept
