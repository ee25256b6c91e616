"""An officer closes registration for a round."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from services.applications.registration.storage import REGISTRATION
from services.applications.rounds.storage import ROUNDS
from shared.candidacy import refuse_candidate
from shared.contracts.applications import RegistrationClosed
from shared.contracts.fields import RoundId
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class RegistrationCount(BaseModel):
    """How many applied."""

    round_id: RoundId
    closed_at: datetime = Field(description="When registration was closed, UTC")
    vacancies: int = Field(description="Vacancies of the round")
    submitted: int = Field(description="Applications of the whole round, those taken back included")


async def close_registration(
    connection: Connection, outbox: Outbox, officer: Person, round_id: str, now: datetime
) -> RegistrationCount:
    """Closes all its vacancies and states RegistrationClosed of each, once.

    Waits for registrations under way, which still count. Raises Refusal `not-found`, `own-round`,
    or `round-not-published`.
    """
    round_ = await ROUNDS.lock_round(connection, round_id=round_id)
    if round_ is None:
        raise Refusal("not-found", what=f"round {round_id}")
    await refuse_candidate(connection, officer, round_id)
    if round_["published_at"] is None:
        raise Refusal("round-not-published", round=round_id)
    if round_["closed_at"] is not None:
        counts = await REGISTRATION.closed_counts(connection, round_id=round_id)
        return RegistrationCount(round_id=round_id, closed_at=round_["closed_at"], **counts)
    closed = [row async for row in REGISTRATION.close_vacancies(connection, round_id=round_id)]
    await REGISTRATION.mark_round_closed(connection, round_id=round_id, at=now)
    await audit.record(connection, officer, "registration.closed", round_id, at=now)
    closed.sort(key=lambda row: int(row["number"]))
    await outbox.append(connection, [Statement(_closed(round_id, row), now) for row in closed])
    return RegistrationCount(
        round_id=round_id,
        closed_at=now,
        vacancies=len(closed),
        submitted=sum(row["submitted"] for row in closed),
    )


def _closed(round_id: str, row: Mapping[str, Any]) -> RegistrationClosed:
    return RegistrationClosed(
        vacancy_id=row["vacancy_id"], round_id=round_id, submitted=row["submitted"]
    )
