"""Every Python that is supported ranks the same crowd to the same bytes."""

import io
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from services.ranking.files.rank_files import rank_files
from shared.policies import Policy, bundled_ids, load

CANDIDATES = 3_000
DIGESTS = Path(__file__).with_name("standings.sha256")
"""`sha256  policy list`, one a line."""


def numbers(state: int) -> Iterator[int]:
    """A sequence that is the same everywhere (MMIX's linear congruential generator)."""
    while True:
        state = (6364136223846793005 * state + 1442695040888963407) % 2**64
        yield state >> 33


def crowd(policy: Policy) -> str:
    """A file of candidates for two vacancies: many share points, some lack facts, points or all."""
    components = [
        part
        for stage in policy.stages
        for part in stage.stated
        if not part.needs or "UMUM" in part.needs
    ]
    levels = ["", *(level.code for level in policy.education)]
    groups = ["", *(group.code for group in policy.priority_groups)]
    codes = ",".join(part.code for part in components)
    facts = "gpa,birth_date,relevant_experience_months,education,priority"
    lines = [f"participant_no,vacancy_id,{codes},{facts}"]
    chance = numbers(2024)
    for number in range(1, CANDIDATES + 1):
        points = [
            str(part.maximum - part.step * (next(chance) % min(12, int(part.maximum / part.step))))
            for part in components
        ]
        if number % 50 == 0:
            points = ["0" if number % 100 else ""] * len(points)
        mark = next(chance) % 21
        known_facts = [
            f"{2 + mark / 10:.1f}" if mark else "",
            f"{1985 + next(chance) % 15}-{1 + next(chance) % 12:02}-{1 + next(chance) % 28:02}",
            str(next(chance) % 60),
            levels[next(chance) % len(levels)],
            groups[next(chance) % len(groups)],
        ]
        vacancy = f"v{1 + next(chance) % 2}"
        lines.append(",".join([f"{number:06}", vacancy, *points, *known_facts]))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("policy_id", bundled_ids())
def test_standings_are_the_same_bytes_on_every_python(tmp_path: Path, policy_id: str) -> None:
    """The digest of each list of a made-up crowd is committed."""
    policy = load(policy_id)
    (tmp_path / "candidates.csv").write_text(crowd(policy), "utf-8")
    (tmp_path / "vacancies.csv").write_text("vacancy_id,need,seats\nv1,UMUM,40\nv2,UMUM,3\n")
    found = []
    for policy_list in policy.lists:
        out = io.BytesIO()
        rank_files(
            policy,
            policy_list,
            tmp_path / "vacancies.csv",
            tmp_path / "candidates.csv",
            admitted=False,
            out=out,
            explain=None,
        )
        found.append(f"{sha256(out.getvalue()).hexdigest()}  {policy_id} {policy_list.code}")
    committed = DIGESTS.read_text("ascii").splitlines()
    assert found == [row for row in committed if row.split()[1] == policy_id]
