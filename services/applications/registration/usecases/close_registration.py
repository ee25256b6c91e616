"""An officer closes registration for a round; before its announced end two do, with a reason."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from services.applications.registration.storage import REGISTRATION
from services.applications.rounds.storage import ROUNDS
from shared.candidacy import refuse_candidate
from shared.contracts.applications import RegistrationClosed
from shared.contracts.fields import RoundId
from shared.contracts.strict import Command, lines_of_text
from shared.identity import Person
from shared.local_time import in_words
from shared.messaging.outbox import Outbox, Statement
from shared.phrases import Phrase
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.proposals.answers import ProposalView
from shared.proposals.procedure import Procedure
from shared.proposals.usecases import propose
from shared.refusals import Refusal


class RegistrationCount(BaseModel):
    """How many applied."""

    round_id: RoundId
    closed_at: datetime = Field(description="When registration was closed, UTC")
    vacancies: int = Field(description="Vacancies of the round")
    submitted: int = Field(description="Applications of the whole round, those taken back included")


ClosingReason = Annotated[str, *lines_of_text(2000, least=10)]


class CloseRegistration(Command):
    """Why registration ends before its announced end."""

    reason: Annotated[
        ClosingReason | None,
        Field(description="Needed before the announced end; it is kept. Name no person"),
    ] = None


class RegistrationToClose(BaseModel):
    """An early closing, as it waits for a second officer."""

    round_id: RoundId
    reason: ClosingReason


async def close_or_propose(
    connection: Connection,
    outbox: Outbox,
    officer: Person,
    round_id: str,
    command: CloseRegistration,
    now: datetime,
    zone: ZoneInfo,
) -> RegistrationCount | ProposalView:
    """Closes at once from the announced end on, else proposes it to a second officer.

    Raises Refusal `registration-closes-later` without a reason, and as `close_registration` and
    `propose` do.
    """
    round_ = await ROUNDS.lock_round(connection, round_id=round_id)
    if round_ is None or not _closes_early(round_, now):
        return await close_registration(connection, outbox, officer, round_id, now)
    await refuse_candidate(connection, officer, round_id)
    if command.reason is None:
        closes = in_words(round_["registration_closes"], zone)
        raise Refusal("registration-closes-later", round=round_id, closes=closes)
    closing = RegistrationToClose(round_id=round_id, reason=command.reason)
    return await propose(connection, outbox, EARLY_CLOSING, officer, closing, now)


def _closes_early(round_: Mapping[str, Any], now: datetime) -> bool:
    """Whether people could still register for a while."""
    is_open = round_["published_at"] is not None and round_["closed_at"] is None
    return is_open and now < round_["registration_closes"]


async def close_registration(
    connection: Connection,
    outbox: Outbox,
    officer: Person,
    round_id: str,
    now: datetime,
    reason: str = "",
) -> RegistrationCount:
    """Closes all its vacancies and states RegistrationClosed of each, once.

    Waits for registrations under way, which still count. Raises Refusal `not-found`, `own-round`,
    or `round-not-published`.
    """
    round_ = await ROUNDS.lock_round(connection, round_id=round_id)
    if round_ is None:
        raise Refusal("not-found", what=Phrase("round", round_id=round_id))
    await refuse_candidate(connection, officer, round_id)
    if round_["published_at"] is None:
        raise Refusal("round-not-published", round=round_id)
    if round_["closed_at"] is not None:
        counts = await REGISTRATION.closed_counts(connection, round_id=round_id)
        return RegistrationCount(round_id=round_id, closed_at=round_["closed_at"], **counts)
    closed = [row async for row in REGISTRATION.close_vacancies(connection, round_id=round_id)]
    await REGISTRATION.mark_round_closed(connection, round_id=round_id, at=now)
    await audit.record(connection, officer, "registration.closed", round_id, reason=reason, at=now)
    closed.sort(key=lambda row: int(row["number"]))
    await outbox.append(connection, [Statement(_closed(round_id, row), now) for row in closed])
    return RegistrationCount(
        round_id=round_id,
        closed_at=now,
        vacancies=len(closed),
        submitted=sum(row["submitted"] for row in closed),
    )


async def _run(
    connection: Connection,
    outbox: Outbox,
    officer: Person,
    command: RegistrationToClose,
    now: datetime,
) -> RegistrationCount:
    return await close_registration(
        connection, outbox, officer, command.round_id, now, command.reason
    )


async def _round_of(_: Connection, command: RegistrationToClose) -> str:
    return command.round_id


EARLY_CLOSING = Procedure(
    "applications",
    "early-closing",
    RegistrationToClose,
    lambda command: command.round_id,
    _run,
    _round_of,
)
"""Two officers close registration before its announced end."""


def _closed(round_id: str, row: Mapping[str, Any]) -> RegistrationClosed:
    return RegistrationClosed(
        vacancy_id=row["vacancy_id"], round_id=round_id, submitted=row["submitted"]
    )
