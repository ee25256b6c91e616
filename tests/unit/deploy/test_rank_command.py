"""What `terang rank` promises to scripts: lines or nothing, and an exit status that tells which."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.rank import app

GOLDEN = Path(__file__).parents[1] / "services" / "ranking" / "files" / "golden"


def asked(case: str, *options: str, policy: str = "national-cpns-2024") -> list[str]:
    folder = GOLDEN / case
    files = ["--vacancies", str(folder / "vacancies.csv"), "--candidates", str(folder / "candidates.csv")]
    return ["--policy", policy, *files, *options]


def test_lines_are_printed_or_written() -> None:
    """Status 0; the lines are the command's only output, what became of them goes to standard error."""
    done = CliRunner().invoke(app, asked("skd-cut", "--stage", "skd"))
    assert done.exit_code == 0
    assert done.stdout == (GOLDEN / "skd-cut" / "expected.csv").read_text("utf-8")
    assert done.stderr == "skd: 15 candidates of 3 vacancies: 1 DIS, 3 P, 6 P/L, 1 TH, 4 TL\n"


def test_an_undecided_tie_is_status_3(tmp_path: Path) -> None:
    """The lines are written all the same."""
    out = tmp_path / "out.csv"
    done = CliRunner().invoke(app, asked("final-ties", "--stage", "final", "--admitted", "--out", str(out)))
    assert done.exit_code == 3
    assert out.read_text("utf-8") == (GOLDEN / "final-ties" / "expected.csv").read_text("utf-8")
    assert "2 are equal in everything at a last seat" in done.stderr


def test_a_refusal_is_status_2_and_leaves_what_was_there(tmp_path: Path) -> None:
    """File, line, column and reason; an earlier file of lines is not touched, nothing half done stays behind."""
    bad = tmp_path / "candidates.csv"
    bad.write_text("participant_no,vacancy_id,TWK,TIU,TKP\n1,V-1,100,120,200\n2,V-1,1e2,120,200\n")
    out = tmp_path / "out.csv"
    out.write_text("earlier\n")
    options = asked("skd-cut", "--stage", "skd", "--out", str(out))
    options[options.index("--candidates") + 1] = str(bad)
    done = CliRunner().invoke(app, options)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"{bad}:3: TWK: '1e2' is no decimal number")
    assert out.read_text() == "earlier\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["candidates.csv", "out.csv"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (asked("skd-cut", "--stage", "skb9"), "has no list skb9; it has skd, final"),
        (asked("skd-cut", "--stage", "skd", policy="national"), "no such policy"),
        (asked("nowhere", "--stage", "skd"), "No such file"),
        (asked("skd-cut", "--stage", "skd", "--explain", "9999"), "has the number 9999"),
    ],
)
def test_what_cannot_be_asked_is_status_2(options: list[str], says: str) -> None:
    """A list, policy, file or participant that isn't there."""
    done = CliRunner().invoke(app, options)
    assert done.exit_code == 2
    assert says in done.stderr


def test_a_place_is_explained_in_both_languages() -> None:
    """Instead of the lines."""
    done = CliRunner().invoke(app, asked("final-rounding", "--stage", "final", "--explain", "0002"))
    assert done.exit_code == 0
    assert "Peringkat Anda 1 dari 2 peserta yang diperingkat." in done.stdout
    assert "Your rank is 1 of 2 who are ranked." in done.stdout
    assert "vacancy_id" not in done.stdout
