"""What people say about seats, each handed to one use case."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from services.applications.seats.usecases.answer_seat import (
    AnswerSeat,
    SeatAnswerView,
    answer_seat,
    give_up_seat,
)
from shared.contracts.fields import ParticipantNo, VacancyId
from shared.web.authentication import Applicant
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.problems import problem_responses

OfferId = Annotated[UUID, Path(description="The offer, as SeatOffered names it")]


def seats(answer_days: int) -> APIRouter:
    """Seats that were offered, or given by the final list.

    `answer_days`: how long an offer may be answered.
    """
    routes = APIRouter(tags=["seats"], prefix="/vacancies/{vacancy_id}")

    @routes.post(
        "/offers/{offer_id}/answer",
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
    ) -> Response:
        """The vacancy is the one that has the seat, or the one that you applied for; GET
        /applications/me shows your offers.
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
                answer_days,
            ),
            200,
        )

    @routes.post(
        "/applications/{participant_no}/selection/decline",
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
        return await transaction.once(
            lambda connection: give_up_seat(
                connection,
                resources.outbox,
                applicant,
                vacancy_id,
                participant_no,
                resources.clock(),
            ),
            200,
        )

    return routes
