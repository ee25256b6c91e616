"""Shows anyone who has a vacancy's seats, and how those that were empty are filled.

Whom they were offered, what everyone answered, what stays empty.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.answer_fields import Rank, SeatsInAll, VacancyNumber
from services.ranking.rounds.storage import SQL as ROUNDS
from services.ranking.rounds.storage import load_round
from services.ranking.seats.domain.pool import SeatAnswer
from services.ranking.seats.storage import SQL
from services.ranking.seats.views.show_filling import OfferView
from services.ranking.standings.storage import SQL as STANDINGS
from shared.contracts.fields import (
    Agency,
    NeedCode,
    ParticipantNo,
    Post,
    RoundId,
    UnitPath,
    VacancyId,
)
from shared.postgres.pool import Connection
from shared.refusals import Refusal

SeatProgress = Literal["live", "closed", "filling", "filled"]
"""How far a vacancy's seats are; the field of VacancySeats says what each word means."""

VACANCY_FIELDS = (
    "vacancy_id",
    "round_id",
    "round_name",
    "agency",
    "post",
    "unit_path",
    "need",
    "seats",
)
"""What the view tells of the vacancy out of its row."""


class VacancyReference(BaseModel):
    """Which vacancy it is."""

    vacancy_id: VacancyId
    number: VacancyNumber
    post: Post
    unit_path: UnitPath
    need: NeedCode


class SeatByList(BaseModel):
    """A seat that the list itself gave."""

    participant_no: ParticipantNo
    rank: Rank
    code: str = Field(description="Result code on the list")
    answer: SeatAnswer | None = Field(
        description="How the person gave the seat up; none: they have it"
    )
    answered_at: AwareDatetime | None = Field(description="UTC")


class OfferBetweenVacancies(OfferView):
    """An offer, from where to where."""

    rank: int | None = Field(description="On the last list of the vacancy that they applied for")
    seat: VacancyReference = Field(description="The vacancy whose seat was offered")
    origin: VacancyReference = Field(description="The vacancy that they applied for")


class VacancySeats(BaseModel):
    """A vacancy's seats.

    `taken`, `offered`, `left_empty` and `waiting` make up all of them, unless the last list is
    live.
    """

    vacancy_id: VacancyId
    round_id: RoundId
    round_name: str = Field(description="The round's name for people")
    agency: Agency
    post: Post
    unit_path: UnitPath
    need: NeedCode
    list: str = Field(description="The policy's last list, which gives seats")
    progress: SeatProgress = Field(
        description="live: the last list is not fixed; closed: it is, and filling has not begun;"
        " filling; filled: nothing is open any more"
    )
    started_at: AwareDatetime | None = Field(description="When filling began, UTC")
    seats: SeatsInAll
    taken: int = Field(description="Seats that somebody has: by the list, or by an offer accepted")
    offered: int = Field(description="Seats whose offer waits for an answer")
    left_empty: int = Field(description="Seats for which nobody is left to ask")
    waiting: int = Field(
        description="Other empty seats: filling has not begun, an officer has to decide between"
        " equals, or whoever is next has another offer open"
    )
    given: tuple[SeatByList, ...] = Field(
        description="By the list, in its order; also those who gave their seat up"
    )
    offers: tuple[OfferBetweenVacancies, ...] = Field(
        description="Of this vacancy's seats, in the order in which they were made"
    )
    elsewhere: tuple[OfferBetweenVacancies, ...] = Field(
        description="Of other vacancies' seats, to people who had applied for this one"
    )

    @property
    def holders(self) -> Sequence[SeatByList | OfferBetweenVacancies]:
        """Who has a seat: by the list, then by an accepted offer, then by an open one."""
        by_list = [seat for seat in self.given if seat.answer is None]
        accepted = [offer for offer in self.offers if offer.answer == "accepted"]
        return [*by_list, *accepted, *(offer for offer in self.offers if offer.answer is None)]


@dataclass(frozen=True, slots=True)
class SeatOutcome:
    """A seat that somebody had by the list and gave up, or one that they were offered.

    An offered one has a code. The post and unit are the seat's.
    """

    vacancy_id: str
    post: str
    unit_path: str
    code: str | None
    offered_at: datetime | None
    answer: SeatAnswer | None
    answered_at: datetime | None


async def show_seats(connection: Connection, vacancy_id: str) -> VacancySeats:
    """The vacancy's seats.

    Raises Refusal `unknown-vacancy`, `unknown-round` while its round has not arrived.
    """
    vacancy = await ROUNDS.vacancy(connection, vacancy_id=vacancy_id)
    if vacancy is None:
        raise Refusal("unknown-vacancy", vacancy_id=vacancy_id)
    last = (await load_round(connection, vacancy["round_id"])).policy.lists[-1].code
    asked = {"vacancy_id": vacancy_id, "list": last}
    closed = await STANDINGS.closing(connection, **asked) is not None
    given = [SeatByList(**row) async for row in SQL.seats_by_list(connection, **asked)]
    filling = await SQL.filling_of_vacancy(connection, vacancy_id=vacancy_id)
    offers = [_offer(row) async for row in SQL.offers_about_vacancy(connection, **asked)]
    own = [offer for offer in offers if offer.seat.vacancy_id == vacancy_id]
    counts = _count_seats(vacancy["seats"], closed, given, filling, own)
    return VacancySeats(
        **{name: vacancy[name] for name in VACANCY_FIELDS},
        **asdict(counts),
        list=last,
        progress=_progress(closed, filling, counts),
        started_at=filling["started_at"] if filling else None,
        given=tuple(given),
        offers=tuple(own),
        elsewhere=tuple(offer for offer in offers if offer.seat.vacancy_id != vacancy_id),
    )


@dataclass(frozen=True, slots=True)
class _SeatCounts:
    """A vacancy's seats by what became of them."""

    taken: int
    offered: int
    left_empty: int
    waiting: int


def _count_seats(
    seats: int,
    closed: bool,
    given: Sequence[SeatByList],
    filling: Any,
    offers: Sequence[OfferBetweenVacancies],
) -> _SeatCounts:
    """Counts the seats by the list's own and the offers of them; none waits on a live list."""
    answers = [offer.answer for offer in offers]
    taken = [seat.answer for seat in given].count(None) + answers.count("accepted")
    offered = answers.count(None)
    free = seats - taken - offered
    left_empty = min(filling["left_empty"] if filling else 0, free)
    return _SeatCounts(taken, offered, left_empty, free - left_empty if closed else 0)


def _progress(closed: bool, filling: Any, counts: _SeatCounts) -> SeatProgress:
    if filling:
        return "filling" if counts.offered or counts.waiting else "filled"
    return "closed" if closed else "live"


async def show_seat_outcomes(
    connection: Connection, vacancy_id: str, participant_no: str
) -> Sequence[SeatOutcome]:
    """What became of seats for somebody who had applied for the vacancy.

    Nothing where they have the seat that the list gave them, or were never offered one.
    """
    rows = SQL.seat_outcomes(connection, vacancy_id=vacancy_id, participant_no=participant_no)
    return [SeatOutcome(**row) async for row in rows]


async def seats_changed(connection: Connection, vacancy_id: str) -> bool:
    """Whether anybody gave up a seat of the vacancy or was offered one since the list was fixed.

    Or was offered a seat elsewhere after applying there.
    """
    changed: bool = await SQL.seats_changed(connection, vacancy_id=vacancy_id)
    return changed


def _offer(row: Any) -> OfferBetweenVacancies:
    vacancies = {
        side: VacancyReference(
            **{name: row[f"{side}_{name}"] for name in VacancyReference.model_fields}
        )
        for side in ("seat", "origin")
    }
    names = OfferBetweenVacancies.model_fields.keys() - vacancies.keys()
    return OfferBetweenVacancies(**{name: row[name] for name in names}, **vacancies)
