"""A person answers an offered seat."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.applications.seats.domain import SeatAnswer, check_in_time, check_same
from services.applications.seats.storage import SEATS
from shared.contracts.applications import SeatAccepted, SeatDeclined
from shared.contracts.fields import ParticipantNo
from shared.contracts.strict import Command, Flag
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.phrases import Phrase
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class AnswerSeat(Command):
    """What the person says to a seat that is offered."""

    accept: Flag = Field(
        description="True: the seat is taken. False: it goes to the next. Either is said once"
    )


class SeatAnswerView(BaseModel):
    """An answer, as it holds from now on."""

    vacancy_id: str = Field(description="Vacancy that has the seat")
    participant_no: ParticipantNo
    answer: SeatAnswer = Field(description="What the person said")
    answered_at: datetime = Field(description="UTC")


async def answer_seat(
    connection: Connection,
    outbox: Outbox,
    applicant: Person,
    vacancy_id: str,
    offer_id: UUID,
    command: AnswerSeat,
    now: datetime,
    days: int,
) -> SeatAnswerView:
    """Keeps the answer, and states SeatAccepted or SeatDeclined; the same again changes nothing.

    `vacancy_id` is the vacancy that has the seat, or the one that the person applied for. Raises
    Refusal `not-found` (also for another person's), `offer-lapsed`, or `already-answered` where the
    other answer stands.
    """
    offer = await _own_offer(connection, applicant, vacancy_id, offer_id)
    answer: SeatAnswer = "accepted" if command.accept else "declined"
    seat = {"vacancy_id": offer["vacancy_id"], "participant_no": offer["participant_no"]}
    if not await SEATS.answer(connection, **seat, offer_id=offer_id, answer=answer, at=now):
        stood = await SEATS.answered(connection, **seat)
        check_same(answer, stood["answer"], days)
        return SeatAnswerView(**seat, **stood)
    check_in_time(offer["offered_at"], days, now)
    offered = {
        **seat,
        "offer_id": offer_id,
        "round_id": offer["round_id"],
        "applied_for": offer["applied_for"],
    }
    said = SeatAccepted(**offered) if command.accept else SeatDeclined(**offered, reason="declined")
    await outbox.append(connection, [Statement(said, now)])
    return SeatAnswerView(**seat, answer=answer, answered_at=now)


async def _own_offer(
    connection: Connection, applicant: Person, vacancy_id: str, offer_id: UUID
) -> Mapping[str, Any]:
    """The offer. Raises Refusal `not-found`, also for another person's."""
    offer: Mapping[str, Any] | None = await SEATS.offer(connection, offer_id=offer_id)
    if (
        offer is None
        or offer["subject"] != applicant.subject
        or vacancy_id not in {offer["vacancy_id"], offer["applied_for"]}
    ):
        what = Phrase("offer", offer_id=offer_id, vacancy_id=vacancy_id)
        raise Refusal("not-found", what=what)
    return offer
