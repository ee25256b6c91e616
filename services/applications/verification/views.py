"""What verifiers and officers see: the queue, and the reasons that a rejection may have."""

from pydantic import BaseModel, Field

from services.applications.registration.domain import ApplicationStatus
from services.applications.registration.fields import (
    MaybeDecidedAt,
    MaybeWithdrawnAt,
    StatusNow,
    SubmittedAt,
)
from services.applications.verification.domain.reasons import REASONS
from services.applications.verification.storage import VERIFICATION
from shared.contracts.fields import ParticipantNo
from shared.paging import Page, page, text_after
from shared.phrases import Phrase
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class ReasonView(BaseModel):
    """Why an application does not meet the requirements."""

    code: str = Field(description="As a verifier's decision names it")
    id: str = Field(description="In Indonesian")
    en: str = Field(description="In English")


class Reasons(BaseModel):
    """The reasons that a verifier may give."""

    items: list[ReasonView] = Field(description="All of them")


class QueueItem(BaseModel):
    """One line of a verifier's queue or an officer's list: nothing of the person."""

    participant_no: ParticipantNo
    status: StatusNow
    reasons: list[str] = Field(description="Codes of a rejection")
    submitted_at: SubmittedAt
    decided_at: MaybeDecidedAt
    withdrawn_at: MaybeWithdrawnAt


def show_reasons() -> Reasons:
    """All reasons that a verifier may give."""
    return Reasons(items=[reason_view(code) for code in REASONS])


def reason_view(code: str) -> ReasonView:
    """A reason in words; a code of an older version without words stands for itself."""
    known = REASONS.get(code)  # type: ignore[call-overload]
    return ReasonView(code=code, id=known.id if known else code, en=known.en if known else code)


async def show_queue(
    connection: Connection,
    vacancy_id: str,
    status: ApplicationStatus | None,
    cursor: str | None,
    limit: int,
) -> Page[QueueItem]:
    """A vacancy's applications in order of participant number, of one status or all.

    Raises Refusal `not-found`, `bad-cursor`.
    """
    after = text_after(cursor)
    if status is None:
        rows = VERIFICATION.page_of_applications(
            connection, vacancy_id=vacancy_id, after=after, limit=limit + 1
        )
    else:
        rows = VERIFICATION.page_of_queue(
            connection, vacancy_id=vacancy_id, status=status, after=after, limit=limit + 1
        )
    items = [QueueItem(**row) async for row in rows]
    if not items and not await VERIFICATION.vacancy_is_public(connection, vacancy_id=vacancy_id):
        raise Refusal("not-found", what=Phrase("vacancy", vacancy_id=vacancy_id))
    return page(items, limit, lambda item: (item.participant_no,))
