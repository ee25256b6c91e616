"""Who is next for an empty seat (optimalisasi).

Pure, and the same from the same closed lists, offers and answers. An empty seat goes to the next on
the vacancy's own list, then by the policy's moves in their order, each time the best first by the
receiving list's order. It is offered, never given: while an offer is open its seat counts as taken,
and so does the person. By the moves each person is offered one seat in a round; the seat that they
applied for is offered to them also after they declined such a move, and waits while that is open.
Whoever declines the seat applied for is out. Equals for the last seat wait for an officer.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Literal
from uuid import UUID, uuid5

from services.ranking.seats.domain.candidates import RankedCandidate
from services.ranking.seats.domain.rules import ClosedVacancy, SeatRules

SeatAnswer = Literal["accepted", "declined", "lapsed"]

OFFER_NAMESPACE = UUID("0f1f9d3a-7d6c-5b0c-9a57-3f0a7f1f6f2e")
"""Of offers' ids: an offer's id follows from round, vacancy and participant number."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A seat of `vacancy_id` offered to somebody.

    `move`: the policy's, from 1; none for the next on the vacancy's own list.
    """

    vacancy_id: str
    participant_no: str
    applied_for: str
    move: int | None
    code: str

    def id_in(self, round_id: str) -> UUID:
        """The offer's id, of version 5 (RFC 9562)."""
        return uuid5(OFFER_NAMESPACE, f"{round_id}/{self.vacancy_id}/{self.participant_no}")


class SeatPool:
    """A pool's seats as offers and answers left them.

    `answers` by (vacancy id of the seat, participant number), those of selected people who gave
    theirs up too; `decided`: places among equals that an officer gave, by vacancy and participant
    number.
    """

    def __init__(
        self,
        rules: SeatRules,
        vacancies: Iterable[ClosedVacancy],
        candidates: Iterable[RankedCandidate],
        offers: Iterable[Offer] = (),
        answers: Mapping[tuple[str, str], SeatAnswer] | None = None,
        decided: Mapping[tuple[str, str], int] | None = None,
    ) -> None:
        self._rules = rules
        self._vacancies = {
            vacancy.vacancy_id: vacancy
            for vacancy in sorted(vacancies, key=lambda vacancy: vacancy.number)
        }
        self._candidates = list(candidates)
        self._decided = dict(decided or {})
        self.answers = dict(answers or {})
        self.offers: list[Offer] = []
        self._offers_of: dict[str, list[Offer]] = {}
        self._queues: dict[tuple[str, int | None], list[list[RankedCandidate]]] = {}
        self.left_empty: dict[str, int] = {}
        """Seats for which nobody is left, by vacancy, as `settle` found them."""
        self.undecided: dict[str, list[str]] = {}
        """Equals of whom only some fit, by vacancy, as `settle` found them."""
        for offer in offers:
            self._add(offer)

    def answer(self, vacancy_id: str, participant_no: str, answer: SeatAnswer) -> None:
        """Takes an answer; the first one holds."""
        self.answers.setdefault((vacancy_id, participant_no), answer)

    def taken(self) -> Counter[str]:
        """Seats that someone has or was offered, by vacancy."""
        taken = Counter(
            candidate.vacancy_id
            for candidate in self._candidates
            if candidate.selected and not self._answered_own(candidate)
        )
        taken.update(
            offer.vacancy_id for offer in self.offers if self._answer(offer) in {None, "accepted"}
        )
        return taken

    @property
    def vacancies(self) -> list[str]:
        """Ids, in the order in which their seats are offered."""
        return list(self._vacancies)

    def selected(self) -> dict[str, list[str]]:
        """Whom the closed lists gave seats, by vacancy."""
        found: dict[str, list[str]] = {}
        for candidate in self._candidates:
            if candidate.selected:
                found.setdefault(candidate.vacancy_id, []).append(candidate.participant_no)
        return found

    def settle(self) -> list[Offer]:
        """Makes every offer that can be made now, in the order in which they are made.

        Where none is left to make, it makes none.
        """
        self.undecided = {}
        taken = self.taken()
        free = {
            vacancy_id: vacancy.seats - taken[vacancy_id]
            for vacancy_id, vacancy in self._vacancies.items()
        }
        made: list[Offer] = []
        tied: set[str] = set()
        for move in (None, *range(1, len(self._rules.moves) + 1)):
            for vacancy_id in self._vacancies:
                if free[vacancy_id] > 0:
                    next_people, free[vacancy_id] = self._next(vacancy_id, move, free[vacancy_id])
                    tied.update(self.undecided.get(vacancy_id, ()))
                    made += [
                        self._offer(vacancy_id, candidate, move)
                        for candidate in next_people
                        if candidate.participant_no not in tied and not self._waits(candidate)
                    ]
        self.left_empty = {vacancy_id: seats for vacancy_id, seats in free.items() if seats > 0}
        return made

    def _next(
        self, vacancy_id: str, move: int | None, free: int
    ) -> tuple[list[RankedCandidate], int]:
        """Who is next for a vacancy's free seats by one move, and how many seats stay free.

        Where only some of several equals fit and no officer decided, `undecided` names them, and
        their seats are no longer free.
        """
        people: list[RankedCandidate] = []
        for group in self._queue(vacancy_id, move):
            equals = [candidate for candidate in group if self._in_play(candidate, vacancy_id)]
            if len(equals) > free:
                ordered = self._in_decided_order(vacancy_id, equals)
                if ordered is None:
                    self.undecided[vacancy_id] = sorted(
                        candidate.participant_no for candidate in equals
                    )
                    return people, 0
                equals = ordered
            people += equals[:free]
            free -= len(equals[:free])
            if not free:
                break
        return people, free

    def _in_decided_order(
        self, vacancy_id: str, equals: list[RankedCandidate]
    ) -> list[RankedCandidate] | None:
        """Equals as an officer ordered them; none where one of them has no place."""
        keys = [(vacancy_id, candidate.participant_no) for candidate in equals]
        if not all(key in self._decided for key in keys):
            return None
        return sorted(
            equals, key=lambda candidate: self._decided[vacancy_id, candidate.participant_no]
        )

    def _offer(self, vacancy_id: str, candidate: RankedCandidate, move: int | None) -> Offer:
        code = self._rules.own_code if move is None else self._rules.moves[move - 1].code
        offer = Offer(vacancy_id, candidate.participant_no, candidate.vacancy_id, move, code)
        self._add(offer)
        return offer

    def _add(self, offer: Offer) -> None:
        self.offers.append(offer)
        self._offers_of.setdefault(offer.participant_no, []).append(offer)

    def _answer(self, offer: Offer) -> SeatAnswer | None:
        return self.answers.get((offer.vacancy_id, offer.participant_no))

    def _answered_own(self, candidate: RankedCandidate) -> bool:
        """Whether the person answered about a seat of the vacancy applied for."""
        return (candidate.vacancy_id, candidate.participant_no) in self.answers

    def _in_play(self, candidate: RankedCandidate, vacancy_id: str) -> bool:
        """Whether the person may be offered a seat there, now or once an open offer is declined."""
        offers = self._offers_of.get(candidate.participant_no, ())
        if candidate.selected or self._answered_own(candidate):
            return False
        if candidate.vacancy_id != vacancy_id:
            return not offers
        return all(
            offer.vacancy_id != vacancy_id and self._answer(offer) != "accepted" for offer in offers
        )

    def _waits(self, candidate: RankedCandidate) -> bool:
        """Whether another offer to the person is open."""
        return any(
            self._answer(offer) is None
            for offer in self._offers_of.get(candidate.participant_no, ())
        )

    def _queue(self, vacancy_id: str, move: int | None) -> list[list[RankedCandidate]]:
        """Whom the own list or a move gives for a seat, best first, in groups of equals."""
        key = (vacancy_id, move)
        if key not in self._queues:
            placed = (
                self._own_candidates(vacancy_id)
                if move is None
                else self._moving_candidates(vacancy_id, move)
            )
            self._queues[key] = _in_groups(placed)
        return self._queues[key]

    def _own_candidates(self, vacancy_id: str) -> list[tuple[int, RankedCandidate]]:
        return [
            (candidate.rank, candidate)
            for candidate in self._of_vacancy.get(vacancy_id, ())
            if not candidate.selected
        ]

    def _moving_candidates(self, vacancy_id: str, number: int) -> list[tuple[int, RankedCandidate]]:
        move, seat = self._rules.moves[number - 1], self._vacancies[vacancy_id]
        return [
            (candidate.places[seat.need], candidate)
            for origin in self._vacancies.values()
            if self._rules.allows(move, seat, origin)
            for candidate in self._of_vacancy.get(origin.vacancy_id, ())
            if seat.need in candidate.places
            and (move.thresholds_of is None or move.thresholds_of in candidate.meets)
        ]

    @cached_property
    def _of_vacancy(self) -> dict[str, list[RankedCandidate]]:
        found: dict[str, list[RankedCandidate]] = {}
        for candidate in self._candidates:
            found.setdefault(candidate.vacancy_id, []).append(candidate)
        return found


def _in_groups(placed: list[tuple[int, RankedCandidate]]) -> list[list[RankedCandidate]]:
    """By place, then participant number; who shares a place stands in one group."""
    placed.sort(key=lambda pair: (pair[0], pair[1].participant_no))
    return [
        [candidate for _, candidate in group]
        for _, group in groupby(placed, key=lambda pair: pair[0])
    ]
