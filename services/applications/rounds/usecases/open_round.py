"""An officer opens a round under a policy."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from services.applications.rounds.domain import check_calendar
from services.applications.rounds.storage import ROUNDS
from shared.contracts.applications import Calendar, RoundOpened
from shared.contracts.fields import RoundId
from shared.contracts.strict import Command, InstantInRequest, Whole, line_of_text
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.policies import load
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class RegistrationCalendar(Command):
    """When people may register: from the first instant until before the second.

    Each says its zone.
    """

    registration_opens: InstantInRequest = Field(
        description="First instant", examples=["2026-08-20T00:00:00+07:00"]
    )
    registration_closes: InstantInRequest = Field(
        description="First instant after", examples=["2026-09-10T23:59:00+07:00"]
    )


class OpenRound(Command):
    """A round to open."""

    round_id: RoundId
    name: Annotated[str, *line_of_text(200)] = Field(
        description="What people call it", examples=["CPNS 2026"]
    )
    policy_id: Annotated[str, *line_of_text(40)] = Field(
        description="The rules it follows", examples=["national-cpns-2024"]
    )
    decreed_seats: Whole = Field(
        ge=1, le=10_000_000, description="Seats that the Minister's decree grants"
    )
    calendar: RegistrationCalendar


async def open_round(
    connection: Connection,
    outbox: Outbox,
    officer: Person,
    command: OpenRound,
    now: datetime,
    zone: ZoneInfo,
    *,
    seed: str,
) -> None:
    """Opens it and states RoundOpened with the whole policy.

    `seed` is 64 random hexadecimal digits.

    Raises Refusal `unknown-policy`, `calendar-reversed`, `calendar-past`, or `round-exists`.
    """
    policy = load(command.policy_id)
    opens = command.calendar.registration_opens.astimezone(UTC)
    closes = command.calendar.registration_closes.astimezone(UTC)
    check_calendar(opens, closes, now, zone)
    is_new = await ROUNDS.open_round(
        connection,
        round_id=command.round_id,
        name=command.name,
        policy_id=policy.id,
        policy_version=policy.version,
        policy=policy.as_json(),
        policy_hash=policy.hash(),
        seed=seed,
        decreed_seats=command.decreed_seats,
        opens=opens,
        closes=closes,
        at=now,
    )
    if not is_new:
        raise Refusal("round-exists", round=command.round_id)
    await audit.record(connection, officer, "round.opened", command.round_id, at=now)
    opened = RoundOpened(
        round_id=command.round_id,
        name=command.name,
        policy_id=policy.id,
        policy_version=policy.version,
        policy=policy.as_json(),
        policy_hash=policy.hash(),
        seed=seed,
        decreed_seats=command.decreed_seats,
        calendar=Calendar(registration_opens=opens, registration_closes=closes),
    )
    await outbox.append(connection, [Statement(opened, now)])
