"""Applications of older versions: under which account their person is known is stated once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.applications.registration.storage import REGISTRATION
from shared.contracts.applications import ApplicantFactsStated
from shared.identity import Accounts
from shared.messaging.outbox import Outbox, Statement
from shared.postgres.pool import Connection, Pool

STATED_AT_ONCE = 500


async def state_all_accounts(pool: Pool, outbox: Outbox, accounts: Accounts, now: datetime) -> None:
    """States what is left in transactions of up to 500 applications."""
    while True:
        async with pool.acquire() as connection, connection.transaction():
            if await state_accounts(connection, outbox, accounts, now) < STATED_AT_ONCE:
                return


async def state_accounts(
    connection: Connection, outbox: Outbox, accounts: Accounts, now: datetime
) -> int:
    """States ApplicantFactsStated anew, with the account, of up to 500; returns how many.

    What else the event says is as it stands here: ranking takes it for no correction.
    """
    rows = [row async for row in REGISTRATION.lock_unstated(connection, most=STATED_AT_ONCE)]
    facts = [_facts(row, accounts) for row in rows]
    await _keep(connection, facts)
    await outbox.append(connection, [Statement(stated, now) for stated in facts])
    return len(facts)


def _facts(row: Mapping[str, Any], accounts: Accounts) -> ApplicantFactsStated:
    known = dict(row)
    subject = known.pop("subject")
    return ApplicantFactsStated(**known, account=accounts.account(row["round_id"], subject))


async def _keep(connection: Connection, facts: Sequence[ApplicantFactsStated]) -> None:
    await REGISTRATION.keep_accounts(
        connection,
        vacancy_ids=[stated.vacancy_id for stated in facts],
        participant_nos=[stated.participant_no for stated in facts],
        accounts=[stated.account for stated in facts],
    )
