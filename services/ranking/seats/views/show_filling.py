"""Shows an officer how a round's empty seats are filled, or what beginning would do."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.answer_fields import SeatsInAll, VacancyNumber
from services.ranking.rounds.domain import Round
from services.ranking.rounds.storage import load_round
from services.ranking.seats.domain.pool import Offer, SeatAnswer, SeatPool
from services.ranking.seats.storage import SQL
from services.ranking.seats.storage.closed_round import load_closed_round
from services.ranking.seats.storage.pools import load_pools
from shared.contracts.fields import NeedCode, ParticipantNo, Post, RoundId, UnitPath, VacancyId
from shared.paging import from_cursor, to_cursor
from shared.postgres.pool import Connection

VACANCY_FIELDS = ("vacancy_id", "number", "post", "unit_path", "need", "seats")
"""What a filling's view tells of a vacancy out of its row."""


class OfferView(BaseModel):
    """A seat offered to somebody."""

    offer_id: UUID = Field(
        description="The offer; follows from round, vacancy and participant number"
    )
    participant_no: ParticipantNo
    applied_for: str = Field(description="Vacancy that they applied for")
    move: int | None = Field(
        description="Which of the policy's seat moves, from 1; none: next on the own list"
    )
    code: str = Field(description="Result code once they accept")
    offered_at: AwareDatetime | None = Field(description="UTC; none where beginning would offer it")
    answer: SeatAnswer | None = Field(description="None while it is open")
    answered_at: AwareDatetime | None = Field(description="UTC")


class FillingVacancy(BaseModel):
    """A vacancy that has, or had, an empty seat."""

    vacancy_id: VacancyId
    number: VacancyNumber
    post: Post
    unit_path: UnitPath
    need: NeedCode
    seats: SeatsInAll
    taken: int = Field(
        description="Seats that someone has, or that are offered to someone who has not answered"
    )
    gave_up: tuple[str, ...] = Field(
        description="Selected people who gave their seats up, by participant number"
    )
    left_empty: int = Field(description="Seats for which nobody is left to ask")
    undecided: tuple[str, ...] = Field(
        description="Equals of whom only some fit: POST /ranking/rounds/(id)/filling/ties decides"
    )
    offers: tuple[OfferView, ...] = Field(description="In the order in which they were made")


class FillingView(BaseModel):
    """The filling of a round's empty seats."""

    round_id: RoundId
    started_at: AwareDatetime | None = Field(
        description="UTC; none: not begun, and the offers are those it would begin with"
    )
    offers: int = Field(description="Over all vacancies")
    open: int = Field(description="Offers that wait for an answer")
    accepted: int = Field(description="Offers that were accepted")
    left_empty: int = Field(description="Seats for which nobody is left to ask")
    undecided: int = Field(description="Vacancies where an officer has to decide between equals")
    items: tuple[FillingVacancy, ...] = Field(
        description="Vacancies that have, or had, an empty seat, by number"
    )
    next: str | None = Field(description="Cursor of the page after; none on the last")


@dataclass(frozen=True, slots=True)
class _FillingRows:
    """The pools of a round and their rows: vacancies by id, offers by id, answers by seat."""

    round_id: str
    pools: Sequence[SeatPool]
    vacancies: Mapping[str, Any]
    offers: Mapping[UUID, Any]
    answers: Mapping[tuple[str, str], Any]


async def show_filling(
    connection: Connection, round_id: str, cursor: str | None, limit: int
) -> FillingView:
    """The filling; where it has not begun, as if it were begun now, and nothing is kept.

    Raises Refusal `unknown-round`, `filling-too-early`, `education-unknown`, `bad-cursor`.
    """
    after = _number_in(cursor)
    round_ = await load_round(connection, round_id)
    begun = await SQL.filling_start(connection, round_id=round_id)
    filling = await (_load(connection, round_id) if begun else _dry_run(connection, round_))
    views = sorted(_vacancy_views(filling), key=lambda view: view.number)
    items = tuple(view for view in views if view.number > after)
    answers = [offer.answer for view in views for offer in view.offers]
    return FillingView(
        round_id=round_id,
        started_at=begun["started_at"] if begun else None,
        offers=len(answers),
        open=answers.count(None),
        accepted=answers.count("accepted"),
        left_empty=sum(view.left_empty for view in views),
        undecided=sum(bool(view.undecided) for view in views),
        items=items[:limit],
        next=to_cursor(items[limit - 1].number) if len(items) > limit else None,
    )


def _number_in(cursor: str | None) -> int:
    """The number of the last vacancy of the page before; 0 on the first page."""
    fields = from_cursor(cursor, fields=1)
    return fields[0] if fields is not None and isinstance(fields[0], int) else 0


async def _dry_run(connection: Connection, round_: Round) -> _FillingRows:
    """The filling as it would begin now."""
    closed = await load_closed_round(connection, round_)
    pools = list(closed.by_pool(round_).values())
    vacancies = {row["vacancy_id"]: row for row in closed.rows}
    return _FillingRows(round_.round_id, pools, vacancies, {}, closed.answers)


async def _load(connection: Connection, round_id: str) -> _FillingRows:
    """The filling as it is stored."""
    keys = [
        (round_id, row["pool"]) async for row in SQL.pools_of_round(connection, round_id=round_id)
    ]
    stored = list((await load_pools(connection, keys)).values())
    return _FillingRows(
        round_id,
        [pool.pool for pool in stored],
        {row["vacancy_id"]: row for pool in stored for row in pool.vacancies},
        {row["offer_id"]: row for pool in stored for row in pool.offers},
        {seat: row for pool in stored for seat, row in pool.answers.items()},
    )


def _vacancy_views(filling: _FillingRows) -> Iterator[FillingVacancy]:
    """The vacancies of which there is anything to say.

    Settles the pools: after it, only a dry run has offers that are not stored.
    """
    for pool in filling.pools:
        yield from _views_of_pool(filling, pool)


def _views_of_pool(filling: _FillingRows, pool: SeatPool) -> Iterator[FillingVacancy]:
    pool.settle()
    taken, selected = pool.taken(), pool.selected()
    offers: dict[str, list[OfferView]] = defaultdict(list)
    for offer in pool.offers:
        offers[offer.vacancy_id].append(_offer_view(filling, offer))
    for vacancy_id in pool.vacancies:
        row = filling.vacancies[vacancy_id]
        gave_up = sorted(
            number
            for number in selected.get(vacancy_id, ())
            if (vacancy_id, number) in filling.answers
        )
        if taken[vacancy_id] < row["seats"] or vacancy_id in offers or gave_up:
            yield FillingVacancy(
                **{name: row[name] for name in VACANCY_FIELDS},
                taken=taken[vacancy_id],
                gave_up=tuple(gave_up),
                left_empty=pool.left_empty.get(vacancy_id, 0),
                undecided=tuple(pool.undecided.get(vacancy_id, ())),
                offers=tuple(offers.get(vacancy_id, ())),
            )


def _offer_view(filling: _FillingRows, offer: Offer) -> OfferView:
    offer_id = offer.id_in(filling.round_id)
    row = filling.offers.get(offer_id)
    answer = filling.answers.get((offer.vacancy_id, offer.participant_no))
    return OfferView(
        offer_id=offer_id,
        participant_no=offer.participant_no,
        applied_for=offer.applied_for,
        move=offer.move,
        code=offer.code,
        offered_at=row["offered_at"] if row else None,
        answer=answer["answer"] if answer else None,
        answered_at=answer["answered_at"] if answer else None,
    )
