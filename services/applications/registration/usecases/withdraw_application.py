"""An applicant takes an application back."""

from datetime import datetime

from pydantic import BaseModel

from services.applications.registration.domain import withdraw
from services.applications.registration.fields import WithdrawnAt
from services.applications.registration.storage import REGISTRATION
from shared.contracts.applications import ApplicationWithdrawn
from shared.contracts.fields import ParticipantNo, VacancyId
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.phrases import Phrase
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class WithdrawalView(BaseModel):
    """The application was taken back, for good."""

    vacancy_id: VacancyId
    participant_no: ParticipantNo
    withdrawn_at: WithdrawnAt


async def withdraw_application(
    connection: Connection,
    outbox: Outbox,
    applicant: Person,
    vacancy_id: str,
    participant_no: str,
    now: datetime,
) -> WithdrawalView:
    """Takes it back, and states ApplicationWithdrawn; done again, it changes nothing.

    Raises Refusal `not-found` (also for another person's), `already-rejected`, or `list-is-final`.
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
    is_final = await REGISTRATION.final_list_is_closed(
        connection, vacancy_id=vacancy_id, participant_no=participant_no
    )
    is_new = withdraw(application["status"], list_is_final=is_final)
    if is_new:
        await REGISTRATION.keep_withdrawal(
            connection, vacancy_id=vacancy_id, participant_no=participant_no, at=now
        )
        withdrawn = ApplicationWithdrawn(
            vacancy_id=vacancy_id, round_id=application["round_id"], participant_no=participant_no
        )
        await outbox.append(connection, [Statement(withdrawn, now)])
    return WithdrawalView(
        vacancy_id=vacancy_id,
        participant_no=participant_no,
        withdrawn_at=now if is_new else application["withdrawn_at"],
    )
