"""Who is next for an empty seat.

The order, who is out, and what holds whatever is answered in whatever order.
"""

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ranking.seats.domain.candidates import RankedCandidate
from services.ranking.seats.domain.pool import Offer, SeatAnswer, SeatPool
from services.ranking.seats.domain.rules import ClosedVacancy, SeatRules
from shared.policies import SeatGroup, Text
from tests.unit.services.ranking.seats.filling_scene import CPNS, RULES, person, vacancy

ANSWERS: tuple[SeatAnswer, ...] = ("accepted", "declined", "lapsed")


def who(offers: list[Offer]) -> list[tuple[str, str, int | None]]:
    return [(offer.vacancy_id, offer.participant_no, offer.move) for offer in offers]


def test_own_list_then_same_unit_then_other_units() -> None:
    """Of three empty seats each is filled by another move: L, L-1, L-2.

    The next of the own list (L), the other kind of need at the same unit (L-1), the same need
    elsewhere (L-2), however good those of a later move are.
    """
    vacancies = [
        vacancy(1, seats=3),
        vacancy(2, need="CUMLAUDE"),
        vacancy(3, unit="medan"),
        vacancy(4, unit="jambi", need="PAPUA"),
    ]
    people = [
        *(person(1, 1, 8, selected=True), person(1, 2, 9)),
        *(person(2, 1, 1, selected=True), person(2, 2, 7)),
        *(person(3, 1, 2, selected=True), person(3, 2, 4)),
        *(person(4, 1, 3, selected=True), person(4, 2, 5)),
    ]
    pool = SeatPool(RULES, vacancies, people, answers={("v1", "0001-000001"): "declined"})
    offers = pool.settle()
    assert who(offers) == [
        ("v1", "0001-000002", None),
        ("v1", "0002-000002", 1),
        ("v1", "0003-000002", 3),
    ]
    assert [offer.code for offer in offers] == ["L", "L-1", "L-2"]
    pool.answer("v1", "0003-000002", "declined")
    assert who(pool.settle()) == [("v1", "0004-000002", 4)]
    pool.answer("v1", "0004-000002", "lapsed")
    assert pool.settle() == []
    assert pool.left_empty == {"v1": 1}


@pytest.mark.parametrize(
    ("changed", "comes"),
    [
        ({}, True),
        ({"agency": "kota  serang"}, True),  # blanks and case don't count
        ({"agency": "Kota Medan"}, False),
        ({"post": "PERAWAT"}, False),
        ({"education": frozenset({("S-1", "HUKUM"), ("D-III", "HUKUM")})}, True),
        ({"education": frozenset({("D-III", "HUKUM")})}, False),
    ],
)
def test_what_both_vacancies_must_have_in_common(changed: dict[str, Any], comes: bool) -> None:
    """The same agency and post, and one accepted education."""
    people = [person(2, 1, 1, selected=True), person(2, 2, 2)]
    pool = SeatPool(RULES, [vacancy(1), vacancy(2, unit="medan", **changed)], people)
    assert bool(pool.settle()) is comes


def test_passing_grades_of_general_needs_are_asked_where_the_policy_says() -> None:
    """Passing grades of general needs are asked from a special to a general seat.

    To the same kind of need elsewhere those of the own list suffice.
    """
    people = [person(2, 1, 1, selected=True), person(2, 2, 2, meets=()), person(2, 3, 3)]
    general = SeatPool(RULES, [vacancy(1), vacancy(2, need="CUMLAUDE")], people)
    assert who(general.settle()) == [("v1", "0002-000003", 1)]
    same = SeatPool(
        RULES, [vacancy(1, need="CUMLAUDE", unit="medan"), vacancy(2, need="CUMLAUDE")], people
    )
    assert who(same.settle()) == [("v1", "0002-000002", 3)]


def test_groups_of_posts_are_filled_from_within_only() -> None:
    """A grouped post takes from its group alone, and gives to it alone.

    Also where moves ask for no post.
    """
    any_post = tuple(move.model_copy(update={"same": ("agency",)}) for move in CPNS.seat_moves)
    group = SeatGroup(
        name=Text(id="guru", en="teachers"), posts=("GURU  kelas", "GURU AGAMA"), authority="seats"
    )
    rules = SeatRules(any_post, (group,), "L")
    seat = vacancy(1, post="guru kelas")
    for post, comes in (("GURU AGAMA", True), ("PERAWAT", False)):
        people = [person(2, 1, 1, selected=True), person(2, 2, 2)]
        assert (
            bool(SeatPool(rules, [seat, vacancy(2, unit="medan", post=post)], people).settle())
            is comes
        )
        people = [person(1, 1, 1, selected=True), person(1, 2, 2)]
        assert (
            bool(SeatPool(rules, [seat, vacancy(2, unit="medan", post=post)], people).settle())
            is comes
        )


def test_the_seat_applied_for_waits_while_a_better_one_thinks_of_another() -> None:
    """The next of the own list has an offer elsewhere.

    Their own seat, given up meanwhile, is nobody else's until they answered.
    """
    vacancies = [vacancy(1), vacancy(2, unit="medan")]
    people = [person(1, 1, 1, selected=True), person(1, 2, 2), person(1, 3, 3)]
    cases: list[tuple[SeatAnswer, str]] = [("accepted", "0001-000003"), ("declined", "0001-000002")]
    for answer, then in cases:
        pool = SeatPool(RULES, vacancies, people)
        assert who(pool.settle()) == [("v2", "0001-000002", 3)]
        pool.answer("v1", "0001-000001", "declined")
        assert pool.settle() == []
        assert pool.left_empty == {}
        pool.answer("v2", "0001-000002", answer)
        assert ("v1", then, None) in who(pool.settle())


def test_one_move_for_each_and_out_after_the_own_seat() -> None:
    """Whoever declines a seat elsewhere is offered no other seat elsewhere.

    Whoever declines the seat applied for, none at all.
    """
    vacancies = [vacancy(1), vacancy(2, unit="medan"), vacancy(3, unit="jambi")]
    people = [person(1, 1, 1, selected=True), person(1, 2, 2)]
    pool = SeatPool(RULES, vacancies, people)
    assert who(pool.settle()) == [("v2", "0001-000002", 3)]
    assert pool.left_empty == {"v3": 1}
    pool.answer("v2", "0001-000002", "declined")
    pool.answer("v1", "0001-000001", "declined")
    assert who(pool.settle()) == [("v1", "0001-000002", None)]
    pool.answer("v1", "0001-000002", "lapsed")
    assert pool.settle() == []
    assert pool.left_empty == {"v1": 1, "v2": 1, "v3": 1}


def test_equals_for_the_last_seat_are_nobodys_to_choose_but_an_officers() -> None:
    """Two of three equals would fit: none is asked, none of them goes elsewhere meanwhile.

    With the officer's order the first two are asked.
    """
    vacancies = [vacancy(1, seats=2), vacancy(2, unit="medan"), vacancy(3, unit="jambi")]
    people = [
        person(2, 1, 1, selected=True),
        *(person(2, candidate, 2) for candidate in (2, 3, 4)),
        person(2, 5, 5),
    ]
    pool = SeatPool(RULES, vacancies, people)
    assert pool.settle() == []
    assert pool.undecided == {
        "v1": ["0002-000002", "0002-000003", "0002-000004"],
        "v3": ["0002-000002", "0002-000003", "0002-000004"],
    }
    decided = {("v1", "0002-000004"): 1, ("v1", "0002-000002"): 2, ("v1", "0002-000003"): 3}
    pool = SeatPool(RULES, vacancies, people, decided=decided)
    assert who(pool.settle()) == [
        ("v1", "0002-000004", 3),
        ("v1", "0002-000002", 3),
        ("v3", "0002-000003", 3),
    ]


# What holds whatever is answered


@st.composite
def rounds(draw: st.DrawFn) -> tuple[list[ClosedVacancy], list[RankedCandidate]]:
    """Up to six vacancies of one pool at up to three units, with up to four people each.

    Some people are equal, and as many are selected as there are seats.
    """
    vacancies, people = [], []
    for number in range(1, draw(st.integers(2, 6)) + 1):
        need, unit = (
            draw(st.sampled_from(["UMUM", "CUMLAUDE", "PAPUA"])),
            draw(st.sampled_from("abc")),
        )
        vacancies.append(vacancy(number, seats=draw(st.integers(1, 3)), need=need, unit=unit))
        places = sorted(draw(st.lists(st.integers(1, 12), max_size=4)))
        for candidate, place in enumerate(places, 1):
            fits = (
                sum(other <= place for other in places) <= vacancies[-1].seats
            )  # all equals with them
            meets = ("UMUM",) if draw(st.booleans()) else ()
            people.append(person(number, candidate, place, selected=fits, meets=meets))
    return vacancies, people


def next_answer(pool: SeatPool, chance: random.Random) -> tuple[str, str, SeatAnswer] | None:
    """Some open offer's answer, or now and then a selected person's who gives up."""
    waiting = [
        offer
        for offer in pool.offers
        if (offer.vacancy_id, offer.participant_no) not in pool.answers
    ]
    seated = [
        (vacancy_id, number)
        for vacancy_id, numbers in pool.selected().items()
        for number in numbers
        if (vacancy_id, number) not in pool.answers
    ]
    if seated and (chance.random() < 0.2 or not waiting):
        return (*chance.choice(seated), "declined") if chance.random() < 0.8 else None
    if not waiting:
        return None
    picked = chance.choice(waiting)
    return picked.vacancy_id, picked.participant_no, chance.choice(ANSWERS)


def played(pool: SeatPool, seed: int) -> list[tuple[str, str, SeatAnswer]]:
    """Answers at random until there is none left to give; the pool is settled after each."""
    chance, said = random.Random(seed), []
    pool.settle()
    while (answer := next_answer(pool, chance)) is not None:
        said.append(answer)
        pool.answer(*answer)
        pool.settle()
    return said


@settings(deadline=None)
@given(rounds(), st.integers(0, 2**32))
def test_no_seat_for_two_and_no_person_with_two(
    case: tuple[list[ClosedVacancy], list[RankedCandidate]], seed: int
) -> None:
    """No vacancy has more people and open offers than seats, and nobody has two seats.

    At every moment: nobody has or is offered two seats at once, nobody is offered the same seat
    twice nor two seats by moves, and every offer is one that the policy allows.
    """
    vacancies, people = case
    seats = {vacancy.vacancy_id: vacancy.seats for vacancy in vacancies}
    by_id = {vacancy.vacancy_id: vacancy for vacancy in vacancies}
    pool, chance = SeatPool(RULES, vacancies, people), random.Random(seed)
    by_number = {candidate.participant_no: candidate for candidate in people}
    while True:
        pool.settle()
        assert all(pool.taken()[vacancy_id] <= most for vacancy_id, most in seats.items())
        holds = Counter(
            candidate.participant_no
            for candidate in people
            if candidate.selected
            and (candidate.vacancy_id, candidate.participant_no) not in pool.answers
        )
        holds.update(
            offer.participant_no
            for offer in pool.offers
            if pool.answers.get((offer.vacancy_id, offer.participant_no)) in {None, "accepted"}
        )
        assert all(count == 1 for count in holds.values())
        answer = next_answer(pool, chance)
        if answer is None:
            break
        pool.answer(*answer)
    assert len({(offer.vacancy_id, offer.participant_no) for offer in pool.offers}) == len(
        pool.offers
    )
    assert (
        max(
            Counter(offer.participant_no for offer in pool.offers if offer.move).values(), default=0
        )
        <= 1
    )
    for offer in pool.offers:
        assert not by_number[offer.participant_no].selected
        if offer.move is None:
            assert offer.applied_for == offer.vacancy_id
        else:
            assert RULES.allows(
                RULES.moves[offer.move - 1], by_id[offer.vacancy_id], by_id[offer.applied_for]
            )


@settings(deadline=None)
@given(rounds(), st.integers(0, 2**32))
def test_nobody_is_asked_before_a_better_one(
    case: tuple[list[ClosedVacancy], list[RankedCandidate]], seed: int
) -> None:
    """No seat is offered past a better person who could still be offered it.

    Better: earlier on the own list, by an earlier move, or by place in the same move. Equals are
    asked together or not at all.
    """
    vacancies, people = case
    by_id = {vacancy.vacancy_id: vacancy for vacancy in vacancies}
    pool, chance = SeatPool(RULES, vacancies, people), random.Random(seed)

    def order(candidate: RankedCandidate, seat: ClosedVacancy) -> tuple[int, int] | None:
        if candidate.vacancy_id == seat.vacancy_id:
            return (0, candidate.rank)
        allowed = (
            number
            for number, move in enumerate(RULES.moves, 1)
            if RULES.allows(move, seat, by_id[candidate.vacancy_id])
            and (move.thresholds_of is None or move.thresholds_of in candidate.meets)
        )
        return next(((number, candidate.places[seat.need]) for number in allowed), None)

    while True:
        asked = {offer.participant_no for offer in pool.offers}
        out = {number for vacancy_id, number in pool.answers if vacancy_id == f"v{int(number[:4])}"}
        free = [
            candidate
            for candidate in people
            if not candidate.selected and candidate.participant_no not in asked | out
        ]
        made = pool.settle()
        now = {offer.participant_no for offer in made}
        tied = {number for numbers in pool.undecided.values() for number in numbers}
        for offer in made:
            seat = by_id[offer.vacancy_id]
            own = order(
                next(
                    candidate
                    for candidate in people
                    if candidate.participant_no == offer.participant_no
                ),
                seat,
            )
            assert own is not None
            for candidate in free:
                other = order(candidate, seat)
                if other is not None and other < own:
                    # a seat is kept for each of those who wait for an officer
                    assert candidate.participant_no in now | tied, (
                        f"{candidate} was passed over for {offer}"
                    )
        answer = next_answer(pool, chance)
        if answer is None:
            break
        pool.answer(*answer)


@settings(deadline=None)
@given(rounds(), st.integers(0, 2**32))
def test_seats_left_empty_stay_so(
    case: tuple[list[ClosedVacancy], list[RankedCandidate]], seed: int
) -> None:
    """Seats that were said to stay empty never become fewer.

    In the end every seat is taken, left empty, or waits for an officer.
    """
    vacancies, people = case
    pool, chance = SeatPool(RULES, vacancies, people), random.Random(seed)
    before: dict[str, int] = {}
    while True:
        pool.settle()
        assert all(
            pool.left_empty.get(vacancy_id, 0) >= seats for vacancy_id, seats in before.items()
        )
        before = dict(pool.left_empty)
        assert pool.settle() == []
        answer = next_answer(pool, chance)
        if answer is None:
            break
        pool.answer(*answer)
    open_offers = any(
        (offer.vacancy_id, offer.participant_no) not in pool.answers for offer in pool.offers
    )
    for closed in vacancies if not open_offers else ():
        if closed.vacancy_id not in pool.undecided and not pool.undecided:
            assert (
                pool.taken()[closed.vacancy_id] + pool.left_empty.get(closed.vacancy_id, 0)
                == closed.seats
            )


@settings(deadline=None)
@given(rounds(), st.integers(0, 2**32))
def test_a_replay_is_the_same(
    case: tuple[list[ClosedVacancy], list[RankedCandidate]], seed: int
) -> None:
    """The same answers in the same order give the same offers.

    Whatever order people come in. Nothing is added to all offers and answers as stored.
    """
    vacancies, people = case
    first = SeatPool(RULES, vacancies, people)
    said = played(first, seed)
    again = SeatPool(RULES, vacancies, list(reversed(people)))
    again.settle()
    for answer in said:
        again.answer(*answer)
        again.settle()
    assert again.offers == first.offers
    assert again.left_empty == first.left_empty
    kept = SeatPool(
        RULES,
        vacancies,
        people,
        first.offers,
        {(vacancy_id, number): answer for vacancy_id, number, answer in said},
    )
    assert kept.settle() == []
    assert (kept.left_empty, kept.undecided) == (first.left_empty, first.undecided)


def test_a_first_answer_holds() -> None:
    """An answer heard twice, or another one after it, changes nothing."""
    people = [person(2, 1, 1, selected=True), person(2, 2, 2)]
    pool = SeatPool(RULES, [vacancy(1), replace(vacancy(2), unit_id="medan")], people)
    pool.settle()
    pool.answer("v1", "0002-000002", "accepted")
    pool.answer("v1", "0002-000002", "declined")
    assert pool.answers == {("v1", "0002-000002"): "accepted"}
