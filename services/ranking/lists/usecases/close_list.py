"""An officer fixes a list of a whole round: codes stay as they are now, and who is within the cut
goes on.
"""

from collections import Counter
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.lists.storage.readiness import in_words, states_of
from services.ranking.lists.usecases.fix_list import Whole, as_it_stands, fix
from services.ranking.rounds.domain import VACANCIES_NAMED, Round
from services.ranking.rounds.storage import load_round
from services.ranking.standings.storage import SQL as STANDINGS
from services.ranking.standings.usecases.recompute import (
    lock_vacancies_to_decide,
    recompute_vacancies,
)
from services.ranking.standings.usecases.state_standings import next_versions
from shared.contracts.fields import RoundId, StageCode
from shared.contracts.ranking import StageClosed
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.policies import List
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class ClosedList(BaseModel):
    """A list that was just fixed, for all vacancies of the round."""

    round_id: RoundId
    list: StageCode
    closed_at: AwareDatetime = Field(description="UTC")
    vacancies: int = Field(description="Vacancies whose list was fixed")
    codes: dict[str, int] = Field(description="Candidates by result code, over all vacancies")
    admitted: int = Field(
        description="Who goes on to the next stage; on the last list: who has a seat"
    )


async def close_stage(
    connection: Connection,
    outbox: Outbox,
    officer: Person,
    round_id: str,
    stage: str,
    now: datetime,
) -> ClosedList:
    """Fix the list that a stage completes; `stage` may be the stage's code or the list's.

    Raises Refusal `unknown-stage`, and as `close_list`.
    """
    round_ = await load_round(connection, round_id)
    one = next((one for one in round_.policy.lists if stage in {one.code, one.stage}), None)
    if one is None:
        known = ", ".join(one.stage for one in round_.policy.lists)
        raise Refusal("unknown-stage", stage=stage, round_id=round_id, known=known)
    return await close_list(connection, outbox, officer, round_, one, now)


async def close_round(
    connection: Connection, outbox: Outbox, officer: Person, round_id: str, now: datetime
) -> ClosedList:
    """Fix the last list: whoever is within the seats is selected. Raises as `close_list`."""
    round_ = await load_round(connection, round_id)
    return await close_list(connection, outbox, officer, round_, round_.policy.lists[-1], now)


async def close_list(
    connection: Connection, outbox: Outbox, officer: Person, round_: Round, one: List, now: datetime
) -> ClosedList:
    """Fix one list of every vacancy of the round, in one transaction.

    Raises Refusal `list-closed` if it is; `seats-missing` while vacancies are still to arrive;
    `stage-incomplete` while anything that RegistrationClosed and SittingClosed count is;
    `tie-undecided` where people are equal in everything at the last seat; `rebuilding`.
    """
    await _refuse_unless_complete(connection, round_, one)
    vacancy_ids = [
        row["vacancy_id"]
        async for row in STANDINGS.vacancies_of_round(connection, round_id=round_.round_id)
    ]
    await STANDINGS.lock_stating(connection)  # versions are counted by one at a time
    await lock_vacancies_to_decide(connection, vacancy_ids)
    await _refuse_unless_complete(
        connection, round_, one
    )  # again, now that nothing changes meanwhile
    whole = await as_it_stands(connection, round_, one, vacancy_ids)
    _refuse_undecided(whole)
    summaries = {(vacancy_id, one.code): summary for vacancy_id, summary in whole.summaries.items()}
    statements: list[BaseModel] = [
        *await next_versions(connection, whole.vacancies, summaries, now)
    ]
    statements += await _fix(connection, whole, now)
    await recompute_vacancies(
        connection, list(whole.vacancies)
    )  # who goes on stands on the next list from now on
    await audit.record(connection, officer, "list.closed", f"{round_.round_id}/{one.code}", at=now)
    await outbox.append(connection, [Statement(statement, now) for statement in statements])
    codes = sum((summary.codes for summary in whole.summaries.values()), Counter[str]())
    return ClosedList(
        round_id=round_.round_id,
        list=one.code,
        closed_at=now,
        vacancies=len(whole.vacancies),
        codes=dict(sorted(codes.items())),
        admitted=codes[one.codes.within],
    )


async def _refuse_unless_complete(connection: Connection, round_: Round, one: List) -> None:
    states = await states_of(connection, round_, one)
    if states and all(state.closed for state in states):
        raise Refusal("list-closed", round_id=round_.round_id, list=one.code)
    seats = sum(state.seats for state in states)
    if seats != round_.decreed_seats:
        raise Refusal(
            "seats-missing", round_id=round_.round_id, arrived=seats, decreed=round_.decreed_seats
        )
    lacking = [state for state in states if state.missing]
    if lacking:
        raise Refusal(
            "stage-incomplete",
            round_id=round_.round_id,
            list=one.code,
            vacancies=len(lacking),
            errors=[
                {"column": state.vacancy_id, "reason": in_words(state.missing)}
                for state in lacking[:VACANCIES_NAMED]
            ],
        )


def _refuse_undecided(whole: Whole) -> None:
    tied = whole.undecided()
    if tied:
        raise Refusal(
            "tie-undecided",
            round_id=whole.round_.round_id,
            list=whole.one.code,
            vacancies=len(tied),
            errors=[
                {"column": vacancy_id, "reason": ", ".join(participants)}
                for vacancy_id, participants in list(tied.items())[:VACANCIES_NAMED]
            ],
        )


async def _fix(connection: Connection, whole: Whole, now: datetime) -> list[BaseModel]:
    """Fix it; gives what is to be stated of each vacancy: first who goes on, then that its list is
    fixed.
    """
    versions = {
        row["vacancy_id"]: row["version"]
        async for row in STANDINGS.stated(connection, vacancies=list(whole.vacancies))
        if row["list"] == whole.one.code
    }
    statements: list[BaseModel] = []
    for vacancy_id, lines in (await fix(connection, whole, versions, now)).items():
        admitted = [
            whole.goes_on(vacancy_id, number, place)
            for number, place in lines.items()
            if place.within
        ]
        summary = whole.summaries[vacancy_id]
        closed = StageClosed(
            vacancy_id=vacancy_id,
            round_id=whole.round_.round_id,
            list=whole.one.code,
            version=versions[vacancy_id],
            codes=dict(sorted(summary.codes.items())),
            shortlisted=len(admitted),
            digest=summary.digest,
        )
        statements += [*admitted, closed]
    return statements
