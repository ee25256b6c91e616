"""An officer fixes a list of a whole round: codes stay, and who is within the cut goes on."""

from collections import Counter
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.lists.storage.list_snapshot import ListSnapshot, take_snapshot
from services.ranking.lists.storage.readiness import load_readiness
from services.ranking.lists.usecases.fix_list import admissions, fix_list
from services.ranking.rounds.domain import VACANCIES_NAMED, Round
from services.ranking.rounds.storage import load_round
from services.ranking.standings.storage import SQL as STANDINGS
from services.ranking.standings.usecases.recompute import (
    lock_vacancies_to_decide,
    recompute_vacancies,
)
from services.ranking.standings.usecases.state_standings import next_versions
from shared.candidacy import refuse_candidate
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
    lists = round_.policy.lists
    for policy_list in lists:
        if stage in {policy_list.code, policy_list.stage}:
            return await close_list(connection, outbox, officer, round_, policy_list, now)
    known = ", ".join(policy_list.stage for policy_list in lists)
    raise Refusal("unknown-stage", stage=stage, round_id=round_id, known=known)


async def close_round(
    connection: Connection, outbox: Outbox, officer: Person, round_id: str, now: datetime
) -> ClosedList:
    """Fix the last list: whoever is within the seats is selected. Raises as `close_list`."""
    round_ = await load_round(connection, round_id)
    return await close_list(connection, outbox, officer, round_, round_.policy.lists[-1], now)


async def close_list(
    connection: Connection,
    outbox: Outbox,
    officer: Person,
    round_: Round,
    policy_list: List,
    now: datetime,
) -> ClosedList:
    """Fix one list of every vacancy of the round, in one transaction.

    Raises Refusal `own-round`; `list-closed` if it is; `seats-missing` while vacancies are still to
    arrive; `stage-incomplete` while anything that RegistrationClosed and SittingClosed count is;
    `tie-undecided` where people are equal in everything at the last seat; `rebuilding`.
    """
    await refuse_candidate(connection, officer, round_.round_id)
    await _refuse_unless_complete(connection, round_, policy_list)
    vacancy_ids = [
        row["vacancy_id"]
        async for row in STANDINGS.vacancies_of_round(connection, round_id=round_.round_id)
    ]
    await STANDINGS.lock_stating(connection)  # versions are counted by one at a time
    await lock_vacancies_to_decide(connection, vacancy_ids)
    # again, now that nothing changes meanwhile
    await _refuse_unless_complete(connection, round_, policy_list)
    snapshot = await take_snapshot(connection, round_, policy_list, vacancy_ids)
    _refuse_undecided(snapshot)
    summaries = {
        (vacancy_id, policy_list.code): summary
        for vacancy_id, summary in snapshot.summaries.items()
    }
    statements: list[BaseModel] = [
        *await next_versions(connection, snapshot.vacancies, summaries, now)
    ]
    statements += await _fix(connection, snapshot, now)
    # who goes on stands on the next list from now on
    await recompute_vacancies(connection, list(snapshot.vacancies))
    subject = f"{round_.round_id}/{policy_list.code}"
    await audit.record(connection, officer, "list.closed", subject, at=now)
    await outbox.append(connection, [Statement(statement, now) for statement in statements])
    codes = sum((summary.codes for summary in snapshot.summaries.values()), Counter[str]())
    return ClosedList(
        round_id=round_.round_id,
        list=policy_list.code,
        closed_at=now,
        vacancies=len(snapshot.vacancies),
        codes=dict(sorted(codes.items())),
        admitted=codes[policy_list.codes.within],
    )


async def _refuse_unless_complete(connection: Connection, round_: Round, policy_list: List) -> None:
    vacancies = await load_readiness(connection, round_, policy_list)
    if vacancies and all(vacancy.closed for vacancy in vacancies):
        raise Refusal("list-closed", round_id=round_.round_id, list=policy_list.code)
    seats = sum(vacancy.seats for vacancy in vacancies)
    if seats != round_.decreed_seats:
        raise Refusal(
            "seats-missing", round_id=round_.round_id, arrived=seats, decreed=round_.decreed_seats
        )
    lacking = [vacancy for vacancy in vacancies if vacancy.missing]
    if lacking:
        raise Refusal(
            "stage-incomplete",
            round_id=round_.round_id,
            list=policy_list.code,
            vacancies=len(lacking),
            errors=[
                {"about": vacancy.vacancy_id, "reason": list(vacancy.missing)}
                for vacancy in lacking[:VACANCIES_NAMED]
            ],
        )


def _refuse_undecided(snapshot: ListSnapshot) -> None:
    tied = snapshot.undecided()
    if tied:
        raise Refusal(
            "tie-undecided",
            round_id=snapshot.round_.round_id,
            list=snapshot.policy_list.code,
            vacancies=len(tied),
            errors=[
                {"about": vacancy_id, "reason": ", ".join(participants)}
                for vacancy_id, participants in list(tied.items())[:VACANCIES_NAMED]
            ],
        )


async def _fix(connection: Connection, snapshot: ListSnapshot, now: datetime) -> list[BaseModel]:
    """Fix it; returns what to state of each vacancy: who goes on, then that its list is fixed."""
    list_code = snapshot.policy_list.code
    versions = {
        row["vacancy_id"]: row["version"]
        async for row in STANDINGS.stated(connection, vacancies=list(snapshot.vacancies))
        if row["list"] == list_code
    }
    statements: list[BaseModel] = []
    fixed = await fix_list(connection, snapshot, versions, now)
    for vacancy_id, placements in fixed.items():
        within = {number: placement for number, placement in placements.items() if placement.within}
        summary = snapshot.summaries[vacancy_id]
        closed = StageClosed(
            vacancy_id=vacancy_id,
            round_id=snapshot.round_.round_id,
            list=list_code,
            version=versions[vacancy_id],
            codes=dict(sorted(summary.codes.items())),
            shortlisted=len(within),
            digest=summary.digest,
        )
        statements += [*admissions(snapshot, vacancy_id, within), closed]
    return statements
