"""Checks a published seating: how empty seats were filled after the lists.

Each seat went by a move that the policy has, with consent, to nobody twice, and past nobody who was
better and never asked. Offers and answers are taken as published. Between people whom public points
leave equal, the order by personal facts is taken too.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.leaves import (
    AnsweredOffer,
    Leaf,
    LineLeaf,
    SeatingLeaf,
    VacancyLeaf,
)
from services.ranking.seats.domain.public_order import PublicOrder
from services.ranking.seats.domain.rules import ClosedVacancy, SeatRules
from shared.policies import Policy


@dataclass(frozen=True, slots=True)
class VacancySeating:
    """How a vacancy's seats were filled, with what its last list says.

    `lines`, `admitted`: of the last list. `where`: the seating's place in the file.
    """

    vacancy: VacancyLeaf
    lines: Sequence[LineLeaf]
    admitted: Collection[str]
    seating: SeatingLeaf
    where: str

    @property
    def vacancy_id(self) -> str:
        return self.vacancy.vacancy_id

    @property
    def taken(self) -> int:
        """How many have a seat: by the list, unless they gave it up, or by an accepted offer."""
        return len(self.admitted) - len(self.seating.gave_up) + self.seating.accepted

    @property
    def seatless(self) -> Iterator[LineLeaf]:
        """The lines of those who are ranked and have no seat by the list."""
        return (
            line
            for line in self.lines
            if line.rank is not None and line.participant_no not in self.admitted
        )


def check_seating(
    policy: Policy, public: Policy, seed: str, seatings: Sequence[VacancySeating]
) -> None:
    """Checks the seatings of a round's vacancies.

    `public`: the policy for points as they counted. Raises ProofFault with the first fault.
    """
    _SeatingCheck(policy, public, seed, seatings).check()


def empty_seats(leaves: Iterable[Leaf], policy: Policy) -> int:
    """How many seats nobody has of these vacancies, whose seatings were checked."""
    last = policy.lists[-1]
    seats = 0
    for leaf in leaves:
        if isinstance(leaf, VacancyLeaf):
            seats += leaf.seats
        elif isinstance(leaf, SeatingLeaf):
            seats += len(leaf.gave_up) - leaf.accepted
        elif isinstance(leaf, LineLeaf) and leaf.list == last.code:
            seats -= last.goes_on(leaf.code)
    return seats


class _SeatingCheck:
    def __init__(
        self, policy: Policy, public: Policy, seed: str, seatings: Sequence[VacancySeating]
    ) -> None:
        self._rules = SeatRules.of(policy)
        self._order = PublicOrder(public, seed)
        self._seatings = seatings
        self._seating_of = {seating.vacancy_id: seating for seating in seatings}
        self._vacancies = {seating.vacancy_id: _vacancy(seating) for seating in seatings}
        self._pool_of = self._rules.pools(self._vacancies.values())

    def check(self) -> None:
        for seating in self._seatings:
            self._check_names(seating)
            self._check_offers(seating)
        self._check_one_seat_each()
        for seating in self._seatings:
            self._check_nobody_passed_over(seating)

    def _check_names(self, seating: VacancySeating) -> None:
        """Who is named in the leaf has the part in it that the lists allow."""
        leaf, where = seating.seating, seating.where
        if leaf.vacancy_id != seating.vacancy_id:
            raise ProofFault(f"{where}, vacancy_id", f"expected {seating.vacancy_id}")
        if others := sorted({*leaf.gave_up} - {*seating.admitted}):
            raise ProofFault(f"{where}, gave_up", f"{others[0]} had no seat by the list")
        own_seatless = {line.participant_no for line in seating.seatless}
        for field, numbers, seatless in (
            ("not_asked", leaf.not_asked, own_seatless),
            ("decided", leaf.decided, self._seatless),
        ):
            if others := [number for number in numbers if number not in seatless]:
                raise ProofFault(f"{where}, {field}", f"{others[0]} is not ranked without a seat")

    def _check_offers(self, seating: VacancySeating) -> None:
        """Each offer is one that the policy has, and no more seats are taken than there are."""
        offers, where = seating.seating.offers, f"{seating.where}, offers"
        offered = Counter(offer.participant_no for offer in offers)
        if twice := [number for number, times in offered.items() if times > 1]:
            raise ProofFault(where, f"{twice[0]} was offered a seat here twice")
        for offer in offers:
            if (says := self._fault_of(seating, offer)) is not None:
                raise ProofFault(f"{where} ({offer.participant_no})", says)
        seats = seating.vacancy.seats
        if seating.taken > seats:
            raise ProofFault(where, f"{seating.taken} people have seats, expected at most {seats}")

    def _fault_of(self, seating: VacancySeating, offer: AnsweredOffer) -> str | None:
        """Why the policy does not have this offer; None where it does."""
        origin = self._seating_of.get(offer.applied_for)
        if origin is None:
            return f"no vacancy {offer.applied_for} has a seating"
        line = self._lines.get((offer.applied_for, offer.participant_no))
        if line is None or line.rank is None:
            return f"expected someone whom the last list of {offer.applied_for} ranks"
        if offer.participant_no in origin.admitted:
            return "had a seat by the list"
        if offer.participant_no in origin.seating.not_asked:
            return "was not to be asked"
        if offer.move is None:
            return self._fault_of_own(seating, offer)
        return self._fault_of_move(seating, origin, offer.move, offer.code, line)

    def _fault_of_own(self, seating: VacancySeating, offer: AnsweredOffer) -> str | None:
        """The same for the next on the vacancy's own list."""
        if offer.applied_for != seating.vacancy_id:
            return "expected someone of the vacancy's own list, as no move is named"
        return _fault_of_code(offer.code, self._rules.own_code)

    def _fault_of_move(
        self,
        seating: VacancySeating,
        origin: VacancySeating,
        number: int,
        code: str,
        line: LineLeaf,
    ) -> str | None:
        """The same for somebody who comes from `origin` by the policy's move of this number."""
        if not 1 <= number <= len(self._rules.moves):
            return f"the policy has {len(self._rules.moves)} moves"
        move = self._rules.moves[number - 1]
        if not self._allows(number, seating, origin):
            return f"move {number} brings nobody from {origin.vacancy_id} here"
        if move.thresholds_of is not None and not self._order.passes(move.thresholds_of, line):
            return f"expected someone who meets the passing grades of {move.thresholds_of}"
        return _fault_of_code(code, move.code)

    def _check_one_seat_each(self) -> None:
        """Nobody was offered seats elsewhere twice, or accepted two."""
        moved = Counter(offer.participant_no for offer in self._offers if offer.move is not None)
        accepted = Counter(
            offer.participant_no for offer in self._offers if offer.answer == "accepted"
        )
        for seating in self._seatings:
            for number in (offer.participant_no for offer in seating.seating.offers):
                if moved[number] > 1:
                    says = f"was offered seats elsewhere {moved[number]} times, expected one"
                    raise ProofFault(seating.where, f"{number} {says}")
                if accepted[number] > 1:
                    says = f"accepted {accepted[number]} seats, expected one"
                    raise ProofFault(seating.where, f"{number} {says}")

    def _check_nobody_passed_over(self, seating: VacancySeating) -> None:
        """Whoever could have come was asked, or no seat is empty and none went to later ones.

        Later: by a later move, or by the same move and after them in its order. An officer's order
        of equals needs no check: whom it put last was asked when those before had declined, or is
        equal to the last who was asked.
        """
        empty = seating.vacancy.seats > seating.taken
        if not empty and not seating.seating.offers:
            return
        last_keys = self._last_keys(seating)
        what = (
            f"a seat of {seating.vacancy_id} is empty" if empty else "someone after them was asked"
        )
        for move in (None, *range(1, len(self._rules.moves) + 1)):
            for line in self._passed_over(seating, move, empty, last_keys):
                raise ProofFault(
                    f"{seating.where}, offers",
                    f"{line.participant_no} of {line.vacancy_id} could have come and was never "
                    f"asked, but {what}",
                )

    def _passed_over(
        self,
        seating: VacancySeating,
        move: int | None,
        empty: bool,
        last_keys: Mapping[int | None, bytes],
    ) -> Iterator[LineLeaf]:
        """Those who could have come by this move before somebody who was asked, or any if empty."""
        latest = max(map(_step, last_keys), default=0)
        everyone = empty or _step(move) < latest
        if everyone or move in last_keys:
            for key, line in self._could_come(seating, move):
                if everyone or key < last_keys[move]:
                    yield line

    def _last_keys(self, seating: VacancySeating) -> dict[int | None, bytes]:
        """By move, the key of the last in order whom a seat was offered by it."""
        keys: dict[int | None, bytes] = {}
        for offer in seating.seating.offers:
            line = self._lines[offer.applied_for, offer.participant_no]
            key = self._key(seating, offer.move, line) or b""
            keys[offer.move] = max(keys.get(offer.move, b""), key)
        return keys

    def _could_come(
        self, seating: VacancySeating, move: int | None
    ) -> Iterator[tuple[bytes, LineLeaf]]:
        """Those never asked anywhere whom the own list or a move gives for a seat here."""
        need = None if move is None else self._rules.moves[move - 1].thresholds_of
        for origin in self._origins(seating, move):
            for line in origin.seatless:
                number = line.participant_no
                if number in self._asked or number in origin.seating.not_asked:
                    continue
                key = self._key(seating, move, line)
                if key is not None and (need is None or self._order.passes(need, line)):
                    yield key, line

    def _origins(self, seating: VacancySeating, move: int | None) -> Iterable[VacancySeating]:
        """The vacancies whose people may come to a seat here."""
        if move is None:
            return [seating]
        pool = self._pools[self._pool_of[seating.vacancy_id]]
        return [origin for origin in pool if self._allows(move, seating, origin)]

    def _key(self, seating: VacancySeating, move: int | None, line: LineLeaf) -> bytes | None:
        """Bytes that order people for a seat here, as far as public points do.

        None for people who have no place in the order.
        """
        if move is None:
            return (line.rank or 0).to_bytes(4, "big")
        return self._order.key(seating.vacancy.need, line)

    def _allows(self, move: int, seat: VacancySeating, origin: VacancySeating) -> bool:
        here, there = self._vacancies[seat.vacancy_id], self._vacancies[origin.vacancy_id]
        return self._rules.allows(self._rules.moves[move - 1], here, there)

    @cached_property
    def _pools(self) -> dict[int, list[VacancySeating]]:
        pools: dict[int, list[VacancySeating]] = {}
        for seating in self._seatings:
            pools.setdefault(self._pool_of[seating.vacancy_id], []).append(seating)
        return pools

    @cached_property
    def _offers(self) -> list[AnsweredOffer]:
        return [offer for seating in self._seatings for offer in seating.seating.offers]

    @cached_property
    def _lines(self) -> dict[tuple[str, str], LineLeaf]:
        """Lines of the last lists by vacancy and participant number."""
        return {
            (seating.vacancy_id, line.participant_no): line
            for seating in self._seatings
            for line in seating.lines
        }

    @cached_property
    def _seatless(self) -> frozenset[str]:
        """Who is ranked on a last list, and has no seat by it."""
        return frozenset(
            line.participant_no for seating in self._seatings for line in seating.seatless
        )

    @cached_property
    def _asked(self) -> frozenset[str]:
        """Whom a seat was offered, anywhere."""
        return frozenset(offer.participant_no for offer in self._offers)


def _step(move: int | None) -> int:
    """Where a move stands in the order of asking: the own list first, then the policy's moves."""
    return move or 0


def _fault_of_code(code: str, expected: str) -> str | None:
    return None if code == expected else f"expected the code {expected}"


def _vacancy(seating: VacancySeating) -> ClosedVacancy:
    leaf = seating.vacancy
    education = frozenset(
        (accepted.level, accepted.programme) for accepted in seating.seating.education
    )
    return ClosedVacancy(
        leaf.vacancy_id,
        leaf.number,
        leaf.agency,
        leaf.post,
        leaf.unit_id,
        leaf.need,
        leaf.seats,
        education,
    )
