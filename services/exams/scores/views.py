"""What examiners, proctors and officers see: sittings, how far each is, and who still waits for a
result.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.exams.sittings import storage as sittings
from services.exams.sittings.domain import Sitting
from services.exams.sittings.storage import SQL, Tally
from shared.contracts.fields import Count, ParticipantNo, RoundId, StageCode, VacancyId
from shared.paging import Page, from_cursor, page
from shared.postgres.pool import Pool, reading
from shared.refusals import Refusal

SittingId = Annotated[UUID, Field(description="Id of a sitting, given when it was scheduled")]
QueueState = Literal["waiting", "scored", "missed", "disqualified"]


class SittingView(BaseModel):
    """A sitting."""

    sitting_id: SittingId
    round_id: RoundId
    stage: StageCode
    site: Annotated[str, Field(description="Where")]
    starts_at: Annotated[datetime, Field(description="When it begins, UTC")]
    closed_at: Annotated[
        datetime | None, Field(description="When it was closed, UTC; none while it is open")
    ]


class VacancyTally(BaseModel):
    """One vacancy of a sitting in figures, each candidate counted once, by newest result."""

    vacancy_id: VacancyId
    scored: Annotated[Count, Field(description="Have points, recorded in this sitting")]
    missed: Annotated[Count, Field(description="Did not come to this sitting")]
    disqualified: Annotated[Count, Field(description="Disqualified in this sitting")]
    admitted: Annotated[
        Count,
        Field(
            description="Admitted to the stage, in whichever sitting, those included who withdrew"
        ),
    ]
    waiting: Annotated[
        Count,
        Field(
            description="Admitted, not withdrawn, and without a result in any sitting: none may be left at closing"
        ),
    ]


class SittingInFigures(SittingView):
    """A sitting with its vacancies."""

    vacancies: Annotated[list[VacancyTally], Field(description="By vacancy id")]


class QueuedCandidate(BaseModel):
    """A candidate of a sitting."""

    vacancy_id: VacancyId
    participant_no: ParticipantNo
    state: Annotated[QueueState, Field(description="`waiting` while there is no result")]
    points: Annotated[
        dict[str, Decimal] | None,
        Field(description="Points by component, where the candidate is scored"),
    ]


async def show_sitting(pool: Pool, sitting_id: UUID) -> SittingInFigures:
    """One sitting with its figures, all of one instant. Raises Refusal `not-found`."""
    async with reading(pool) as connection:
        sitting = await sittings.look(connection, sitting_id)
        return in_figures(sitting, await sittings.tallies(connection, sitting))


def in_figures(sitting: Sitting, tallied: list[Tally]) -> SittingInFigures:
    """A sitting and its tallies as they are shown."""
    return SittingInFigures(
        sitting_id=sitting.sitting_id,
        round_id=sitting.round_id,
        stage=sitting.stage,
        site=sitting.site,
        starts_at=sitting.starts_at,
        closed_at=sitting.closed_at,
        vacancies=[VacancyTally.model_validate(tally, from_attributes=True) for tally in tallied],
    )


async def list_sittings(
    pool: Pool, round_id: str | None, stage: str | None, cursor: str | None, limit: int
) -> Page[SittingView]:
    """Sittings in the order in which they were scheduled. Raises Refusal `bad-cursor`."""
    after = _sitting_id(from_cursor(cursor, fields=1))
    async with pool.acquire() as connection:
        rows = SQL.sittings(connection, round_id=round_id, stage=stage, after=after, most=limit + 1)
        found = [SittingView(**row) async for row in rows]
    return page(found, limit, lambda sitting: (str(sitting.sitting_id),))


async def list_candidates(
    pool: Pool, sitting_id: UUID, state: QueueState | None, cursor: str | None, limit: int
) -> Page[QueuedCandidate]:
    """A sitting's candidates by vacancy and number, in `state` or all.

    Raises Refusal `not-found` or `bad-cursor`.
    """
    after = from_cursor(cursor, fields=2) or [None, None]
    if not all(isinstance(part, str) for part in after) and cursor is not None:
        raise Refusal("bad-cursor")
    async with pool.acquire() as connection:
        sitting = await sittings.look(connection, sitting_id)
        rows = SQL.queue(
            connection,
            sitting_id=sitting_id,
            round_id=sitting.round_id,
            stage=sitting.stage,
            basis=sitting.basis,
            state=state,
            after_vacancy=after[0],
            after_number=after[1],
            most=limit + 1,
        )
        found = [QueuedCandidate(**row) async for row in rows]
    return page(found, limit, lambda one: (one.vacancy_id, one.participant_no))


def _sitting_id(key: list[Any] | None) -> UUID | None:
    try:
        return UUID(key[0]) if key else None
    except (ValueError, AttributeError, TypeError) as error:
        raise Refusal("bad-cursor") from error
