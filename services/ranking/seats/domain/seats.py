"""Who is next for an empty seat (optimalisasi): pure, and the same from the same closed lists,
offers and answers.

An empty seat goes to the next on the vacancy's own list, then by the policy's moves in their order,
each time the best first by the receiving list's order. It is offered, never given: while an offer
is open its seat counts as taken, and so does the person. By the moves each person is offered one
seat in a round; the seat that they applied for is offered to them also after they declined such a
move, and waits while that is open. Whoever declines the seat applied for is out. Equals for the
last seat wait for an officer.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Literal
from uuid import UUID, uuid5

from services.ranking.merit.domain.candidate import Candidate
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.merit_key import before_decision
from services.ranking.merit.domain.standing import Gate
from shared.policies import Policy, SeatGroup, SeatMove

Answer = Literal["accepted", "declined", "lapsed"]

OFFERS = UUID("0f1f9d3a-7d6c-5b0c-9a57-3f0a7f1f6f2e")
"""Namespace of offers' ids: an offer's id follows from round, vacancy and participant number."""


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A vacancy whose last list is closed. `education`: the (level, programme) that it accepts."""

    vacancy_id: str
    number: int
    agency: str
    post: str
    unit_id: str
    need: str
    seats: int
    education: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Ranked:
    """Whom the last list of `vacancy_id` ranked; participant numbers are unique in a round.

    `places`: by kind of need, the place among all of the pool under the rules of that need; equals
    share one. `meets`: kinds of need whose passing grades are met, of those that moves ask for.
    """

    vacancy_id: str
    participant_no: str
    rank: int
    selected: bool
    places: Mapping[str, int] = field(default_factory=dict)
    meets: frozenset[str] = frozenset()


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
        return uuid5(OFFERS, f"{round_id}/{self.vacancy_id}/{self.participant_no}")


@dataclass(frozen=True, slots=True)
class Rules:
    """What of a policy fills seats: its moves in order, its groups of posts, and the code of
    whoever is next on the own list.
    """

    moves: Sequence[SeatMove]
    groups: Sequence[SeatGroup]
    own_code: str

    def group_of(self, post: str) -> int | None:
        """The group of posts that a post belongs to, by its place; posts of a group are filled from
        within it only.
        """
        plain = _plain(post)
        return next(
            (at for at, group in enumerate(self.groups) if plain in map(_plain, group.posts)), None
        )

    def allows(self, move: SeatMove, seat: Vacancy, origin: Vacancy) -> bool:
        """Whether people of `origin` may come to a seat of another vacancy by this move."""
        if (
            seat.need not in move.to_needs
            or origin.need not in move.from_needs
            or seat.vacancy_id == origin.vacancy_id
        ):
            return False
        if (seat.unit_id == origin.unit_id) is not (move.where == "same-unit"):
            return False
        if self.group_of(seat.post) != self.group_of(origin.post):
            return False
        if "education" in move.same and not seat.education & origin.education:
            return False
        return self._key(move, seat) == self._key(move, origin)

    def pools(self, vacancies: Iterable[Vacancy]) -> dict[str, int]:
        """Vacancies between which people may move, directly or over others, bear one number: what
        happens in a pool concerns no other.
        """
        ordered = sorted(vacancies, key=lambda one: one.number)
        pool = {one.vacancy_id: at for at, one in enumerate(ordered)}

        def top(at: int) -> int:
            while (above := pool[ordered[at].vacancy_id]) != at:
                at = above
            return at

        for move in self.moves:
            first: dict[tuple[str, ...], int] = {}
            for at, one in enumerate(ordered):
                if one.need in {*move.to_needs, *move.from_needs}:
                    a, b = sorted((top(first.setdefault(self._key(move, one), at)), top(at)))
                    pool[ordered[b].vacancy_id] = a
        return {one.vacancy_id: top(at) for at, one in enumerate(ordered)}

    @staticmethod
    def _key(move: SeatMove, one: Vacancy) -> tuple[str, ...]:
        values = {"agency": one.agency, "post": one.post, "need": one.need}
        return tuple(_plain(values[name]) for name in move.same if name != "education")


@dataclass(frozen=True, slots=True)
class Listed:
    """A ranked line of the closed last list of `vacancy_id`, and the candidate by the results that
    it was closed with.
    """

    vacancy_id: str
    rank: int
    selected: bool
    candidate: Candidate


def ranked(
    policy: Policy,
    seed: str,
    vacancies: Sequence[Vacancy],
    pools: Mapping[str, int],
    listed: Iterable[Listed],
) -> list[Ranked]:
    """The candidates of pools, in places under the rules of every kind of need that has seats
    there.

    A place says who is better, not who passes: which passing grades are asked the moves say. Where
    points are missing that a kind of need asks for, there is no place. What an officer decided
    between equals of one list says nothing of other lists.
    """
    needs: dict[int, set[str]] = defaultdict(set)
    for vacancy in vacancies:
        needs[pools[vacancy.vacancy_id]].add(vacancy.need)
    people: dict[int, list[Listed]] = defaultdict(list)
    for one in listed:
        people[pools[one.vacancy_id]].append(one)
    last, bare = policy.lists[-1], without_thresholds(policy)
    order = {need: ListRules(bare, last, need, seed) for need in set[str]().union(*needs.values())}
    asked = {
        need: [ListRules(policy, each, need, seed) for each in policy.lists]
        for need in {
            move.thresholds_of for move in policy.seat_moves if move.thresholds_of is not None
        }
    }
    found: list[Ranked] = []
    for pool, group in people.items():
        places: dict[str, dict[str, int]] = defaultdict(dict)
        for need in sorted(needs[pool]):
            keys: list[tuple[bytes, str]] = []
            for one in group:
                standing = order[need].standing_of(one.candidate)
                if standing is not None and standing.gate is Gate.RANKED:
                    keys.append((before_decision(standing.merit_key), one.candidate.participant_no))
            keys.sort()
            for _, alike in groupby(enumerate(keys, 1), key=lambda each: each[1][0]):
                equals = [*alike]
                for _, (_, participant_no) in equals:
                    places[participant_no][need] = equals[0][0]
        for one in group:
            meets = frozenset(
                need
                for need, lists in asked.items()
                if all(
                    passing.passed
                    for rules in lists
                    for passing in rules.threshold_checks(one.candidate)
                )
            )
            number = one.candidate.participant_no
            found.append(
                Ranked(one.vacancy_id, number, one.rank, one.selected, places[number], meets)
            )
    return found


def without_thresholds(policy: Policy) -> Policy:
    stages = tuple(
        stage.model_copy(
            update={
                "thresholds": (),
                "components": tuple(
                    part.model_copy(update={"knock_out": None}) for part in stage.components
                ),
            }
        )
        for stage in policy.stages
    )
    return policy.model_copy(update={"stages": stages})


class Pool:
    """A pool's seats as offers and answers left them.

    `answers` by (vacancy id of the seat, participant number), those of selected people who gave
    theirs up too; `decided`: places among equals that an officer gave, by vacancy and participant
    number.
    """

    def __init__(
        self,
        rules: Rules,
        vacancies: Iterable[Vacancy],
        ranked: Iterable[Ranked],
        offers: Iterable[Offer] = (),
        answers: Mapping[tuple[str, str], Answer] | None = None,
        decided: Mapping[tuple[str, str], int] | None = None,
    ) -> None:
        self._rules = rules
        self._vacancies = {
            one.vacancy_id: one for one in sorted(vacancies, key=lambda one: one.number)
        }
        self._ranked = list(ranked)
        self._decided = dict(decided or {})
        self.answers = dict(answers or {})
        self.offers: list[Offer] = []
        self._offers_of: dict[str, list[Offer]] = {}
        self._queues: dict[tuple[str, int | None], list[list[Ranked]]] = {}
        self.left_empty: dict[str, int] = {}
        """Seats for whom nobody is left, by vacancy, as `settle` found them."""
        self.undecided: dict[str, list[str]] = {}
        """Equals of whom only some fit, by vacancy, as `settle` found them."""
        for offer in offers:
            self._add(offer)

    def answer(self, vacancy_id: str, participant_no: str, answer: Answer) -> None:
        """Takes an answer; the first one holds."""
        self.answers.setdefault((vacancy_id, participant_no), answer)

    def taken(self) -> Counter[str]:
        """Seats that someone has or was offered, by vacancy."""
        taken = Counter(
            one.vacancy_id
            for one in self._ranked
            if one.selected and (one.vacancy_id, one.participant_no) not in self.answers
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
        for one in self._ranked:
            if one.selected:
                found.setdefault(one.vacancy_id, []).append(one.participant_no)
        return found

    def settle(self) -> list[Offer]:
        """Makes every offer that can be made now, in the order in which they are made; when there
        is none left, it makes none.
        """
        self.undecided = {}
        taken = self.taken()
        rest = {
            vacancy_id: one.seats - taken[vacancy_id] for vacancy_id, one in self._vacancies.items()
        }
        made: list[Offer] = []
        tied: set[str] = set()
        for number in (None, *range(1, len(self._rules.moves) + 1)):
            for vacancy_id in self._vacancies:
                for group in self._queue(vacancy_id, number) if rest[vacancy_id] > 0 else ():
                    in_play = [one for one in group if self._in_play(one, vacancy_id)]
                    if len(in_play) > rest[vacancy_id]:
                        places = [
                            self._decided.get((vacancy_id, one.participant_no)) for one in in_play
                        ]
                        if None in places:
                            self.undecided[vacancy_id] = sorted(
                                one.participant_no for one in in_play
                            )
                            tied.update(self.undecided[vacancy_id])
                            rest[vacancy_id] = 0
                            break
                        in_play.sort(key=lambda one: self._decided[vacancy_id, one.participant_no])
                    for one in in_play[: rest[vacancy_id]]:
                        rest[vacancy_id] -= 1
                        if one.participant_no not in tied and not self._waits(one):
                            made.append(self._offer(vacancy_id, one, number))
                    if not rest[vacancy_id]:
                        break
        self.left_empty = {vacancy_id: seats for vacancy_id, seats in rest.items() if seats > 0}
        return made

    def _offer(self, vacancy_id: str, one: Ranked, number: int | None) -> Offer:
        code = self._rules.own_code if number is None else self._rules.moves[number - 1].code
        offer = Offer(vacancy_id, one.participant_no, one.vacancy_id, number, code)
        self._add(offer)
        return offer

    def _add(self, offer: Offer) -> None:
        self.offers.append(offer)
        self._offers_of.setdefault(offer.participant_no, []).append(offer)

    def _answer(self, offer: Offer) -> Answer | None:
        return self.answers.get((offer.vacancy_id, offer.participant_no))

    def _in_play(self, one: Ranked, vacancy_id: str) -> bool:
        """Whether the person may be offered a seat there, now or once an open offer is declined."""
        offers = self._offers_of.get(one.participant_no, ())
        if one.selected or (one.vacancy_id, one.participant_no) in self.answers:
            return False
        if one.vacancy_id != vacancy_id:
            return not offers
        return all(
            offer.vacancy_id != vacancy_id and self._answer(offer) != "accepted" for offer in offers
        )

    def _waits(self, one: Ranked) -> bool:
        """Whether another offer to the person is open."""
        return any(
            self._answer(offer) is None for offer in self._offers_of.get(one.participant_no, ())
        )

    def _queue(self, vacancy_id: str, number: int | None) -> list[list[Ranked]]:
        """Those whom the own list or a move gives for a seat, the best first; equals stand
        together.
        """
        key = (vacancy_id, number)
        if key not in self._queues:
            self._queues[key] = self._equals(vacancy_id, number)
        return self._queues[key]

    def _equals(self, vacancy_id: str, number: int | None) -> list[list[Ranked]]:
        if number is None:
            own = [
                (one.rank, one) for one in self._of_vacancy.get(vacancy_id, ()) if not one.selected
            ]
            return _in_groups(own)
        move, seat = self._rules.moves[number - 1], self._vacancies[vacancy_id]
        return _in_groups(
            [
                (one.places[seat.need], one)
                for origin in self._vacancies.values()
                if self._rules.allows(move, seat, origin)
                for one in self._of_vacancy.get(origin.vacancy_id, ())
                if seat.need in one.places
                and (move.thresholds_of is None or move.thresholds_of in one.meets)
            ]
        )

    @cached_property
    def _of_vacancy(self) -> dict[str, list[Ranked]]:
        found: dict[str, list[Ranked]] = {}
        for one in self._ranked:
            found.setdefault(one.vacancy_id, []).append(one)
        return found


def _in_groups(placed: list[tuple[int, Ranked]]) -> list[list[Ranked]]:
    placed.sort(key=lambda each: (each[0], each[1].participant_no))
    return [[one for _, one in group] for _, group in groupby(placed, key=lambda each: each[0])]


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
