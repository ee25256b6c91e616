"""What examiners, proctors and officers see of a sitting: how far it is, and who still waits."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.exams.scores import storage as results
from services.exams.scores.storage import SCORES
from services.exams.scores.usecases.close_sitting import SittingInFigures, in_figures
from services.exams.sittings import storage as sittings
from shared.contracts.fields import ParticipantNo, VacancyId
from shared.paging import Page, from_cursor, page
from shared.postgres.pool import Connection
from shared.refusals import Refusal

QueueState = Literal["waiting", "scored", "missed", "disqualified"]


class QueuedCandidate(BaseModel):
    """A candidate of a sitting."""

    vacancy_id: VacancyId
    participant_no: ParticipantNo
    state: Annotated[QueueState, Field(description="`waiting` while there is no result")]
    points: Annotated[
        dict[str, Decimal] | None,
        Field(description="Points by component, where the candidate is scored"),
    ]


async def show_sitting(connection: Connection, sitting_id: UUID) -> SittingInFigures:
    """One sitting with its figures. Raises Refusal `not-found`.

    All figures are of one instant where the connection reads one (`reading`).
    """
    sitting = await sittings.find(connection, sitting_id)
    return in_figures(sitting, await results.progress(connection, sitting))


async def show_candidates(
    connection: Connection,
    sitting_id: UUID,
    state: QueueState | None,
    participant_no: str | None,
    cursor: str | None,
    limit: int,
) -> Page[QueuedCandidate]:
    """A sitting's candidates by vacancy and number, in `state` or all, or the one of a number.

    Raises Refusal `not-found` or `bad-cursor`.
    """
    after_vacancy, after_number = _last_seen(cursor)
    sitting = await sittings.find(connection, sitting_id)
    rows = SCORES.candidates_of_sitting(
        connection,
        sitting_id=sitting_id,
        round_id=sitting.round_id,
        stage=sitting.stage,
        basis=sitting.basis,
        state=state,
        participant_no=participant_no,
        after_vacancy=after_vacancy,
        after_number=after_number,
        most=limit + 1,
    )
    candidates = [QueuedCandidate(**row) async for row in rows]
    return page(
        candidates, limit, lambda candidate: (candidate.vacancy_id, candidate.participant_no)
    )


def _last_seen(cursor: str | None) -> tuple[str | None, str | None]:
    """Vacancy id and participant number of the last candidate seen, none before the first page."""
    key = from_cursor(cursor, fields=2)
    if key is None:
        return None, None
    vacancy_id, participant_no = key
    if not isinstance(vacancy_id, str) or not isinstance(participant_no, str):
        raise Refusal("bad-cursor")
    return vacancy_id, participant_no
