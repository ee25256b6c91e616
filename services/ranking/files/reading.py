"""Reads vacancy and candidate files: DuckDB where all is well; where anything is not, a plain
reader that says in which line and column.
"""

import csv
import mmap
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np

from services.ranking.files import columns
from services.ranking.files.columns import PARTICIPANT, VACANCY, Fault, FilesRefusedError, Parse
from services.ranking.files.order import Column
from shared.policies import Policy

MOST_FAULTS = 100
"""Told at once: a file with more is wrong as a whole."""


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A line of the vacancy file."""

    vacancy_id: str
    need: str
    seats: int


@dataclass(frozen=True, slots=True)
class Candidates:
    """The candidate file by columns, in order of participant number (bytes); the numbers themselves
    are DuckDB's table `candidate`.

    `vacancy`: place among the vacancies. `codes`: for each other column where its value stands in
    `values`; 0 is none.
    """

    database: duckdb.DuckDBPyConnection
    vacancy: Column
    codes: Mapping[str, Column]
    values: Mapping[str, list[object]]

    def row_of(self, participant_no: str) -> int | None:
        """The candidate's row, or none."""
        if (
            not participant_no.isprintable()
        ):  # no participant number; and DuckDB takes no text that isn't Unicode
            return None
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


def read_vacancies(path: Path, policy: Policy) -> list[Vacancy]:
    """The vacancies, by their ids (bytes). Raises FilesRefusedError."""
    faults: list[Fault] = []
    records = _records(path)
    header = _header(
        path, records, columns.OF_VACANCIES, {*columns.OF_VACANCIES, *columns.DESCRIBING}
    )
    parse: dict[str, Parse] = {
        "vacancy_id": columns.name,
        "need": _need_of(policy),
        "seats": columns.seats,
    }
    found: dict[str, Vacancy] = {}
    lines: dict[str, int] = {}
    for line, texts in records:
        row = _row(path, line, header, texts, faults)
        if row is None:
            continue
        values = {
            column: _value(path, line, column, row[column], read, faults)
            for column, read in parse.items()
        }
        vacancy_id, need, seats = (values[column] for column in columns.OF_VACANCIES)
        if vacancy_id in lines:
            faults.append(
                Fault(
                    str(path),
                    line,
                    "vacancy_id",
                    f"{vacancy_id} stands in line {lines[str(vacancy_id)]} too",
                )
            )
        elif isinstance(vacancy_id, str) and isinstance(need, str) and isinstance(seats, int):
            lines[vacancy_id] = line
            found[vacancy_id] = Vacancy(vacancy_id, need, seats)
    if faults:
        raise FilesRefusedError(_first(faults))
    return [found[vacancy_id] for vacancy_id in sorted(found, key=str.encode)]


def read_candidates(
    path: Path, policy: Policy, vacancies: list[Vacancy], stages: Collection[str], room: Path
) -> Candidates:
    """The candidates.

    `stages`: those whose columns must be there. `room`: a folder for what is needed meanwhile.
    Raises FilesRefusedError.
    """
    parse = columns.of_candidates(policy)
    needs = {vacancy.need for vacancy in vacancies}
    asked = [
        component.code
        for stage in policy.stages
        if stage.code in stages
        for component in stage.stated
        if any(component.of_need(need) for need in needs)
    ]
    header = _header(path, _records(path), (PARTICIPANT, VACANCY, *asked), parse.keys())
    try:
        return _by_columns(path, header, parse, policy, vacancies, room)
    except _NotWellError as error:
        raise FilesRefusedError(
            _first(_faults(path, policy, vacancies)) or [error.fault(path)]
        ) from error


class _NotWellError(Exception):
    """Something about the file is not as it should be; where, the plain reader finds out."""

    def fault(self, path: Path) -> Fault:
        """What is said where the plain reader finds nothing."""
        text = str(self)
        line = re.search(r"Line: ([0-9]+)", text)
        return Fault(str(path), int(line[1]) if line else 1, "all", text.strip().splitlines()[0])


def _by_columns(
    path: Path,
    header: list[str],
    parse: Mapping[str, Parse],
    policy: Policy,
    vacancies: list[Vacancy],
    room: Path,
) -> Candidates:
    """All of it at once.

    Texts become codes here and values in Python, each different text once, so that there is one
    reading of them.
    """
    database = duckdb.connect(
        config={"memory_limit": "1GB", "temp_directory": str(room / "spilled")}
    )
    plain = room / "candidates.csv"  # a name in which DuckDB sees no pattern and no compression
    if _has_odd_quotes(path):
        with plain.open("w", encoding="utf-8", newline="") as copy:
            csv.writer(copy, lineterminator="\n", quoting=csv.QUOTE_MINIMAL).writerows(
                texts for _, texts in _records(path)
            )
    else:
        plain.symlink_to(path.resolve())
    at = {
        column: f"c{number}" for number, column in enumerate(header)
    }  # DuckDB's names know no case
    types = ", ".join(f"'{name}': 'VARCHAR'" for name in at.values())
    try:
        database.execute(
            f"CREATE TABLE file AS SELECT * FROM read_csv(?, auto_detect = false, header = true, columns = {{{types}}}, "  # noqa: S608
            """delim = ',', quote = '"', escape = '"', nullstr = '', strict_mode = true, compression = 'none')""",
            [str(plain)],
        )
    except duckdb.Error as error:
        raise _NotWellError(str(error)) from error
    ((rows,),) = database.execute("SELECT count(*) FROM file").fetchall()
    _refuse_other_shapes(path, len(header), rows)
    ids = np.array([vacancy.vacancy_id for vacancy in vacancies], dtype=object)
    database.register("vacancies", {"vacancy_id": ids, "number": np.arange(len(ids))})
    coded = {column: name for column, name in at.items() if column not in {PARTICIPANT, VACANCY}}
    values = {column: _values_of(database, name, parse[column]) for column, name in coded.items()}
    picked = "".join(f", coalesce(code_{name}.code, 0) AS {name}" for name in coded.values())
    joins = " ".join(
        f"LEFT JOIN code_{name} ON file.{name} = code_{name}.text" for name in coded.values()
    )
    database.execute(
        f"CREATE TABLE candidate AS SELECT {at[PARTICIPANT]} AS participant_no, coalesce(vacancies.number, -1) AS vacancy {picked} "  # noqa: S608
        f"FROM file LEFT JOIN vacancies ON file.{at[VACANCY]} = vacancies.vacancy_id {joins} ORDER BY participant_no"
    )
    database.execute("DROP TABLE file")
    ((strange, twice),) = database.execute(
        "SELECT count(*) FILTER (vacancy < 0 OR NOT coalesce(regexp_full_match(participant_no, ?), false)), "
        "count(*) - count(DISTINCT participant_no) FROM candidate",
        [columns.NAME],
    ).fetchall()
    if strange or twice:
        raise _NotWellError("participant numbers or vacancies are missing, strange or double")
    got = database.execute("SELECT * EXCLUDE (participant_no) FROM candidate").fetchnumpy()
    candidates = Candidates(
        database,
        np.asarray(got["vacancy"], dtype=np.int64),
        {column: np.asarray(got[name], dtype=np.int64) for column, name in coded.items()},
        values,
    )
    _refuse_points_of_other_needs(policy, vacancies, candidates)
    return candidates


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
        raise _NotWellError(str(error)) from error
    codes = {"text": np.array([*texts, ""], dtype=object), "code": np.arange(1, len(texts) + 2)}
    database.register(f"code_{name}", codes)
    return values


def _has_odd_quotes(path: Path) -> bool:
    """Whether quotes stand where DuckDB may read them otherwise than the plain reader does: it
    passes over blanks beside them, and whatever is quoted within a value looks the same. Such a
    file is written anew for it.
    """
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return (
            text.find(b'"') >= 0
            and re.search(rb'[ \t]"|"[ \t]|[^,\r\n"]"[^,\r\n"]', text) is not None
        )


def _refuse_other_shapes(path: Path, width: int, rows: int) -> None:
    """Each line has exactly as many values as the header, and they all end alike: DuckDB lets pass
    a comma at a line's end.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        parts = [
            np.frombuffer(text[start : start + 2**20], dtype=np.uint8)
            for start in range(0, len(text), 2**20)
        ]
        commas, ends, returns, quotes = (
            sum(np.count_nonzero(part == ord(each)) for part in parts) for each in ',\n\r"'
        )
        if returns not in {0, ends}:
            raise _NotWellError("lines end with CR alone, or with more than one")
    if commas != (width - 1) * (rows + 1) and (
        not quotes or any(len(texts) != width for _, texts in _records(path))
    ):
        raise _NotWellError("a line does not have the header's number of values")


def _refuse_points_of_other_needs(
    policy: Policy, vacancies: list[Vacancy], candidates: Candidates
) -> None:
    for component in (
        component for stage in policy.stages for component in stage.stated if component.needs
    ):
        if component.code in candidates.codes:
            other = np.array(
                [not component.of_need(vacancy.need) for vacancy in vacancies], dtype=bool
            )
            if np.any(other[candidates.vacancy] & (candidates.codes[component.code] > 0)):
                raise _NotWellError(f"{component.code} for a need that has none")


def _faults(path: Path, policy: Policy, vacancies: list[Vacancy]) -> list[Fault]:
    """Everything that is wrong with a candidate file, line by line."""
    parse = columns.of_candidates(policy)
    needs = {vacancy.vacancy_id: vacancy.need for vacancy in vacancies}
    limited = {
        component.code: component
        for stage in policy.stages
        for component in stage.stated
        if component.needs
    }
    faults: list[Fault] = []
    lines: dict[str, int] = {}
    records = _records(path)
    try:
        header = next(records)[1]
        for line, texts in records:
            row = _row(path, line, header, texts, faults)
            if row is None:
                continue
            for column, text in row.items():
                if text or column in {PARTICIPANT, VACANCY}:
                    _value(path, line, column, text, parse[column], faults)
            participant_no, vacancy_id = row[PARTICIPANT], row[VACANCY]
            if participant_no and lines.setdefault(participant_no, line) != line:
                reason = f"{participant_no} stands in line {lines[participant_no]} too"
                faults.append(Fault(str(path), line, PARTICIPANT, reason))
            if vacancy_id and vacancy_id not in needs:
                faults.append(
                    Fault(
                        str(path),
                        line,
                        VACANCY,
                        f"no vacancy {vacancy_id} is in the file of vacancies",
                    )
                )
            for code, component in limited.items():
                if (
                    row.get(code)
                    and vacancy_id in needs
                    and not component.of_need(needs[vacancy_id])
                ):
                    reason = f"vacancies for {needs[vacancy_id]} have no {code}"
                    faults.append(Fault(str(path), line, code, reason))
            if len(faults) > MOST_FAULTS:
                break
    except FilesRefusedError as error:
        faults += error.faults
    return faults or list(_uneven_ends(path))


def _first(faults: list[Fault]) -> list[Fault]:
    """As many as are told, and a word where there are more."""
    if len(faults) <= MOST_FAULTS:
        return faults
    last = faults[MOST_FAULTS]
    return [
        *faults[:MOST_FAULTS],
        Fault(last.file, last.line, "all", "there are more faults from here on; mend these first"),
    ]


def _uneven_ends(path: Path) -> Iterator[Fault]:
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
                yield Fault(
                    str(path),
                    line,
                    "all",
                    f"it ends with {names[end]}, the lines above with {names[before]}",
                )
                return


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The file's records with the lines in which they begin, empty lines left out.

    Raises FilesRefusedError where it is no CSV in UTF-8.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        line = 1
        try:
            for texts in reader:
                if texts:
                    yield line, texts
                line = reader.line_num + 1
        except csv.Error as error:
            raise FilesRefusedError(
                [Fault(str(path), line, "all", f"it is no CSV: {error}")]
            ) from error
        except UnicodeDecodeError as error:
            raise FilesRefusedError([_not_utf8(path)]) from error


def _not_utf8(path: Path) -> Fault:
    with path.open("rb") as file:
        for line, text in enumerate(file, 1):
            try:
                text.decode()
            except UnicodeDecodeError as error:
                return Fault(
                    str(path), line, "all", f"byte {error.start + 1} of the line is not UTF-8"
                )
    return Fault(str(path), 1, "all", "it is not UTF-8")


def _header(
    path: Path,
    records: Iterator[tuple[int, list[str]]],
    required: Collection[str],
    known: Collection[str],
) -> list[str]:
    """The header's names, which must be known ones, each once, the required ones among them."""
    line, names = next(records, (1, []))
    faults = [
        Fault(
            str(path),
            line,
            name or f"number {number}",
            f"there is no such column; there may be {', '.join(known if isinstance(known, Mapping) else sorted(known))}",
        )
        for number, name in enumerate(names, 1)
        if name not in known
    ]
    faults += [
        Fault(str(path), line, name, "the column stands twice")
        for name in names
        if names.count(name) > 1
    ][:1]
    faults += [
        Fault(str(path), line, name, "the column is missing")
        for name in required
        if name not in names
    ]
    if faults:
        raise FilesRefusedError(faults)
    return names


def _row(
    path: Path, line: int, header: list[str], texts: list[str], faults: list[Fault]
) -> dict[str, str] | None:
    if len(texts) == len(header):
        return dict(zip(header, texts, strict=True))
    column = header[len(texts)] if len(texts) < len(header) else f"number {len(header) + 1}"
    faults.append(
        Fault(str(path), line, column, f"{len(texts)} values, the header has {len(header)}")
    )
    return None


def _value(
    path: Path, line: int, column: str, text: str, parse: Parse, faults: list[Fault]
) -> object:
    if not text:
        faults.append(Fault(str(path), line, column, "it is empty"))
        return None
    try:
        return parse(text)
    except ValueError as error:
        faults.append(Fault(str(path), line, column, str(error)))
        return None


def _need_of(policy: Policy) -> Parse:
    def need(text: str) -> str:
        if text not in policy.needs:
            raise ValueError(f"the policy knows no need {text!r}; it has {', '.join(policy.needs)}")
        return text

    return need
