"""An officer fixes a list of a whole round: codes stay as they are now, and who is within the cut goes on."""

import json
from collections import Counter, defaultdict
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.domain.merit import Gate, digits
from services.ranking.domain.standing import UNDECIDED, Line, ListCut, Summary
from services.ranking.storage import SQL
from services.ranking.storage.facts import Pair, Vacancy, vacancies_known
from services.ranking.storage.publications import PUBLICATION
from services.ranking.storage.standings import whole_lists
from services.ranking.usecases.recompute import recompute_vacancies, touch_to_decide
from services.ranking.usecases.show_round import SHOWN, Round, in_words, states_of, the_round
from services.ranking.usecases.state_standings import next_versions
from shared.contracts.ranking import CandidateSelected, CandidateShortlisted, StageClosed
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.policies import List
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class ClosedList(BaseModel):
    """A list that was just fixed, for all vacancies of the round."""

    round_id: str
    list: str
    closed_at: AwareDatetime = Field(description="UTC")
    vacancies: int
    codes: dict[str, int] = Field(description="Candidates by result code, over all vacancies")
    admitted: int = Field(description="Who goes on to the next stage; on the last list: who has a seat")


async def close_stage(
    connection: Connection, outbox: Outbox, officer: Person, round_id: str, stage: str, now: datetime
) -> ClosedList:
    """Fix the list that a stage completes; `stage` may be the stage's code or the list's. Raises Refusal `unknown-stage`, and as `close_list`."""
    round_ = await the_round(connection, round_id)
    one = next((one for one in round_.policy.lists if stage in {one.code, one.stage}), None)
    if one is None:
        known = ", ".join(one.stage for one in round_.policy.lists)
        raise Refusal("unknown-stage", stage=stage, round_id=round_id, known=known)
    return await close_list(connection, outbox, officer, round_, one, now)


async def close_round(
    connection: Connection, outbox: Outbox, officer: Person, round_id: str, now: datetime
) -> ClosedList:
    """Fix the last list: whoever is within the seats is selected. Raises as `close_list`."""
    round_ = await the_round(connection, round_id)
    return await close_list(connection, outbox, officer, round_, round_.policy.lists[-1], now)


async def close_list(
    connection: Connection, outbox: Outbox, officer: Person, round_: Round, one: List, now: datetime
) -> ClosedList:
    """Fix one list of every vacancy of the round, in one transaction.

    Raises Refusal `list-closed` if it is; `seats-missing` while vacancies are still to arrive; `stage-incomplete` while anything that
    RegistrationClosed and SittingClosed count is; `tie-undecided` where people are equal in everything at the last seat; `rebuilding`.
    """
    await _refuse_unless_complete(connection, round_, one)
    vacancy_ids = [row["vacancy_id"] async for row in SQL.vacancies_of_round(connection, round_id=round_.round_id)]
    await SQL.wait_for_the_pen(connection)  # versions are counted by one at a time
    await touch_to_decide(connection, vacancy_ids)
    await _refuse_unless_complete(connection, round_, one)  # again, now that nothing changes meanwhile
    vacancies = await vacancies_known(connection, vacancy_ids)
    lines: dict[str, list[Line]] = {vacancy_id: [] for vacancy_id in vacancies}
    async for chunk in whole_lists(connection, one.code, list(vacancies)):
        for vacancy_id, group in groupby(chunk, itemgetter(0)):
            lines[vacancy_id] += [line for _, line in group]
    summaries: dict[tuple[str, str], Summary] = {}
    for vacancy_id, vacancy in vacancies.items():
        summaries[vacancy_id, one.code] = Summary(ListCut.of(vacancy.lists[one.code], vacancy.seats))
        summaries[vacancy_id, one.code].add(lines[vacancy_id])
    _refuse_undecided(round_, one, summaries, lines)
    statements: list[BaseModel] = [*await next_versions(connection, vacancies, summaries, now)]
    statements += await _keep(connection, round_, one, vacancies, summaries, lines, now)
    await recompute_vacancies(connection, list(vacancies))  # who goes on stands on the next list from now on
    await audit.record(connection, officer, "list.closed", f"{round_.round_id}/{one.code}", at=now)
    await outbox.append(connection, [Statement(statement, now) for statement in statements])
    codes = sum((summary.codes for summary in summaries.values()), Counter[str]())
    return ClosedList(
        round_id=round_.round_id,
        list=one.code,
        closed_at=now,
        vacancies=len(vacancies),
        codes=dict(sorted(codes.items())),
        admitted=codes[one.codes.within],
    )


async def _refuse_unless_complete(connection: Connection, round_: Round, one: List) -> None:
    states = await states_of(connection, round_, one)
    if states and all(state.closed for state in states):
        raise Refusal("list-closed", round_id=round_.round_id, list=one.code)
    seats = sum(state.seats for state in states)
    if seats != round_.decreed_seats:
        raise Refusal("seats-missing", round_id=round_.round_id, arrived=seats, decreed=round_.decreed_seats)
    lacking = [state for state in states if state.missing]
    if lacking:
        raise Refusal(
            "stage-incomplete",
            round_id=round_.round_id,
            list=one.code,
            vacancies=len(lacking),
            errors=[{"column": state.vacancy_id, "reason": in_words(state.missing)} for state in lacking[:SHOWN]],
        )


def _refuse_undecided(
    round_: Round, one: List, summaries: dict[tuple[str, str], Summary], lines: dict[str, list[Line]]
) -> None:
    tied = {
        vacancy_id: [
            line.participant_no
            for line in lines[vacancy_id]
            if summary.cut.code(line.gate, line.rank, line.equals) == UNDECIDED
        ]
        for (vacancy_id, _), summary in summaries.items()
        if summary.codes[UNDECIDED]
    }
    if tied:
        raise Refusal(
            "tie-undecided",
            round_id=round_.round_id,
            list=one.code,
            vacancies=len(tied),
            errors=[
                {"column": vacancy_id, "reason": ", ".join(participants)}
                for vacancy_id, participants in list(tied.items())[:SHOWN]
            ],
        )


async def _keep(
    connection: Connection,
    round_: Round,
    one: List,
    vacancies: dict[str, Vacancy],
    summaries: dict[tuple[str, str], Summary],
    lines: dict[str, list[Line]],
    now: datetime,
) -> list[BaseModel]:
    """Keep the closed lines; gives what is to be stated of them: first who goes on, then for each vacancy that its list is fixed."""
    versions = {
        row["vacancy_id"]: row["version"]
        async for row in SQL.stated(connection, vacancies=list(vacancies))
        if row["list"] == one.code
    }
    goes_on = CandidateSelected if one is round_.policy.lists[-1] else CandidateShortlisted
    points = await _points(connection, lines)
    rows: list[tuple[object, ...]] = []
    closings: list[tuple[object, ...]] = []
    statements: list[BaseModel] = []
    for vacancy_id in vacancies:
        summary = summaries[vacancy_id, one.code]
        which = {"vacancy_id": vacancy_id, "round_id": round_.round_id, "list": one.code}
        admitted = 0
        for line in sorted(lines[vacancy_id], key=lambda line: line.place):
            code = summary.cut.code(line.gate, line.rank, line.equals)
            published = summary.cut.one.shown(code, line.priority)
            score = None if line.score is None else digits(line.score, summary.cut.one.decimals)
            within = code == one.codes.within
            shown = points.get((vacancy_id, line.participant_no), {}) if line.gate in {Gate.RANKED, Gate.BELOW} else {}
            rows.append(
                (
                    vacancy_id,
                    line.place,
                    line.participant_no,
                    line.rank,
                    line.equals,
                    score,
                    published,
                    json.dumps(shown),
                    within,
                )
            )
            if within:
                admitted += 1
                statements.append(
                    goes_on.model_validate(
                        {
                            **which,
                            "participant_no": line.participant_no,
                            "rank": line.rank,
                            "score": score,
                            "code": published,
                        }
                    )
                )
        cut_score = None if summary.cut_score is None else digits(summary.cut_score, summary.cut.one.decimals)
        version = versions[vacancy_id]
        codes = dict(sorted(summary.codes.items()))
        closings.append((vacancy_id, version, summary.digest, json.dumps(codes), summary.cut.limit, cut_score))
        statements.append(
            StageClosed(**which, version=version, codes=codes, shortlisted=admitted, digest=summary.digest)
        )
    await _store(connection, round_, one, closings, rows, now)
    return statements


async def _store(
    connection: Connection,
    round_: Round,
    one: List,
    closings: list[tuple[object, ...]],
    rows: list[tuple[object, ...]],
    now: datetime,
) -> None:
    names = ("vacancies", "versions", "digests", "codes", "limits", "scores")
    columns = dict(zip(names, zip(*closings, strict=True), strict=True))
    await SQL.keep_closings(connection, **columns, list=one.code, round_id=round_.round_id, at=now)
    if rows:
        names_of_lines = (
            "vacancies",
            "places",
            "participants",
            "ranks",
            "equals",
            "scores",
            "codes",
            "points",
            "admitted",
        )
        await SQL.keep_closed_lines(
            connection, **dict(zip(names_of_lines, zip(*rows, strict=True), strict=True)), list=one.code
        )
    if round_.policy.uses_facts(one):
        await PUBLICATION.keep_closed_facts(connection, list=one.code, vacancies=list(columns["vacancies"]))


async def _points(connection: Connection, lines: dict[str, list[Line]]) -> dict[Pair, dict[str, str]]:
    """Points by component, of everyone who has some."""
    pairs = [(vacancy_id, line.participant_no) for vacancy_id, group in lines.items() for line in group]
    found: dict[Pair, dict[str, str]] = defaultdict(dict)
    rows = SQL.results_of(connection, vacancies=[pair[0] for pair in pairs], participants=[pair[1] for pair in pairs])
    async for row in rows:
        found[row["vacancy_id"], row["participant_no"]] |= row["points"] or {}
    return found
