"""What people say about seats, each handed to one use case."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from services.applications.usecases.answer_seat import (
    AnswerSeat,
    SeatAnswerView,
    answer_seat,
    give_up_seat,
)
from shared.contracts.fields import ParticipantNo, VacancyId
from shared.web.effects import TheEffect
from shared.web.identity import Applicant
from shared.web.parts import TheParts
from shared.web.problems import declared

OfferId = Annotated[UUID, Path(description="The offer, as SeatOffered names it")]


def seats(answer_days: int) -> APIRouter:
    """Seats that were offered, or given by the final list.

    `answer_days`: how long an offer may be answered.
    """
    routes = APIRouter(tags=["seats"], prefix="/vacancies/{vacancy_id}")

    @routes.post(
        "/offers/{offer_id}/answer",
        response_model=SeatAnswerView,
        responses=declared(401, 403, 404, 409),
        summary="Accept or decline a seat that is offered to you",
    )
    async def answer(
        vacancy_id: VacancyId,
        offer_id: OfferId,
        command: AnswerSeat,
        parts: TheParts,
        applicant: Applicant,
        effect: TheEffect,
    ) -> Response:
        """The vacancy is the one that has the seat, or the one that you applied for; GET
        /applications/me shows your offers.
        """
        return await effect.once(
            lambda connection: answer_seat(
                connection,
                parts.outbox,
                applicant,
                vacancy_id,
                offer_id,
                command,
                parts.clock(),
                answer_days,
            ),
            200,
        )

    @routes.post(
        "/applications/{participant_no}/selection/decline",
        response_model=SeatAnswerView,
        responses=declared(401, 403, 404, 409),
        summary="Give up the seat that the final list gave you, for good",
    )
    async def give_up(
        vacancy_id: VacancyId,
        participant_no: ParticipantNo,
        parts: TheParts,
        applicant: Applicant,
        effect: TheEffect,
    ) -> Response:
        return await effect.once(
            lambda connection: give_up_seat(
                connection, parts.outbox, applicant, vacancy_id, participant_no, parts.clock()
            ),
            200,
        )

    return routes
