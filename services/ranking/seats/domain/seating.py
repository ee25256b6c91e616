"""Checks a published seating: each seat went by a move that the policy has, with consent, to nobody
twice, and past nobody who was better and never asked.

Offers and answers are taken as published. Between people whom public points leave equal, the order
by personal facts is taken too.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.merit_key import before_decision
from services.ranking.merit.domain.standing import Gate
from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.leaves import AnsweredOffer, LineLeaf, SeatingLeaf, VacancyLeaf
from services.ranking.proofs.domain.list_file import ListFile
from services.ranking.seats.domain.seats import Rules, Vacancy, without_thresholds
from shared.policies import FACTS, Policy


@dataclass(frozen=True, slots=True)
class Seated:
    """A vacancy with the lines of its last list, whom that admitted, and how its seats were filled.

    `where`: of the seating, in the file.
    """

    vacancy: VacancyLeaf
    lines: Sequence[LineLeaf]
    admitted: Collection[str]
    seating: SeatingLeaf
    where: str

    @property
    def taken(self) -> int:
        """How many have a seat: by the list, unless they gave it up, or by an offer that they
        accepted.
        """
        accepted = sum(offer.answer == "accepted" for offer in self.seating.offers)
        return len(self.admitted) - len(self.seating.gave_up) + accepted


def check_seating(policy: Policy, public: Policy, seed: str, seated: Sequence[Seated]) -> None:
    """`public`: the policy for points as they counted. Raises ProofFault with the first fault."""
    _Seating(policy, public, seed, seated).check()


def empty_seats(published: ListFile, policy: Policy) -> int:
    """How many seats nobody has, in a file whose seating was checked."""
    last = policy.lists[-1]
    seats = sum(leaf.seats for leaf in published.leaves if isinstance(leaf, VacancyLeaf))
    for leaf in published.leaves:
        if isinstance(leaf, SeatingLeaf):
            seats += len(leaf.gave_up) - sum(offer.answer == "accepted" for offer in leaf.offers)
        elif isinstance(leaf, LineLeaf) and leaf.list == last.code:
            seats -= last.goes_on(leaf.code)
    return seats


class _Seating:
    def __init__(self, policy: Policy, public: Policy, seed: str, seated: Sequence[Seated]) -> None:
        self._rules = Rules(policy.seat_moves, policy.seat_groups, policy.lists[-1].codes.within)
        self._public = public
        self._seed = seed
        self._points_shown = policy.publication.level == "components"
        self._of = {one.vacancy.vacancy_id: one for one in seated}
        self._vacancies = {one.vacancy.vacancy_id: _vacancy(one) for one in seated}
        self._pool_of = self._rules.pools(self._vacancies.values())
        self._pools: dict[int, list[Seated]] = defaultdict(list)
        for one in seated:
            self._pools[self._pool_of[one.vacancy.vacancy_id]].append(one)
        self._lines = {
            (one.vacancy.vacancy_id, line.participant_no): line
            for one in seated
            for line in one.lines
        }
        self._grades: dict[str, list[ListRules]] = {}
        self._orders: dict[str, ListRules] = {}
        self._keys: dict[tuple[str, str], bytes | None] = {}
        self._meets: dict[tuple[str, str], bool] = {}

    def check(self) -> None:
        moved: Counter[str] = Counter()
        accepted: Counter[str] = Counter()
        for one in self._of.values():
            self._check_one(one)
            moved.update(
                offer.participant_no for offer in one.seating.offers if offer.move is not None
            )
            accepted.update(
                offer.participant_no for offer in one.seating.offers if offer.answer == "accepted"
            )
        for one in self._of.values():
            for number in (offer.participant_no for offer in one.seating.offers):
                if moved[number] > 1:
                    raise ProofFault(
                        one.where,
                        f"{number} was offered seats elsewhere {moved[number]} times, expected one",
                    )
                if accepted[number] > 1:
                    raise ProofFault(
                        one.where, f"{number} accepted {accepted[number]} seats, expected one"
                    )
        for one in self._of.values():
            self._check_nobody_passed_over(one)

    def _check_one(self, one: Seated) -> None:
        """The leaf by itself: who is named, which moves, how many seats."""
        vacancy, seating = one.vacancy, one.seating
        if seating.vacancy_id != vacancy.vacancy_id:
            raise ProofFault(f"{one.where}, vacancy_id", f"expected {vacancy.vacancy_id}")
        ranked = {line.participant_no for line in one.lines if line.rank is not None}
        if others := sorted({*seating.gave_up} - {*one.admitted}):
            raise ProofFault(f"{one.where}, gave_up", f"{others[0]} had no seat by the list")
        if others := [
            number for number in seating.not_asked if number not in ranked or number in one.admitted
        ]:
            raise ProofFault(f"{one.where}, not_asked", f"{others[0]} is not ranked without a seat")
        if others := [number for number in seating.decided if number not in self._seatless]:
            raise ProofFault(f"{one.where}, decided", f"{others[0]} is not ranked without a seat")
        if twice := [
            number
            for number, count in Counter(o.participant_no for o in seating.offers).items()
            if count > 1
        ]:
            raise ProofFault(f"{one.where}, offers", f"{twice[0]} was offered a seat here twice")
        for offer in seating.offers:
            if (says := self._wrong(one, offer)) is not None:
                raise ProofFault(f"{one.where}, offers ({offer.participant_no})", says)
        if one.taken > vacancy.seats:
            raise ProofFault(
                f"{one.where}, offers",
                f"{one.taken} people have seats, expected at most {vacancy.seats}",
            )

    def _wrong(self, one: Seated, offer: AnsweredOffer) -> str | None:
        """Why the policy does not have this offer; none where it does."""
        origin = self._of.get(offer.applied_for)
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
            if offer.applied_for != one.vacancy.vacancy_id:
                return "expected someone of the vacancy's own list, as no move is named"
            return (
                None
                if offer.code == self._rules.own_code
                else f"expected the code {self._rules.own_code}"
            )
        if not 1 <= offer.move <= len(self._rules.moves):
            return f"the policy has {len(self._rules.moves)} moves"
        move = self._rules.moves[offer.move - 1]
        if not self._allows(offer.move, one, origin):
            return f"move {offer.move} brings nobody from {offer.applied_for} here"
        if move.thresholds_of is not None and not self._meets_grades(move.thresholds_of, line):
            return f"expected someone who meets the passing grades of {move.thresholds_of}"
        return None if offer.code == move.code else f"expected the code {move.code}"

    def _check_nobody_passed_over(self, one: Seated) -> None:
        """Whoever could have come and was never asked: no seat is empty, none went to anyone after
        them. Whom an officer's order of equals put last was asked when those before had declined,
        or stands beside the last who was.
        """
        seating = one.seating
        empty = one.vacancy.seats - one.taken
        if not empty and not seating.offers:
            return
        last = {
            number: self._last_of(one, number)
            for number in {offer.move for offer in seating.offers}
        }
        latest = max((number or 0 for number in last), default=0)
        for number in (None, *range(1, len(self._rules.moves) + 1)):
            if not empty and (number or 0) > latest:
                return
            for key, line in self._could_come(one, number):
                passed = (
                    empty
                    or (number or 0) < latest
                    or (number in last and key < (last[number] or b""))
                )
                if passed:
                    what = (
                        f"a seat of {one.vacancy.vacancy_id} is empty"
                        if empty
                        else "someone after them was asked"
                    )
                    says = f"{line.participant_no} of {line.vacancy_id} could have come and was never asked, but {what}"
                    raise ProofFault(f"{one.where}, offers", says)

    def _last_of(self, one: Seated, number: int | None) -> bytes | None:
        """The key of the last in order whom a seat was offered by this move."""
        keys = []
        for offer in one.seating.offers:
            if offer.move == number:
                line = self._lines[offer.applied_for, offer.participant_no]
                keys.append(self._key(one, number, line) or b"")
        return max(keys, default=None)

    def _could_come(self, one: Seated, number: int | None) -> Iterator[tuple[bytes, LineLeaf]]:
        """Those never asked anywhere whom the own list or a move gives for a seat here."""
        origins = [one]
        if number is not None:
            pool = self._pools[self._pool_of[one.vacancy.vacancy_id]]
            origins = [other for other in pool if self._allows(number, one, other)]
        grades = None if number is None else self._rules.moves[number - 1].thresholds_of
        for origin in origins:
            for line in origin.lines:
                if (
                    line.rank is None
                    or line.participant_no in origin.admitted
                    or line.participant_no in self._asked
                ):
                    continue
                if line.participant_no in origin.seating.not_asked:
                    continue
                key = self._key(one, number, line)
                if key is not None and (grades is None or self._meets_grades(grades, line)):
                    yield key, line

    def _key(self, one: Seated, number: int | None, line: LineLeaf) -> bytes | None:
        """Bytes that order people for a seat here as far as public points do; none where they have
        no place.
        """
        if number is None:
            return (line.rank or 0).to_bytes(4, "big")
        if not self._points_shown:
            return (
                b""  # the order of people of several lists follows from points that are not shown
            )
        need = one.vacancy.need
        known = (need, line.participant_no)
        if known not in self._keys:
            standing = self._order(need).standing_of(self._candidate(line))
            ranked = standing is not None and standing.gate is Gate.RANKED
            self._keys[known] = (
                before_decision(standing.merit_key) if standing is not None and ranked else None
            )
        return self._keys[known]

    def _order(self, need: str) -> ListRules:
        if need not in self._orders:
            bare, last = without_thresholds(self._public), self._public.lists[-1]
            ties = []
            for tie in last.ties:
                if tie.by in FACTS:
                    break
                ties.append(tie)
            self._orders[need] = ListRules(
                bare, last.model_copy(update={"ties": tuple(ties)}), need, self._seed
            )
        return self._orders[need]

    def _meets_grades(self, need: str, line: LineLeaf) -> bool:
        if not self._points_shown:
            return True  # taken as published
        known = (need, line.participant_no)
        if known not in self._meets:
            if need not in self._grades:
                self._grades[need] = [
                    ListRules(self._public, one, need, self._seed) for one in self._public.lists
                ]
            candidate = self._candidate(line)
            self._meets[known] = all(
                passing.passed
                for rules in self._grades[need]
                for passing in rules.threshold_checks(candidate)
            )
        return self._meets[known]

    def _candidate(self, line: LineLeaf) -> Candidate:
        stages = {
            stage.code: StageResult(
                Outcome.SCORED,
                {
                    part.code: line.points[part.code]
                    for part in stage.components
                    if part.code in line.points
                },
            )
            for stage in self._public.stages
        }
        admitted_by = frozenset(one.code for one in self._public.lists)
        return Candidate(
            line.participant_no,
            verified=True,
            results=stages,
            admitted_by=admitted_by,
            priority=line.priority,
        )

    def _allows(self, number: int, seat: Seated, origin: Seated) -> bool:
        here, there = (
            self._vacancies[seat.vacancy.vacancy_id],
            self._vacancies[origin.vacancy.vacancy_id],
        )
        return self._rules.allows(self._rules.moves[number - 1], here, there)

    @cached_property
    def _seatless(self) -> frozenset[str]:
        """Who is ranked on a last list, and has no seat by it."""
        return frozenset(
            line.participant_no
            for one in self._of.values()
            for line in one.lines
            if line.rank is not None and line.participant_no not in one.admitted
        )

    @cached_property
    def _asked(self) -> frozenset[str]:
        """Whom a seat was offered, anywhere."""
        return frozenset(
            offer.participant_no for one in self._of.values() for offer in one.seating.offers
        )


def _vacancy(one: Seated) -> Vacancy:
    leaf = one.vacancy
    education = frozenset((each.level, each.programme) for each in one.seating.education)
    return Vacancy(
        leaf.vacancy_id,
        leaf.number,
        leaf.agency,
        leaf.post,
        leaf.unit_id,
        leaf.need,
        leaf.seats,
        education,
    )
