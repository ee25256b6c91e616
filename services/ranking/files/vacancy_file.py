"""Reads vacancy files."""

from dataclasses import dataclass
from pathlib import Path

from services.ranking.files import columns
from services.ranking.files.columns import Parse
from services.ranking.files.faults import FilesRefusedError, first_faults
from services.ranking.files.records import FaultsOfFile, read_header, records_of
from shared.policies import Policy


@dataclass(frozen=True, slots=True)
class VacancyLine:
    """A line of the vacancy file."""

    vacancy_id: str
    need: str
    seats: int


def read_vacancies(path: Path, policy: Policy) -> list[VacancyLine]:
    """The vacancies, in order of their ids (bytes). Raises FilesRefusedError."""
    faults = FaultsOfFile(path)
    records = records_of(path)
    known = {*columns.OF_VACANCIES, *columns.DESCRIBING}
    header = read_header(path, records, columns.OF_VACANCIES, known)
    parse = {"vacancy_id": columns.name, "need": _need_of(policy), "seats": columns.seats}
    found: dict[str, VacancyLine] = {}
    lines: dict[str, int] = {}
    for line, texts in records:
        row = faults.row(header, (line, texts))
        vacancy = _vacancy(line, row, parse, lines, faults) if row is not None else None
        if vacancy is not None:
            lines[vacancy.vacancy_id] = line
            found[vacancy.vacancy_id] = vacancy
    if faults.found:
        raise FilesRefusedError(first_faults(faults.found))
    return [found[vacancy_id] for vacancy_id in sorted(found, key=str.encode)]


def _vacancy(
    line: int,
    row: dict[str, str],
    parse: dict[str, Parse],
    lines: dict[str, int],
    faults: FaultsOfFile,
) -> VacancyLine | None:
    """The row's vacancy, or none where it is faulty. `lines`: those of the others, by id."""
    values = [faults.value(line, column, row[column], parse[column]) for column in parse]
    vacancy_id, need, seats = values
    if vacancy_id in lines:
        reason = f"{vacancy_id} stands in line {lines[str(vacancy_id)]} too"
        faults.add(line, "vacancy_id", reason)
        return None
    if isinstance(vacancy_id, str) and isinstance(need, str) and isinstance(seats, int):
        return VacancyLine(vacancy_id, need, seats)
    return None


def _need_of(policy: Policy) -> Parse:
    def need(text: str) -> str:
        if text not in policy.needs:
            raise ValueError(f"the policy knows no need {text!r}; it has {', '.join(policy.needs)}")
        return text

    return need
