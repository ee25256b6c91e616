"""An officer makes a round's vacancies public."""

from datetime import datetime

from services.applications.rounds.storage import ROUNDS
from services.applications.vacancies.domain.publishing import check_quotas, check_seats
from services.applications.vacancies.storage import VACANCIES
from shared.candidacy import refuse_candidate
from shared.contracts.applications import VacancyPublished
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.phrases import Phrase
from shared.policies import Policy
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal

STATED_AT_ONCE = 100
"""Vacancies in one statement; a national list has 94,476, and others are served between two."""


async def publish_vacancies(
    connection: Connection, outbox: Outbox, officer: Person, round_id: str, now: datetime
) -> None:
    """Publishes all at once and states VacancyPublished of each; done again, it changes nothing.

    Raises Refusal `not-found`, `own-round`, `nothing-to-publish`, `seats-differ` (PermenPANRB
    6/2024, Pasal 22(3)), or `quotas-not-met`.
    """
    round_ = await ROUNDS.lock_round(connection, round_id=round_id)
    if round_ is None:
        raise Refusal("not-found", what=Phrase("round", round_id=round_id))
    await refuse_candidate(connection, officer, round_id)
    if round_["published_at"] is not None:
        return
    seats = {
        row["need"]: row["seats"]
        async for row in VACANCIES.seats_by_need(connection, round_id=round_id)
    }
    check_seats(sum(seats.values()), round_["decreed_seats"])
    check_quotas(Policy.model_validate(round_["policy"]), seats)
    await VACANCIES.publish_vacancies(connection, round_id=round_id)
    await VACANCIES.mark_round_published(connection, round_id=round_id, at=now)
    await audit.record(connection, officer, "vacancies.published", round_id, at=now)
    await _state(connection, outbox, round_id, now)


async def _state(connection: Connection, outbox: Outbox, round_id: str, now: datetime) -> None:
    """States each vacancy of the round, in order of number."""
    after = 0
    while page := [
        VacancyPublished(**row)
        async for row in VACANCIES.page_of_vacancies(
            connection, round_id=round_id, drafts=False, after=after, limit=STATED_AT_ONCE
        )
    ]:
        await outbox.append(connection, [Statement(vacancy, now) for vacancy in page])
        after = page[-1].number
