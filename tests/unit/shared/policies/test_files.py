"""Policies as files: line numbers, faults, and what policies say in sentences."""

import re
import tomllib
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from shared.languages import Language
from shared.policies import (
    POLICIES_FOLDER,
    TO_BE_CONFIRMED,
    Policy,
    PolicyError,
    bundled_ids,
    load,
    read_file,
    read_policy,
)
from shared.policies.differences import differences
from shared.policies.sentences import sentences
from shared.policies.toml_lines import line_numbers

TRICKY = '''# a remark with [brackets] and "quotes"
a.b = "x # y"   # 2
"quoted key" = """
two lines \\""" and "quotes""""

[t]             # 6
list = [        # 7
    { k = 1, deep.er = ["]", '}'] },  # 8
    { k = 2 },  # 9
]
[[t.many]]      # 11
v = 1979-05-27T07:32:00Z
[[t.many]]
[t.many.inner]  # 14
v = -1.5e3      # 15
'''


def places(value: object, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place of a file's values."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [at for key, each in inner for at in ((*place, key), *places(each, (*place, key)))]


def test_lines_are_found_in_all_that_toml_allows() -> None:
    """Lines are right after remarks, long strings, dotted and quoted keys, and nested tables."""
    lines = line_numbers(TRICKY)
    assert tomllib.loads(TRICKY)["t"]["many"][1]["inner"]["v"] == -1500
    assert [
        lines[place]
        for place in (("a", "b"), ("quoted key",), ("t",), ("t", "list"), ("t", "list", 0))
    ] == [
        2,
        3,
        6,
        7,
        8,
    ]
    assert lines["t", "list", 0, "deep", "er"] == 8
    assert [
        lines[place]
        for place in (("t", "list", 1, "k"), ("t", "many", 0), ("t", "many", 1, "inner", "v"))
    ] == [
        9,
        11,
        15,
    ]


@pytest.mark.parametrize("policy_id", bundled_ids())
def test_every_place_of_a_policy_has_a_line(policy_id: str) -> None:
    """Whatever is wrong can be pointed at."""
    text = (POLICIES_FOLDER / f"{policy_id}.toml").read_text("utf-8")
    lines = line_numbers(text)
    count = text.count("\n")
    for place in places(tomllib.loads(text)):
        assert 1 <= lines[place] <= count, place


@pytest.mark.parametrize("policy_id", bundled_ids())
def test_what_is_unsure_says_so(policy_id: str) -> None:
    """Every authority of confidence C or D says what is to be confirmed.

    The figures that a local profile chose name one of D.
    """
    policy = load(policy_id)
    for authority in policy.authorities.values():
        assert authority.confidence in "AB" or authority.remark.startswith(TO_BE_CONFIRMED)
    if policy_id.startswith("local-"):
        assert {policy_list.score.authority for policy_list in policy.lists} == {"profile"}
        assert policy.authorities["profile"].confidence == "D"


CHANGES: list[tuple[str, str, str]] = [
    (
        'minimum = "166", authority = "skd-thresholds" }',
        'minimum = "226", authority = "skd-thresholds" }',
        "above the maximum 225",
    ),
    ('weight = "60"', 'weight = "61"', "the weights sum to 101 %, not 100 %"),
    ('by = "birth_date"', 'by = "birthday"', "nothing is called birthday"),
    ("days = 3\n", "days = 0\n", "greater than 0"),
    ('after = "final"\ndays', 'after = "finale"\ndays', "nothing is announced as finale"),
    (
        'items = 30, maximum = "150"',
        'items = 31, maximum = "150"',
        "31 items of 5 points do not make 150",
    ),
    ('level = "components"', 'level = "names"', "'components' or 'scores'"),
]


@pytest.mark.parametrize(("was", "becomes", "says"), CHANGES)
def test_check_names_file_line_place_and_authority(
    was: str, becomes: str, says: str, tmp_path: Path
) -> None:
    """Every fault is a line that an editor can jump to, with the decree of the figure."""
    text = (POLICIES_FOLDER / "national-cpns-2024.toml").read_text("utf-8")
    assert was in text
    changed = text.replace(was, becomes, 1)
    file = tmp_path / "changed.toml"
    file.write_text(changed, "utf-8")
    result = CliRunner().invoke(app, ["policy", "check", str(file), "--lang", "en"])
    assert result.exit_code == 1
    line = next(
        number
        for number, row in enumerate(changed.splitlines(), 1)
        if becomes.splitlines()[0] in row
    )
    told = [row for row in result.stderr.splitlines() if says in row]
    assert told
    stands = int(told[0].removeprefix(f"{file}:").split(":", 1)[0])
    assert line - 4 <= stands <= line + 1  # a sum of weights stands at the array that holds them
    assert any(decree in told[0] for decree in ("PANRB", "UU 14/2008", "BKN"))


def test_a_fault_of_thresholds_names_where_thresholds_come_from(tmp_path: Path) -> None:
    """A fault of thresholds names their decree, never that of the stage's composition.

    Also where it is of all of them, or of one without an authority.
    """
    text = (POLICIES_FOLDER / "national-cpns-2024.toml").read_text("utf-8")
    file = tmp_path / "changed.toml"
    by = "[KepmenPANRB 321/2024, passing grades by kind of need"
    for was, becomes, says in (
        (
            'needs = ["CUMLAUDE", "DIASPORA"]',
            'needs = ["CUMLAUDE"]',
            "stage skd: no threshold for DIASPORA",
        ),
        (
            'needs = ["CUMLAUDE", "DIASPORA"]',
            'needs = ["CUMLAUDE", "PAPUA"]',
            "two thresholds on total for PAPUA",
        ),
        (
            'minimum = "80", authority = "skd-thresholds"',
            'minimum = "80"',
            "authority: it must be there, and is not",
        ),
    ):
        assert was in text
        file.write_text(text.replace(was, becomes), "utf-8")
        told = (
            CliRunner()
            .invoke(app, ["policy", "check", str(file), "--lang", "en"])
            .stderr.splitlines()
        )
        assert any(f"{says} {by}" in row for row in told), says
        assert not any("number of items" in row for row in told)


def test_an_authority_without_an_article_is_told_by_its_decree(tmp_path: Path) -> None:
    """What isn't there is not written as if it were a word."""
    text = (POLICIES_FOLDER / "national-cpns-2024.toml").read_text("utf-8")
    article = 'article = "passing grades by kind of need (article not read; reports agree)"\n'
    assert article in text
    file = tmp_path / "changed.toml"
    file.write_text(text.replace(article, ""), "utf-8")
    result = CliRunner().invoke(app, ["policy", "check", str(file), "--lang", "en"])
    assert result.stderr.endswith(
        "authorities.skd-thresholds.article: it must be there, and is not [KepmenPANRB 321/2024]\n"
    )


WORDS: list[tuple[str, str, str, str]] = [
    (
        'name.id = "Hasil SKD"\nname.en = "Basic competence test, results"',
        'name = "SKD"',
        "harus berupa teks dalam dua bahasa",
        "a text in both languages",
    ),
    (
        'after = "skd"',
        "after = 3",
        "harus berupa teks dalam tanda kutip",
        "a text in quotes is asked for",
    ),
    (
        'labels = ["DIASPORA"]',
        'labels = "DIASPORA"',
        "harus berupa daftar dalam tanda [ ]",
        "a list in [ ] is asked for",
    ),
    (
        "[needs.DIASPORA]",
        "[needs.Diaspora]",
        "needs.Diaspora: harus terdiri dari huruf besar",
        "needs.Diaspora: a code has capital letters",
    ),
    ('weight = "60"', "weight = 60.5", "tulis dalam tanda kutip", "a float is not exact"),
    ("days = 3\n", "days = 90\n", "harus paling banyak 60", "it must be at most 60"),
    (
        'level = "components"',
        'level = "names"',
        "harus salah satu dari 'components' atau 'scores'",
        "one of 'components' or 'scores'",
    ),
]


@pytest.mark.parametrize(("was", "becomes", "indonesian", "english"), WORDS)
def test_a_value_of_the_wrong_kind_is_told_in_either_language(
    was: str, becomes: str, indonesian: str, english: str, tmp_path: Path
) -> None:
    """In Indonesian unless English is asked for, and in words of the field."""
    text = (POLICIES_FOLDER / "national-cpns-2024.toml").read_text("utf-8")
    assert was in text
    file = tmp_path / "changed.toml"
    file.write_text(text.replace(was, becomes, 1), "utf-8")
    assert indonesian in CliRunner().invoke(app, ["policy", "check", str(file)]).stderr
    assert english in CliRunner().invoke(app, ["policy", "check", str(file), "--lang", "en"]).stderr


ODD: list[object] = [
    None,
    True,
    "",
    "x y",
    "nan",
    1,
    -1,
    1.5,
    10**15,
    "0.12345678",
    "-1",
    [],
    [1],
    {},
    {"a b": 1},
    date(2024, 1, 1),
]


def test_no_fault_speaks_python() -> None:
    """Whatever is wrong with a single value is told in plain words, in both languages."""
    seen = set()
    said = set()
    for whole in (
        tomllib.loads((POLICIES_FOLDER / f"{policy_id}.toml").read_text("utf-8"))
        for policy_id in bundled_ids()
    ):
        for place in places(whole):
            kind = tuple(
                "*" if isinstance(step, int) or at == 1 else step for at, step in enumerate(place)
            )
            for odd in ODD if kind not in seen else ():
                values = deepcopy(whole)
                inner: Any = values
                for step in place[:-1]:
                    inner = inner[step]
                if odd is None:
                    del inner[place[-1]]
                else:
                    inner[place[-1]] = odd
                try:
                    read_policy("odd.toml", values)
                except PolicyError as error:
                    said |= {
                        (fault.location, fault.says, fault.told("id")) for fault in error.faults
                    }
            seen.add(kind)
    assert len(said) > 300
    speaks = re.compile(r"Input|Field|Extra|instance|pattern|Value error|Decimal|\[key\]|None")
    assert not [each for each in said if speaks.search(str(each))]


def test_a_tie_by_priority_where_priority_goes_before_the_score_is_refused(tmp_path: Path) -> None:
    """A tie by priority is refused on a list that goes by priority.

    It is told with the tie's line and the decree that the ties come from.
    """
    text = (POLICIES_FOLDER / "national-pppk-2024.toml").read_text("utf-8")
    tie = '{ by = "priority", order = "highest-first" },'
    file = tmp_path / "changed.toml"
    file.write_text(text.replace('{ by = "TEKNIS", order = "highest-first" },', tie, 1), "utf-8")
    line = next(
        number for number, row in enumerate(file.read_text("utf-8").splitlines(), 1) if tie in row
    )
    result = CliRunner().invoke(app, ["policy", "check", str(file)])
    assert result.exit_code == 1
    (told,) = result.stderr.splitlines()
    assert told.startswith(
        f"{file}:{line}: lists.0.ties.0.by: list final, ties: priority goes before the score "
        f"already ["
    )
    assert "Pasal 47" in told


def test_check_says_what_is_no_toml_and_what_is_no_file(tmp_path: Path) -> None:
    """With its line; a file that isn't there is said too."""
    file = tmp_path / "broken.toml"
    file.write_text('id = "x"\nversion = \n', "utf-8")
    result = CliRunner().invoke(app, ["policy", "check", str(file), "--lang", "en"])
    assert (result.exit_code, result.stderr.startswith(f"{file}:2: policy: not TOML")) == (1, True)
    assert CliRunner().invoke(app, ["policy", "check", str(tmp_path / "none.toml")]).exit_code == 1


UNREAD: list[tuple[bytes, int, str]] = [
    ('id = "x"'.encode("utf-16"), 1, "policy: not UTF-8"),
    ('id = "x"\nversion = "é"\n'.encode("latin-1"), 2, "policy: not UTF-8"),
    (b"stages = " + b"[" * 5000, 1, "policy: arrays or tables stand within each other too deeply"),
    (b"a = " + b"{a = " * 1000, 1, "policy: arrays or tables stand within each other too deeply"),
    (b"a = " + b"9" * 5000, 1, "policy: a number has too many digits"),
]


@pytest.mark.parametrize(
    ("content", "line", "says"), UNREAD, ids=["utf-16", "latin-1", "arrays", "tables", "digits"]
)
def test_what_can_not_be_read_is_one_fault(
    content: bytes, line: int, says: str, tmp_path: Path
) -> None:
    """A file that can't be read is one fault with its name and line, never a traceback.

    Another encoding, nesting without end, a number without end; also for `show`.
    """
    file = tmp_path / "odd.toml"
    file.write_bytes(content)
    result = CliRunner().invoke(app, ["policy", "check", str(file), "--lang", "en"])
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.startswith(f"{file}:{line}: {says}")
    result = CliRunner().invoke(app, ["policy", "show", str(file)])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "odd.toml" in result.stderr


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """A file saved as UTF-8 with the mark is the same policy, and its lines are counted alike."""
    text = (POLICIES_FOLDER / "local-jambi.toml").read_text("utf-8")
    file = tmp_path / "marked.toml"
    file.write_text(text, "utf-8-sig")
    assert read_file(file) == load("local-jambi")
    file.write_text('ID = "x"\n' + text, "utf-8-sig")
    with pytest.raises(PolicyError) as error:
        read_file(file)
    assert [fault.line for fault in error.value.faults] == [1]


@pytest.mark.parametrize("policy_id", bundled_ids())
def test_check_passes_what_comes_along(policy_id: str) -> None:
    """All seven."""
    result = CliRunner().invoke(
        app, ["policy", "check", str(POLICIES_FOLDER / f"{policy_id}.toml")]
    )
    assert result.exit_code == 0
    assert load(policy_id).hash() in result.stdout


def test_show_reads_every_figure_with_its_authority() -> None:
    """Passing grades, weights, steps of evidence, ties and bonuses; in either language."""
    indonesian, english = (
        sentences(load("national-cpns-2024"), language) for language in ("id", "en")
    )
    assert len(indonesian) == len(english)
    assert any(
        one.startswith(
            "Tahap skd, ambang batas TIU bagi CUMLAUDE: paling rendah 85. [KepmenPANRB 321/2024"
        )
        for one in indonesian
    )
    assert any(
        "skd ÷ 5.5 × 40 % + skb × 60 %; rounded at each step, 3 digits" in one for one in english
    )
    medan = "\n".join(sentences(load("local-medan"), "id"))
    assert "menurut bulan pengalaman relevan: 20 mulai 12" in medan
    assert "tanpa datang ke lokasi" in medan
    assert CliRunner().invoke(app, ["policy", "show", "local-medan"]).stdout.strip() == medan
    assert CliRunner().invoke(app, ["policy", "show", "local-atlantis"]).exit_code == 2


def test_an_id_is_the_policy_that_comes_along_whatever_the_folder_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is called like a bundled policy does not pass for it.

    By a path it is read.
    """
    text = (POLICIES_FOLDER / "local-jambi.toml").read_text("utf-8")
    (tmp_path / "local-jambi").write_text(
        text.replace('name.id = "Jambi', 'name.id = "Bukan Jambi', 1), "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    assert "Bukan Jambi" not in CliRunner().invoke(app, ["policy", "show", "local-jambi"]).stdout
    assert "Bukan Jambi" in CliRunner().invoke(app, ["policy", "show", "./local-jambi"]).stdout


def test_show_and_diff_tell_faults_like_check(tmp_path: Path) -> None:
    """With file, line, place and authority, in the language that is asked for."""
    file = tmp_path / "changed.toml"
    file.write_text(
        (POLICIES_FOLDER / "local-jambi.toml").read_text("utf-8").replace("days = 3", "days = 90"),
        "utf-8",
    )
    for lang in ("id", "en"):
        told = CliRunner().invoke(app, ["policy", "check", str(file), "--lang", lang]).stderr
        assert told.count("objections.") == 2
        for words in (["show", str(file)], ["diff", "local-jambi", str(file)]):
            result = CliRunner().invoke(app, ["policy", *words, "--lang", lang])
            assert (result.exit_code, result.stderr) == (2, told)


def test_the_commands_of_the_documentation_run() -> None:
    """What docs/policies.md tells people to type works, and its table has every policy."""
    page = (POLICIES_FOLDER.parents[1] / "docs" / "policies.md").read_text("utf-8")
    commands = [row.split()[1:] for row in page.splitlines() if row.startswith("terang policy ")]
    assert [command[1] for command in commands] == ["show", "diff", "check"]
    for command in commands:
        words = [
            str(POLICIES_FOLDER.parents[1] / word) if word.endswith(".toml") else word
            for word in command
        ]
        assert CliRunner().invoke(app, words).exit_code == 0
    assert all(f"| `{policy_id}` |" in page for policy_id in bundled_ids())


def test_an_authority_that_nothing_names_is_a_fault(tmp_path: Path) -> None:
    """An authority that nothing names is a fault of a file, told by name and line.

    It would stand for figures that are not in the policy. A round's own policy is still read, and
    so is what a question made of it.
    """
    unused = (
        '[authorities.hearsay]\ndecree = "a rumour"\narticle = "of last week"\nconfidence = "B"\n\n'
    )
    text = (
        (POLICIES_FOLDER / "local-medan.toml")
        .read_text("utf-8")
        .replace("[needs.UMUM]", unused + "[needs.UMUM]", 1)
    )
    file = tmp_path / "changed.toml"
    file.write_text(text, "utf-8")
    result = CliRunner().invoke(app, ["policy", "check", str(file)])
    assert result.exit_code == 1
    line = text.splitlines().index("[authorities.hearsay]") + 1
    assert result.stderr == (
        f"{file}:{line}: authorities.hearsay: nothing names the authority hearsay [a rumour, of "
        f"last week]\n"
    )
    assert "hearsay" in Policy.model_validate(tomllib.loads(text)).authorities
    assert "hearsay" in read_policy("a question", tomllib.loads(text)).authorities


def test_objections_are_to_what_people_call_it() -> None:
    """The list's name in the reader's language, and the selection on paper by its own word."""
    cases: list[tuple[Language, list[str]]] = [
        (
            "id",
            [
                "Sanggah atas seleksi administrasi: 3 hari",
                "Sanggah atas Hasil akhir (final): 3 hari",
            ],
        ),
        (
            "en",
            [
                "Objection to the administrative selection: 3",
                "Objection to Final results (final): 3 days",
            ],
        ),
    ]
    for language, starts in cases:
        told = [
            one
            for one in sentences(load("national-cpns-2024"), language)
            if "anggah atas" in one or "Objection" in one
        ]
        assert all(one.startswith(start) for one, start in zip(told, starts, strict=True))


def test_codes_kinds_of_need_and_levels_name_what_they_rest_on() -> None:
    """Codes, kinds of need and levels name what they rest on.

    PPPK 2024: R1 is known by analogy, R2 by reports, the order of both by one source; Medan's
    levels follow the KKNI.
    """
    told = sentences(load("national-pppk-2024"), "en")
    for start, by in (
        ("Priority group 1: R1", "KepmenPANRB 347/2024, order: priority applicants"),
        (
            "Priority group 1, code: R1",
            "result codes of the PPPK selection 2024, R1 for priority applicants; D",
        ),
        ("Priority group 2, code: R2", "result codes of the PPPK selection 2024, R2, R3 and R4"),
        ("Kind of need KHUSUS", "KepmenPANRB 347/2024, kinds of need of the PPPK selection; D"),
    ):
        assert any(one.startswith(start) and f"[{by}" in one for one in told), start
    assert any(
        "D3 (Diploma III)" in one and "[Perpres 8/2012 (KKNI)" in one
        for one in sentences(load("local-medan"), "id")
    )


def test_diff_says_what_changed_and_nothing_else(tmp_path: Path) -> None:
    """A threshold of another year in one sentence; nothing where nothing differs."""
    text = (POLICIES_FOLDER / "national-cpns-2024.toml").read_text("utf-8")
    file = tmp_path / "changed.toml"
    file.write_text(
        text.replace(
            'needs = ["UMUM"], of = "TKP", minimum = "166"',
            'needs = ["UMUM"], of = "TKP", minimum = "143"',
        ),
        "utf-8",
    )
    result = CliRunner().invoke(
        app, ["policy", "diff", "national-cpns-2024", str(file), "--lang", "en"]
    )
    assert result.stdout.startswith(
        "Stage skd, passing grade on TKP for UMUM: from at least 166 to at least 143. "
        "[KepmenPANRB 321/2024"
    )
    assert result.stdout.count("\n") == 1
    assert differences(load("local-jambi"), load("local-jambi"), "id") == []
    told = differences(load("national-cpns-2024"), load("national-pppk-2024"), "id")
    assert any(one.startswith("Baru: Kelompok prioritas 2: R2") for one in told)
    assert any(one.startswith("Tidak ada lagi: Jenis kebutuhan PAPUA") for one in told)


FAULTS: list[tuple[str, str, str]] = [
    (
        'at_least = "SMA", points = "40"',
        'at_least = "SLB", points = "40"',
        "SLB is no value of education",
    ),
    ('at_least = "12", points = "20"', 'at_least = "30", points = "20"', "the steps do not ascend"),
    (
        'at_least = "S3", points = "100"',
        'at_least = "S3", points = "101"',
        "101 points are above the maximum 100",
    ),
    (
        'name.en = "Discipline", maximum = "20"',
        'name.en = "Discipline", maximum = "21"',
        "the rubric's maxima sum to 101, not 100",
    ),
    (
        'component = "INTERPERSONAL", divisor',
        'component = "MANNERS", divisor',
        "stage penilaian has no component MANNERS",
    ),
    ('code = "SMP"\n', 'code = "SD"\n', "education: sd names two of them"),
    ('{ by = "PENGALAMAN"', '{ by = "priority"', "the policy has no order of priority"),
    (
        'stage = "penilaian", component = "PENDIDIKAN"',
        'stage = "penilaian"',
        "counts as a whole and by its component",
    ),
]


@pytest.mark.parametrize(("was", "becomes", "says"), FAULTS)
def test_evidence_rubrics_and_weights_must_fit(
    was: str, becomes: str, says: str, tmp_path: Path
) -> None:
    """Steps ascend within the maximum, rubrics sum up, and what is named exists."""
    text = (POLICIES_FOLDER / "local-medan.toml").read_text("utf-8")
    assert was in text
    file = tmp_path / "changed.toml"
    file.write_text(text.replace(was, becomes, 1), "utf-8")
    with pytest.raises(PolicyError) as error:
        read_file(file)
    assert says in str(error.value)
    assert all(fault.line for fault in error.value.faults)
