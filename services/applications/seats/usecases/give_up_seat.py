"""Whom the final list selected gives the seat up."""

from datetime import datetime

from services.applications.registration.storage import REGISTRATION
from services.applications.seats.storage import SEATS
from services.applications.seats.usecases.answer_seat import SeatAnswerView
from shared.contracts.applications import SeatDeclined
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.phrases import Phrase
from shared.postgres.pool import Connection
from shared.refusals import Refusal


async def give_up_seat(
    connection: Connection,
    outbox: Outbox,
    applicant: Person,
    vacancy_id: str,
    participant_no: str,
    now: datetime,
) -> SeatAnswerView:
    """Gives the seat up (APS), for good, and states SeatDeclined; done again, it changes nothing.

    Raises Refusal `not-found` (also for another person's), or `not-selected`.
    """
    application = await REGISTRATION.lock_application(
        connection, vacancy_id=vacancy_id, participant_no=participant_no
    )
    if application is None or application["subject"] != applicant.subject:
        raise Refusal(
            "not-found",
            what=Phrase(
                "application-of-yours", participant_no=participant_no, vacancy_id=vacancy_id
            ),
        )
    seat = {"vacancy_id": vacancy_id, "participant_no": participant_no}
    if not await SEATS.is_selected(connection, **seat):
        raise Refusal("not-selected")
    if not await SEATS.answer(connection, **seat, offer_id=None, answer="declined", at=now):
        return SeatAnswerView(**seat, **await SEATS.answered(connection, **seat))
    declined = SeatDeclined(
        **seat, round_id=application["round_id"], applied_for=vacancy_id, reason="declined"
    )
    await outbox.append(connection, [Statement(declined, now)])
    return SeatAnswerView(**seat, answer="declined", answered_at=now)
