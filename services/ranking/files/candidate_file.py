"""Reads candidate files by columns with DuckDB; where anything is wrong, line by line."""

import csv
import mmap
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from services.ranking.files import columns
from services.ranking.files.candidate_faults import candidate_faults
from services.ranking.files.columns import PARTICIPANT, VACANCY, Parse
from services.ranking.files.faults import FileFault, FilesRefusedError, first_faults
from services.ranking.files.order import Column
from services.ranking.files.records import read_header, records_of
from services.ranking.files.vacancy_file import VacancyLine
from shared.policies import Policy


@dataclass(frozen=True, slots=True)
class CandidateTable:
    """A candidate file by columns, in order of participant number (bytes).

    The numbers themselves are in DuckDB's table `candidate`. `vacancy`: place of each candidate's
    vacancy among the vacancies. `codes`: for each other column where the candidate's value is
    in `values`; 0 is none.
    """

    database: duckdb.DuckDBPyConnection
    vacancy: Column
    codes: Mapping[str, Column]
    values: Mapping[str, list[object]]

    def row_of(self, participant_no: str) -> int | None:
        """The candidate's row, or none."""
        if not participant_no.isprintable():
            return None  # no participant number; and DuckDB takes no text that isn't Unicode
        found = self.database.execute(
            "SELECT rowid FROM candidate WHERE participant_no = ?", [participant_no]
        ).fetchall()
        return int(found[0][0]) if found else None

    def participant_no(self, row: int) -> str:
        """The number of the candidate in that row."""
        ((found,),) = self.database.execute(
            "SELECT participant_no FROM candidate WHERE rowid = ?", [row]
        ).fetchall()
        return str(found)


def read_candidates(
    path: Path,
    policy: Policy,
    vacancies: list[VacancyLine],
    stages: Collection[str],
    folder: Path,
) -> CandidateTable:
    """The candidates.

    `stages`: those whose columns are required. `folder`: for temporary files. Raises
    FilesRefusedError.
    """
    parse = columns.of_candidates(policy)
    needs = {vacancy.need for vacancy in vacancies}
    required = [
        component.code
        for stage in policy.stages
        if stage.code in stages
        for component in stage.stated
        if any(component.of_need(need) for need in needs)
    ]
    header = read_header(path, records_of(path), (PARTICIPANT, VACANCY, *required), parse.keys())
    try:
        candidates = _by_columns(path, header, parse, vacancies, folder)
        _refuse_points_of_other_needs(policy, vacancies, candidates)
        _refuse_parts_of_stages(policy, vacancies, candidates)
    except _FaultyFileError as error:
        faults = first_faults(candidate_faults(path, policy, vacancies))
        raise FilesRefusedError(faults or [error.fault(path)]) from error
    return candidates


class _FaultyFileError(Exception):
    """Something is wrong with the file; reading it line by line tells where."""

    def fault(self, path: Path) -> FileFault:
        """What is told where reading line by line finds nothing."""
        text = str(self)
        line = re.search(r"Line: ([0-9]+)", text)
        reason = text.strip().splitlines()[0]
        return FileFault(str(path), int(line[1]) if line else 1, "all", reason)


def _by_columns(
    path: Path,
    header: list[str],
    parse: Mapping[str, Parse],
    vacancies: list[VacancyLine],
    folder: Path,
) -> CandidateTable:
    """All of the file at once.

    DuckDB makes texts codes and Python makes them values, each different text once, so that there
    is one reading of them.
    """
    database = duckdb.connect(
        config={"memory_limit": "1GB", "temp_directory": str(folder / "spilled")}
    )
    names = {column: f"c{at}" for at, column in enumerate(header)}  # DuckDB's names know no case
    rows = _load(database, _plain_file(path, folder), list(names.values()))
    _refuse_other_shapes(path, len(header), rows)
    coded = {column: name for column, name in names.items() if column not in {PARTICIPANT, VACANCY}}
    values = {column: _values_of(database, name, parse[column]) for column, name in coded.items()}
    _encode(database, names, list(coded.values()), vacancies)
    _refuse_strange_numbers(database)
    found = database.execute("SELECT * EXCLUDE (participant_no) FROM candidate").fetchnumpy()
    return CandidateTable(
        database,
        np.asarray(found["vacancy"], dtype=np.int64),
        {column: np.asarray(found[name], dtype=np.int64) for column, name in coded.items()},
        values,
    )


def _plain_file(path: Path, folder: Path) -> Path:
    """The file under a name in which DuckDB sees no pattern and no compression.

    It is written anew where DuckDB may misread its quotes.
    """
    plain = folder / "candidates.csv"
    if _has_odd_quotes(path):
        with plain.open("w", encoding="utf-8", newline="") as copy:
            writer = csv.writer(copy, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
            writer.writerows(texts for _, texts in records_of(path))
    else:
        plain.symlink_to(path.resolve())
    return plain


def _has_odd_quotes(path: Path) -> bool:
    """Whether DuckDB may read some quotes in another way than Python's csv does.

    It passes over blanks beside them, and whatever is quoted within a value looks the same.
    """
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        odd = rb'[ \t]"|"[ \t]|[^,\r\n"]"[^,\r\n"]'
        return text.find(b'"') >= 0 and re.search(odd, text) is not None


def _load(database: duckdb.DuckDBPyConnection, path: Path, names: list[str]) -> int:
    """Makes the table `file` of the file's texts; says how many rows it has."""
    types = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    try:
        database.execute(
            f"""
            CREATE TABLE file AS SELECT * FROM read_csv(
                ?, auto_detect = false, header = true, columns = {{{types}}},
                delim = ',', quote = '"', escape = '"', nullstr = '',
                strict_mode = true, compression = 'none')
            """,  # noqa: S608 - names of our own
            [str(path)],
        )
    except duckdb.Error as error:
        raise _FaultyFileError(str(error)) from error
    ((rows,),) = database.execute("SELECT count(*) FROM file").fetchall()
    return int(rows)


def _values_of(database: duckdb.DuckDBPyConnection, name: str, parse: Parse) -> list[object]:
    """The column's values, none first, each at its code; DuckDB gets a table of the codes."""
    texts = [
        text
        for (text,) in database.execute(
            f"SELECT DISTINCT {name} FROM file WHERE {name} IS NOT NULL ORDER BY 1"  # noqa: S608
        ).fetchall()
    ]
    try:
        values = [None, *map(parse, texts)]
    except ValueError as error:
        raise _FaultyFileError(str(error)) from error
    codes = {"text": np.array([*texts, ""], dtype=object), "code": np.arange(1, len(texts) + 2)}
    database.register(f"code_{name}", codes)
    return values


def _encode(
    database: duckdb.DuckDBPyConnection,
    names: Mapping[str, str],
    coded: list[str],
    vacancies: list[VacancyLine],
) -> None:
    """Makes the table `candidate` out of the table `file`: texts are codes there.

    `names`: DuckDB's names by column. `coded`: those whose texts become codes. A vacancy that there
    isn't is -1.
    """
    ids = np.array([vacancy.vacancy_id for vacancy in vacancies], dtype=object)
    database.register("vacancies", {"vacancy_id": ids, "number": np.arange(len(ids))})
    picked = "".join(f", coalesce(code_{name}.code, 0) AS {name}" for name in coded)
    joins = " ".join(f"LEFT JOIN code_{name} ON file.{name} = code_{name}.text" for name in coded)
    database.execute(
        f"""
        CREATE TABLE candidate AS
        SELECT {names[PARTICIPANT]} AS participant_no,
               coalesce(vacancies.number, -1) AS vacancy {picked}
          FROM file LEFT JOIN vacancies ON file.{names[VACANCY]} = vacancies.vacancy_id {joins}
         ORDER BY participant_no
        """  # noqa: S608 - names of our own
    )
    database.execute("DROP TABLE file")


def _refuse_strange_numbers(database: duckdb.DuckDBPyConnection) -> None:
    ((strange, twice),) = database.execute(
        """
        SELECT count(*) FILTER (
                   vacancy < 0 OR NOT coalesce(regexp_full_match(participant_no, ?), false)),
               count(*) - count(DISTINCT participant_no)
          FROM candidate
        """,
        [columns.NAME],
    ).fetchall()
    if strange or twice:
        raise _FaultyFileError("participant numbers or vacancies are missing, strange or double")
    _refuse_numbers_that_look_alike(database)


def _refuse_numbers_that_look_alike(database: duckdb.DuckDBPyConnection) -> None:
    try:
        for (number,) in database.execute(
            "SELECT participant_no FROM candidate WHERE NOT regexp_full_match(participant_no, ?)",
            [columns.ASCII],
        ).fetchall():
            columns.name(number)
    except ValueError as error:
        raise _FaultyFileError(str(error)) from error


def _refuse_other_shapes(path: Path, width: int, rows: int) -> None:
    """Every line has as many values as the header (`width`), and all lines end alike.

    DuckDB lets a comma at a line's end pass.
    """
    commas, ends, returns, quotes = _count(path, ',\n\r"')
    if returns not in {0, ends}:
        raise _FaultyFileError("lines end with CR alone, or with more than one")
    if commas == (width - 1) * (rows + 1):
        return
    if not quotes or any(len(texts) != width for _, texts in records_of(path)):
        raise _FaultyFileError("a line does not have the header's number of values")


def _count(path: Path, characters: str) -> list[int]:
    """How often each of these characters is in the file."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        parts = [
            np.frombuffer(text[start : start + 2**20], dtype=np.uint8)
            for start in range(0, len(text), 2**20)
        ]
        return [
            sum(int(np.count_nonzero(part == ord(character))) for part in parts)
            for character in characters
        ]


def _refuse_points_of_other_needs(
    policy: Policy, vacancies: list[VacancyLine], candidates: CandidateTable
) -> None:
    for stage in policy.stages:
        for component in stage.stated:
            if component.needs and component.code in candidates.codes:
                lacking = [not component.of_need(vacancy.need) for vacancy in vacancies]
                lack = np.array(lacking, dtype=bool)[candidates.vacancy]
                if np.any(lack & (candidates.codes[component.code] > 0)):
                    raise _FaultyFileError(f"{component.code} for a need that has none")


def _refuse_parts_of_stages(
    policy: Policy, vacancies: list[VacancyLine], candidates: CandidateTable
) -> None:
    """Nobody has points in some components of a stage and none in others.

    Whoever has none was absent; an empty cell among points is a slip, which would make a scored
    person absent. Whoever was disqualified may have left in the middle.
    """
    out = _disqualified(candidates)
    for stage in policy.stages:
        codes = [component.code for component in stage.stated]
        if not set(codes) <= candidates.codes.keys():
            continue
        some, all_ = np.zeros(len(out), dtype=bool), np.ones(len(out), dtype=bool)
        for component in stage.stated:
            has = candidates.codes[component.code] > 0
            needed = [component.of_need(vacancy.need) for vacancy in vacancies]
            of_need = np.array(needed, dtype=bool)[candidates.vacancy]
            some |= has
            all_ &= has | ~of_need
        if np.any(some & ~all_ & ~out):
            raise _FaultyFileError(f"points of a part of {stage.code}")


def _disqualified(candidates: CandidateTable) -> Column:
    """Who was disqualified in any stage."""
    codes = candidates.codes.get(columns.DISQUALIFIED)
    if codes is None:
        return np.zeros(len(candidates.vacancy), dtype=bool)
    return np.array([bool(value) for value in candidates.values[columns.DISQUALIFIED]])[codes]
