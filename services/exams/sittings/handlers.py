"""Sittings over HTTP: scheduling them, and the list of them."""

from typing import Annotated

from fastapi import Query, Response

from services.exams.sittings.usecases.schedule_sitting import (
    ScheduleSitting,
    SittingView,
    schedule_sitting,
)
from services.exams.sittings.views import show_sittings
from shared.contracts.fields import RoundId, StageCode
from shared.identity import Person
from shared.paging import Page
from shared.web.authentication import Officer, require_role
from shared.web.created import created
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter

ExamStaff = Annotated[Person, require_role("examiner", "proctor", "officer")]

router = APIRouter(tags=["sittings"])


@router.post(
    "/sittings",
    operation_id="schedule_sitting",
    status_code=201,
    response_model=SittingView,
    responses=problem_responses(401, 403, 409),
    summary="Schedule a sitting of a stage for some vacancies",
)
async def schedule(
    resources: ResourcesDependency,
    officer: Officer,
    transaction: TransactionDependency,
    command: ScheduleSitting,
) -> Response:
    """409 while the round or a vacancy has not arrived yet."""
    answer = await transaction.once(
        lambda connection: schedule_sitting(
            connection, resources.outbox, officer, command, resources.clock()
        )
    )
    return created(answer, "/exams/sittings/{sitting_id}")


@router.get(
    "/sittings",
    operation_id="list_sittings",
    responses=problem_responses(400, 401, 403),
    summary="Sittings, of a round or stage or all, in the order in which they were scheduled",
)
async def sittings(
    resources: ResourcesDependency,
    _: ExamStaff,
    round_id: Annotated[RoundId | None, Query(description="Only this round's")] = None,
    stage: Annotated[StageCode | None, Query(description="Only this stage's")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SittingView]:
    """With place, time and vacancies; closed ones too."""
    async with resources.pool.acquire() as connection:
        return await show_sittings(connection, round_id, stage, cursor, limit)
