"""Standings out of files: cases worked by hand, and every way in which a file is refused."""

import io
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from services.ranking.explanation.domain.sentences import sentences
from services.ranking.files.faults import FilesRefusedError
from services.ranking.files.rank_files import NobodyError, RankingResult, rank_files
from shared.policies import load

GOLDEN = Path(__file__).with_name("golden")
CASES = sorted(path.name for path in GOLDEN.iterdir())


def ranked(
    folder: Path, policy: str, stage: str, *, admitted: bool = False, explain: str | None = None
) -> tuple[str, RankingResult]:
    """The lines of a folder's two files, and what became of them."""
    law = load(policy)
    policy_list = law.list_called(stage) or next(
        found for found in law.lists if found.stage == stage
    )
    out = io.BytesIO()
    done = rank_files(
        law,
        policy_list,
        folder / "vacancies.csv",
        folder / "candidates.csv",
        admitted=admitted,
        out=out,
        explain=explain,
    )
    return out.getvalue().decode(), done


@pytest.mark.parametrize("name", CASES)
def test_lines_are_as_worked_by_hand(name: str) -> None:
    """Ranks, scores, codes and deciding fields of a worked case, to the last digit; case.toml says
    how they come about.
    """
    case = tomllib.loads((GOLDEN / name / "case.toml").read_text("utf-8"))
    lines, done = ranked(
        GOLDEN / name, case["policy"], case["stage"], admitted=case.get("admitted", False)
    )
    assert lines == (GOLDEN / name / "expected.csv").read_text("utf-8")
    assert done.undecided == case.get("undecided", 0)
    assert sum(done.codes.values()) == done.candidates


VACANCIES = "vacancy_id,need,seats\nv1,UMUM,1\nv2,CUMLAUDE,2\n"
HEADER = (
    "participant_no,vacancy_id,TWK,TIU,TKP,gpa,birth_date,relevant_experience_months,disqualified\n"
)
GOOD = "1,v1,100,120,200,3.5,1999-05-17,12,\n"


def files(folder: Path, candidates: str | bytes, vacancies: str | bytes = VACANCIES) -> Path:
    for name, content in (("candidates.csv", candidates), ("vacancies.csv", vacancies)):
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("2,v1,1e2,120,200,,,,", "TWK", "'1e2' is no decimal number"),
        ("2,v1,-5,120,200,,,,", "TWK", "'-5' is no decimal number"),
        ("2,v1,+5,120,200,,,,", "TWK", "is no decimal number"),
        ("2,v1,NaN,120,200,,,,", "TWK", "is no decimal number"),
        ("2,v1, 100,120,200,,,,", "TWK", "is no decimal number"),
        ('2,v1,"100,5",120,200,,,,', "TWK", "is no decimal number"),
        ("2,v1,\u0661\u0660\u0660,120,200,,,,", "TWK", "is no decimal number"),
        ("2,v1,155,120,200,,,,", "TWK", "155 is above the maximum 150"),
        ("2,v1,100,121,200,,,,", "TIU", "121 is no multiple of 5"),
        ("2,v1,100,120,200.5,,,,", "TKP", "200.5 is no multiple of 1"),
        ("2,v3,100,120,200,,,,", "vacancy_id", "no vacancy v3 is in the file of vacancies"),
        ("2,,100,120,200,,,,", "vacancy_id", "it is empty"),
        (",v1,100,120,200,,,,", "participant_no", "it is empty"),
        (" 2,v1,100,120,200,,,,", "participant_no", "blank at an end"),
        ("2\u200b,v1,100,120,200,,,,", "participant_no", "a character that nobody sees"),
        ("\u202e2,v1,100,120,200,,,,", "participant_no", "a character that nobody sees"),
        ("2\u00a03,v1,100,120,200,,,,", "participant_no", "a character that nobody sees"),
        ("e\u0301,v1,100,120,200,,,,", "participant_no", "looks like another number"),
        ("2,v1,100,,200,,,,", "TIU", "it is empty beside points of skd: all of them, or none"),
        ("2,v1,,,200,,,,tidak", "TWK", "it is empty beside points of skd: all of them, or none"),
        ("1,v2,100,120,200,,,,", "participant_no", "1 stands in line 2 too"),
        ("2,v1,100,120,200,3,5,1999-05-17,12,", "number 10", "10 values, the header has 9"),
        ("2,v1,100,120,200,,,,,", "number 10", "10 values, the header has 9"),
        ("2,v1,100,120,200,,,", "disqualified", "8 values, the header has 9"),
        ("2,v1,100,120,200,3.5.1,,,", "gpa", "is no decimal number"),
        ("2,v1,100,120,200,,17-05-1999,,", "birth_date", "is no day of the calendar"),
        ("2,v1,100,120,200,,2001-02-29,,", "birth_date", "is no day of the calendar"),
        ("2,v1,100,120,200,,20010228,,", "birth_date", "is no day of the calendar"),
        ("2,v1,100,120,200,100.01,,,", "gpa", "is above 100"),
        (
            "2,v1,100,120,200,,1899-12-31,,",
            "birth_date",
            "nobody who applies was born on 1899-12-31",
        ),
        (
            "2,v1,100,120,200,,9999-12-31,,",
            "birth_date",
            "nobody who applies was born on 9999-12-31",
        ),
        ("2,v1,100,120,200,,,1.5,", "relevant_experience_months", "is no whole number of months"),
        ("2,v1,100,120,200,,,,maybe", "disqualified", "is neither true nor false"),
        ('2,v1,100,120,200,,,,"', "all", "it is no CSV"),
        ('2,v1,"100"5,120,200,,,,', "all", "it is no CSV"),
    ],
)
def test_a_bad_row_is_refused_where_it_is(tmp_path: Path, row: str, column: str, says: str) -> None:
    """The file, the line, the column and the reason; nothing is guessed, nothing is written."""
    folder = files(tmp_path, HEADER + GOOD + row + "\n")
    with pytest.raises(FilesRefusedError) as refused:
        ranked(folder, "national-cpns-2024", "skd")
    (fault,) = refused.value.faults[:1]
    assert (fault.file, fault.line, fault.column) == (str(folder / "candidates.csv"), 3, column)
    assert says in fault.reason
    assert str(fault) == f"{fault.file}:3: {column}: {fault.reason}"


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("participant_no,vacancy_id,TWK,TIU\n", 1, "TKP", "the column is missing"),
        ("participant_no,TWK,TIU,TKP\n", 1, "vacancy_id", "the column is missing"),
        ("participant_no,vacancy_id,TWK,TIU,TKP,score\n", 1, "score", "there is no such column"),
        ("participant_no,vacancy_id,TWK,TIU,tkp\n", 1, "tkp", "there is no such column"),
        ("participant_no,vacancy_id,TWK,TIU,TKP,TKP\n", 1, "TKP", "the column stands twice"),
        (
            "participant_no;vacancy_id;TWK;TIU;TKP\n",
            1,
            "all",
            "its values are separated by semicolons; save the file with commas between them",
        ),
        (
            "participant_no\tvacancy_id\tTWK\tTIU\tTKP\n",
            1,
            "all",
            "its values are separated by tabs; save the file with commas between them",
        ),
        ("", 1, "participant_no", "the column is missing"),
        (HEADER.encode() + GOOD.encode() + b"\xff,v1,100,120,200,,,,\n", 3, "all", "is not UTF-8"),
        (HEADER + GOOD + "2,v1,100,120,200,,,,\r\n", 3, "all", "it ends with CRLF"),
        (
            HEADER + GOOD + '"2\nx",v1,100,120,200,,,,\n3,v1,1,120,200,,,,\n',
            3,
            "participant_no",
            "control character",
        ),
    ],
)
def test_a_file_that_is_no_such_csv_is_refused(
    tmp_path: Path, text: str | bytes, line: int, column: str, says: str
) -> None:
    """Unknown, missing and double columns, other separators and encodings; a record is told by the
    line in which it begins.
    """
    with pytest.raises(FilesRefusedError) as refused:
        ranked(files(tmp_path, text), "national-cpns-2024", "skd")
    fault = refused.value.faults[0]
    assert (fault.line, fault.column) == (line, column)
    assert says in fault.reason


def test_whoever_was_absent_or_disqualified_may_have_empty_cells(tmp_path: Path) -> None:
    """All of a stage's are empty, or somebody was led out in the middle."""
    rows = GOOD + "2,v1,,,,,,,\n3,v1,100,,,,,,ya\n4,v1,100,,,,,,skd\n"
    lines, _ = ranked(files(tmp_path, HEADER + rows), "national-cpns-2024", "skd")
    assert [line.split(",")[3] + line.split(",")[6] for line in lines.splitlines()[1:]] == [
        "1P/L",
        "2TH",
        "3DIS",
        "4DIS",
    ]


def test_a_header_of_a_hundred_thousand_strange_columns_is_refused(tmp_path: Path) -> None:
    """A hundred are told, and that there are more; looking for doubles costs no square of them."""
    header = ",".join(f"x{number}" for number in range(100_000)) + "\n"
    with pytest.raises(FilesRefusedError) as refused:
        ranked(files(tmp_path, header), "national-cpns-2024", "skd")
    assert len(refused.value.faults) == 101
    assert "there are more faults" in str(refused.value.faults[-1])


def test_numbers_that_look_strange_and_are_none_of_these_are_taken(tmp_path: Path) -> None:
    """Letters of any alphabet, as long as each text is written in one way."""
    rows = "".join(f"{number},v1,100,120,200,,,,\n" for number in ("é", "ñ-1", "１", "n 1"))
    lines, done = ranked(files(tmp_path, HEADER + rows), "national-cpns-2024", "skd")
    assert done.candidates == 4
    assert "é" in lines


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("v2,GENERAL,1", "need", "the policy knows no need 'GENERAL'; it has UMUM"),
        ("v2,UMUM,0", "seats", "'0' is no whole number from 1"),
        ("v2,UMUM,1.0", "seats", "is no whole number from 1"),
        ("v2,UMUM,", "seats", "it is empty"),
        ("v1,UMUM,1", "vacancy_id", "v1 stands in line 2 too"),
        ("v2,UMUM", "seats", "2 values, the header has 3"),
    ],
)
def test_a_bad_vacancy_is_refused(tmp_path: Path, row: str, column: str, says: str) -> None:
    """The same for the file of vacancies."""
    folder = files(tmp_path, HEADER, f"vacancy_id,need,seats\nv1,UMUM,1\n{row}\n")
    with pytest.raises(FilesRefusedError) as refused:
        ranked(folder, "national-cpns-2024", "skd")
    fault = refused.value.faults[0]
    assert (fault.file, fault.line, fault.column) == (str(folder / "vacancies.csv"), 3, column)
    assert says in fault.reason


def test_points_of_a_component_that_the_need_does_not_have_are_refused(tmp_path: Path) -> None:
    """A simulation's points for a general post belong to somebody else."""
    folder = files(
        tmp_path,
        "participant_no,vacancy_id,KOMPETENSI,WAWANCARA,PSIKOLOGI,SIMULASI\n1,v1,80,80,80,80\n",
        "vacancy_id,need,seats\nv1,UMUM,1\nv2,ADMINISTRASI,1\n",
    )
    with pytest.raises(
        FilesRefusedError, match=r":2: SIMULASI: vacancies for UMUM have no SIMULASI"
    ):
        ranked(folder, "local-kasemen", "final")


def test_quotes_are_read_as_the_plain_reader_reads_them(tmp_path: Path) -> None:
    """Quotes and blanks within quoted values are part of them; a blank beside a quoted value is
    refused in its line.
    """
    name = 'a ""b"" c'
    vacancies = f'vacancy_id,need,seats\n"{name}",UMUM,1\n'
    lines, _ = ranked(
        files(
            tmp_path,
            f'participant_no,vacancy_id,TWK,TIU,TKP\n"1","{name}",100,120,200\n',
            vacancies,
        ),
        "national-cpns-2024",
        "skd",
    )
    assert lines.splitlines()[1] == f'"{name}",UMUM,1,1,420,,P/L,'
    folder = files(
        tmp_path,
        f'participant_no,vacancy_id,TWK,TIU,TKP\n1,"{name}",100,120,200\n2, "{name}",100,120,200\n',
        vacancies,
    )
    with pytest.raises(FilesRefusedError) as refused:
        ranked(folder, "national-cpns-2024", "skd")
    assert [(fault.line, fault.column) for fault in refused.value.faults[:1]] == [(3, "vacancy_id")]


def test_a_file_with_many_faults_says_that_there_are_more(tmp_path: Path) -> None:
    """A hundred are told, then that it goes on, and where."""
    rows = "".join(f"{number},v1,x,120,200,,,,\n" for number in range(1, 131))
    with pytest.raises(FilesRefusedError) as refused:
        ranked(files(tmp_path, HEADER + rows), "national-cpns-2024", "skd")
    assert len(refused.value.faults) == 101
    assert str(refused.value.faults[-1]).endswith(
        ":102: all: there are more faults from here on; mend these first"
    )


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    """By line, all of them up to a hundred."""
    folder = files(tmp_path, HEADER + GOOD + "2,v1,x,y,200,,,,\n3,v9,100,120,200,,,,\n")
    with pytest.raises(FilesRefusedError) as refused:
        ranked(folder, "national-cpns-2024", "skd")
    assert [(fault.line, fault.column) for fault in refused.value.faults] == [
        (3, "TWK"),
        (3, "TIU"),
        (4, "vacancy_id"),
    ]


@pytest.mark.parametrize(
    "dress",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: "\n".join(
            ",".join(f'"{value}"' for value in line.split(",")) for line in text.splitlines()
        ).encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: (text + "\n\n").encode(),
        lambda text: "\n".join([text.splitlines()[0], *reversed(text.splitlines()[1:])]).encode(),
    ],
    ids=["crlf", "bom", "quoted", "no-last-newline", "empty-lines", "reversed"],
)
def test_how_a_file_is_dressed_changes_nothing(
    tmp_path: Path, dress: Callable[[str], bytes]
) -> None:
    """Line ends, a byte order mark, quotes, and the order of rows: the same lines come out."""
    case = GOLDEN / "final-ties"
    for name in ("vacancies.csv", "candidates.csv"):
        (tmp_path / name).write_bytes(dress((case / name).read_text("utf-8")))
    lines, _ = ranked(tmp_path, "national-cpns-2024", "final", admitted=True)
    assert lines == (case / "expected.csv").read_text("utf-8")


def test_files_without_candidates_have_no_lines(tmp_path: Path) -> None:
    """A header is a file of nobody."""
    lines, done = ranked(files(tmp_path, HEADER), "national-cpns-2024", "skd")
    assert lines == (GOLDEN / "skd-cut" / "expected.csv").read_text("utf-8").splitlines()[0] + "\n"
    assert done.candidates == 0


def test_a_place_is_explained_by_the_service_s_own_account() -> None:
    """The sentences that the service says, on the list that has the candidate; whoever an earlier
    list held is told by that one.
    """
    case = GOLDEN / "final-rounding"
    law = load("national-cpns-2024")
    _, done = ranked(case, law.id, "final", explain="0003")
    assert done.explanation is not None
    said = sentences(done.explanation, law, "en")
    assert "Basic competence test: 371 ÷ 5.5 = 67.455; × 40 % = 26.982." in said
    assert any("0002 (rank 1) with a score of 75.209" in sentence for sentence in said)
    _, done = ranked(case, law.id, "final", explain="0001")
    assert done.explanation is not None
    assert (done.explanation.list, done.explanation.rank, done.explanation.code) == ("skd", 4, "P")
    for nobody in ("nobody", "\udcff"):
        with pytest.raises(NobodyError):
            ranked(case, law.id, "final", explain=nobody)
