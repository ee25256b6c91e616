"""A later version of published lists names the one before, and no other; who moved between them."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.head import Proposal
from services.ranking.proofs.domain.leaves import Leaf, VacancyLeaf
from services.ranking.proofs.domain.list_file import ListFile
from services.ranking.publication.domain.verification import (
    check_contents,
    vacancies_of,
)
from services.ranking.publication.domain.versions import changed_lines, check_follows
from services.ranking.publication.storage.signing import SigningKey
from shared.policies import load
from tests.unit.services.ranking.published import Vacancy, check_list, composed, signed, texts

POLICY = load("national-cpns-2024")
KEY = SigningKey.new()
NUMBERS = ("0001-000001", "0001-000002", "0001-000003")


def version(number: int, skb: tuple[int, ...], previous: str | None = None) -> ListFile:
    """A version in which these people have these points in the second test."""
    skd = StageResult(
        Outcome.SCORED, {"TWK": Decimal(100), "TIU": Decimal(100), "TKP": Decimal(200)}
    )
    people = [
        Candidate(
            who,
            verified=True,
            results={"skd": skd, "skb": StageResult(Outcome.SCORED, {"SKB": Decimal(points)})},
        )
        for who, points in zip(NUMBERS, skb, strict=True)
    ]
    leaves, _ = composed(POLICY, [Vacancy("UMUM", 1, people)])
    return signed(POLICY.as_json(), leaves, KEY, version=number, previous=previous)


def by_vacancy(published: ListFile) -> list[Sequence[Leaf]]:
    """The leaves of each vacancy."""
    return [vacancy.leaves for vacancy in vacancies_of(published.leaves)]


FIRST = version(1, (90, 80, 70))


@given(st.permutations(range(70, 100)).map(lambda points: tuple(points[:3])))
def test_who_moved_is_who_has_another_line(points: tuple[int, ...]) -> None:
    """Exactly those whose rank, score or code differs, each once; the second version verifies and
    follows the first.
    """
    second = version(2, points, FIRST.head.root)
    check_list(second, KEY.public.accepts, KEY.public.id)
    check_follows(second.head, FIRST.head)
    order = sorted(range(3), key=lambda index: -points[index])
    expected = {
        NUMBERS[index]
        for index in range(3)
        if points[index] != (90, 80, 70)[index] or order.index(index) != index
    }
    changes = list(changed_lines(by_vacancy(FIRST), by_vacancy(second)))
    assert {(change.list, change.participant_no) for change in changes} == {
        ("final", number) for number in expected
    }
    assert len(changes) == len(expected)
    assert all(change.was is not None and change.now is not None for change in changes)


def test_who_is_on_one_of_them_alone() -> None:
    """No line before, or none after."""
    fewer = replace(
        FIRST,
        leaves=[leaf for leaf in FIRST.leaves if getattr(leaf, "participant_no", "") != NUMBERS[2]],
    )
    assert [
        (change.list, change.was, change.now is None)
        for change in changed_lines(by_vacancy(fewer), by_vacancy(FIRST))
    ] == [
        ("skd", None, False),
        ("final", None, False),
    ]
    assert [
        (change.list, change.was is None, change.now)
        for change in changed_lines(by_vacancy(FIRST), by_vacancy(fewer))
    ] == [
        ("skd", False, None),
        ("final", False, None),
    ]


def test_a_vacancy_that_is_in_one_version_alone() -> None:
    """Its people have no line before, or none after; the others are compared with their own."""
    leaves = by_vacancy(FIRST)[0]
    heading = leaves[0]
    assert isinstance(heading, VacancyLeaf)
    other = [heading.model_copy(update={"number": 2, "vacancy_id": "v2"}), *leaves[1:]]
    assert {change.was for change in changed_lines([leaves], [leaves, other])} == {None}
    assert {change.now for change in changed_lines([leaves, other], [other])} == {None}
    assert [*changed_lines([leaves, other], [leaves, other])] == []


@pytest.mark.parametrize(
    ("number", "previous", "says"),
    [
        (1, FIRST.head.root, "expected none, as it is the first"),
        (2, None, "expected the root of the version before, found none"),
    ],
)
def test_the_first_follows_none_and_each_other_one(
    number: int, previous: str | None, says: str
) -> None:
    """Also where it was signed so."""
    made = version(number, (90, 80, 70), previous)
    with pytest.raises(ProofFault, match=says):
        check_contents(made.head, made.policy, texts(made))


@pytest.mark.parametrize(
    ("later", "earlier", "says"),
    [
        (
            1,
            2,
            (
                "this is version 2, newer than version 1, which can't follow it: "
                "are the two files the wrong way round?"
            ),
        ),
        (3, 1, "this is version 1, but version 3 follows version 2"),
        (2, 2, "this is version 2, but version 2 follows version 1"),
        (1, 1, "this is version 1, but version 1 follows none"),
    ],
)
def test_a_version_that_is_not_the_one_before_is_told_in_words(
    later: int, earlier: int, says: str
) -> None:
    """Newer, too old, or the same: which version the file is, and which one was wanted."""
    with pytest.raises(ProofFault) as fault:
        check_follows(
            *(FIRST.head.model_copy(update={"version": number}) for number in (later, earlier))
        )
    assert str(fault.value) == f"head, version: {says}"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"province": "36"}, "head, province"),
        ({"round_id": "cpns-2025"}, "head, round_id"),
        ({"policy_hash": "0" * 64}, "head, policy_hash"),
        ({"seed": "0" * 64}, "head, seed"),
        ({"decreed_seats": 2}, "head, decreed_seats"),
        ({"version": 2}, "head, version"),
        ({"root": "0" * 64}, "head, root"),
    ],
)
def test_another_file_is_not_the_one_before(change: dict[str, object], where: str) -> None:
    """Of another province, round, law or version, or with another root."""
    later: Proposal = version(2, (90, 80, 75), FIRST.head.root).head
    with pytest.raises(ProofFault) as fault:
        check_follows(later, FIRST.head.model_copy(update=change))
    assert fault.value.where == where
