"""Finds what is wrong with a candidate file, line by line."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from services.ranking.files import columns
from services.ranking.files.columns import DISQUALIFIED, NO, PARTICIPANT, VACANCY
from services.ranking.files.faults import MOST_FAULTS, FileFault, FilesRefusedError
from services.ranking.files.records import FaultsOfFile, records_of
from services.ranking.files.vacancy_file import VacancyLine
from shared.policies import Component, Policy


def candidate_faults(path: Path, policy: Policy, vacancies: list[VacancyLine]) -> list[FileFault]:
    """The faults, by line; a file with too many is not read to its end."""
    check = _RowCheck(path, policy, vacancies)
    records = records_of(path)
    unreadable: list[FileFault] = []
    try:
        header = next(records)[1]
        for line, texts in records:
            row = check.faults.row(header, (line, texts))
            if row is not None:
                check.row(line, row)
            if len(check.faults.found) > MOST_FAULTS:
                break
    except FilesRefusedError as error:
        unreadable = error.faults
    return [*check.faults.found, *unreadable] or list(_uneven_ends(path))


class _RowCheck:
    """Checks the rows of a candidate file one after the other."""

    def __init__(self, path: Path, policy: Policy, vacancies: list[VacancyLine]) -> None:
        self.faults = FaultsOfFile(path)
        self._policy = policy
        self._parse = columns.of_candidates(policy)
        self._needs = {vacancy.vacancy_id: vacancy.need for vacancy in vacancies}
        self._limited: dict[str, Component] = {
            component.code: component
            for stage in policy.stages
            for component in stage.stated
            if component.needs
        }
        self._lines: dict[str, int] = {}

    def row(self, line: int, row: Mapping[str, str]) -> None:
        """Notes the faults of a row that has as many values as the header."""
        for column, text in row.items():
            if text or column in {PARTICIPANT, VACANCY}:
                self.faults.value(line, column, text, self._parse[column])
        number = row[PARTICIPANT]
        if number and self._lines.setdefault(number, line) != line:
            reason = f"{number} stands in line {self._lines[number]} too"
            self.faults.add(line, PARTICIPANT, reason)
        need = self._needs.get(row[VACANCY])
        if need is not None:
            self._points_of_other_needs(line, row, need)
            self._parts_of_stages(line, row, need)
        elif row[VACANCY]:
            reason = f"no vacancy {row[VACANCY]} is in the file of vacancies"
            self.faults.add(line, VACANCY, reason)

    def _parts_of_stages(self, line: int, row: Mapping[str, str], need: str) -> None:
        if row.get(DISQUALIFIED, "").lower() not in {"", *NO}:
            return  # whoever was disqualified may have left in the middle
        for stage in self._policy.stages:
            texts = {
                part.code: row[part.code]
                for part in stage.stated
                if part.of_need(need) and part.code in row
            }
            if not all(texts.values()) and any(texts.values()):
                empty = next(code for code, text in texts.items() if not text)
                reason = f"it is empty beside points of {stage.code}: all of them, or none (absent)"
                self.faults.add(line, empty, reason)

    def _points_of_other_needs(self, line: int, row: Mapping[str, str], need: str) -> None:
        for code, component in self._limited.items():
            if row.get(code) and not component.of_need(need):
                self.faults.add(line, code, f"vacancies for {need} have no {code}")


def _uneven_ends(path: Path) -> Iterator[FileFault]:
    """The first line that doesn't end as the header does."""
    with path.open("rb") as file:
        ends = (
            (line, text.endswith(b"\r\n"))
            for line, text in enumerate(file, 1)
            if text.endswith(b"\n")
        )
        for (_, before), (line, end) in pairwise(ends):
            if before != end:
                names = {True: "CRLF", False: "LF"}
                reason = f"it ends with {names[end]}, the lines above with {names[before]}"
                yield FileFault(str(path), line, "all", reason)
                return
