"""A published list of any size, written vacancy by vacancy."""

import random
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.proofs.domain.canonical import canonical
from services.ranking.proofs.domain.head import Head
from services.ranking.proofs.domain.leaves import LineLeaf, VacancyLeaf, leaf_bytes
from services.ranking.proofs.domain.list_file import lines_before_leaves
from services.ranking.proofs.domain.merkle_tree import GrowingTree
from services.ranking.publication.storage.signing import SigningKey
from shared.policies import Policy, load
from tests.unit.services.ranking.published import SEED, Vacancy, composed, signed

POLICY = "national-cpns-2024"
PEOPLE = 1_000
"""Applicants of a vacancy; fifteen of them sit both tests, so that it has 1,015 lines."""
SEATS = 5


def write_large_list(folder: Path, lines: int) -> int:
    """Writes `list.json` with at least so many lines, and `public.pem`; returns how many."""
    policy, key = load(POLICY), SigningKey.new()
    (folder / "public.pem").write_text(key.public.pem)
    tree, counts = GrowingTree(), {"leaves": 0, "vacancies": 0, "lines": 0}
    draw = random.Random(1)
    with (folder / "leaves").open("wb") as file:
        while counts["lines"] < lines:
            counts["vacancies"] += 1
            for leaf in _vacancy(policy, counts["vacancies"], draw):
                text = leaf_bytes(leaf)
                tree.add(text)
                file.write((b",\n" if counts["leaves"] else b"") + text)
                counts["leaves"] += 1
                counts["lines"] += isinstance(leaf, LineLeaf)
    head = _head(policy, key, tree, counts)
    with (folder / "list.json").open("wb") as whole, (folder / "leaves").open("rb") as leaves:
        signature = key.sign(head.signed()).hex()
        whole.write(lines_before_leaves(head, signature, policy.as_json()))
        while block := leaves.read(1 << 20):
            whole.write(block)
        whole.write(b"\n]}\n")
    (folder / "leaves").unlink()
    return counts["lines"]


def _vacancy(policy: Policy, number: int, draw: random.Random) -> list[Any]:
    people = [_person(number, person, draw) for person in range(1, PEOPLE + 1)]
    leaves, _ = composed(policy, [Vacancy("UMUM", SEATS, people)], first=number)
    return leaves


def _person(vacancy: int, number: int, draw: random.Random) -> Candidate:
    skd = {
        "TWK": Decimal(5 * draw.randint(13, 30)),
        "TIU": Decimal(5 * draw.randint(16, 35)),
        "TKP": Decimal(draw.randint(166, 225)),
    }
    skb = {"SKB": Decimal(draw.randint(0, 100))}
    return Candidate(
        f"{vacancy:04d}-{number:06d}",
        verified=True,
        results={
            "skd": StageResult(Outcome.SCORED, skd),
            "skb": StageResult(Outcome.SCORED, skb),
        },
        gpa=Decimal(draw.randint(250, 400)) / 100,
        birth_date=date(1995, 1, draw.randint(1, 28)),
        decided={"final": number},
    )


def _head(policy: Policy, key: SigningKey, tree: GrowingTree, counts: dict[str, int]) -> Head:
    small = signed(policy.as_json(), [_heading()], key).head
    return small.model_copy(
        update={
            **counts,
            "decreed_seats": SEATS * counts["vacancies"],
            "root": tree.root().hex(),
            "policy_hash": sha256(canonical(policy.as_json())).hexdigest(),
            "seed": SEED,
        }
    )


def _heading() -> VacancyLeaf:
    leaf = composed(load(POLICY), [Vacancy("UMUM", SEATS, [])])[0][0]
    assert isinstance(leaf, VacancyLeaf)
    return leaf
