"""Seats over HTTP: an offer is accepted or declined, a seat of the final list is given up."""

from typing import Annotated

from fastapi import Depends, Path, Response

from services.applications.seats.usecases.answer_seat import (
    AnswerSeat,
    SeatAnswerView,
    answer_seat,
)
from services.applications.seats.usecases.give_up_seat import give_up_seat
from services.applications.settings import Settings
from shared.contracts.fields import ParticipantNo, VacancyId
from shared.contracts.strict import Id
from shared.web.authentication import Applicant
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter

OfferId = Annotated[Id, Path(description="The offer, as SeatOffered names it")]


async def answer_days(resources: ResourcesDependency) -> int:
    """How many days an offered seat may be answered."""
    assert isinstance(resources.settings, Settings)
    return resources.settings.seat_answer_days


AnswerDays = Annotated[int, Depends(answer_days)]

router = APIRouter(tags=["seats"], prefix="/vacancies/{vacancy_id}")


@router.post(
    "/offers/{offer_id}/answer",
    operation_id="answer_offer",
    response_model=SeatAnswerView,
    responses=problem_responses(401, 403, 404, 409),
    summary="Accept or decline a seat that is offered to you",
)
async def answer(
    vacancy_id: VacancyId,
    offer_id: OfferId,
    command: AnswerSeat,
    resources: ResourcesDependency,
    applicant: Applicant,
    transaction: TransactionDependency,
    days: AnswerDays,
) -> Response:
    """`vacancy_id` may be either vacancy: the offered seat's, or the one that you applied for.

    GET /applications/me shows your offers.
    """
    return await transaction.once(
        lambda connection: answer_seat(
            connection,
            resources.outbox,
            applicant,
            vacancy_id,
            offer_id,
            command,
            resources.clock(),
            days,
        ),
        200,
    )


@router.post(
    "/applications/{participant_no}/selection/decline",
    operation_id="decline_selection",
    response_model=SeatAnswerView,
    responses=problem_responses(401, 403, 404, 409),
    summary="Give up the seat that the final list gave you, for good",
)
async def give_up(
    vacancy_id: VacancyId,
    participant_no: ParticipantNo,
    resources: ResourcesDependency,
    applicant: Applicant,
    transaction: TransactionDependency,
) -> Response:
    """The seat stays empty until it is offered to the next; this can't be taken back."""
    return await transaction.once(
        lambda connection: give_up_seat(
            connection, resources.outbox, applicant, vacancy_id, participant_no, resources.clock()
        ),
        200,
    )
