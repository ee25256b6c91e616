"""An officer's order in a file that the holder of the right key made to lie."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.leaves import Leaf, LineLeaf, ListLeaf
from services.ranking.publication.domain.verification import (
    seats_that_officers_decided,
    vacancies_of,
)
from services.ranking.publication.storage.signing import SigningKey
from shared.policies import Policy, load
from tests.unit.services.ranking.published import Vacancy, check_list, composed, signed

KEY = SigningKey.new()


def equals(count: int, decided: dict[int, int], **last: Any) -> list[Candidate]:
    """So many people who are equal in everything, and the places that an officer gave them.

    `last`: what is otherwise of the last of them.
    """
    skd = StageResult(
        Outcome.SCORED, {"TWK": Decimal(100), "TIU": Decimal(100), "TKP": Decimal(200)}
    )
    results = {"skd": skd, "skb": StageResult(Outcome.SCORED, {"SKB": Decimal(80)})}
    people = []
    for number in range(1, count + 1):
        known: dict[str, Any] = {
            "results": results,
            "gpa": Decimal("3.5"),
            "birth_date": date(1999, 5, 17),
            "decided": {"final": decided[number]} if number in decided else {},
        }
        known |= last if number == count else {}
        people.append(Candidate(f"0001-{number:06d}", verified=True, **known))
    return people


def leaves_of(people: list[Candidate], seats: int, policy: Policy | None = None) -> list[Leaf]:
    """The leaves of a round with one vacancy."""
    return composed(policy or load("national-cpns-2024"), [Vacancy("UMUM", seats, people)])[0]


def check(leaves: list[Leaf], policy: Policy | None = None) -> Policy:
    """What `terang verify` checks of these leaves, once the right key signed them."""
    law = (policy or load("national-cpns-2024")).as_json()
    return check_list(signed(law, leaves, KEY), KEY.public.accepts, KEY.public.id)


def seats_decided(leaves: list[Leaf]) -> int:
    """How many places of the one vacancy, which is checked, went by an officer's order."""
    policy = check(leaves)
    (vacancy,) = vacancies_of(leaves)
    return seats_that_officers_decided(vacancy, policy)


def with_decided(leaves: list[Leaf], list_code: str, decided: dict[str, int]) -> list[Leaf]:
    """The same with other places that an officer gave on one list."""
    return [
        leaf.model_copy(update={"decided": decided})
        if isinstance(leaf, ListLeaf) and leaf.list == list_code
        else leaf
        for leaf in leaves
    ]


def decided_in(leaves: list[Leaf]) -> dict[str, int]:
    """The places that stand in the leaf of the last list."""
    return [leaf for leaf in leaves if isinstance(leaf, ListLeaf)][-1].decided


def test_an_order_of_all_equals_counts_and_its_seats_are_counted() -> None:
    """Three equals for two seats: the officer's order is the order, and two seats went by it."""
    leaves = leaves_of(equals(3, {1: 3, 2: 1, 3: 2}), 2)
    assert decided_in(leaves) == {"0001-000002": 1, "0001-000003": 2, "0001-000001": 3}
    assert seats_decided(leaves) == 2


def test_equals_whom_an_officer_ordered_and_who_all_fit_took_no_seat_by_it() -> None:
    """The ranks are the officer's; no seat went by them."""
    leaves = leaves_of(equals(2, {1: 2, 2: 1}), 2)
    assert decided_in(leaves) == {"0001-000001": 2, "0001-000002": 1}
    assert seats_decided(leaves) == 0


def test_an_order_where_the_law_admits_all_equals_is_a_fault() -> None:
    """On the first list of 2024 all who tie at the cut go on: no officer chooses there."""
    leaves = leaves_of(equals(3, {1: 1, 2: 2, 3: 3}), 2)
    numbers = [f"0001-{number:06d}" for number in (1, 2, 3)]
    forged = with_decided(leaves, "skd", {name: at for at, name in enumerate(numbers, 1)})
    forged = [
        leaf.model_copy(update={"rank": leaf.place, "equals": 1})
        if isinstance(leaf, LineLeaf) and leaf.list == "skd"
        else leaf
        for leaf in forged
    ]
    with pytest.raises(ProofFault, match="the policy lets no officer choose"):
        check(forged)


@pytest.mark.parametrize(
    "decided",
    [
        {"0001-000001": 1, "0001-000002": 2},
        {"0001-000001": 1, "0001-000002": 2, "0001-000003": 2},
        {"0001-000001": 1, "0001-000002": 2, "0001-000003": 4},
        {"0001-000001": 2, "0001-000002": 3, "0001-000003": 4},
    ],
    ids=["one without a place", "a place twice", "a gap", "not from 1"],
)
def test_an_order_that_is_none_of_all_equals_is_a_fault(decided: dict[str, int]) -> None:
    """Some without a place, a place twice, a gap, a first place that is not 1."""
    leaves = leaves_of(equals(3, {1: 1, 2: 2, 3: 3}), 2)
    with pytest.raises(ProofFault, match="decided"):
        check(with_decided(leaves, "final", decided))


def test_a_place_of_somebody_who_is_equal_to_nobody_is_a_fault() -> None:
    """It could only mean that the file leaves somebody out."""
    leaves = leaves_of(equals(3, {1: 1, 2: 2}, gpa=Decimal("3.1")), 1)
    assert decided_in(leaves) == {"0001-000001": 1, "0001-000002": 2}
    check(leaves)
    wrong = {"0001-000001": 1, "0001-000002": 2, "0001-000003": 1}
    with pytest.raises(ProofFault, match="0001-000003 has place 1"):
        check(with_decided(leaves, "final", wrong))


def test_places_that_no_longer_count_are_not_published() -> None:
    """Of three whom an officer ordered one has other points since: two stay, in their order.

    Where another became equal without a place, no order counts; the three fit.
    """
    leaves = leaves_of(equals(3, {1: 3, 2: 1, 3: 2}, gpa=Decimal("3.1")), 1)
    assert decided_in(leaves) == {"0001-000002": 1, "0001-000001": 2}
    check(leaves)
    leaves = leaves_of(equals(3, {1: 2, 2: 1}), 3)
    assert decided_in(leaves) == {}
    check(leaves)


def test_nobody_is_published_undecided() -> None:
    """Equals at the last seat of whom an officer ordered none: the list was not ready."""
    leaves = leaves_of(equals(2, {}), 1)
    with pytest.raises(ProofFault, match="2 are equal at the last seat, and no officer's order"):
        check(leaves)
