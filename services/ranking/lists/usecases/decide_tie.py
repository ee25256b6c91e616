"""An officer decides between equals of whom only some fit: the machine never does."""

from datetime import datetime
from itertools import groupby
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from uuid_utils.compat import uuid7

from services.ranking.lists.storage import SQL
from services.ranking.merit.domain.list_cut import ListCut
from services.ranking.merit.domain.list_lines import SortedRow
from services.ranking.rounds.storage import round_of_vacancy
from services.ranking.standings.storage.facts import KnownVacancy, vacancies_known
from services.ranking.standings.storage.list_reader import whole_rows
from services.ranking.standings.usecases.recompute import lock_vacancies_to_decide, recompute
from shared.candidacy import refuse_candidate
from shared.contracts.fields import ParticipantNo, StageCode, VacancyId
from shared.contracts.strict import Command, lines_of_text
from shared.identity import Person
from shared.messaging.outbox import Outbox
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.proposals.procedure import Procedure
from shared.refusals import Refusal

SeatedInOrder = Annotated[
    tuple[ParticipantNo, ...],
    Field(min_length=2, max_length=1000, description="All of them, the first to be seated first"),
]


class DecideTie(Command):
    """The order of all who are equal at the last seat of a list, and why."""

    list: StageCode
    order: SeatedInOrder
    reason: Annotated[
        str,
        *lines_of_text(2000, least=10),
        Field(description="On what the decision rests; it is kept"),
    ]


class TieToDecide(DecideTie):
    """The order of the equals on one vacancy's list, as it waits for a second officer."""

    vacancy_id: VacancyId


class TieDecided(BaseModel):
    """A decision that holds until someone else becomes equal too."""

    decision_id: UUID = Field(description="Id of the decision")
    vacancy_id: VacancyId
    list: StageCode
    order: SeatedInOrder
    decided_at: AwareDatetime = Field(description="UTC")


async def decide_tie(
    connection: Connection, officer: Person, vacancy_id: str, command: DecideTie, now: datetime
) -> TieDecided:
    """Keep the officer's order; on a fixed list it moves the live list alone, not the fixed one.

    Raises Refusal `unknown-vacancy`, `own-round`, `unknown-list`, `no-tie` where nobody is equal at
    the last seat, `list-closed` where nobody is since the list was fixed, `not-the-tie` where the
    order does not name exactly those who are, `rebuilding`.
    """
    await lock_vacancies_to_decide(connection, [vacancy_id])
    vacancy = (await vacancies_known(connection, [vacancy_id])).get(vacancy_id)
    if vacancy is None:
        raise Refusal("unknown-vacancy", vacancy_id=vacancy_id)
    await refuse_candidate(connection, officer, vacancy.round_id)
    if command.list not in vacancy.lists:
        raise Refusal("unknown-list", list=command.list, known=", ".join(vacancy.lists))
    await _refuse_unless_tied(connection, vacancy, command)
    decision_id = uuid7()
    earlier = await _keep_decision(connection, officer, vacancy_id, command, decision_id, now)
    await recompute(
        connection, [(vacancy_id, number) for number in sorted({*earlier, *command.order})]
    )
    await audit.record(
        connection,
        officer,
        "tie.decided",
        f"{vacancy_id}/{command.list}",
        reason=command.reason,
        at=now,
    )
    return TieDecided(
        decision_id=decision_id,
        vacancy_id=vacancy_id,
        list=command.list,
        order=command.order,
        decided_at=now,
    )


async def _run(
    connection: Connection, outbox: Outbox, officer: Person, command: TieToDecide, now: datetime
) -> TieDecided:
    return await decide_tie(connection, officer, command.vacancy_id, command, now)


async def _round_of(connection: Connection, command: TieToDecide) -> str:
    return await round_of_vacancy(connection, command.vacancy_id)


TIE = Procedure(
    "ranking",
    "tie",
    TieToDecide,
    lambda command: f"{command.vacancy_id}/{command.list}",
    _run,
    _round_of,
)
"""Two officers decide a tie."""


async def _refuse_unless_tied(
    connection: Connection, vacancy: KnownVacancy, command: DecideTie
) -> None:
    rows = [
        row
        async for chunk in whole_rows(connection, command.list, [vacancy.vacancy_id])
        for _, row in chunk
    ]
    tied = _tied(rows, ListCut.of(vacancy.lists[command.list], vacancy.seats))
    numbers = sorted(row.participant_no for row in tied)
    newly_tied = any(row.decided < row.alike for row in tied)
    if command.list in vacancy.closed and not newly_tied:
        # corrections made nobody equal since
        raise Refusal("list-closed", round_id=vacancy.round_id, list=command.list)
    if not tied:
        raise Refusal("no-tie", list=command.list)
    if numbers != sorted(command.order):
        raise Refusal("not-the-tie", tied=", ".join(numbers))


async def _keep_decision(
    connection: Connection,
    officer: Person,
    vacancy_id: str,
    command: DecideTie,
    decision_id: UUID,
    now: datetime,
) -> list[str]:
    """Stores the decision; returns who had a place by an earlier one."""
    await SQL.keep_tie_decision(
        connection,
        decision_id=decision_id,
        vacancy_id=vacancy_id,
        list=command.list,
        participants=list(command.order),
        reason=command.reason,
        decided_by=officer.subject,
        at=now,
    )
    earlier = [
        row["participant_no"]
        async for row in SQL.forget_tie_places(connection, vacancy_id=vacancy_id, list=command.list)
    ]
    await SQL.keep_tie_places(
        connection,
        vacancy_id=vacancy_id,
        list=command.list,
        decision_id=decision_id,
        participants=list(command.order),
        places=list(range(1, len(command.order) + 1)),
    )
    return earlier


def _tied(rows: list[SortedRow], cut: ListCut) -> list[SortedRow]:
    """Who is alike in score and every tie where only some of them fit.

    Also where an officer decided before: a decision may be taken anew.
    """
    if cut.limit is None or not cut.officer_decides:
        return []
    ranked = sorted(
        (row for row in rows if row.combined_score is not None), key=lambda row: row.place
    )
    for shared_rank, group in groupby(ranked, key=lambda row: row.shared_rank):
        alike = list(group)
        if shared_rank <= cut.limit < shared_rank + len(alike) - 1:
            return alike
    return []
