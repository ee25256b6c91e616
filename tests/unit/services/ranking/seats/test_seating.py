"""What the filling of seats does always passes the check of what is published of it.

Whoever answers what.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.leaves import (
    AcceptedEducation,
    AnsweredOffer,
    LineLeaf,
    SeatingLeaf,
    VacancyLeaf,
)
from services.ranking.publication.domain.public_rules import as_counted
from services.ranking.seats.domain.candidates import (
    RankedCandidate,
    RankedLine,
    rank_in_pools,
)
from services.ranking.seats.domain.pool import SeatAnswer, SeatPool
from services.ranking.seats.domain.rules import ClosedVacancy, SeatRules
from services.ranking.seats.domain.seating import VacancySeating, check_seating
from shared.policies import Policy, bundled_ids, load
from tests.unit.services.ranking.published import SEED, Vacancy, composed

NURSE, CLERK = (
    AcceptedEducation(level="D-III", programme="KEPERAWATAN"),
    AcceptedEducation(level="S-1", programme="HUKUM"),
)


def someone(law: Policy, need: str, number: str, chance: random.Random) -> Candidate:
    """Few different results, so that many are equal, and some differ by a personal fact alone."""
    results = {}
    for stage in law.stages:
        points = {}
        for component in stage.stated:
            if component.of_need(need):
                steps = int(component.maximum / component.step)
                points[component.code] = str(
                    component.step
                    * chance.choice([steps * part // 20 for part in (9, 15, 15, 17, 18)])
                )
        results[stage.code] = StageResult(Outcome.SCORED, points)
    return Candidate(
        number,
        verified=True,
        results=results,
        gpa=chance.choice([None, Decimal("3.1"), Decimal("3.5")]),
        birth_date=chance.choice([date(1999, 1, 1), date(1999, 1, 2)]),
        relevant_experience_months=chance.choice([None, 10, 40]),
        education=chance.choice([None, *(level.code for level in law.education)]),
        priority=chance.choice(
            [None, *(priority_group.code for priority_group in law.priority_groups)]
        ),
    )


def round_of(
    law: Policy, chance: random.Random
) -> tuple[list[VacancyLeaf], dict[str, list[LineLeaf]], dict[str, Candidate]]:
    """Vacancies of a round, the lines of their last lists by vacancy id, and all people.

    At three units, of general and special needs.
    """
    vacancies: list[Vacancy] = []
    people: dict[str, Candidate] = {}
    for at in range(1, 9):
        need = chance.choice([*law.needs, "UMUM"])
        count = chance.choice([0, 1, 6, 8])
        crowd = [someone(law, need, f"{at:04d}-{n:06d}", chance) for n in range(1, count + 1)]
        people |= {person.participant_no: person for person in crowd}
        vacancies.append(Vacancy(need, chance.randint(1, 4), crowd))
    leaves, _ = composed(law, vacancies)
    headings = [
        leaf.model_copy(update={"unit_id": f"unit-{chance.randint(1, 3)}"})
        for leaf in leaves
        if isinstance(leaf, VacancyLeaf)
    ]
    lines: dict[str, list[LineLeaf]] = defaultdict(list)
    for leaf in leaves:
        if isinstance(leaf, LineLeaf) and leaf.list == law.lists[-1].code:
            lines[leaf.vacancy_id].append(leaf)
    return headings, lines, people


def filled(
    law: Policy,
    chance: random.Random,
    headings: list[VacancyLeaf],
    lines: Mapping[str, list[LineLeaf]],
    people: Mapping[str, Candidate],
) -> list[VacancySeating]:
    """The seats of the round, filled by answers at random, and by officers between equals.

    Some people give their seats up, some are not to be asked.
    """
    education = {
        leaf.vacancy_id: chance.choice([[CLERK], [CLERK, NURSE], [CLERK]]) for leaf in headings
    }
    vacancies = [
        ClosedVacancy(
            leaf.vacancy_id,
            leaf.number,
            leaf.agency,
            leaf.post,
            leaf.unit_id,
            leaf.need,
            leaf.seats,
            frozenset(
                (accepted.level, accepted.programme) for accepted in education[leaf.vacancy_id]
            ),
        )
        for leaf in headings
    ]
    rules = SeatRules.of(law)
    pools = rules.pools(vacancies)
    within = law.lists[-1].codes.within
    seats_of = {
        id(line): line.code.split("/")[-1] == within
        for of_list in lines.values()
        for line in of_list
    }
    shown = [line for of_list in lines.values() for line in of_list if line.rank is not None]
    out = {
        line.participant_no for line in shown if not seats_of[id(line)] and chance.random() < 0.1
    }
    as_closed = {
        number: replace(
            candidate, admitted_by=frozenset(policy_list.code for policy_list in law.lists)
        )
        for number, candidate in people.items()
    }
    listed = [
        RankedLine(
            line.vacancy_id, line.rank or 0, seats_of[id(line)], as_closed[line.participant_no]
        )
        for line in shown
        if line.participant_no not in out
    ]
    by_pool: dict[int, list[RankedCandidate]] = defaultdict(list)
    for candidate in rank_in_pools(law, SEED, vacancies, pools, listed):
        by_pool[pools[candidate.vacancy_id]].append(candidate)
    answers: dict[tuple[str, str], SeatAnswer] = {}
    offers: dict[str, list[AnsweredOffer]] = defaultdict(list)
    ties: dict[str, list[str]] = defaultdict(list)
    for number in sorted(set(pools.values())):
        mine = [vacancy for vacancy in vacancies if pools[vacancy.vacancy_id] == number]
        decided: dict[tuple[str, str], int] = {}
        pool = SeatPool(rules, mine, by_pool[number])
        selected = [candidate for candidate in by_pool[number] if candidate.selected]
        for candidate in selected:
            if chance.random() < 0.3:
                pool.answer(
                    candidate.vacancy_id,
                    candidate.participant_no,
                    chance.choice(["declined", "lapsed"]),
                )
        while True:
            pool.settle()
            waiting = [
                offer
                for offer in pool.offers
                if (offer.vacancy_id, offer.participant_no) not in pool.answers
            ]
            if waiting:
                offer = chance.choice(waiting)
                answer: SeatAnswer = chance.choice(["accepted", "declined", "lapsed"])
                pool.answer(offer.vacancy_id, offer.participant_no, answer)
            elif pool.undecided:
                vacancy_id, tied = next(iter(pool.undecided.items()))
                chance.shuffle(tied)
                ties[vacancy_id] += tied
                decided |= {
                    (vacancy_id, participant_no): place
                    for place, participant_no in enumerate(tied, 1)
                }
                pool = SeatPool(rules, mine, by_pool[number], pool.offers, pool.answers, decided)
            else:
                break
        answers |= pool.answers
        for offer in pool.offers:
            answer = pool.answers[offer.vacancy_id, offer.participant_no]
            offers[offer.vacancy_id].append(
                AnsweredOffer(
                    participant_no=offer.participant_no,
                    applied_for=offer.applied_for,
                    move=offer.move,
                    code=offer.code,
                    answer=answer,
                )
            )
    seated = []
    for leaf in headings:
        own = lines[leaf.vacancy_id]
        admitted = {line.participant_no for line in own if seats_of[id(line)]}
        seating = SeatingLeaf(
            kind="seating",
            salt="5a" * 16,
            vacancy_id=leaf.vacancy_id,
            education=education[leaf.vacancy_id],
            gave_up={
                number: given
                for number in admitted
                if (given := answers.get((leaf.vacancy_id, number))) and given != "accepted"
            },
            not_asked=sorted(out & {line.participant_no for line in own}),
            decided=ties[leaf.vacancy_id],
            offers=offers[leaf.vacancy_id],
        )
        seated.append(VacancySeating(leaf, own, admitted, seating, f"seating of {leaf.vacancy_id}"))
    return seated


@pytest.mark.parametrize("policy_id", bundled_ids())
@pytest.mark.parametrize("seed", range(12))
def test_what_filling_does_can_be_checked(policy_id: str, seed: int) -> None:
    """Whatever happened in rounds of eight vacancies, the check finds no fault.

    Equals, ties that officers decide, seats given up, people who are out.
    """
    law, chance = load(policy_id), random.Random(seed)
    seated = filled(law, chance, *round_of(law, chance))
    check_seating(law, as_counted(law), SEED, seated)


@pytest.mark.parametrize("policy_id", bundled_ids())
@pytest.mark.parametrize("seed", range(4))
def test_nobody_can_be_left_out_unseen(policy_id: str, seed: int) -> None:
    """Who accepted a seat is taken out of what is published, as if never asked.

    A seat is empty then, or went to others, and the check says so.
    """
    law, chance = load(policy_id), random.Random(seed)
    seated = filled(law, chance, *round_of(law, chance))
    asked = Counter(offer.participant_no for seating in seated for offer in seating.seating.offers)
    for at, seating in enumerate(seated):
        for left_out in seating.seating.offers:
            if left_out.answer != "accepted" or asked[left_out.participant_no] > 1:
                continue
            rest = [offer for offer in seating.seating.offers if offer is not left_out]
            without = replace(seating, seating=seating.seating.model_copy(update={"offers": rest}))
            with pytest.raises(ProofFault, match="could have come and was never asked, but"):
                check_seating(
                    law, as_counted(law), SEED, [*seated[:at], without, *seated[at + 1 :]]
                )


def test_only_people_without_a_seat_can_have_been_decided_among() -> None:
    """Somebody whom no list ranks, or who has a seat by one, is in no tie for an empty seat."""
    law, chance = load("national-cpns-2024"), random.Random(3)
    seated = filled(law, chance, *round_of(law, chance))
    first, *others = seated
    for number in ("9999-999999", min(first.admitted)):
        wrong = replace(first, seating=first.seating.model_copy(update={"decided": [number]}))
        with pytest.raises(ProofFault, match=f"decided: {number} is not ranked without a seat"):
            check_seating(law, as_counted(law), SEED, [wrong, *others])
