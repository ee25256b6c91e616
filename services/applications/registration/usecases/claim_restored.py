"""A person has an application again that came back from the log without them."""

from services.applications.registration.storage import REGISTRATION
from shared.identity import Person
from shared.postgres.pool import Connection


async def claim_restored(connection: Connection, applicant: Person) -> None:
    """Notes whose they are where the account on the log is this person's; mostly there are none."""
    rounds = [row["round_id"] async for row in REGISTRATION.rounds_without_persons(connection)]
    if rounds:
        await REGISTRATION.claim_restored(
            connection,
            subject=applicant.subject,
            round_ids=rounds,
            accounts=[applicant.account(round_id) for round_id in rounds],
        )
