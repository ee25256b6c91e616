"""What corrections changed on a list since it was fixed, for all of its candidates."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from services.ranking.lists.domain.revision import (
    CandidateChange,
    ComparedLine,
    CorrectionEvent,
    StagePoints,
    compare_lines,
    moved_participants,
)
from services.ranking.lists.storage import SQL
from services.ranking.merit.domain.placement import Placement
from services.ranking.rounds.storage import load_round
from services.ranking.standings.storage import SQL as STANDINGS
from services.ranking.standings.storage.facts import KnownVacancy
from shared.policies import List, Policy
from shared.postgres.pool import Connection


async def load_changes(
    connection: Connection,
    vacancy: KnownVacancy,
    list_code: str,
    now: Mapping[str, Placement],
) -> list[CandidateChange]:
    """Everyone who moved since the list was fixed, or was corrected without moving.

    `now`: where the list places everyone now, by participant number.
    """
    policy = (await load_round(connection, vacancy.round_id)).policy
    policy_list = policy.list_called(list_code)
    assert policy_list is not None
    which = {"vacancy_id": vacancy.vacancy_id, "list": list_code}
    fixed = {row["participant_no"]: row async for row in SQL.fixed_lines(connection, **which)}
    was = {number: fixed_placement(row) for number, row in fixed.items()}
    corrections = await _load_corrections(connection, vacancy.vacancy_id)
    rows = SQL.candidates_restated(connection, **which)
    restated = {row["participant_no"] async for row in rows}
    corrected = corrections.keys() & (was.keys() | now.keys())
    numbers = sorted({*moved_participants(was, now), *restated, *corrected})
    points = await _load_points(connection, vacancy.vacancy_id, numbers)
    stages = _stated_components(policy, policy_list)
    changes = [
        compare_lines(
            number,
            policy_list.codes,
            ComparedLine(was.get(number), _fixed_points(stages, fixed.get(number))),
            ComparedLine(now.get(number), _points_that_count(stages, points[number])),
            corrections[number],
            facts_restated=number in restated,
        )
        for number in numbers
    ]
    return [change for change in changes if change.way != "unmoved" or change.reasons]


def fixed_placement(row: Any) -> Placement:
    """Where a fixed line places its candidate."""
    return Placement(row["rank"], row["score"], row["code"], row["admitted"])


async def _load_corrections(
    connection: Connection, vacancy_id: str
) -> defaultdict[str, list[CorrectionEvent]]:
    """The corrections of each candidate, oldest first."""
    corrections: defaultdict[str, list[CorrectionEvent]] = defaultdict(list)
    async for row in SQL.corrections_of_vacancy(connection, vacancy_id=vacancy_id):
        event = CorrectionEvent(row["type"], str(row["event_id"]), row["stage"])
        corrections[row["participant_no"]].append(event)
    return corrections


async def _load_points(
    connection: Connection, vacancy_id: str, participants: Sequence[str]
) -> defaultdict[str, dict[str, Mapping[str, str]]]:
    """Today's points by candidate, stage and component, of results that count."""
    points: defaultdict[str, dict[str, Mapping[str, str]]] = defaultdict(dict)
    rows = STANDINGS.results_of(
        connection, vacancies=[vacancy_id] * len(participants), participants=list(participants)
    )
    async for row in rows:
        points[row["participant_no"]][row["stage"]] = row["points"] or {}
    return points


def _stated_components(policy: Policy, policy_list: List) -> dict[str, set[str]]:
    """The components whose points are stated, by stage that counts on the list."""
    stages = [policy.stage(term.stage) for term in policy_list.score.terms]
    return {
        stage.code: {component.code for component in stage.stated}
        for stage in stages
        if stage is not None
    }


def _fixed_points(stages: Mapping[str, set[str]], fixed: Any | None) -> StagePoints:
    """A fixed line's points by stage and component."""
    points: Mapping[str, str] = fixed["points"] if fixed else {}
    return {
        stage: {code: points[code] for code in sorted(codes & points.keys())}
        for stage, codes in stages.items()
    }


def _points_that_count(stages: Mapping[str, set[str]], points: StagePoints) -> StagePoints:
    return {stage: stated for stage, stated in points.items() if stage in stages}
