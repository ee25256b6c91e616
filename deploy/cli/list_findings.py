"""What a published list says beside its order, added up vacancy by vacancy, in words."""

from collections import Counter
from collections.abc import Iterator

from services.ranking.proofs.domain.head import Head
from services.ranking.proofs.domain.leaves import ApplicantLeaf, SeatingLeaf
from services.ranking.publication.domain.verification import (
    VacancyLeaves,
    points_that_differ,
    seats_that_officers_decided,
)
from services.ranking.seats.domain.seating import empty_seats
from shared.policies import Policy

PEOPLE_SHOWN = 5
"""People whose points differ between lists that are named; the rest is counted."""


class Findings:
    """Adds up what the vacancies of one checked list say."""

    def __init__(self, head: Head, policy: Policy) -> None:
        self._head = head
        self._policy = policy
        self._outcomes: Counter[str] = Counter()
        self._decided = 0
        self._differ = 0
        self._named: list[str] = []
        self._answers: Counter[str] = Counter()
        self._empty = 0
        self._seated = False

    def add(self, vacancy: VacancyLeaves) -> None:
        """Takes a checked vacancy into account."""
        leaves = vacancy.leaves
        self._outcomes.update(leaf.outcome for leaf in leaves if isinstance(leaf, ApplicantLeaf))
        self._decided += seats_that_officers_decided(vacancy, self._policy)
        for number, parts in points_that_differ(vacancy):
            self._differ += 1
            if self._differ <= PEOPLE_SHOWN:
                both = (f"{part} {' / '.join(points)}" for part, points in parts.items())
                self._named.append(f"{number} {' and '.join(both)}")
        self._empty += empty_seats(leaves, self._policy)
        if isinstance(leaves[-1], SeatingLeaf):
            self._seated = True
            self._answers.update(offer.answer for offer in leaves[-1].offers)

    def sentences(self) -> Iterator[str]:
        """All of it in words."""
        yield self._who_applied()
        if self._differ:
            yield self._whose_points_differ()
        if self._decided:
            went = "1 seat or place" if self._decided == 1 else f"{self._decided} seats or places"
            yield f"{went} went by an officer's order among people whom the rules leave equal."
        if self._seated:
            yield self._how_seats_were_filled()

    def _who_applied(self) -> str:
        if self._head.format == "terang-list-1":
            return (
                "The file is of version 1: it does not show whether everyone who applied is in it."
            )
        by_outcome = ", ".join(f"{self._outcomes[name]} {name}" for name in ("MS", "TMS", "APS"))
        return f"Everyone who applied is in it, {self._outcomes.total()} by number: {by_outcome}."

    def _whose_points_differ(self) -> str:
        more = self._differ - len(self._named)
        named = ", ".join([*self._named, *([f"… and {more} more"] if more else [])])
        whose = "1 person's" if self._differ == 1 else f"{self._differ} people's"
        return f"{whose} points differ between lists (a later list holds a correction): {named}"

    def _how_seats_were_filled(self) -> str:
        filled, offers = self._answers["accepted"], self._answers.total()
        seats = f"{filled} {'seat' if filled == 1 else 'seats'} filled, {self._empty} left empty"
        asked = f"{offers} {'offer' if offers == 1 else 'offers'}"
        return (
            f"Seats after the lists: {asked}, {seats}; "
            "nobody who was better was passed over unasked."
        )
