"""An officer makes a round's vacancies public."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.applications.rounds.storage import ROUNDS
from services.applications.vacancies.domain.publishing import check_quotas, check_seats
from services.applications.vacancies.storage import VACANCIES
from shared.contracts.applications import VacancyPublished
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.policies import Policy
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal


async def publish_vacancies(
    connection: Connection, outbox: Outbox, officer: Person, round_id: str, now: datetime
) -> None:
    """Publishes all at once and states VacancyPublished of each; done again, it changes nothing.

    Raises Refusal `not-found`, `nothing-to-publish`, `seats-differ` (PermenPANRB 6/2024,
    Pasal 22(3)), or `quotas-not-met`.
    """
    round_ = await ROUNDS.lock_round(connection, round_id=round_id)
    if round_ is None:
        raise Refusal("not-found", what=f"round {round_id}")
    if round_["published_at"] is not None:
        return
    vacancies = [row async for row in VACANCIES.publish_vacancies(connection, round_id=round_id)]
    check_seats(sum(row["seats"] for row in vacancies), round_["decreed_seats"])
    check_quotas(Policy.model_validate(round_["policy"]), _seats_by_need(vacancies))
    await VACANCIES.mark_round_published(connection, round_id=round_id, at=now)
    await audit.record(connection, officer, "vacancies.published", round_id, at=now)
    await outbox.append(connection, [Statement(VacancyPublished(**row), now) for row in vacancies])


def _seats_by_need(vacancies: Sequence[Mapping[str, Any]]) -> Counter[str]:
    seats: Counter[str] = Counter()
    for row in vacancies:
        seats[row["need"]] += row["seats"]
    return seats
