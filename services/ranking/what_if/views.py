"""Answers an officer what other rules would change: computed in memory from one snapshot of what is
known; nothing is written or published.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.ranking.answer_fields import LineCode, MaybeRank, MaybeScore
from services.ranking.merit.domain.candidate import Candidate
from services.ranking.merit.domain.list_cut import ListCut
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.placement import placements
from services.ranking.rounds.domain import VACANCIES_NAMED
from services.ranking.rounds.storage import load_round
from services.ranking.standings.storage.facts import candidates_known, vacancies_known
from services.ranking.what_if.domain import (
    Changes,
    Difference,
    Move,
    UnknownPartError,
    changed_policy,
    difference,
    rules_for,
)
from shared.contracts.fields import ParticipantNo, RoundId, StageCode, VacancyId
from shared.paging import from_cursor, to_cursor
from shared.policies import List, Policy, PolicyError, read_policy
from shared.postgres import queries
from shared.postgres.pool import Connection
from shared.refusals import Refusal

SQL = queries.load(Path(__file__).with_name("queries.sql"))

MOST_CANDIDATES = 50_000
"""That one question may go over: some seconds' work, and all of it in memory."""

AT_ONCE = 2_000
"""Candidates read at a time, so that a large question holds up nobody else in the process."""

Show = Literal["cut", "all"]


class Question(Changes):
    """Other rules for one list, tried on everything that is known now."""

    list: StageCode | None = Field(
        None, description="By default the newest that has begun in every vacancy asked for"
    )


class VacancyQuestion(Question):
    """The same, with other seats for the vacancy."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"seats": 2}]})

    seats: Annotated[
        int | None, Field(ge=1, le=100_000, description="Seats that the vacancy would have")
    ] = None


class RoundQuestion(Question):
    """The same, with other seats for some of the round's vacancies."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"seats": {"0001": 2}}]})

    seats: Annotated[
        dict[VacancyId, Annotated[int, Field(ge=1, le=100_000)]],
        Field(
            default_factory=dict,
            max_length=5000,
            description="Seats by vacancy; the others keep theirs",
        ),
    ]


class PlaceThen(BaseModel):
    """A place on one of the two lists."""

    model_config = ConfigDict(from_attributes=True)

    rank: MaybeRank
    score: MaybeScore
    code: LineCode
    within: bool = Field(description="Goes on, or has a seat")


class Moved(BaseModel):
    """Somebody who would stand elsewhere."""

    vacancy_id: VacancyId
    participant_no: ParticipantNo
    way: Literal["in", "out", "moved"] = Field(
        description="Into the cut, out of it, or elsewhere by rank, score or code"
    )
    now: PlaceThen = Field(description="By the rules as they are")
    then: PlaceThen = Field(description="By the changed rules")


class Answer(BaseModel):
    """What would change. Nothing did."""

    round_id: RoundId
    list: StageCode
    policy_hash: str = Field(description="Of the changed policy")
    vacancies: int = Field(description="Vacancies that were compared")
    candidates: int = Field(description="Everyone on the list in these vacancies")
    seats_now: int = Field(description="Seats of these vacancies as they are")
    seats_then: int = Field(description="Seats as they would be")
    moved_in: int = Field(description="Candidates who would come within the cut")
    moved_out: int = Field(description="Candidates who would no longer be")
    moved: int = Field(description="All whose rank, score or code would be another, these included")
    codes_now: dict[str, int] = Field(
        description="Candidates by result code, by the rules as they are"
    )
    codes_then: dict[str, int] = Field(description="By the changed rules")
    items: tuple[Moved, ...] = Field(description="By vacancy number and participant number")
    next: str | None = Field(None, description="Cursor of the page after; none on the last")


async def what_if_vacancy(
    connection: Connection,
    vacancy_id: str,
    question: VacancyQuestion,
    show: Show,
    cursor: str | None,
    limit: int,
) -> Answer:
    """What would change in one vacancy. Raises Refusal `unknown-vacancy`, and as `_answer`."""
    vacancy = (await vacancies_known(connection, [vacancy_id])).get(vacancy_id)
    if vacancy is None:
        raise Refusal("unknown-vacancy", vacancy_id=vacancy_id)
    seats = {} if question.seats is None else {vacancy_id: question.seats}
    return await _answer(
        connection, vacancy.round_id, vacancy_id, question, seats, show, cursor, limit
    )


async def what_if_round(
    connection: Connection,
    round_id: str,
    question: RoundQuestion,
    show: Show,
    cursor: str | None,
    limit: int,
) -> Answer:
    """What would change in a round.

    Raises Refusal `unknown-round`, `unknown-vacancy` for seats of one that is not of the round, and
    as `_answer`.
    """
    return await _answer(connection, round_id, None, question, question.seats, show, cursor, limit)


async def _answer(
    connection: Connection,
    round_id: str,
    vacancy_id: str | None,
    question: Question,
    seats: Mapping[str, int],
    show: Show,
    cursor: str | None,
    limit: int,
) -> Answer:
    """Raises Refusal `unknown-list`, `bad-cursor`, `policy-does-not-hold` with every fault of the
    changed policy, `question-too-large`.
    """
    after = _after(cursor)
    round_ = await load_round(connection, round_id)
    one = await _list(connection, round_id, vacancy_id, round_.policy, question.list)
    changed = _changed(round_.policy, one, question)
    rows = await _rows(connection, round_id, vacancy_id, one.code)
    if stranger := next(iter(sorted(seats.keys() - {row["vacancy_id"] for row in rows})), None):
        raise Refusal("unknown-vacancy", vacancy_id=stranger)
    rows = [row for row in rows if row["need"] in round_.policy.needs]
    candidates = sum(row["candidates"] for row in rows)
    if candidates > MOST_CANDIDATES:
        raise Refusal("question-too-large", candidates=candidates, most=MOST_CANDIDATES)
    cuts = {row["vacancy_id"]: _cuts(round_.policy, changed, one.code, row, seats) for row in rows}
    known = await _known(connection, one, cuts)
    differences = await asyncio.to_thread(_differences, cuts, known)
    numbers = {row["vacancy_id"]: row["number"] for row in rows}
    moves = [
        (numbers[which], which, move)
        for which, found in differences.items()
        for move in found.moves
    ]
    ways = Counter(move.way for _, _, move in moves)
    shown = [
        (number, which, move)
        for number, which, move in moves
        if (show == "all" or move.way != "moved") and (number, move.participant_no) > after
    ]
    page = shown[:limit]
    return Answer(
        round_id=round_id,
        list=one.code,
        policy_hash=changed.hash(),
        vacancies=len(rows),
        candidates=candidates,
        seats_now=sum(row["seats"] for row in rows),
        seats_then=sum(seats.get(row["vacancy_id"], row["seats"]) for row in rows),
        moved_in=ways["in"],
        moved_out=ways["out"],
        moved=ways.total(),
        codes_now=_sum(found.codes_now for found in differences.values()),
        codes_then=_sum(found.codes_then for found in differences.values()),
        items=tuple(_view(which, move) for _, which, move in page),
        next=to_cursor(page[-1][0], page[-1][2].participant_no) if len(shown) > limit else None,
    )


def _after(cursor: str | None) -> tuple[int, str]:
    number, participant_no = from_cursor(cursor, fields=2) or [0, ""]
    if not isinstance(number, int) or not isinstance(participant_no, str):
        raise Refusal("bad-cursor")
    return number, participant_no


async def _list(
    connection: Connection, round_id: str, vacancy_id: str | None, policy: Policy, asked: str | None
) -> List:
    if asked is not None:
        one = policy.list_called(asked)
        if one is None:
            raise Refusal(
                "unknown-list", list=asked, known=", ".join(each.code for each in policy.lists)
            )
        return one
    begun = policy.lists[0]
    for each in policy.lists[1:]:
        rows = await _rows(connection, round_id, vacancy_id, each.code)
        if any(row["candidates"] for row in rows):
            begun = each
    return begun


async def _rows(
    connection: Connection, round_id: str, vacancy_id: str | None, list_code: str
) -> list[Mapping[str, Any]]:
    which = {"round_id": None if vacancy_id else round_id, "vacancy_id": vacancy_id}
    return [row async for row in SQL.vacancies_to_compare(connection, **which, list=list_code)]


def _changed(policy: Policy, one: List, question: Question) -> Policy:
    try:
        values = changed_policy(policy, one.code, question)
        return read_policy(policy.id, values)
    except UnknownPartError as error:
        reason = f"the list {one.code} has no {error.name}; it has {', '.join(error.known)}"
        raise Refusal(
            "policy-does-not-hold", faults=1, errors=[{"column": error.where, "reason": reason}]
        ) from error
    except PolicyError as error:
        faults: list[dict[str, object]] = [
            {"column": ".".join(map(str, fault.location)) or None, "reason": fault.says}
            for fault in error.faults[:VACANCIES_NAMED]
        ]
        raise Refusal("policy-does-not-hold", faults=len(error.faults), errors=faults) from error


def _cuts(
    policy: Policy,
    changed: Policy,
    list_code: str,
    row: Mapping[str, Any],
    seats: Mapping[str, int],
) -> tuple[ListCut, ListCut]:
    """The list's rules and cut, as they are and as they would be."""
    now = rules_for(policy, list_code, row["need"], row["seed"])
    then = rules_for(changed, list_code, row["need"], row["seed"])
    return ListCut.of(now, row["seats"]), ListCut.of(
        then, seats.get(row["vacancy_id"], row["seats"])
    )


async def _known(
    connection: Connection, one: List, cuts: Mapping[str, tuple[ListCut, ListCut]]
) -> dict[str, list[Candidate]]:
    """Everyone on the list, by vacancy, with all the facts that either set of rules asks for."""
    vacancies = {
        which: replace(vacancy, lists=_both(one, cuts[which]))
        for which, vacancy in (await vacancies_known(connection, cuts)).items()
    }
    rows = SQL.on_the_list(connection, vacancies=list(vacancies), list=one.code)
    pairs = [(row["vacancy_id"], row["participant_no"]) async for row in rows]
    known: dict[str, list[Candidate]] = defaultdict(list)
    for start in range(0, len(pairs), AT_ONCE):
        for vacancy, candidate in await candidates_known(
            connection, vacancies, pairs[start : start + AT_ONCE]
        ):
            known[vacancy.vacancy_id].append(candidate)
        await asyncio.sleep(0)
    return known


def _both(one: List, cuts: tuple[ListCut, ListCut]) -> dict[str, ListRules]:
    return {one.code: cuts[0].rules, f"{one.code}, changed": cuts[1].rules}


def _differences(
    cuts: Mapping[str, tuple[ListCut, ListCut]], known: Mapping[str, list[Candidate]]
) -> dict[str, Difference]:
    return {
        which: difference(
            placements(now, known.get(which, ())), placements(then, known.get(which, ()))
        )
        for which, (now, then) in cuts.items()
    }


def _sum(counts: Any) -> dict[str, int]:
    return dict(sorted(sum(counts, Counter[str]()).items()))


def _view(vacancy_id: str, move: Move) -> Moved:
    return Moved(
        vacancy_id=vacancy_id,
        participant_no=move.participant_no,
        way=move.way,
        now=PlaceThen.model_validate(move.now),
        then=PlaceThen.model_validate(move.then),
    )
