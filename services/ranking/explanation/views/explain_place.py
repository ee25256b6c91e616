"""Shows anyone why a candidate has their place on a list, live or as it was fixed."""

from collections.abc import Mapping, Sequence
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
from services.ranking.explanation.domain.account import Explanation, explain
from services.ranking.explanation.domain.comparison import ListedCandidate, PlaceOnList
from services.ranking.explanation.domain.sentences import sentences
from services.ranking.merit.domain.candidate import Candidate
from services.ranking.merit.domain.list_cut import UNDECIDED
from services.ranking.merit.domain.standing import CandidateStanding, Gate
from services.ranking.rounds.storage import load_round
from services.ranking.standings.storage import SQL as STANDINGS
from services.ranking.standings.storage.facts import candidates_as_fixed, candidates_known
from services.ranking.standings.storage.list_reader import ListReader, StandingRow
from services.ranking.standings.storage.requested_list import RequestedList, State, load_list_of
from services.ranking.standings.views.show_standings import StateShown, live_figures
from shared.contracts.fields import ParticipantNo, RoundId, StageCode, VacancyId
from shared.languages import Language
from shared.policies import Policy
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ThresholdExplained(_Shown):
    """A threshold and what the candidate has."""

    of: str = Field(description="A component, or a stage (its total)")
    minimum: Minimum
    points: OwnPoints
    lacking: str = Field(description="Points that were missing; 0 where it is met")
    passed: Passed


class BonusExplained(_Shown):
    """A bonus of the policy that raised the points of a component."""

    of: str = Field(description="The component")
    name: dict[Language, str] = Field(description="The bonus's, by language")
    before: str = Field(description="Its points without the bonus")
    after: str = Field(description="Its points with the bonus, which count")


class ScorePartExplained(_Shown):
    """A part of the score, step by step; decimals exact, or with `…` where they do not end."""

    of: str = Field(description="A stage (its total), or a component")
    points: str = Field(description="Points in it, bonuses included")
    divisor: str = Field(description="By which the points are divided")
    divided: str = Field(description="points ÷ divisor, as it is carried on")
    weight: str = Field(description="Percent")
    weighted: str = Field(description="divided × weight %, as it is carried on")
    rounded: bool = Field(description="One of the two steps was rounded")


class ComparisonExplained(_Shown):
    """Another candidate, and what put one of the two before the other."""

    participant_no: ParticipantNo
    rank: Rank
    score: Score
    decided_by: str | None = Field(
        description="`score`, `priority`, a tie's field, `decision` (an officer's), "
        "`since-corrected`; none where both are equal"
    )
    own: str | None = Field(
        description="The candidate's points in that field; none where it is a fact of the person"
    )
    other: str | None = Field(description="Those of the other")


class PlaceExplained(_Shown):
    """Why a candidate has their place on a list.

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
        description="`within`, `passed`, `undecided`, `below`, `absent`, `disqualified`, "
        "`withdrawn`, `rejected`, `waiting`"
    )
    code: LineCode
    stages: dict[str, str] = Field(
        description="How each stage that counts ended: `scored`, `missed`, `disqualified`, "
        "`waiting`"
    )
    lifts: tuple[BonusExplained, ...] = Field(
        description="Points that bonuses lifted; those that ask for a fact of the person are not "
        "told"
    )
    thresholds: tuple[ThresholdExplained, ...] = Field(
        description="That apply, as far as there are results"
    )
    terms: tuple[ScorePartExplained, ...] = Field(
        description="The score's parts; none unless ranked"
    )
    points_shown: bool = Field(
        description="False where the policy does not publish points: then none are told"
    )
    rounding: str = Field(description="`each-step` or `end`; half-up")
    decimals: int = Field(description="Digits after the point to which is rounded")
    score: MaybeScore
    rank: MaybeRank
    of: int = Field(description="How many have a rank")
    equals: int = Field(description="How many share the rank, this one included")
    above: ComparisonExplained | None = Field(
        description="Who stands just before; none for the first, and for whoever has no rank"
    )
    below: ComparisonExplained | None = Field(
        description="Who stands just after; none for the last, and for whoever has no rank"
    )
    limit: int | None = Field(description="How many the cut has room for")
    within: int = Field(description="Candidates within the cut")
    cut_score: str | None = Field(
        description="Score of the last within the cut, or of those at its limit about whom an "
        "officer decides"
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
    """The account and its sentences, of a list as it was fixed, or live until it is.

    By default of the newest list that the candidate stands on. Raises Refusal `unknown-vacancy`,
    `unknown-list`, `not-closed`, `not-on-the-list`.
    """
    asked = await load_list_of(connection, vacancy_id, participant_no, list_code, state)
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
    """The account by all that is known now, in this transaction's snapshot."""
    standings = ListReader(connection, asked.vacancy.vacancy_id, asked.rules)
    row = await standings.find(participant_no)
    if row is None:
        raise Refusal("not-on-the-list", participant_no=participant_no, list=asked.rules.code)
    line = await standings.line(row)
    codes, cut = await live_figures(standings, asked.cut)
    to_the_limit = cut.within + codes[UNDECIDED]
    last = await standings.at_the_limit(to_the_limit) if to_the_limit else None
    above, below = await standings.neighbours(row) if row.ranked else (None, None)
    listed = await _listed(connection, asked, standings, [row, above, below, last])
    passed = (asked.rules.codes.within, asked.rules.codes.passed, UNDECIDED)
    place = PlaceOnList(
        rank=line.rank,
        of=sum(codes[code] for code in passed),
        equals=line.equals,
        code=asked.shown(line),
        goes_on=asked.cut.code(line.gate, line.rank, line.equals) == asked.rules.codes.within,
        within=cut.within,
        above=listed[above.participant_no] if above else None,
        below=listed[below.participant_no] if below else None,
        last_within=listed[last.participant_no] if last else None,
    )
    return _explain(asked, policy, listed[participant_no], place)


async def _listed(
    connection: Connection,
    asked: RequestedList,
    standings: ListReader,
    rows: Sequence[StandingRow | None],
) -> dict[str, ListedCandidate]:
    """The candidates of these rows with all that is known of them, by participant number."""
    vacancy = asked.vacancy
    ranks = {row.participant_no: (await standings.line(row)).rank for row in rows if row}
    pairs = [(vacancy.vacancy_id, participant_no) for participant_no in ranks]
    listed = {}
    for _, candidate in await candidates_known(connection, {vacancy.vacancy_id: vacancy}, pairs):
        standing = asked.rules.standing_of(candidate)
        assert standing is not None  # whoever has a row on the list is admitted to it
        number = candidate.participant_no
        listed[number] = ListedCandidate(candidate, ranks[number], standing)
    return listed


async def _closed(
    connection: Connection,
    asked: RequestedList,
    closing: Mapping[str, Any],
    policy: Policy,
    participant_no: str,
) -> Explanation:
    """The account by the fixed lines, and the personal facts as they were then.

    Where these were erased and today's don't give the fixed order, that is said.
    """
    row = await STANDINGS.closed_line(connection, **asked.key, participant_no=participant_no)
    if row is None:
        raise Refusal("not-on-the-list", participant_no=participant_no, list=asked.rules.code)
    near = await _ranked_near(connection, asked, row)
    codes = asked.rules.codes
    within = closing["codes"].get(codes.within, 0)
    last = await _closed_lines(connection, asked, after=within - 1, most=1) if within else []
    rows = {line["participant_no"]: line for line in (row, *near.values(), *last)}
    known = await candidates_as_fixed(connection, asked.vacancy, closing, policy, rows)

    def listed(line: Mapping[str, Any]) -> ListedCandidate:
        candidate = known[line["participant_no"]]
        return ListedCandidate(candidate, line["rank"], _standing_as_fixed(asked, candidate, line))

    above, below = near.get(row["place"] - 1), near.get(row["place"] + 1)
    place = PlaceOnList(
        rank=row["rank"],
        of=sum(closing["codes"].get(code, 0) for code in (codes.within, codes.passed)),
        equals=row["equals"],
        code=row["code"],
        goes_on=row["admitted"],
        within=within,
        above=listed(above) if above else None,
        below=listed(below) if below else None,
        last_within=listed(last[0]) if last else None,
    )
    return _explain(asked, policy, listed(row), place)


async def _ranked_near(
    connection: Connection, asked: RequestedList, row: Mapping[str, Any]
) -> dict[int, Mapping[str, Any]]:
    """The fixed lines just before and after a ranked one, itself included, by place."""
    if row["rank"] is None:
        return {}
    lines = await _closed_lines(connection, asked, after=row["place"] - 2, most=3)
    return {line["place"]: line for line in lines if line["rank"] is not None}


async def _closed_lines(
    connection: Connection, asked: RequestedList, after: int, most: int
) -> list[Mapping[str, Any]]:
    """At most so many fixed lines after that place."""
    lines = STANDINGS.closed_lines_after(connection, **asked.key, after=after, most=most)
    return [line async for line in lines]


def _explain(
    asked: RequestedList, policy: Policy, own: ListedCandidate, place: PlaceOnList
) -> Explanation:
    need, seats = asked.row["need"], asked.vacancy.seats
    return explain(
        policy, asked.rules, need, seats, own.candidate, own.standing, place, for_everyone=True
    )


def _standing_as_fixed(
    asked: RequestedList, candidate: Candidate, row: Mapping[str, Any]
) -> CandidateStanding:
    """The standing of a fixed line; without a key where today's facts do not lead to it."""
    codes = asked.rules.codes
    gates = {
        codes.below: Gate.BELOW,
        codes.absent: Gate.ABSENT,
        codes.disqualified: Gate.DISQUALIFIED,
        codes.withdrawn: Gate.WITHDRAWN,
        codes.rejected: Gate.REJECTED,
    }
    gate = Gate.RANKED if row["rank"] is not None else gates.get(row["code"], Gate.WAITING)
    standing = asked.rules.standing_of(candidate)
    score = None if row["score"] is None else int(row["score"].replace(".", ""))
    if standing is None or (standing.gate, standing.score) != (gate, score):
        return CandidateStanding(gate, score, b"")
    return standing
