"""An officer schedules a sitting of one stage for the candidates of some vacancies."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError
from uuid_utils.compat import uuid7

from services.exams.sittings.domain import stage_of
from services.exams.sittings.storage import SITTINGS, policy_of_round
from shared.candidacy import refuse_candidate
from shared.contracts.exams import ExamScheduled
from shared.contracts.fields import RoundId, StageCode, VacancyId
from shared.contracts.strict import Command, InstantInRequest, line_of_text
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal

MOST_VACANCIES = 5_000
"""Vacancies in one sitting. Each becomes an event of the same transaction; a national agency's
whole list has about so many at one site."""

MOST_NAMED = 10
"""Ids that a refusal names before it only counts."""

SittingId = Annotated[UUID, Field(description="Id of a sitting, given when it was scheduled")]


def _each_once(ids: list[str]) -> list[str]:
    if len(set(ids)) < len(ids):
        raise PydanticCustomError("vacancy_twice", "a vacancy stands twice")
    return ids


class ScheduleSitting(Command):
    """A sitting to be held.

    Several may cover one vacancy and stage: rooms of one day, or a later one for who is still
    missing.
    """

    round_id: RoundId
    stage: StageCode
    site: Annotated[
        str,
        *line_of_text(200),
        Field(description="Where, as candidates will read it; one line"),
    ]
    starts_at: Annotated[
        InstantInRequest,
        Field(description="When it begins, with its zone; in this century"),
    ]
    vacancy_ids: Annotated[
        list[VacancyId],
        Field(
            min_length=1,
            max_length=MOST_VACANCIES,
            description="Vacancies whose candidates sit it, each once",
        ),
        AfterValidator(_each_once),
    ]


class SittingView(BaseModel):
    """A sitting."""

    sitting_id: SittingId
    round_id: RoundId
    stage: StageCode
    site: Annotated[str, Field(description="Where")]
    starts_at: Annotated[datetime, Field(description="When it begins, UTC")]
    closed_at: Annotated[
        datetime | None, Field(description="When it was closed, UTC; none while it is open")
    ]


async def schedule_sitting(
    connection: Connection, outbox: Outbox, person: Person, command: ScheduleSitting, now: datetime
) -> SittingView:
    """States ExamScheduled for each vacancy.

    Raises Refusal `own-round`, `round-not-known`, `no-such-stage`, or `vacancies-not-known` where
    some are not (yet) published in the round.
    """
    await refuse_candidate(connection, person, command.round_id)
    stage_of(await policy_of_round(connection, command.round_id), command.stage)
    await _refuse_unknown_vacancies(connection, command)
    sitting = SittingView(
        sitting_id=uuid7(),
        round_id=command.round_id,
        stage=command.stage,
        site=command.site,
        starts_at=command.starts_at.astimezone(UTC),
        closed_at=None,
    )
    vacancy_ids = sorted(command.vacancy_ids)
    await SITTINGS.insert_sitting(
        connection,
        sitting_id=sitting.sitting_id,
        round_id=sitting.round_id,
        stage=sitting.stage,
        site=sitting.site,
        starts_at=sitting.starts_at,
    )
    await SITTINGS.insert_sitting_vacancies(
        connection, sitting_id=sitting.sitting_id, vacancy_ids=vacancy_ids
    )
    await audit.record(connection, person, "sitting.scheduled", str(sitting.sitting_id), at=now)
    await outbox.append(connection, _scheduled(sitting, vacancy_ids, now))
    return sitting


async def _refuse_unknown_vacancies(connection: Connection, command: ScheduleSitting) -> None:
    rows = SITTINGS.vacancies_not_in_round(
        connection, vacancy_ids=command.vacancy_ids, round_id=command.round_id
    )
    unknown = [row["vacancy_id"] async for row in rows]
    if unknown:
        first = ", ".join(unknown[:MOST_NAMED])
        raise Refusal(
            "vacancies-not-known", count=len(unknown), first=first, round=command.round_id
        )


def _scheduled(sitting: SittingView, vacancy_ids: Sequence[str], now: datetime) -> list[Statement]:
    return [
        Statement(
            ExamScheduled(
                sitting_id=sitting.sitting_id,
                round_id=sitting.round_id,
                vacancy_id=vacancy_id,
                stage=sitting.stage,
                site=sitting.site,
                starts_at=sitting.starts_at,
            ),
            now,
        )
        for vacancy_id in vacancy_ids
    ]
