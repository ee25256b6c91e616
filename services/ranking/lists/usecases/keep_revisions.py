"""Keeps a new version beside a fixed list whenever what is known makes it another one.

The fixed lines never change.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from services.ranking.lists.domain.revision import Change, Correction, Line, change, moved
from services.ranking.lists.storage.revisions import REVISIONS
from services.ranking.merit.domain.list_cut import ListCut, ListSummary
from services.ranking.merit.domain.placement import Placement, placement_of
from services.ranking.merit.domain.score import decimal_text
from services.ranking.rounds.storage import load_round
from services.ranking.standings.storage import SQL as STANDINGS
from services.ranking.standings.storage.facts import KnownVacancy, vacancies_known
from services.ranking.standings.storage.list_reader import whole_lists
from shared.policies import List, Policy
from shared.postgres.pool import Connection, Pool

AT_ONCE = 100
"""Lists looked up at a time; each is a transaction of its own."""


async def keep_all_revisions(pool: Pool, clock: Callable[[], datetime]) -> None:
    """Keeps every version that is owed now."""
    async with pool.acquire() as connection:
        owed = [
            (row["vacancy_id"], row["list"])
            async for row in REVISIONS.owed(connection, most=AT_ONCE)
        ]
    for vacancy_id, list_code in owed:
        async with pool.acquire() as connection, connection.transaction():
            await keep_revision(connection, vacancy_id, list_code, clock())


async def keep_revision(
    connection: Connection, vacancy_id: str, list_code: str, now: datetime
) -> bool:
    """Keeps the newest stated version beside the fixed list; false where another worker did, or
    where it is not stated yet what is known now.
    """
    await REVISIONS.hold(connection, vacancy_id=vacancy_id)
    row = await REVISIONS.newest(connection, vacancy_id=vacancy_id, list=list_code)
    vacancy = (await vacancies_known(connection, [vacancy_id])).get(vacancy_id)
    if row is None or vacancy is None:
        return False
    known, digest = (
        (row["kept"], row["kept_digest"]) if row["kept"] else (row["fixed"], row["fixed_digest"])
    )
    if row["digest"] == digest or row["version"] <= known:
        return False
    rules = vacancy.lists[list_code]
    summary = ListSummary(ListCut.of(rules, vacancy.seats))
    places: dict[str, Placement] = {}
    async for chunk in whole_lists(connection, list_code, [vacancy_id]):
        summary.add(line for _, line in chunk)
        places |= {line.participant_no: placement_of(summary.cut, line) for _, line in chunk}
    if summary.digest != row["digest"]:
        return False
    changes = await _changes(connection, vacancy, list_code, places)
    ways = [one.way for one in changes]
    which = {"vacancy_id": vacancy_id, "list": list_code, "version": row["version"]}
    await REVISIONS.keep(
        connection,
        **which,
        follows=row["fixed"],
        digest=summary.digest,
        codes=dict(sorted(summary.codes.items())),
        cut_limit=summary.cut.limit,
        cut_score=None
        if summary.cut_score is None
        else decimal_text(summary.cut_score, rules.decimals),
        moved=len(ways) - ways.count("unmoved"),
        moved_in=ways.count("in"),
        moved_out=ways.count("out"),
        at=now,
    )
    await REVISIONS.keep_changes(
        connection,
        **which,
        participants=[one.participant_no for one in changes],
        ways=ways,
        was=[_json(one.was) for one in changes],
        now=[_json(one.now) for one in changes],
        reasons=[json.dumps([asdict(reason) for reason in one.reasons]) for one in changes],
    )
    return True


async def _changes(
    connection: Connection, vacancy: KnownVacancy, list_code: str, places: Mapping[str, Placement]
) -> list[Change]:
    policy = (await load_round(connection, vacancy.round_id)).policy
    one = policy.list_called(list_code)
    assert one is not None
    was: dict[str, Placement] = {}
    points: dict[str, Mapping[str, str]] = {}
    async for row in REVISIONS.fixed_lines(
        connection, vacancy_id=vacancy.vacancy_id, list=list_code
    ):
        was[row["participant_no"]] = Placement(
            row["rank"], row["score"], row["code"], row["admitted"]
        )
        points[row["participant_no"]] = row["points"]
    corrections: dict[str, list[Correction]] = defaultdict(list)
    async for row in REVISIONS.corrections_of(connection, vacancy_id=vacancy.vacancy_id):
        corrections[row["participant_no"]].append(
            Correction(row["type"], str(row["event_id"]), row["stage"])
        )
    rows = REVISIONS.facts_restated(connection, vacancy_id=vacancy.vacancy_id, list=list_code)
    restated = {row["participant_no"] async for row in rows}
    listed = was.keys() | places.keys()
    asked = sorted({*moved(was, places), *restated, *(corrections.keys() & listed)})
    today = await _points_today(connection, vacancy.vacancy_id, asked)
    stages = _stages(policy, one)
    found = [
        change(
            number,
            one.codes,
            Line(was.get(number), _by_stage(stages, points.get(number, {}))),
            Line(
                places.get(number),
                {stage: each for stage, each in today[number].items() if stage in stages},
            ),
            corrections[number],
            facts_restated=number in restated,
        )
        for number in asked
    ]
    return [each for each in found if each.way != "unmoved" or each.reasons]


async def _points_today(
    connection: Connection, vacancy_id: str, participants: Sequence[str]
) -> dict[str, dict[str, Mapping[str, str]]]:
    """Points by stage of whoever has a result there that counts."""
    today: dict[str, dict[str, Mapping[str, str]]] = defaultdict(dict)
    rows = STANDINGS.results_of(
        connection, vacancies=[vacancy_id] * len(participants), participants=list(participants)
    )
    async for row in rows:
        today[row["participant_no"]][row["stage"]] = row["points"] or {}
    return today


def _stages(policy: Policy, one: List) -> dict[str, set[str]]:
    """The stages that count on a list, with the components whose points are stated."""
    stages = [policy.stage(term.stage) for term in one.score.terms]
    return {
        stage.code: {component.code for component in stage.stated}
        for stage in stages
        if stage is not None
    }


def _by_stage(
    stages: Mapping[str, set[str]], points: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """A fixed line's points, by stage."""
    return {
        stage: {code: points[code] for code in sorted(codes & points.keys())}
        for stage, codes in stages.items()
    }


def _json(place: Placement | None) -> str | None:
    return None if place is None else json.dumps(asdict(place))
