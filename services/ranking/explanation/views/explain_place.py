"""Explains to anyone why a candidate stands where they stand on a list, live or as it was fixed."""

from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.ranking.answer_fields import (
    LineCode,
    MaybeRank,
    MaybeScore,
    Minimum,
    OwnPoints,
    Passed,
    Rank,
    Score,
)
from services.ranking.explanation.domain.explain import (
    Explanation,
    Other,
    Place,
    explain,
    sentences,
)
from services.ranking.merit.domain.merit import Candidate, Gate, Standing
from services.ranking.merit.domain.standing import UNDECIDED
from services.ranking.rounds.storage import load_round
from services.ranking.standings.storage import SQL as STANDINGS
from services.ranking.standings.storage.facts import candidates_as_fixed, candidates_known
from services.ranking.standings.storage.requested_list import RequestedList, State, load_list
from services.ranking.standings.storage.standings import OneList, Stands
from services.ranking.standings.views.show_standings import StateShown, live_figures
from shared.contracts.fields import ParticipantNo, RoundId, StageCode, VacancyId
from shared.languages import Language
from shared.policies import Policy
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class _Told(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ThresholdTold(_Told):
    """A threshold and what the candidate has."""

    of: str = Field(description="A component, or a stage (its total)")
    minimum: Minimum
    points: OwnPoints
    lacking: str = Field(description="Points that were missing; 0 where it is met")
    passed: Passed


class LiftTold(_Told):
    """A component whose points a bonus of the policy lifted."""

    of: str = Field(description="The component")
    name: dict[Language, str] = Field(description="The bonus's, by language")
    before: str = Field(description="Its points without the bonus")
    after: str = Field(description="Its points with the bonus, which count")


class TermTold(_Told):
    """A part of the score, step by step; decimals exact, or with `…` where they do not end."""

    of: str = Field(description="A stage (its total), or a component")
    points: str = Field(description="Points in it, bonuses included")
    divisor: str = Field(description="By which the points are divided")
    divided: str = Field(description="points ÷ divisor, as it is carried on")
    weight: str = Field(description="Percent")
    weighted: str = Field(description="divided × weight %, as it is carried on")
    rounded: bool = Field(description="One of the two steps was rounded")


class BesideTold(_Told):
    """Who stands next, and what put one before the other."""

    participant_no: ParticipantNo
    rank: Rank
    score: Score
    decided_by: str | None = Field(
        description="`score`, `priority`, a tie's field, `decision` (an officer's), `since-corrected`; none where both are equal"
    )
    own: str | None = Field(
        description="The candidate's points in that field; none where it is a fact of the person"
    )
    other: str | None = Field(description="Those of the other")


class PlaceExplained(_Told):
    """Why a candidate stands where they stand.

    No fact of a person is shown, also where one decided.
    """

    vacancy_id: VacancyId
    round_id: RoundId
    list: StageCode
    state: StateShown
    version: int | None = Field(
        description="Of the list as it was fixed; none of a live one, which moves"
    )
    closed_at: AwareDatetime | None = Field(description="When an officer fixed it, UTC")
    participant_no: ParticipantNo
    outcome: str = Field(
        description="`within`, `passed`, `undecided`, `below`, `absent`, `disqualified`, `withdrawn`, `rejected`, `waiting`"
    )
    code: LineCode
    stages: dict[str, str] = Field(
        description="How each stage that counts ended: `scored`, `missed`, `disqualified`, `waiting`"
    )
    lifts: tuple[LiftTold, ...] = Field(
        description="Points that bonuses lifted; those that ask for a fact of the person are not told"
    )
    thresholds: tuple[ThresholdTold, ...] = Field(
        description="That apply, as far as there are results"
    )
    terms: tuple[TermTold, ...] = Field(description="The score's parts; none unless ranked")
    points_shown: bool = Field(
        description="False where the policy does not publish points: then none are told"
    )
    rounding: str = Field(description="`each-step` or `end`; half-up")
    decimals: int = Field(description="Digits after the point to which is rounded")
    score: MaybeScore
    rank: MaybeRank
    of: int = Field(description="How many have a rank")
    equals: int = Field(description="How many share the rank, this one included")
    above: BesideTold | None = Field(
        description="Who stands just before; none for the first, and for whoever has no rank"
    )
    below: BesideTold | None = Field(
        description="Who stands just after; none for the last, and for whoever has no rank"
    )
    limit: int | None = Field(description="How many the cut has room for")
    within: int = Field(description="Candidates within the cut")
    cut_score: str | None = Field(
        description="Score of the last within the cut, or of those at its limit about whom an officer decides"
    )
    undecided_at_the_limit: bool = Field(
        description="An officer has yet to decide about those whose score that is"
    )
    distance: str | None = Field(
        description="Own score less that one; none for whom an officer has yet to decide about"
    )
    decided_at_the_cut: str | None = Field(
        description="What put one of the two before the other, where their scores did not"
    )
    language: Language = Field(description="Of the sentences: Indonesian or English")
    sentences: tuple[str, ...] = Field(description="All of it in words")


async def explain_place(
    connection: Connection,
    vacancy_id: str,
    participant_no: str,
    list_code: str | None,
    state: State | None,
    language: Language,
) -> PlaceExplained:
    """The account and its sentences: by default of the newest list that the candidate stands on, as
    it was fixed where it is.

    Raises Refusal `unknown-vacancy`, `unknown-list`, `not-closed`, `not-on-the-list`.
    """
    asked = await load_list(connection, vacancy_id, list_code, state)
    if list_code is None:
        for one in reversed(asked.vacancy.open_lists):
            if await OneList(connection, vacancy_id, one).find(participant_no):
                asked = await load_list(connection, vacancy_id, one.code, state)
                break
    policy = (await load_round(connection, asked.vacancy.round_id)).policy
    if asked.closing is None:
        account = await _live(connection, asked, policy, participant_no)
    else:
        account = await _closed(connection, asked, asked.closing, policy, participant_no)
    return PlaceExplained.model_validate(
        {
            **{name: getattr(account, name) for name in Explanation.__slots__},
            **asked.key,
            "round_id": asked.vacancy.round_id,
            "state": "live" if asked.closing is None else "closed",
            "version": asked.closing and asked.closing["version"],
            "closed_at": asked.closing and asked.closing["closed_at"],
            "language": language,
            "sentences": sentences(account, policy, language, live=asked.closing is None),
        }
    )


async def _live(
    connection: Connection, asked: RequestedList, policy: Policy, participant_no: str
) -> Explanation:
    one = OneList(connection, asked.vacancy.vacancy_id, asked.rules)
    row = await one.find(participant_no)
    if row is None:
        raise Refusal("not-on-the-list", participant_no=participant_no, list=asked.rules.code)
    line = await one.line(row)
    codes, cut = await live_figures(one, asked.cut)
    to_the_limit = cut.within + codes[UNDECIDED]
    last = await one.at_the_limit(to_the_limit) if to_the_limit else None
    others = (
        [await one.above(row), await one.below(row), last] if row.ranked else [None, None, last]
    )
    known = await _known(
        connection, asked, [participant_no, *(each.participant_no for each in others if each)]
    )

    async def other(each: Stands | None) -> Other | None:
        if each is None:
            return None
        rank = (await one.line(each)).rank
        assert rank is not None
        return Other(known[each.participant_no], rank, _standing(asked, known[each.participant_no]))

    passed = (asked.rules.codes.within, asked.rules.codes.passed, UNDECIDED)
    place = Place(
        rank=line.rank,
        of=sum(codes[code] for code in passed),
        equals=line.equals,
        code=asked.shown(line),
        goes_on=asked.cut.code(line.gate, line.rank, line.equals) == asked.rules.codes.within,
        within=cut.within,
        above=await other(others[0]),
        below=await other(others[1]),
        last_within=await other(last),
    )
    return _explain(
        asked, policy, known[participant_no], _standing(asked, known[participant_no]), place
    )


async def _closed(
    connection: Connection,
    asked: RequestedList,
    closing: Mapping[str, Any],
    policy: Policy,
    participant_no: str,
) -> Explanation:
    """By the fixed lines, and the personal facts as they were then.

    Where these were erased and today's don't give the fixed order, that is said.
    """
    row = await STANDINGS.closed_line(connection, **asked.key, participant_no=participant_no)
    if row is None:
        raise Refusal("not-on-the-list", participant_no=participant_no, list=asked.rules.code)
    near = {
        other["place"]: other
        async for other in STANDINGS.closed_lines_after(
            connection, **asked.key, after=row["place"] - 2, most=3
        )
        if other["rank"] is not None and row["rank"] is not None
    }
    codes = asked.rules.codes
    within = closing["codes"].get(codes.within, 0)
    last = [
        one
        async for one in STANDINGS.closed_lines_after(
            connection, **asked.key, after=within - 1, most=1
        )
    ]
    rows = {other["participant_no"]: other for other in (row, *near.values(), *last)}
    known = await candidates_as_fixed(connection, asked.vacancy, closing, policy, rows)

    def other(each: Mapping[str, Any] | None) -> Other | None:
        if each is None:
            return None
        candidate = known[each["participant_no"]]
        return Other(candidate, each["rank"], _standing_as_fixed(asked, candidate, each))

    candidate = known[participant_no]
    standing = _standing_as_fixed(asked, candidate, row)
    place = Place(
        rank=row["rank"],
        of=sum(closing["codes"].get(code, 0) for code in (codes.within, codes.passed)),
        equals=row["equals"],
        code=row["code"],
        goes_on=row["admitted"],
        within=within,
        above=other(near.get(row["place"] - 1)),
        below=other(near.get(row["place"] + 1)),
        last_within=other(last[0]) if within else None,
    )
    return _explain(asked, policy, candidate, standing, place)


def _explain(
    asked: RequestedList, policy: Policy, candidate: Candidate, standing: Standing, place: Place
) -> Explanation:
    need, seats = asked.row["need"], asked.vacancy.seats
    return explain(policy, asked.rules, need, seats, candidate, standing, place, for_everyone=True)


def _standing_as_fixed(
    asked: RequestedList, candidate: Candidate, row: Mapping[str, Any]
) -> Standing:
    """The standing of a fixed line; one without a key where what is known of the candidate does not
    lead to it.
    """
    codes = asked.rules.codes
    gates = {
        codes.below: Gate.BELOW,
        codes.absent: Gate.ABSENT,
        codes.disqualified: Gate.DISQUALIFIED,
        codes.withdrawn: Gate.WITHDRAWN,
        codes.rejected: Gate.REJECTED,
    }
    gate = Gate.RANKED if row["rank"] is not None else gates.get(row["code"], Gate.WAITING)
    standing = asked.rules.stands(candidate)
    score = None if row["score"] is None else int(row["score"].replace(".", ""))
    if standing is None or (standing.gate, standing.score) != (gate, score):
        return Standing(gate, score, b"")
    return standing


async def _known(
    connection: Connection, asked: RequestedList, participants: list[str]
) -> dict[str, Candidate]:
    """All that is known of them, in this transaction's snapshot."""
    vacancy = asked.vacancy
    pairs = [(vacancy.vacancy_id, participant_no) for participant_no in dict.fromkeys(participants)]
    found = await candidates_known(connection, {vacancy.vacancy_id: vacancy}, pairs)
    return {candidate.participant_no: candidate for _, candidate in found}


def _standing(asked: RequestedList, candidate: Candidate) -> Standing:
    standing = asked.rules.stands(candidate)
    assert standing is not None  # whoever has a row on the list is admitted to it
    return standing
