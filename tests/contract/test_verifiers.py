"""Both verifiers, which share no code, say the same of the files in docs/vectors, and of others."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.policies import bundled_ids, load
from tests.verifiers.fuzz import SCRIPT, Other, compare, ours
from tests.verifiers.vectors import FOLDER, files

EXPECTED: list[dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text())


@pytest.fixture(scope="module")
def other() -> str:
    """The command of the second verifier. Without node these tests are skipped, not in CI."""
    if shutil.which("node") is None:
        assert "CI" not in os.environ, "CI needs node"
        pytest.skip("the second verifier needs node, which this machine doesn't have")
    return f"node {SCRIPT}"


@pytest.fixture(scope="module")
def answers(other: str, tmp_path_factory: pytest.TempPathFactory) -> list[Mapping[str, Any]]:
    """What the second verifier says of each vector."""
    with Other(other, tmp_path_factory.mktemp("other")) as process:
        said = []
        for vector in EXPECTED:
            process.ask(FOLDER / vector["file"], vector["policy"])
            said.append(process.answer())
    return said


def test_the_vectors_are_those_of_the_script() -> None:
    """`python -m tests.verifiers.vectors` makes the same files again, and no others stand there."""
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == files()


@pytest.mark.parametrize("vector", EXPECTED, ids=lambda vector: vector["what"])
def test_terang_verify_says_what_is_expected(vector: Mapping[str, Any]) -> None:
    """Status, line, and what is named."""
    status, fault = ours(FOLDER / vector["file"], vector["policy"])
    assert status == vector["status"], fault
    assert vector["names"] in (fault or "")
    if vector["line"] is not None:
        assert (fault or "").startswith(f"line {vector['line']}")


@pytest.mark.parametrize("at", range(len(EXPECTED)), ids=lambda at: EXPECTED[at]["what"])
def test_the_second_verifier_says_what_is_expected(
    at: int, answers: list[Mapping[str, Any]]
) -> None:
    """The same, from a program that shares no code with the first."""
    vector, answer = EXPECTED[at], answers[at]
    assert answer["status"] == vector["status"], answer
    assert vector["names"] in (answer["says"] or "")
    if vector["line"] is not None:
        assert answer["line"] == vector["line"]


def test_random_lists_get_the_same_verdict(other: str, tmp_path: Path) -> None:
    """Some of them; CI compares ten thousand (`python -m tests.verifiers.fuzz`)."""
    statuses, differ = compare(other, range(1, 151), tmp_path)
    assert not differ, differ
    assert set(statuses) == {0, 1, 3}


@pytest.mark.parametrize("seed", [7528, 10068, 10886, 11734])
def test_where_they_once_disagreed_they_agree(seed: int, other: str, tmp_path: Path) -> None:
    """A knock-out above its maximum, no priority groups, a first version that follows another."""
    _, differ = compare(other, range(seed, seed + 1), tmp_path)
    assert not differ, differ


def test_a_verifier_that_accepts_everything_is_found_out(tmp_path: Path) -> None:
    """The comparison itself can fail."""
    program = 'while read -r line; do echo \'{"status": 0, "line": null, "says": null}\'; done'
    script = tmp_path / "yes.sh"
    script.write_text(program)
    _, differ = compare(f"bash {script}", range(1, 11), tmp_path)
    assert differ


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """The second verifier as a person runs it."""
    command = ["node", str(SCRIPT), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_law_can_be_named_in_each_way(other: str, tmp_path: Path) -> None:
    """By name, by hash, as JSON, by the round's opening; status 2 where nothing can be checked."""
    assert other
    file, key = str(FOLDER / "list-2.json"), str(FOLDER / "public.pem")
    law = load("national-cpns-2024")
    (tmp_path / "law.json").write_text(json.dumps(law.as_json()))
    opening = {
        "round_id": "cpns-2024",
        "policy": law.as_json(),
        "policy_hash": law.hash(),
        "seed": "5e" * 32,
        "decreed_seats": 3,
        "calendar": {"registration_opens": "2026-01-01T00:00:00Z"},
    }
    (tmp_path / "opened.json").write_text(json.dumps({"data": opening}))
    (tmp_path / "late.json").write_text(
        json.dumps(opening | {"calendar": {"registration_opens": "2026-10-02T00:00:00Z"}})
    )
    for words, status in (
        (("--policy", law.id), 0),
        (("--policy-hash", law.hash()), 0),
        (("--policy-hash", "00" * 32), 1),
        (("--policy", str(tmp_path / "law.json")), 0),
        (("--round-opened", str(tmp_path / "opened.json")), 0),
        (("--round-opened", str(tmp_path / "late.json")), 1),
        (("--policy", str(tmp_path / "none.json")), 2),
        ((), 3),
    ):
        ran = run(file, "--key", key, *words)
        assert ran.returncode == status, (words, ran.stdout, ran.stderr)
    assert run(file).returncode == 2
    assert run("nowhere.json", "--key", key).returncode == 2
    assert run(file, "--key", file).returncode == 1


def test_the_policies_that_the_second_verifier_knows_are_those_that_come_with_us() -> None:
    """Name, version and hash of each stand in the script."""
    known = re.findall(r'\["([^"]+)", "([^"]+)", "([0-9a-f]{64})"\]', SCRIPT.read_text())
    assert known == [(law.id, law.version, law.hash()) for law in map(load, bundled_ids())]


def test_the_second_verifier_signs_nothing_off_by_itself(other: str, tmp_path: Path) -> None:
    """A signature by another key is refused: its Ed25519 and SHA-512 are its own."""
    assert other
    data = (FOLDER / "list-2.json").read_text()
    start = data.index('"signature":"') + len('"signature":"')
    for changed in (
        data[:start] + "00" * 64 + data[start + 128 :],
        data[:start] + data[start : start + 64] + "ff" * 32 + data[start + 128 :],
    ):
        (tmp_path / "list.json").write_text(changed)
        ran = run(str(tmp_path / "list.json"), "--key", str(FOLDER / "public.pem"))
        assert ran.returncode == 1
        assert "signature" in ran.stderr
