"""Shows an officer what other rules would change.

It is computed in memory, from one snapshot of what is known. Nothing is written or published.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from shared.contracts.strict import NO_OTHER_NAMES, Whole
from shared.paging import from_cursor, to_cursor
from shared.phrases import Phrase
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
        Whole | None, Field(ge=1, le=100_000, description="Seats that the vacancy would have")
    ] = None


class RoundQuestion(Question):
    """The same, with other seats for some of the round's vacancies."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"seats": {"0001": 2}}]})

    seats: Annotated[
        dict[VacancyId, Annotated[Whole, Field(ge=1, le=100_000)]],
        Field(
            default_factory=dict,
            max_length=5000,
            description="Seats by vacancy; the others keep theirs",
            json_schema_extra=NO_OTHER_NAMES,
        ),
    ]


class PlaceByRules(BaseModel):
    """A candidate's place by one set of rules."""

    model_config = ConfigDict(from_attributes=True)

    rank: MaybeRank
    score: MaybeScore
    code: LineCode
    within: bool = Field(description="Goes on, or has a seat")


class CandidateMove(BaseModel):
    """A candidate who would be elsewhere."""

    vacancy_id: VacancyId
    participant_no: ParticipantNo
    way: Literal["in", "out", "moved"] = Field(
        description="Into the cut, out of it, or elsewhere by rank, score or code"
    )
    now: PlaceByRules = Field(description="By the rules as they are")
    then: PlaceByRules = Field(description="By the changed rules")


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
    items: tuple[CandidateMove, ...] = Field(description="By vacancy number and participant number")
    next: str | None = Field(None, description="Cursor of the page after; none on the last")


@dataclass(frozen=True, slots=True)
class _Scope:
    """The vacancies that a question is about: one, or all of a round; and seats that differ."""

    round_id: str
    vacancy_id: str | None
    seats: Mapping[str, int]


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
    scope = _Scope(vacancy.round_id, vacancy_id, seats)
    return await _answer(connection, scope, question, show, cursor, limit)


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
    scope = _Scope(round_id, None, question.seats)
    return await _answer(connection, scope, question, show, cursor, limit)


async def _answer(
    connection: Connection,
    scope: _Scope,
    question: Question,
    show: Show,
    cursor: str | None,
    limit: int,
) -> Answer:
    """Raises Refusal `unknown-list`, `bad-cursor`, `question-too-large`, `policy-does-not-hold`.

    The last with every fault of the changed policy.
    """
    after = _after(cursor)
    policy = (await load_round(connection, scope.round_id)).policy
    policy_list = await _list(connection, scope, policy, question.list)
    changed = _changed(policy, policy_list, question)
    rows = await _compared(connection, scope, policy_list.code, policy)
    cuts = {
        row["vacancy_id"]: _cuts(policy, changed, policy_list.code, row, scope.seats)
        for row in rows
    }
    known = await _known(connection, policy_list, cuts)
    differences = await asyncio.to_thread(_differences, cuts, known)
    moves = [
        _VacancyMove(row["number"], row["vacancy_id"], move)
        for row in rows
        for move in differences[row["vacancy_id"]].moves
    ]
    shown = [moved for moved in moves if moved.place > after and moved.shown_in(show)]
    return Answer(
        **_figures(rows, scope.seats, moves, list(differences.values())),
        round_id=scope.round_id,
        list=policy_list.code,
        policy_hash=changed.hash(),
        items=tuple(moved.view() for moved in shown[:limit]),
        next=to_cursor(*shown[limit - 1].place) if len(shown) > limit else None,
    )


def _figures(
    rows: Sequence[Mapping[str, Any]],
    seats: Mapping[str, int],
    moves: Sequence["_VacancyMove"],
    differences: Sequence[Difference],
) -> dict[str, Any]:
    """The answer's counts, over all vacancies that are compared (`rows`)."""
    ways = Counter(moved.move.way for moved in moves)
    return {
        "vacancies": len(rows),
        "candidates": sum(row["candidates"] for row in rows),
        "seats_now": sum(row["seats"] for row in rows),
        "seats_then": sum(seats.get(row["vacancy_id"], row["seats"]) for row in rows),
        "moved_in": ways["in"],
        "moved_out": ways["out"],
        "moved": ways.total(),
        "codes_now": _sum(found.codes_now for found in differences),
        "codes_then": _sum(found.codes_then for found in differences),
    }


def _after(cursor: str | None) -> tuple[int, str]:
    """The number of the vacancy and of the participant that the page before ended with."""
    number, participant_no = from_cursor(cursor, fields=2) or [0, ""]
    if not isinstance(number, int) or not isinstance(participant_no, str):
        raise Refusal("bad-cursor")
    return number, participant_no


async def _list(
    connection: Connection, scope: _Scope, policy: Policy, list_code: str | None
) -> List:
    """The list that is asked for, or the newest that anyone is on."""
    if list_code is not None:
        policy_list = policy.list_called(list_code)
        if policy_list is None:
            known = ", ".join(known.code for known in policy.lists)
            raise Refusal("unknown-list", list=list_code, known=known)
        return policy_list
    begun = policy.lists[0]
    for later in policy.lists[1:]:
        rows = await _rows(connection, scope, later.code)
        if any(row["candidates"] for row in rows):
            begun = later
    return begun


async def _compared(
    connection: Connection, scope: _Scope, list_code: str, policy: Policy
) -> list[Mapping[str, Any]]:
    """The vacancies whose kind of need the policy knows.

    Raises Refusal `unknown-vacancy` for seats of another, `question-too-large`.
    """
    rows = await _rows(connection, scope, list_code)
    strangers = sorted(scope.seats.keys() - {row["vacancy_id"] for row in rows})
    if strangers:
        raise Refusal("unknown-vacancy", vacancy_id=strangers[0])
    rows = [row for row in rows if row["need"] in policy.needs]
    candidates = sum(row["candidates"] for row in rows)
    if candidates > MOST_CANDIDATES:
        raise Refusal("question-too-large", candidates=candidates, most=MOST_CANDIDATES)
    return rows


async def _rows(connection: Connection, scope: _Scope, list_code: str) -> list[Mapping[str, Any]]:
    round_id = None if scope.vacancy_id else scope.round_id
    found = SQL.vacancies_to_compare(
        connection, round_id=round_id, vacancy_id=scope.vacancy_id, list=list_code
    )
    return [row async for row in found]


def _changed(policy: Policy, policy_list: List, question: Question) -> Policy:
    try:
        values = changed_policy(policy, policy_list.code, question)
        return read_policy(policy.id, values)
    except UnknownPartError as error:
        known = ", ".join(error.known)
        reason = Phrase("list-part-unknown", list=policy_list.code, name=error.name, known=known)
        raise Refusal(
            "policy-does-not-hold", faults=1, errors=[{"about": error.where, "reason": reason}]
        ) from error
    except PolicyError as error:
        faults: list[dict[str, object]] = [
            {"about": ".".join(map(str, fault.location)) or None, "reason": fault}
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
    connection: Connection, policy_list: List, cuts: Mapping[str, tuple[ListCut, ListCut]]
) -> dict[str, list[Candidate]]:
    """Everyone on the list, by vacancy, with all the facts that either set of rules asks for."""
    vacancies = {
        which: replace(vacancy, lists=_both(policy_list, cuts[which]))
        for which, vacancy in (await vacancies_known(connection, cuts)).items()
    }
    rows = SQL.on_the_list(connection, vacancies=list(vacancies), list=policy_list.code)
    pairs = [(row["vacancy_id"], row["participant_no"]) async for row in rows]
    known: dict[str, list[Candidate]] = defaultdict(list)
    for start in range(0, len(pairs), AT_ONCE):
        for vacancy, candidate in await candidates_known(
            connection, vacancies, pairs[start : start + AT_ONCE]
        ):
            known[vacancy.vacancy_id].append(candidate)
        await asyncio.sleep(0)
    return known


def _both(policy_list: List, cuts: tuple[ListCut, ListCut]) -> dict[str, ListRules]:
    return {policy_list.code: cuts[0].rules, f"{policy_list.code}, changed": cuts[1].rules}


def _differences(
    cuts: Mapping[str, tuple[ListCut, ListCut]], known: Mapping[str, list[Candidate]]
) -> dict[str, Difference]:
    return {
        which: difference(
            placements(now, known.get(which, ())), placements(then, known.get(which, ()))
        )
        for which, (now, then) in cuts.items()
    }


def _sum(counts: Iterable[Counter[str]]) -> dict[str, int]:
    return dict(sorted(sum(counts, Counter[str]()).items()))


@dataclass(frozen=True, slots=True)
class _VacancyMove:
    """Who moves in a vacancy, which has that number in its round."""

    number: int
    vacancy_id: str
    move: Move

    @property
    def place(self) -> tuple[int, str]:
        """By which moves are in order."""
        return self.number, self.move.participant_no

    def shown_in(self, show: Show) -> bool:
        return show == "all" or self.move.way != "moved"

    def view(self) -> CandidateMove:
        return CandidateMove(
            vacancy_id=self.vacancy_id,
            participant_no=self.move.participant_no,
            way=self.move.way,
            now=PlaceByRules.model_validate(self.move.now),
            then=PlaceByRules.model_validate(self.move.then),
        )
