"""What `terang rank` promises to scripts: lines or nothing, and an exit status that tells which."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.rank import app
from shared.policies import POLICIES_FOLDER

GOLDEN = Path(__file__).parents[2] / "services" / "ranking" / "files" / "golden"


def arguments(case: str, *options: str, policy: str = "national-cpns-2024") -> list[str]:
    folder = GOLDEN / case
    files = [
        "--vacancies",
        str(folder / "vacancies.csv"),
        "--candidates",
        str(folder / "candidates.csv"),
    ]
    return ["--policy", policy, *files, *options]


def test_lines_are_printed_or_written() -> None:
    """Status 0; only lines go to standard output, the summary goes to standard error."""
    done = CliRunner().invoke(app, arguments("skd-cut", "--stage", "skd"))
    assert done.exit_code == 0
    assert done.stdout == (GOLDEN / "skd-cut" / "expected.csv").read_text("utf-8")
    assert done.stderr == "skd: 15 candidates of 3 vacancies: 1 DIS, 3 P, 6 P/L, 1 TH, 4 TL\n"


def test_an_undecided_tie_is_status_3(tmp_path: Path) -> None:
    """The lines are written all the same."""
    out = tmp_path / "out.csv"
    done = CliRunner().invoke(
        app, arguments("final-ties", "--stage", "final", "--admitted", "--out", str(out))
    )
    assert done.exit_code == 3
    assert out.read_text("utf-8") == (GOLDEN / "final-ties" / "expected.csv").read_text("utf-8")
    assert "2 are equal in everything at a last seat" in done.stderr


def test_a_refusal_is_status_2_and_leaves_what_was_there(tmp_path: Path) -> None:
    """File, line, column and reason; an earlier file stays, nothing half done is left."""
    bad = tmp_path / "candidates.csv"
    bad.write_text("participant_no,vacancy_id,TWK,TIU,TKP\n1,V-1,100,120,200\n2,V-1,1e2,120,200\n")
    out = tmp_path / "out.csv"
    out.write_text("earlier\n")
    options = arguments("skd-cut", "--stage", "skd", "--out", str(out))
    options[options.index("--candidates") + 1] = str(bad)
    done = CliRunner().invoke(app, options)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"{bad}:3: TWK: '1e2' is no decimal number")
    assert out.read_text() == "earlier\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["candidates.csv", "out.csv"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (arguments("skd-cut", "--stage", "skb9"), "has no list skb9; it has skd, final"),
        (arguments("skd-cut", "--stage", "skd", policy="national"), "no such policy"),
        (arguments("nowhere", "--stage", "skd"), "No such file"),
        (arguments("skd-cut", "--stage", "skd", "--explain", "9999"), "has the number 9999"),
    ],
)
def test_what_cannot_be_asked_is_status_2(options: list[str], says: str) -> None:
    """A list, policy, file or participant that isn't there."""
    done = CliRunner().invoke(app, options)
    assert done.exit_code == 2
    assert says in done.stderr


def test_a_place_is_explained_in_both_languages() -> None:
    """Instead of the lines."""
    done = CliRunner().invoke(
        app, arguments("final-rounding", "--stage", "final", "--explain", "0002")
    )
    assert done.exit_code == 0
    assert "Peringkat Anda 1 dari 2 peserta yang diperingkat." in done.stdout
    assert "Your rank is 1 of 2 who are ranked." in done.stdout
    assert "vacancy_id" not in done.stdout


def test_what_is_read_is_never_written_over(tmp_path: Path) -> None:
    """An output that is one of the files read is refused, and the file is as it was."""
    folder = GOLDEN / "skd-cut"
    kept = {}
    for name in ("vacancies", "candidates"):
        kept[name] = tmp_path / f"{name}.csv"
        kept[name].write_bytes((folder / f"{name}.csv").read_bytes())
    kept["policy"] = tmp_path / "policy.toml"
    kept["policy"].write_bytes((POLICIES_FOLDER / "national-cpns-2024.toml").read_bytes())
    options = [word for name, path in kept.items() for word in (f"--{name}", str(path))]
    for path in kept.values():
        before = path.read_bytes()
        done = CliRunner().invoke(app, [*options, "--stage", "skd", "--out", str(path)])
        assert (done.exit_code, path.read_bytes()) == (2, before)
        assert "is one of the files that are read" in done.stderr


def test_a_link_leads_to_where_lines_are_written(tmp_path: Path) -> None:
    """The link stays, what it leads to is written, and nothing else in the folder is touched."""
    (tmp_path / "out.csv.unfinished").write_text("somebody's")
    (tmp_path / "link.csv").symlink_to("out.csv")
    done = CliRunner().invoke(
        app, arguments("skd-cut", "--stage", "skd", "--out", str(tmp_path / "link.csv"))
    )
    assert done.exit_code == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "out.csv").read_text("utf-8") == (
        GOLDEN / "skd-cut" / "expected.csv"
    ).read_text("utf-8")
    assert (tmp_path / "out.csv.unfinished").read_text() == "somebody's"


def test_a_device_is_written_to() -> None:
    """It stays what it is."""
    done = CliRunner().invoke(app, arguments("skd-cut", "--stage", "skd", "--out", "/dev/null"))
    assert done.exit_code == 0
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    "out", [".", "", "{folder}/file/x.csv", "{folder}/" + "x" * 300, "{folder}/none/x.csv"]
)
def test_where_nothing_can_be_written_is_status_2(tmp_path: Path, out: str) -> None:
    """A folder, a file as a folder, a name too long, a folder that isn't there: a sentence."""
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(
        app, arguments("skd-cut", "--stage", "skd", "--out", out.format(folder=tmp_path))
    )
    assert done.exit_code == 2
    assert done.stderr.startswith("terang rank: ")


def test_nothing_is_written_where_an_account_of_nobody_is_asked_for(tmp_path: Path) -> None:
    """Status 2 means no line."""
    out = tmp_path / "out.csv"
    done = CliRunner().invoke(
        app, arguments("skd-cut", "--stage", "skd", "--explain", "9999", "--out", str(out))
    )
    assert (done.exit_code, out.exists()) == (2, False)


def test_a_stage_that_completes_two_lists_names_none(tmp_path: Path) -> None:
    """Which one is meant is not guessed."""
    policy = tmp_path / "policy.toml"
    text = (POLICIES_FOLDER / "national-cpns-2024.toml").read_text("utf-8")
    lists = text.index("[[lists]]")
    both = (
        text[lists:]
        .replace('code = "skd"', 'code = "first"')
        .replace('after = "skd"', 'after = "first"')
    )
    policy.write_text(text[:lists] + both.replace('stage = "skb"\n', 'stage = "skd"\n'), "utf-8")
    done = CliRunner().invoke(app, arguments("skd-cut", "--stage", "skd", policy=str(policy)))
    assert done.exit_code == 2
    assert "has more than one list that skd completes; it has first, final" in done.stderr
