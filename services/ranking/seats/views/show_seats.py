"""Shows anyone who has a vacancy's seats, and how those that were empty are filled: whom they were
offered, what each answered, what stays empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.answer_fields import Rank, SeatsInAll, VacancyNumber
from services.ranking.rounds.storage import SQL as ROUNDS
from services.ranking.rounds.storage import load_round
from services.ranking.seats.domain.seats import Answer
from services.ranking.seats.storage.seats import SEATS
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

Progress = Literal["live", "closed", "filling", "filled"]
"""The last list is not fixed; it is, and filling has not begun; seats are being offered; nothing is
open any more."""


class Place(BaseModel):
    """A vacancy, as far as one needs to know which it is."""

    vacancy_id: VacancyId
    number: VacancyNumber
    post: Post
    unit_path: UnitPath
    need: NeedCode


class Given(BaseModel):
    """A seat that the list itself gave."""

    participant_no: ParticipantNo
    rank: Rank
    code: str = Field(description="Result code on the list")
    answer: Answer | None = Field(description="How the person gave the seat up; none: they have it")
    answered_at: AwareDatetime | None = Field(description="UTC")


class SeatOfferView(OfferView):
    """An offer, from where to where."""

    rank: int | None = Field(description="On the last list of the vacancy that they applied for")
    seat: Place = Field(description="The vacancy whose seat was offered")
    origin: Place = Field(description="The vacancy that they applied for")


class Seats(BaseModel):
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
    progress: Progress = Field(
        description="live: the last list is not fixed; closed: it is, and filling has not begun; filling; filled: nothing is open any more"
    )
    started_at: AwareDatetime | None = Field(description="When filling began, UTC")
    seats: SeatsInAll
    taken: int = Field(description="Seats that somebody has: by the list, or by an offer accepted")
    offered: int = Field(description="Seats whose offer waits for an answer")
    left_empty: int = Field(description="Seats for which nobody is left to ask")
    waiting: int = Field(
        description="Other empty seats: filling has not begun, an officer has to decide between equals, or whoever is next has another offer open"
    )
    given: tuple[Given, ...] = Field(
        description="By the list, in its order; also those who gave their seat up"
    )
    offers: tuple[SeatOfferView, ...] = Field(
        description="Of this vacancy's seats, in the order in which they were made"
    )
    elsewhere: tuple[SeatOfferView, ...] = Field(
        description="Of other vacancies' seats, to people who had applied for this one"
    )

    @property
    def holders(self) -> Sequence[Given | SeatOfferView]:
        """Who has a seat, the list's own first, then whom one was offered and who has not answered
        yet.
        """
        kept = [one for one in self.given if one.answer is None]
        accepted = [one for one in self.offers if one.answer == "accepted"]
        return [*kept, *accepted, *(one for one in self.offers if one.answer is None)]

    @classmethod
    def of(
        cls,
        vacancy: Any,
        last: str,
        closed: bool,
        given: Sequence[Any],
        filling: Any,
        offers: Sequence[Any],
    ) -> Self:
        """Puts rows together and counts the seats."""
        views = [_offer(row) for row in offers]
        own = [one for one in views if one.seat.vacancy_id == vacancy["vacancy_id"]]
        taken = sum(row["answer"] is None for row in given) + sum(
            one.answer == "accepted" for one in own
        )
        offered = sum(one.answer is None for one in own)
        left_empty = min(
            filling["left_empty"] if filling else 0, vacancy["seats"] - taken - offered
        )
        waiting = vacancy["seats"] - taken - offered - left_empty if closed else 0
        progress: Progress = "live" if not closed else "closed"
        if filling:
            progress = "filling" if offered or waiting else "filled"
        return cls(
            **{
                name: vacancy[name]
                for name in ("vacancy_id", "round_id", "round_name", "agency", "post", "unit_path")
            },
            need=vacancy["need"],
            list=last,
            progress=progress,
            started_at=filling["started_at"] if filling else None,
            seats=vacancy["seats"],
            taken=taken,
            offered=offered,
            left_empty=left_empty,
            waiting=waiting,
            given=tuple(Given(**row) for row in given),
            offers=tuple(own),
            elsewhere=tuple(one for one in views if one.seat.vacancy_id != vacancy["vacancy_id"]),
        )


@dataclass(frozen=True, slots=True)
class SeatOf:
    """A seat of the list that somebody gave up, or one that they were offered: then it has a code.

    The post and unit are the seat's.
    """

    vacancy_id: str
    post: str
    unit_path: str
    code: str | None
    offered_at: datetime | None
    answer: Answer | None
    answered_at: datetime | None


async def show_seats(connection: Connection, vacancy_id: str) -> Seats:
    """The vacancy's seats.

    Raises Refusal `unknown-vacancy`, `unknown-round` while its round has not arrived.
    """
    vacancy = await ROUNDS.vacancy(connection, vacancy_id=vacancy_id)
    if vacancy is None:
        raise Refusal("unknown-vacancy", vacancy_id=vacancy_id)
    last = (await load_round(connection, vacancy["round_id"])).policy.lists[-1].code
    asked = {"vacancy_id": vacancy_id, "list": last}
    closed = await STANDINGS.closing(connection, **asked) is not None
    given = [row async for row in SEATS.given_seats(connection, **asked)]
    filling = await SEATS.left_empty(connection, vacancy_id=vacancy_id)
    offers = [row async for row in SEATS.offers_about(connection, **asked)]
    return Seats.of(vacancy, last, closed, given, filling, offers)


async def show_seats_of(
    connection: Connection, vacancy_id: str, participant_no: str
) -> Sequence[SeatOf]:
    """What became of seats for somebody who had applied for the vacancy; nothing where the list's
    word still holds.
    """
    rows = SEATS.seats_of(connection, vacancy_id=vacancy_id, participant_no=participant_no)
    return [SeatOf(**row) async for row in rows]


async def seats_moved(connection: Connection, vacancy_id: str) -> bool:
    """Whether since the last list was fixed somebody gave up a seat of it, or was offered one
    there, or elsewhere after applying there.
    """
    moved: bool = await SEATS.moved(connection, vacancy_id=vacancy_id)
    return moved


def _offer(row: Any) -> SeatOfferView:
    names = (
        "offer_id",
        "participant_no",
        "applied_for",
        "move",
        "code",
        "offered_at",
        "answer",
        "answered_at",
        "rank",
    )
    places = {
        side: Place(**{name: row[f"{side}_{name}"] for name in Place.model_fields})
        for side in ("seat", "origin")
    }
    return SeatOfferView(**{name: row[name] for name in names}, **places)
