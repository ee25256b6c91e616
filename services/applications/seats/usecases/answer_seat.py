"""Seats need consent: whoever is offered one accepts or declines it, or lets it lapse; whom the
final list selected may give theirs up.
"""

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, Field

from services.applications.registration.storage import REGISTRATION
from services.applications.seats.domain import Answer, check_in_time, check_same
from services.applications.seats.storage import SEATS
from shared.contracts.applications import SeatAccepted, SeatDeclined
from shared.contracts.fields import ParticipantNo
from shared.contracts.ranking import SeatOffered
from shared.identity import Person
from shared.messaging.envelope import Event
from shared.messaging.outbox import Outbox, Statement
from shared.postgres.pool import Connection, Pool
from shared.refusals import Refusal

LAPSED_AT_ONCE = 500
"""A transaction's worth of offers that nobody answered."""


class AnswerSeat(BaseModel):
    """What the person says to a seat that is offered."""

    accept: bool = Field(
        description="True: the seat is taken. False: it goes to the next. Either is said once"
    )


class SeatAnswerView(BaseModel):
    """An answer, as it holds from now on."""

    vacancy_id: str = Field(description="Vacancy that has the seat")
    participant_no: ParticipantNo
    answer: Answer = Field(description="What the person said")
    answered_at: datetime = Field(description="UTC")


async def note_offers(connection: Connection, events: list[Event[SeatOffered]]) -> None:
    """Seats that ranking offers are kept for the applicants to see and to answer."""
    data = [event.data for event in events]
    await SEATS.keep_offers(
        connection,
        offer_ids=[one.offer_id for one in data],
        vacancy_ids=[one.vacancy_id for one in data],
        participant_nos=[one.participant_no for one in data],
        applied_for=[one.applied_for for one in data],
        round_ids=[one.round_id for one in data],
        codes=[one.code for one in data],
        ats=[event.time for event in events],
    )


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
    """Takes the answer, and states SeatAccepted or SeatDeclined; the same again is no other one.

    `vacancy_id` is the vacancy that has the seat, or the one that the person applied for. Raises
    Refusal `not-found` (also for another person's), `offer-lapsed`, or `already-answered` where the
    other answer stands.
    """
    offer = await SEATS.offer(connection, offer_id=offer_id)
    if (
        offer is None
        or offer["subject"] != applicant.subject
        or vacancy_id not in {offer["vacancy_id"], offer["applied_for"]}
    ):
        raise Refusal("not-found", what=f"offer {offer_id} to you for vacancy {vacancy_id}")
    answer: Answer = "accepted" if command.accept else "declined"
    seat = {"vacancy_id": offer["vacancy_id"], "participant_no": offer["participant_no"]}
    if not await SEATS.answer(connection, **seat, offer_id=offer_id, answer=answer, at=now):
        stood = await SEATS.answered(connection, **seat)
        check_same(answer, stood["answer"], days)
        return SeatAnswerView(**seat, **stood)
    check_in_time(offer["offered_at"], days, now)
    what = {
        **seat,
        "offer_id": offer_id,
        "round_id": offer["round_id"],
        "applied_for": offer["applied_for"],
    }
    said = SeatAccepted(**what) if command.accept else SeatDeclined(**what, reason="declined")
    await outbox.append(connection, [Statement(said, now)])
    return SeatAnswerView(**seat, answer=answer, answered_at=now)


async def give_up_seat(
    connection: Connection,
    outbox: Outbox,
    applicant: Person,
    vacancy_id: str,
    participant_no: str,
    now: datetime,
) -> SeatAnswerView:
    """Whom the final list selected gives the seat up (APS), for good, and SeatDeclined is stated;
    twice is once.

    Raises Refusal `not-found` (also for another person's), or `not-selected`.
    """
    application = await REGISTRATION.lock_application(
        connection, vacancy_id=vacancy_id, participant_no=participant_no
    )
    if application is None or application["subject"] != applicant.subject:
        raise Refusal(
            "not-found", what=f"application {participant_no} of yours for vacancy {vacancy_id}"
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


async def lapse_all(pool: Pool, outbox: Outbox, now: datetime, days: int) -> None:
    """Every offer that nobody answered in time lapses, some at a time."""
    lapsed = LAPSED_AT_ONCE
    while lapsed == LAPSED_AT_ONCE:
        async with pool.acquire() as connection, connection.transaction():
            lapsed = await lapse_offers(connection, outbox, now, days)


async def lapse_offers(connection: Connection, outbox: Outbox, now: datetime, days: int) -> int:
    """One transaction's worth of it, stated as SeatDeclined; returns how many lapsed.

    What another worker lapses, or somebody answers, at the same instant is left to them.
    """
    until = now - timedelta(days=days)
    rows = [
        row
        async for row in SEATS.lapse(connection, offered_until=until, at=now, most=LAPSED_AT_ONCE)
    ]
    statements = [
        Statement(
            SeatDeclined(
                offer_id=row["offer_id"],
                vacancy_id=row["vacancy_id"],
                round_id=row["round_id"],
                participant_no=row["participant_no"],
                applied_for=row["applied_for"],
                reason="lapsed",
            ),
            now,
        )
        for row in rows
    ]
    await outbox.append(connection, statements)
    return len(rows)
