"""A round that officers closed, made by the engine itself from made-up people, and published with a
key of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from itertools import count, groupby
from typing import Any

from services.ranking.merit.domain.candidate import Candidate
from services.ranking.merit.domain.list_cut import ListCut, ListSummary
from services.ranking.merit.domain.list_lines import ListLine, SortedRow, list_line
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.merit_key import before_decision
from services.ranking.merit.domain.score import decimal_text
from services.ranking.merit.domain.standing import Gate
from services.ranking.proofs.domain.canonical import canonical
from services.ranking.proofs.domain.commitments import Opening
from services.ranking.proofs.domain.head import Head
from services.ranking.proofs.domain.leaves import Leaf, LineLeaf, VacancyLeaf, leaf_bytes
from services.ranking.proofs.domain.list_file import ListFile, write_list
from services.ranking.proofs.domain.merkle_tree import tree_levels
from services.ranking.publication.domain.compose_leaves import (
    FixedLine,
    FixedList,
    PersonalFacts,
    Salts,
    compose_leaves,
)
from services.ranking.publication.storage.signing import SigningKey
from shared.policies import List, Policy

SEED = "5e" * 32


@dataclass
class Vacancy:
    """A vacancy and everyone who is on its first list."""

    need: str
    seats: int
    people: Sequence[Candidate]


def salts() -> Salts:
    """The same ones each time."""
    numbers = count(1)

    def made() -> str:
        return sha256(str(next(numbers)).encode()).hexdigest()

    return Salts(lambda: made()[:32], made)


def closed(
    policy: Policy, one: List, vacancy: Vacancy, people: Sequence[Candidate]
) -> tuple[FixedList, set[str]]:
    """The list as it is fixed, and whom it admits."""
    rules = ListRules(policy, one, vacancy.need, SEED)
    cut = ListCut.of(rules, vacancy.seats)
    standings = [(rules.standing_of(person), person) for person in people]
    keyed = sorted(
        ((s, p) for s, p in standings if s is not None), key=lambda each: each[0].merit_key
    )
    lines: list[tuple[ListLine, Candidate]] = []
    for _, group in groupby(
        keyed,
        key=lambda each: (
            before_decision(each[0].merit_key)
            if each[0].combined_score is not None
            else each[0].merit_key
        ),
    ):
        alike = list(group)
        shared = len(lines) + 1
        decided = sum(one.code in person.decided for _, person in alike)
        for index, (standing, person) in enumerate(alike):
            row = SortedRow(
                shared + index,
                person.participant_no,
                standing.gate,
                standing.combined_score,
                shared,
                len(alike),
                decided,
            )
            lines.append((list_line(row), person))
    summary = ListSummary(cut)
    summary.add(sorted((each for each, _ in lines), key=lambda each: each.participant_no))
    admitted = set()
    made = []
    for each, person in lines:
        code = cut.code(each.gate, each.rank, each.equals)
        if code == one.codes.within:
            admitted.add(person.participant_no)
        stated: dict[str, str] = {}
        if each.gate in {Gate.RANKED, Gate.BELOW}:
            for result in person.results.values():
                stated |= {name: str(value) for name, value in result.points.items()}
        facts = PersonalFacts(
            person.gpa,
            person.birth_date,
            person.relevant_experience_months,
            person.education,
            person.priority,
        )
        score = None if each.score is None else decimal_text(each.score, rules.decimals)
        made.append(
            FixedLine(
                each.place,
                each.participant_no,
                each.rank,
                each.equals,
                score,
                rules.published_code(code, each.priority),
                stated,
                facts,
            )
        )
    decided_places = {
        p.participant_no: p.decided[one.code] for p in people if one.code in p.decided
    }
    return FixedList(
        one.code, 3, "2026-10-01T02:03:04Z", summary.digest, made, decided_places
    ), admitted


def composed(policy: Policy, vacancies: Sequence[Vacancy]) -> tuple[list[Leaf], list[Opening]]:
    """The leaves of the whole round, and what opens its commitments."""
    leaves: list[Leaf] = []
    openings: list[Opening] = []
    salted = salts()
    for number, vacancy in enumerate(vacancies, 1):
        lists = []
        admitted: dict[str, set[str]] = {}
        for one in policy.lists:
            people = [
                replace(person, admitted_by=frozenset({one.after}) if one.after else frozenset())
                for person in vacancy.people
                if one.after is None or person.participant_no in admitted[one.after]
            ]
            if one.after is None:  # whoever sat the first test only has that one's result yet
                people = [replace(p, results={one.stage: p.results[one.stage]}) for p in people]
            fixed, admitted[one.code] = closed(policy, one, vacancy, people)
            lists.append(fixed)
        heading = VacancyLeaf(
            kind="vacancy",
            salt=salted.leaf(),
            vacancy_id=f"v{number}",
            number=number,
            listing_id=f"L{number}",
            agency="Pemerintah Kota Serang",
            post="PENATA LAYANAN OPERASIONAL",
            unit_id="kasemen",
            unit_path="Kota Serang | Kecamatan Kasemen",
            need=vacancy.need,
            seats=vacancy.seats,
        )
        made = compose_leaves(policy, SEED, heading, lists, salted)
        leaves += made[0]
        openings += made[1]
    return leaves, openings


def signed(
    policy: Mapping[str, Any], leaves: Sequence[Leaf], key: SigningKey, **other: Any
) -> ListFile:
    """These leaves under a head that says so, signed; `other` fields of the head as given."""
    head: dict[str, Any] = {
        "format": "terang-list-1",
        "province": "99",
        "round_id": "cpns-2024",
        "round_name": "CPNS 2024",
        "version": 1,
        "previous": None,
        "policy_id": policy["id"],
        "policy_version": policy["version"],
        "policy_hash": sha256(canonical(policy)).hexdigest(),
        "seed": SEED,
        "decreed_seats": sum(leaf.seats for leaf in leaves if isinstance(leaf, VacancyLeaf)),
        "vacancies": sum(isinstance(leaf, VacancyLeaf) for leaf in leaves),
        "lines": sum(isinstance(leaf, LineLeaf) for leaf in leaves),
        "leaves": len(leaves),
        "root": tree_levels(map(leaf_bytes, leaves))[-1][0].hex(),
        "proposed_at": "2026-11-01T02:00:00Z",
        "proposed_by": "officer",
        "signed_by": "officer",
        "published_at": "2026-11-02T02:00:00Z",
        "key_id": key.public.id,
    }
    made = Head(**(head | other))
    return ListFile(made, key.sign(made.signed()).hex(), policy, leaves)


def as_file(published: ListFile) -> bytes:
    """The file of it."""
    return write_list(
        published.head, published.signature, published.policy, map(leaf_bytes, published.leaves)
    )


def marks(value: int) -> Decimal:
    """A mark in hundredths."""
    return Decimal(value) / 100
