"""The vacancies whose seats are filled, and the policy's rules for it (optimalisasi)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from shared.policies import Policy, SeatGroup, SeatMove


@dataclass(frozen=True, slots=True)
class ClosedVacancy:
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
class SeatRules:
    """What of a policy fills seats.

    Its moves in order, its groups of posts, and the code of whoever is next on the own list.
    """

    moves: Sequence[SeatMove]
    groups: Sequence[SeatGroup]
    own_code: str

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """The policy's rules."""
        return cls(policy.seat_moves, policy.seat_groups, policy.lists[-1].codes.within)

    def group_of(self, post: str) -> int | None:
        """The index of the group that a post belongs to; a group is filled from within only."""
        plain = _plain(post)
        return next(
            (at for at, group in enumerate(self.groups) if plain in map(_plain, group.posts)), None
        )

    def allows(self, move: SeatMove, seat: ClosedVacancy, origin: ClosedVacancy) -> bool:
        """Whether people of `origin` may come to a seat of another vacancy by this move."""
        if seat.vacancy_id == origin.vacancy_id:
            return False
        if seat.need not in move.to_needs or origin.need not in move.from_needs:
            return False
        if (seat.unit_id == origin.unit_id) is not (move.where == "same-unit"):
            return False
        if self.group_of(seat.post) != self.group_of(origin.post):
            return False
        if "education" in move.same and not seat.education & origin.education:
            return False
        return _same_values(move, seat) == _same_values(move, origin)

    def pools(self, vacancies: Iterable[ClosedVacancy]) -> dict[str, int]:
        """The number of each vacancy's pool, by vacancy id.

        Vacancies between which people may move, directly or over others, are in one pool: what
        happens in a pool concerns no other.
        """
        ordered = sorted(vacancies, key=lambda vacancy: vacancy.number)
        parents = list(range(len(ordered)))  # a forest of disjoint sets

        def root(at: int) -> int:
            while parents[at] != at:
                at = parents[at]
            return at

        for move in self.moves:
            first: dict[tuple[str, ...], int] = {}
            for at, vacancy in enumerate(ordered):
                if vacancy.need in {*move.to_needs, *move.from_needs}:
                    alike = first.setdefault(_same_values(move, vacancy), at)
                    lower, higher = sorted((root(alike), root(at)))
                    parents[higher] = lower
        return {vacancy.vacancy_id: root(at) for at, vacancy in enumerate(ordered)}


def _same_values(move: SeatMove, vacancy: ClosedVacancy) -> tuple[str, ...]:
    """What must be the same on both sides of a move, education apart."""
    values = {"agency": vacancy.agency, "post": vacancy.post, "need": vacancy.need}
    return tuple(_plain(values[name]) for name in move.same if name != "education")


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
