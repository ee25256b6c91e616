"""RoundOpened: keep the policy under which the round's sittings are held."""

from pydantic import ValidationError

from services.exams.sittings.storage import SQL
from shared.contracts.applications import RoundOpened
from shared.messaging.envelope import Event
from shared.messaging.failures import Permanent
from shared.policies import Policy
from shared.postgres.pool import Connection


async def keep_rounds(connection: Connection, events: list[Event[RoundOpened]]) -> None:
    """Raises Permanent for a policy that this version can't read: nothing could be judged by it."""
    try:
        policies = [Policy.model_validate(event.data.policy) for event in events]
    except ValidationError as error:
        raise Permanent(f"A round's policy can't be read: {error.error_count()} faults") from error
    await SQL.keep_rounds(
        connection,
        round_ids=[event.data.round_id for event in events],
        policies=[policy.as_json() for policy in policies],
    )
