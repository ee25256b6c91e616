"""RoundOpened: the policy under which the round's sittings are held."""

from pydantic import ValidationError

from services.exams.sittings.storage import SITTINGS
from shared.contracts.applications import RoundOpened
from shared.messaging.envelope import Event
from shared.messaging.failures import Permanent
from shared.policies import Policy
from shared.postgres.pool import Connection


async def learn_rounds(connection: Connection, events: list[Event[RoundOpened]]) -> None:
    """Keeps the policies. Raises Permanent for a policy that this version can't read."""
    try:
        policies = [Policy.model_validate(event.data.policy) for event in events]
    except ValidationError as error:
        raise Permanent(f"A round's policy can't be read: {error.error_count()} faults") from error
    await SITTINGS.insert_rounds(
        connection,
        round_ids=[event.data.round_id for event in events],
        policies=[policy.as_json() for policy in policies],
    )
