"""An officer closes a sitting: all its results are on record, and are counted in public."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from services.exams.scores import storage as results
from services.exams.scores.domain.closing import VacancyProgress, closing_refusal
from services.exams.sittings import storage as sittings
from services.exams.sittings.domain import Sitting
from services.exams.sittings.storage import SITTINGS
from services.exams.sittings.usecases.schedule_sitting import SittingView
from shared.candidacy import refuse_candidate
from shared.contracts.exams import SittingClosed
from shared.contracts.fields import Count, VacancyId
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection


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
            description="Admitted, not withdrawn, and without a result in any sitting: "
            "none may be left at closing"
        ),
    ]


class SittingInFigures(SittingView):
    """A sitting with its vacancies."""

    vacancies: Annotated[list[VacancyTally], Field(description="By vacancy id")]


def in_figures(sitting: Sitting, vacancies: Sequence[VacancyProgress]) -> SittingInFigures:
    """A sitting and the progress of its vacancies as people see them."""
    return SittingInFigures(
        sitting_id=sitting.sitting_id,
        round_id=sitting.round_id,
        stage=sitting.stage,
        site=sitting.site,
        starts_at=sitting.starts_at,
        closed_at=sitting.closed_at,
        vacancies=[
            VacancyTally.model_validate(vacancy, from_attributes=True) for vacancy in vacancies
        ],
    )


async def close_sitting(
    connection: Connection,
    outbox: Outbox,
    person: Person,
    sitting_id: UUID,
    now: datetime,
    zone: ZoneInfo,
) -> SittingInFigures:
    """States SittingClosed for each vacancy; from then on no first result of it is on the log.

    Raises Refusal `not-found`, `own-round`, `sitting-not-begun`, `sitting-closed`,
    `shortlist-incomplete` while the list before is not closed or not all here, or `results-missing`
    with the first missing numbers of each vacancy.
    """
    sitting = await sittings.lock(connection, sitting_id)
    await refuse_candidate(connection, person, sitting.round_id)
    sitting.refuse_before_start(now, zone)
    sitting.refuse_if_closed()
    vacancies = await results.progress(connection, sitting)
    if refusal := closing_refusal(sitting, vacancies):
        raise refusal
    await SITTINGS.close_sitting(connection, sitting_id=sitting_id, at=now)
    await audit.record(connection, person, "sitting.closed", str(sitting_id), at=now)
    await outbox.append(connection, _closed(sitting, vacancies, now))
    return in_figures(sitting, vacancies).model_copy(update={"closed_at": now})


def _closed(
    sitting: Sitting, vacancies: Sequence[VacancyProgress], now: datetime
) -> list[Statement]:
    return [
        Statement(
            SittingClosed(
                sitting_id=sitting.sitting_id,
                round_id=sitting.round_id,
                vacancy_id=vacancy.vacancy_id,
                stage=sitting.stage,
                scored=vacancy.scored,
                missed=vacancy.missed,
                disqualified=vacancy.disqualified,
            ),
            now,
        )
        for vacancy in vacancies
    ]
