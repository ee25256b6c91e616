"""Who is a candidate of a round decides nothing in it: the table or view candidate_account.

It has `vacancy_id`, `participant_no`, `round_id`, `account`, and `owner` where an older event had
that in place of an account. Whoever ever applied in the round stands in it: who withdrew or was
rejected (TMS) may still object.
"""

from pathlib import Path

from shared.contracts.applications import ApplicantFactsStated
from shared.identity import Person
from shared.messaging.envelope import Event
from shared.postgres import queries
from shared.postgres.pool import Connection
from shared.refusals import Refusal

SQL = queries.load(Path(__file__).with_name("candidacy.sql"))


async def refuse_candidate(connection: Connection, person: Person, round_id: str) -> None:
    """Raises Refusal `own-round` where the person ever applied in the round.

    Every decision in a round asks it in its own transaction.
    """
    if await SQL.is_candidate(
        connection,
        round_id=round_id,
        account=person.account(round_id),
        subject=person.subject,
    ):
        raise Refusal("own-round", round=round_id)


async def is_own_number(
    connection: Connection, person: Person, round_id: str, vacancy_id: str, participant_no: str
) -> bool:
    """True where the participant number is this person's."""
    is_own = await SQL.is_own_number(
        connection,
        vacancy_id=vacancy_id,
        participant_no=participant_no,
        account=person.account(round_id),
        subject=person.subject,
    )
    return bool(is_own)


async def learn_accounts(connection: Connection, events: list[Event[ApplicantFactsStated]]) -> None:
    """Keeps whose each participant number is; what an event leaves out stays as it was."""
    await SQL.learn_accounts(
        connection,
        vacancy_ids=[event.data.vacancy_id for event in events],
        participant_nos=[event.data.participant_no for event in events],
        round_ids=[event.data.round_id for event in events],
        accounts=[event.data.account for event in events],
        owners=[event.data.owner for event in events],
    )
