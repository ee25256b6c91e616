"""A round that officers closed, made by the engine itself from made-up people, and published with a
key of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from itertools import count
from typing import Any

from services.ranking.merit.domain.candidate import Candidate
from services.ranking.merit.domain.list_cut import ListCut, ListSummary
from services.ranking.merit.domain.list_lines import ListLine
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.placement import placement_of, sorted_lines
from services.ranking.merit.domain.standing import Gate
from services.ranking.proofs.domain.canonical import canonical
from services.ranking.proofs.domain.commitments import Opening
from services.ranking.proofs.domain.head import Accepts, Head
from services.ranking.proofs.domain.leaves import Leaf, LineLeaf, VacancyLeaf, leaf_bytes
from services.ranking.proofs.domain.list_file import LeafText, ListFile, write_list
from services.ranking.proofs.domain.merkle_tree import tree_levels
from services.ranking.publication.domain.applicants import Application, Applications
from services.ranking.publication.domain.compose_leaves import (
    FixedLine,
    FixedList,
    PersonalFacts,
    Salts,
    compose_leaves,
)
from services.ranking.publication.domain.verification import check_contents, check_signed
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


def fixed(
    policy: Policy, listed: List, vacancy: Vacancy, people: Sequence[Candidate]
) -> tuple[FixedList, set[str]]:
    """The list as it is fixed, and whom it admits."""
    rules = ListRules(policy, listed, vacancy.need, SEED)
    cut = ListCut.of(rules, vacancy.seats)
    lines = [*sorted_lines(rules, people)]
    summary = ListSummary(cut)
    summary.add(sorted(lines, key=lambda line: line.participant_no))
    person_of = {person.participant_no: person for person in people}
    made = [fixed_line(cut, line, person_of[line.participant_no]) for line in lines]
    decided = {
        person.participant_no: person.decided[listed.code]
        for person in people
        if listed.code in person.decided
    }
    closed_at = "2026-10-01T02:03:04Z"
    return FixedList(listed.code, 3, closed_at, summary.digest, made, decided), {
        line.participant_no
        for line in lines
        if cut.code(line.gate, line.rank, line.equals) == listed.codes.within
    }


def fixed_line(cut: ListCut, line: ListLine, person: Candidate) -> FixedLine:
    """A candidate's line as it is fixed; points only of those who are scored in every stage."""
    placement = placement_of(cut, line)
    stated: dict[str, str] = {}
    if line.gate in {Gate.RANKED, Gate.BELOW}:
        for result in person.results.values():
            stated |= {name: str(value) for name, value in result.points.items()}
    facts = PersonalFacts(
        person.gpa,
        person.birth_date,
        person.relevant_experience_months,
        person.education,
        person.priority,
    )
    return FixedLine(
        line.place,
        line.participant_no,
        line.rank,
        line.equals,
        placement.score,
        placement.code,
        stated,
        facts,
    )


def only_result_of(stage: str, person: Candidate) -> Candidate:
    """The person without results of other stages."""
    return replace(person, results={stage: person.results[stage]})


def applied(number: int, vacancy: Vacancy) -> Applications:
    """Those people, and whoever applied under a number between theirs: they were rejected."""
    known = {
        person.participant_no: Application(person.participant_no, person.verified, person.withdrawn)
        for person in vacancy.people
    }
    most = max((int(name[-6:]) for name in known), default=0)
    numbers = [f"{number:04d}-{index:06d}" for index in range(1, most + 1)]
    rejected = {name: Application(name, False, False, "degree") for name in numbers}
    return Applications(most, [(rejected | known)[name] for name in numbers])


def composed(
    policy: Policy, vacancies: Sequence[Vacancy], first: int = 1
) -> tuple[list[Leaf], list[Opening]]:
    """The leaves of the whole round, and what opens its commitments.

    `first`: the number of the first vacancy.
    """
    leaves: list[Leaf] = []
    openings: list[Opening] = []
    salted = salts()
    for number, vacancy in enumerate(vacancies, first):
        lists = []
        admitted: dict[str, set[str]] = {}
        for listed in policy.lists:
            after = listed.after
            people = [
                replace(person, admitted_by=frozenset({after}) if after else frozenset())
                for person in vacancy.people
                if after is None or person.participant_no in admitted[after]
            ]
            if after is None:  # whoever sat the first test only has that one's result yet
                people = [only_result_of(listed.stage, person) for person in people]
            list_, admitted[listed.code] = fixed(policy, listed, vacancy, people)
            lists.append(list_)
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
        made = compose_leaves(policy, SEED, heading, applied(number, vacancy), lists, salted)
        leaves += made[0]
        openings += made[1]
    return leaves, openings


def signed(
    policy: Mapping[str, Any], leaves: Sequence[Leaf], key: SigningKey, **other: Any
) -> ListFile:
    """These leaves under a head that says so, signed; `other` fields of the head as given.

    Each version is proposed the day after the one before was published.
    """
    version = other.get("version", 1)
    head: dict[str, Any] = {
        "format": "terang-list-2",
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
        "proposed_at": f"2026-11-{2 * version - 1:02}T02:00:00Z",
        "proposed_by": "officer",
        "signed_by": "officer",
        "published_at": f"2026-11-{2 * version:02}T02:00:00Z",
        "key_id": key.public.id,
    }
    made = Head(**(head | other))
    return ListFile(made, key.sign(made.signed()).hex(), policy, leaves)


def texts(published: ListFile) -> Iterator[LeafText]:
    """The leaves of a file as they stand in it."""
    return ((leaf, leaf_bytes(leaf)) for leaf in published.leaves)


def check_list(published: ListFile, accepts: Accepts, key_id: str) -> Policy:
    """What `terang verify` checks of a list; returns its policy."""
    check_signed(published.head, published.signature, accepts, key_id)
    return check_contents(published.head, published.policy, texts(published))


def as_file(published: ListFile) -> bytes:
    """The file of it."""
    return write_list(
        published.head, published.signature, published.policy, map(leaf_bytes, published.leaves)
    )


def marks(value: int) -> Decimal:
    """A mark in hundredths."""
    return Decimal(value) / 100
