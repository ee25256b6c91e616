"""Shows a vacancy's list to anyone: live until an officer fixed it, then as it was fixed.

Participant numbers, points, ranks and codes; nothing else of a person.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.answer_fields import (
    Candidates,
    CandidatesByCode,
    Equals,
    LineCode,
    MaybeRank,
    MaybeScore,
    Minimum,
    OwnPoints,
    Passed,
    PointsByComponent,
    Rank,
    Score,
    SeatsInAll,
)
from services.ranking.merit.domain.candidate import Candidate
from services.ranking.merit.domain.list_cut import UNDECIDED, ListCut
from services.ranking.merit.domain.list_lines import ListLine
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.merit_key import before_decision
from services.ranking.merit.domain.score import decimal_text
from services.ranking.merit.domain.standing import Gate, score_and_priority
from services.ranking.rounds.storage import load_round, vacancy_of_candidate
from services.ranking.standings.storage import SQL
from services.ranking.standings.storage.facts import candidates_as_fixed, candidates_known
from services.ranking.standings.storage.list_reader import ListReader, StandingRow
from services.ranking.standings.storage.requested_list import (
    RequestedList,
    State,
    load_list,
    load_list_of,
)
from shared.contracts.fields import (
    Agency,
    NeedCode,
    ParticipantNo,
    Post,
    RoundId,
    StageCode,
    UnitPath,
    VacancyId,
)
from shared.paging import from_cursor, to_cursor
from shared.postgres.pool import Connection
from shared.refusals import Refusal

StateShown = Annotated[
    State, Field(description="`closed`: as an officer fixed it; `live`: by all that is known now")
]


class StandingLine(BaseModel):
    """One candidate's line."""

    rank: MaybeRank
    participant_no: ParticipantNo
    score: MaybeScore
    points: PointsByComponent
    code: LineCode
    equal_with: Equals
    decided: bool = Field(
        description="Whether an officer gave the rank, among people equal in score and every tie"
    )


class CutView(BaseModel):
    """Where the list is cut."""

    limit: int | None = Field(
        description="The policy's multiple of the seats; none where nobody is cut"
    )
    within: int = Field(description="Candidates within the cut")
    score: str | None = Field(description="Score of the last within; none while nobody is")


class Standings(BaseModel):
    """A page of a vacancy's list."""

    vacancy_id: VacancyId
    round_id: RoundId
    list: StageCode
    state: StateShown
    version: int | None = Field(
        description="Newest version stated as StandingsRecomputed, or the one that was fixed; none"
        " before the first"
    )
    closed_at: AwareDatetime | None = Field(None, description="When an officer fixed it, UTC")
    agency: Agency
    post: Post
    unit_path: UnitPath
    need: NeedCode
    seats: SeatsInAll
    candidates: Candidates
    codes: CandidatesByCode
    cut: CutView
    components: tuple[str, ...] = Field(
        description="Components whose points the lines show, in the policy's order"
    )
    items: tuple[StandingLine, ...] = Field(
        description="In merit order; those without a rank last, by code and participant number"
    )
    next: str | None = Field(None, description="Cursor of the page after; none on the last")


class ThresholdResult(BaseModel):
    """A threshold and what the candidate has."""

    of: str = Field(description="A component, or a stage (its total)")
    minimum: Minimum
    points: OwnPoints
    passed: Passed


class Neighbour(BaseModel):
    """Who stands next."""

    rank: Rank
    participant_no: ParticipantNo
    score: Score


class CandidatePlace(BaseModel):
    """One candidate's place on a list."""

    vacancy_id: VacancyId
    round_id: RoundId
    list: StageCode
    state: StateShown
    participant_no: ParticipantNo
    rank: MaybeRank
    of: int = Field(description="How many have a rank")
    score: MaybeScore
    points: PointsByComponent
    code: LineCode
    equal_with: Equals
    gates: tuple[ThresholdResult, ...] = Field(
        description="Thresholds that apply, as far as there are results"
    )
    cut: CutView
    above_the_cut: str | None = Field(
        description="Own score less that of the last within the cut: below 0 is what was lacking;"
        " none without either"
    )
    above: Neighbour | None = Field(description="Who stands just before")
    below: Neighbour | None = Field(description="Who stands just after")


async def show_standings(
    connection: Connection,
    vacancy_id: str,
    list_code: str | None,
    state: State | None,
    cursor: str | None,
    limit: int,
) -> Standings:
    """A page of a list: by default the newest that has begun, and as it was fixed where it is.

    Raises Refusal `unknown-vacancy`, `unknown-list`, `not-closed`, `bad-cursor`. The cursor names
    the last line seen by its participant number: keys hold birth dates and marks where ties use
    them. If that candidate moved meanwhile, the page after goes on from where they are now.
    """
    seen = from_cursor(cursor, fields=2)
    if seen is not None:
        state = "closed" if seen[0] == "closed" else "live"
    asked = await load_list(connection, vacancy_id, list_code, state)
    if asked.closing is not None:
        return await _closed_page(connection, asked, asked.closing, seen and seen[1], limit)
    return await _live_page(connection, asked, seen and seen[1], limit)


async def show_candidate(
    connection: Connection,
    vacancy_id: str,
    participant_no: str,
    list_code: str | None,
    state: State | None,
) -> CandidatePlace:
    """One candidate's place.

    Raises Refusal `unknown-vacancy`, `unknown-list`, `not-closed`, `not-on-the-list`.

    By default on the newest list that the candidate stands on.
    """
    asked = await load_list_of(connection, vacancy_id, participant_no, list_code, state)
    if asked.closing is not None:
        return await _closed_place(connection, asked, asked.closing, participant_no)
    return await _live_place(connection, asked, participant_no)


async def find_candidate(
    connection: Connection, round_id: str, participant_no: str
) -> CandidatePlace:
    """One candidate's place on the newest list that they stand on, by number alone.

    Raises Refusal `unknown-round`, `not-found`, and as `show_candidate`.
    """
    vacancy_id = await vacancy_of_candidate(connection, round_id, participant_no)
    return await show_candidate(connection, vacancy_id, participant_no, None, None)


async def _live_page(
    connection: Connection, asked: RequestedList, seen: object, limit: int
) -> Standings:
    reader = ListReader(connection, asked.vacancy.vacancy_id, asked.rules)
    last = await reader.find(seen) if isinstance(seen, str) else None
    if seen is not None and last is None:
        raise Refusal("bad-cursor")
    lines = await reader.page(last, limit + 1)
    points = await points_of(connection, asked, [line for _, line in lines[:limit]])
    codes, cut = await live_figures(reader, asked.cut)
    items = tuple(_live_line(asked, line, points) for _, line in lines[:limit])
    return Standings(
        **_head(asked),
        state="live",
        version=await reader.version(),
        candidates=sum(codes.values()),
        codes=dict(sorted(codes.items())),
        cut=cut,
        items=items,
        next=to_cursor("live", items[-1].participant_no) if len(lines) > limit else None,
    )


def _live_line(
    asked: RequestedList, line: ListLine, points: Mapping[str, dict[str, str]]
) -> StandingLine:
    return StandingLine(
        rank=line.rank,
        participant_no=line.participant_no,
        score=None if line.score is None else decimal_text(line.score, asked.rules.decimals),
        points=points.get(line.participant_no, {}),
        code=asked.shown(line),
        equal_with=line.equals - 1,
        decided=line.decided,
    )


async def _closed_page(
    connection: Connection,
    asked: RequestedList,
    closing: Mapping[str, Any],
    seen: object,
    limit: int,
) -> Standings:
    if seen is not None and (not isinstance(seen, int) or not 0 <= seen < 2**31):
        raise Refusal("bad-cursor")
    rows = [
        row
        async for row in SQL.closed_lines_after(
            connection, **asked.key, after=seen or 0, most=limit + 1
        )
    ]
    return await closed_page(connection, asked, closing, rows, limit)


async def closed_page(
    connection: Connection,
    asked: RequestedList,
    closing: Mapping[str, Any],
    rows: Sequence[Any],
    limit: int,
) -> Standings:
    """A page of lines as an officer fixed them.

    Of `rows` there is one more than the limit where another page follows.
    """
    decided = await _decided(connection, asked, closing)
    items = tuple(
        StandingLine(
            rank=row["rank"],
            participant_no=row["participant_no"],
            score=row["score"],
            points=row["points"] if asked.rules.shows_points else {},
            code=row["code"],
            equal_with=row["equals"] - 1,
            decided=row["participant_no"] in decided,
        )
        for row in rows[:limit]
    )
    return Standings(
        **_head(asked),
        state="closed",
        version=closing["version"],
        closed_at=closing["closed_at"],
        candidates=sum(closing["codes"].values()),
        codes=closing["codes"],
        cut=_closed_cut(asked, closing),
        items=items,
        next=to_cursor("closed", rows[limit - 1]["place"]) if len(rows) > limit else None,
    )


async def _decided(
    connection: Connection, asked: RequestedList, closing: Mapping[str, Any]
) -> set[str]:
    """Whose rank on a fixed list is an officer's decision.

    A place that an officer gave decides nothing where the others are no longer equal.
    """
    if not closing["decided"]:
        return set()
    which = {**asked.key, "version": closing["version"], "participants": list(closing["decided"])}
    rows = {row["participant_no"]: row async for row in SQL.fixed_lines_of(connection, **which)}
    policy = (await load_round(connection, asked.vacancy.round_id)).policy
    known = await candidates_as_fixed(connection, asked.vacancy, closing, policy, rows)
    equal_alone = {row["participant_no"] for row in rows.values() if _is_alone(row)}
    return _equal_in_all(
        asked.rules,
        [candidate for number, candidate in known.items() if number in equal_alone],
    )


def _is_alone(row: Mapping[str, Any]) -> bool:
    """Whether a fixed line has a rank that it shares with nobody."""
    return row["rank"] is not None and row["equals"] == 1


def _equal_in_all(rules: ListRules, candidates: Iterable[Candidate]) -> set[str]:
    """Those of whom another has the same key but for an officer's decision."""
    alike: defaultdict[bytes, list[str]] = defaultdict(list)
    for candidate in candidates:
        standing = rules.standing_of(candidate)
        if standing is not None:
            alike[before_decision(standing.merit_key)].append(candidate.participant_no)
    return {number for numbers in alike.values() if len(numbers) > 1 for number in numbers}


def _head(asked: RequestedList) -> dict[str, Any]:
    row = asked.row
    names = ("vacancy_id", "round_id", "agency", "post", "unit_path", "need", "seats")
    return {
        **{name: row[name] for name in names},
        "list": asked.rules.code,
        "components": asked.rules.components,
    }


def _closed_cut(asked: RequestedList, closing: Mapping[str, Any]) -> CutView:
    within = closing["codes"].get(asked.rules.codes.within, 0)
    return CutView(limit=closing["cut_limit"], within=within, score=closing["cut_score"])


async def live_figures(reader: ListReader, cut: ListCut) -> tuple[Counter[str], CutView]:
    """Candidates by code, and the cut, out of the counts and one line at the limit."""
    gates = await reader.gates()
    ranked = gates.pop(Gate.RANKED, 0)
    codes = Counter({cut.code(gate, None, 1): count for gate, count in gates.items()})
    within, undecided = ranked, 0
    last = await reader.last_ranked() if ranked else None
    if cut.limit is not None and ranked > cut.limit:
        last = await reader.at_the_limit(cut.limit)
        assert last is not None
        line = await reader.line(last)
        assert line.rank is not None
        within = line.rank + line.equals - 1
        if cut.code(line.gate, line.rank, line.equals) == UNDECIDED:
            within, undecided = line.rank - 1, line.equals
            last = await reader.at_the_limit(within) if within else None
    rest = ranked - within - undecided
    codes += Counter(
        {cut.rules.codes.within: within, UNDECIDED: undecided, cut.rules.codes.passed: rest}
    )
    score = (
        None
        if last is None or last.combined_score is None
        else decimal_text(score_and_priority(last.combined_score)[0], cut.rules.decimals)
    )
    return codes, CutView(limit=cut.limit, within=within, score=score)


async def points_of(
    connection: Connection, asked: RequestedList, lines: Sequence[ListLine]
) -> dict[str, dict[str, str]]:
    """Points by component of the lines where they count, as they were stated.

    None where the policy publishes none.
    """
    if not asked.rules.shows_points:
        return {}
    counted = [line.participant_no for line in lines if line.gate in {Gate.RANKED, Gate.BELOW}]
    points = await _stated_points(connection, asked.vacancy.vacancy_id, counted)
    return {
        number: {code: known[code] for code in asked.rules.components if code in known}
        for number, known in points.items()
    }


async def _stated_points(
    connection: Connection, vacancy_id: str, participants: Sequence[str]
) -> dict[str, dict[str, str]]:
    """The points of all stages together, by participant number."""
    points: dict[str, dict[str, str]] = {}
    rows = SQL.results_of(
        connection, vacancies=[vacancy_id] * len(participants), participants=participants
    )
    async for row in rows:
        points.setdefault(row["participant_no"], {}).update(row["points"] or {})
    return points


async def _live_place(
    connection: Connection, asked: RequestedList, participant_no: str
) -> CandidatePlace:
    reader = ListReader(connection, asked.vacancy.vacancy_id, asked.rules)
    found = await reader.place(participant_no)
    if found is None:
        raise Refusal("not-on-the-list", participant_no=participant_no, list=asked.rules.code)
    row, line = found
    codes, cut = await live_figures(reader, asked.cut)
    above, below = await reader.neighbours(row) if row.ranked else (None, None)
    score = None if line.score is None else decimal_text(line.score, asked.rules.decimals)
    points = await points_of(connection, asked, [line])
    passed = (asked.rules.codes.within, asked.rules.codes.passed, UNDECIDED)
    return CandidatePlace(
        **asked.key,
        round_id=asked.vacancy.round_id,
        state="live",
        participant_no=participant_no,
        rank=line.rank,
        of=sum(codes[code] for code in passed),
        score=score,
        points=points.get(participant_no, {}),
        code=asked.shown(line),
        equal_with=line.equals - 1,
        gates=await _live_gates(connection, asked, participant_no),
        cut=cut,
        above_the_cut=_distance(score, cut),
        above=await _neighbour(reader, asked, above),
        below=await _neighbour(reader, asked, below),
    )


async def _neighbour(
    reader: ListReader, asked: RequestedList, row: StandingRow | None
) -> Neighbour | None:
    if row is None:
        return None
    line = await reader.line(row)
    assert line.rank is not None
    assert line.score is not None
    return Neighbour(
        rank=line.rank,
        participant_no=row.participant_no,
        score=decimal_text(line.score, asked.rules.decimals),
    )


async def _closed_place(
    connection: Connection, asked: RequestedList, closing: Mapping[str, Any], participant_no: str
) -> CandidatePlace:
    row = await SQL.closed_line(connection, **asked.key, participant_no=participant_no)
    if row is None:
        raise Refusal("not-on-the-list", participant_no=participant_no, list=asked.rules.code)
    near = await _closed_neighbours(connection, asked, row)
    cut = _closed_cut(asked, closing)
    codes = asked.rules.codes
    return CandidatePlace(
        **asked.key,
        round_id=asked.vacancy.round_id,
        state="closed",
        participant_no=participant_no,
        rank=row["rank"],
        of=sum(closing["codes"].get(code, 0) for code in (codes.within, codes.passed)),
        score=row["score"],
        points=row["points"] if asked.rules.shows_points else {},
        code=row["code"],
        equal_with=row["equals"] - 1,
        gates=await _closed_gates(connection, asked, closing, row),
        cut=cut,
        above_the_cut=_distance(row["score"], cut),
        above=near.get(row["place"] - 1),
        below=near.get(row["place"] + 1),
    )


async def _live_gates(
    connection: Connection, asked: RequestedList, participant_no: str
) -> tuple[ThresholdResult, ...]:
    vacancy = asked.vacancy
    known = await candidates_known(
        connection, {vacancy.vacancy_id: vacancy}, [(vacancy.vacancy_id, participant_no)]
    )
    return _threshold_results(asked, [candidate for _, candidate in known])


async def _closed_neighbours(
    connection: Connection, asked: RequestedList, row: Mapping[str, Any]
) -> dict[int, Neighbour]:
    """The ranked lines beside a ranked line of a fixed list, by their place."""
    rows = SQL.closed_lines_after(
        connection,
        vacancy_id=asked.vacancy.vacancy_id,
        list=asked.rules.code,
        after=row["place"] - 2,
        most=3,
    )
    return {
        other["place"]: Neighbour(
            rank=other["rank"], participant_no=other["participant_no"], score=other["score"]
        )
        async for other in rows
        if other["rank"] is not None and row["rank"] is not None
    }


async def _closed_gates(
    connection: Connection, asked: RequestedList, closing: Mapping[str, Any], row: Mapping[str, Any]
) -> tuple[ThresholdResult, ...]:
    """By the points of the fixed line.

    What was corrected since counts once an officer adopts it.
    """
    if not row["points"]:
        return ()
    policy = (await load_round(connection, asked.vacancy.round_id)).policy
    known = await candidates_as_fixed(
        connection, asked.vacancy, closing, policy, {row["participant_no"]: row}
    )
    return _threshold_results(asked, known.values())


def _threshold_results(
    asked: RequestedList, candidates: Iterable[Candidate]
) -> tuple[ThresholdResult, ...]:
    if not asked.rules.shows_points:
        return ()
    return tuple(
        ThresholdResult(
            of=passing.of,
            minimum=str(passing.minimum),
            points=str(passing.points),
            passed=passing.passed,
        )
        for candidate in candidates
        for passing in asked.rules.threshold_checks(candidate)
    )


def _distance(score: str | None, cut: CutView) -> str | None:
    return None if score is None or cut.score is None else str(Decimal(score) - Decimal(cut.score))
