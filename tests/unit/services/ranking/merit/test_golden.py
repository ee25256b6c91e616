"""Lists worked by hand, for each policy, and the digest of every key that they make."""

import tomllib
from datetime import date
from decimal import Decimal
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.merit.domain.list_cut import ListCut
from services.ranking.merit.domain.list_lines import ListLine, SortedRow, list_line
from services.ranking.merit.domain.list_rules import ListRules, rules_of
from services.ranking.merit.domain.merit_key import before_decision
from services.ranking.merit.domain.score import decimal_text
from services.ranking.merit.domain.standing import CandidateStanding, Gate
from shared.policies import Policy, bundled_ids, load, read_file

FOLDER = Path(__file__).with_name("golden")
SEED = "5e" * 32
FILES = sorted(
    path.stem for path in FOLDER.glob("*.toml") if not path.name.endswith(".policy.toml")
)


def golden(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def policy_of(worked: dict[str, Any]) -> Policy:
    return load(worked["policy"]) if "policy" in worked else read_file(FOLDER / worked["file"])


def candidate(row: dict[str, Any], admitted_by: str | None) -> Candidate:
    results = {
        stage: StageResult(Outcome.SCORED, {code: Decimal(value) for code, value in points.items()})
        for stage, points in row.get("points", {}).items()
    }
    for outcome, word in ((Outcome.MISSED, "missed"), (Outcome.DISQUALIFIED, "disqualified")):
        if word in row:
            results[row[word]] = StageResult(outcome, {})
    return Candidate(
        f"0001-{row['no']:06d}",
        verified=True,
        results=results,
        gpa=Decimal(row["gpa"]) if "gpa" in row else None,
        birth_date=date.fromisoformat(row["birth_date"]) if "birth_date" in row else None,
        relevant_experience_months=row.get("relevant_experience_months"),
        admitted_by=frozenset({admitted_by} if admitted_by else ()),
        education=row.get("education"),
        priority=row.get("priority"),
    )


def placed(
    rules: ListRules, candidates: list[Candidate]
) -> list[tuple[CandidateStanding, ListLine]]:
    """Every candidate's line, in merit order; equals stand by number here, so that what is expected
    needs no hash.
    """
    found: list[tuple[CandidateStanding, Candidate]] = []
    for person in candidates:
        standing = rules.standing_of(person)
        assert standing is not None
        found.append((standing, person))
    found.sort(
        key=lambda pair: (pair[0].gate, before_decision(pair[0].merit_key), pair[1].participant_no)
    )
    lines: list[tuple[CandidateStanding, ListLine]] = []
    for _, group in groupby(
        found, key=lambda pair: (pair[0].gate, before_decision(pair[0].merit_key))
    ):
        alike = list(group)
        shared = len(lines) + 1
        for number, (standing, person) in enumerate(alike):
            row = SortedRow(
                shared + number,
                person.participant_no,
                standing.gate,
                standing.combined_score,
                shared,
                len(alike),
                decided=0,
            )
            lines.append((standing, list_line(row)))
    order = {person.participant_no: number for number, person in enumerate(candidates)}
    out = [pair for pair in lines if pair[0].gate is not Gate.RANKED]
    return [pair for pair in lines if pair[0].gate is Gate.RANKED] + sorted(
        out, key=lambda pair: order[pair[1].participant_no]
    )


def told(
    rules: ListRules, seats: int, lines: list[tuple[CandidateStanding, ListLine]]
) -> list[dict[str, Any]]:
    cut = ListCut.of(rules, seats)
    rows: list[dict[str, Any]] = []
    above: CandidateStanding | None = None
    for standing, line in lines:
        code = rules.published_code(cut.code(line.gate, line.rank, line.equals), line.priority)
        row: dict[str, Any] = {"no": int(line.participant_no[-6:]), "code": code}
        if line.rank is not None and line.score is not None:
            row |= {"rank": line.rank, "score": decimal_text(line.score, rules.decimals)}
            row["by"] = (
                ""
                if above is None
                else rules.deciding_field(above.merit_key, standing.merit_key) or "equal"
            )
            above = standing
        rows.append(row)
    return rows


def otherwise(case: dict[str, Any], found: list[dict[str, Any]]) -> list[str]:
    """What a case's candidates have instead of what was worked out, a line for each."""
    wanted = {row["no"]: row for row in case["expected"]}
    lines = [
        f"  candidate {row['no']}: {_in_words(row)}; worked by hand: {_in_words(wanted[row['no']])}"
        for row in found
        if row != wanted[row["no"]]
    ]
    if not lines and found != case["expected"]:
        lines = ["  the same lines in another order"]
    return (
        [f"{case['list']}, {case['need']}, {case['seats']} seats: {case['says']}", *lines]
        if lines
        else []
    )


def _in_words(row: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {value}" for name, value in row.items() if name != "no" and value != ""
    )


@pytest.mark.parametrize("name", FILES)
def test_lists_are_as_worked_by_hand(name: str) -> None:
    """Rank, score, code and what decided, of every candidate of every worked case; where a rule was
    changed, all that is decided otherwise now.
    """
    worked = golden(name)
    policy = policy_of(worked)
    differences: list[str] = []
    for case in worked["cases"]:
        listed = policy.list_called(case["list"])
        assert listed is not None
        rules = rules_of(policy.model_dump_json(), case["need"], SEED)[case["list"]]
        candidates = [
            candidate(row, listed.after if case.get("admitted") else None)
            for row in case["candidates"]
        ]
        differences += otherwise(case, told(rules, case["seats"], placed(rules, candidates)))
    if differences:
        pytest.fail("\n".join([f"{policy.id} decides otherwise now:", *differences]), pytrace=False)


def keys_digest(name: str) -> str:
    """Of every key of a file's cases, in order."""
    worked = golden(name)
    policy = policy_of(worked)
    digest = sha256()
    for case in worked["cases"]:
        after = policy.list_called(case["list"])
        rules = rules_of(policy.model_dump_json(), case["need"], SEED)[case["list"]]
        for row in case["candidates"]:
            standing = rules.standing_of(
                candidate(row, after.after if after and case.get("admitted") else None)
            )
            assert standing is not None
            digest.update(len(standing.merit_key).to_bytes(2, "big") + standing.merit_key)
    return digest.hexdigest()


@pytest.mark.parametrize("name", FILES)
def test_keys_are_the_same_bytes_on_every_python(name: str) -> None:
    """The digest of the keys is committed: whichever Python runs this must give it."""
    rows = (FOLDER / "keys.sha256").read_text("ascii").splitlines()
    assert f"{keys_digest(name)}  {name}" in rows


def test_every_policy_has_worked_cases() -> None:
    """None of them goes without."""
    assert set(bundled_ids()) <= set(FILES)
