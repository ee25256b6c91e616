"""Shows an officer how a round's empty seats are being filled, or what beginning to fill them would
do.
"""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.answer_fields import SeatsInAll, VacancyNumber
from services.ranking.rounds.storage import load_round
from services.ranking.seats.domain.seats import Answer, Pool
from services.ranking.seats.storage.seats import SEATS, PoolKey, pools_kept
from services.ranking.seats.usecases.fill_seats import closed_round
from shared.contracts.fields import NeedCode, ParticipantNo, Post, RoundId, UnitPath, VacancyId
from shared.paging import from_cursor, to_cursor
from shared.postgres.pool import Connection


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
    answer: Answer | None = Field(description="None while it is open")
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


async def show_filling(
    connection: Connection, round_id: str, cursor: str | None, limit: int
) -> FillingView:
    """The filling. Where it has not begun, the same as if it were begun now, and nothing is kept.

    Raises Refusal `unknown-round`, `filling-too-early`, `education-unknown`, `bad-cursor`.
    """
    seen = from_cursor(cursor, fields=1)
    round_ = await load_round(connection, round_id)
    begun = await SEATS.filling(connection, round_id=round_id)
    pools: dict[PoolKey, Pool]
    kept: dict[UUID, Any] = {}
    if begun is None:
        closed = await closed_round(connection, round_)
        rows, answers, pools = closed.rows, closed.answers, closed.by_pool(round_)
    else:
        keys = [(round_id, row["pool"]) async for row in SEATS.pools(connection, round_id=round_id)]
        found = await pools_kept(connection, keys)
        pools = {key: one.pool for key, one in found.items()}
        rows = [row for one in found.values() for row in one.vacancies]
        kept = {row["offer_id"]: row for one in found.values() for row in one.offers}
        answers = {who: row for one in found.values() for who, row in one.answers.items()}
    by_id = {row["vacancy_id"]: row for row in rows}
    views = [
        view for pool in pools.values() for view in _views(round_id, pool, by_id, kept, answers)
    ]
    views.sort(key=lambda view: view.number)
    after = seen[0] if seen is not None and isinstance(seen[0], int) else 0
    items = tuple(view for view in views if view.number > after)
    offers = [offer for view in views for offer in view.offers]
    return FillingView(
        round_id=round_id,
        started_at=None if begun is None else begun["started_at"],
        offers=len(offers),
        open=sum(offer.answer is None for offer in offers),
        accepted=sum(offer.answer == "accepted" for offer in offers),
        left_empty=sum(view.left_empty for view in views),
        undecided=sum(bool(view.undecided) for view in views),
        items=items[:limit],
        next=to_cursor(items[limit - 1].number) if len(items) > limit else None,
    )


def _views(
    round_id: str,
    pool: Pool,
    rows: dict[str, Any],
    kept: dict[UUID, Any],
    answers: dict[tuple[str, str], Any],
) -> list[FillingVacancy]:
    """The pool's vacancies of which there is anything to say.

    Settles the pool: after it, offers stand that were not kept yet only in a dry run.
    """
    pool.settle()
    taken = pool.taken()
    offers: dict[str, list[OfferView]] = {}
    for offer in pool.offers:
        row, answer = (
            kept.get(offer.id_in(round_id)),
            answers.get((offer.vacancy_id, offer.participant_no)),
        )
        view = OfferView(
            offer_id=offer.id_in(round_id),
            participant_no=offer.participant_no,
            applied_for=offer.applied_for,
            move=offer.move,
            code=offer.code,
            offered_at=row["offered_at"] if row else None,
            answer=answer["answer"] if answer else None,
            answered_at=answer["answered_at"] if answer else None,
        )
        offers.setdefault(offer.vacancy_id, []).append(view)
    selected = pool.selected()
    views = []
    for vacancy_id in pool.vacancies:
        row = rows[vacancy_id]
        gave_up = tuple(
            sorted(each for each in selected.get(vacancy_id, ()) if (vacancy_id, each) in answers)
        )
        if taken[vacancy_id] < row["seats"] or vacancy_id in offers or gave_up:
            views.append(
                FillingVacancy(
                    **{
                        name: row[name]
                        for name in ("vacancy_id", "number", "post", "unit_path", "need", "seats")
                    },
                    taken=taken[vacancy_id],
                    gave_up=gave_up,
                    left_empty=pool.left_empty.get(vacancy_id, 0),
                    undecided=tuple(pool.undecided.get(vacancy_id, ())),
                    offers=tuple(offers.get(vacancy_id, ())),
                )
            )
    return views
