"""Learns whose a participant number is, as a hash, so that receipts go to nobody else."""

from services.ranking.publication.storage.publications import PUBLICATION
from services.ranking.standings.usecases.recompute import lock_vacancies
from shared.contracts.applications import ApplicantFactsStated
from shared.messaging.envelope import Event
from shared.postgres.pool import Connection


async def learn_owners(connection: Connection, events: list[Event[ApplicantFactsStated]]) -> None:
    """Keeps the owner's hash of each participant number that has one."""
    await lock_vacancies(connection, [event.data.vacancy_id for event in events])
    owned = _newest_with_owner(events)
    await PUBLICATION.learn_owners(
        connection,
        vacancies=[facts.vacancy_id for facts in owned],
        participants=[facts.participant_no for facts in owned],
        owners=[facts.owner for facts in owned],
    )


def _newest_with_owner(events: list[Event[ApplicantFactsStated]]) -> list[ApplicantFactsStated]:
    newest = {(event.data.vacancy_id, event.data.participant_no): event.data for event in events}
    return [facts for facts in newest.values() if facts.owner is not None]
