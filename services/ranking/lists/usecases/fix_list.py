"""Fixes a list as it is now, for good: lines, points, facts, and officers' places among equals."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.ranking.lists.storage import SQL
from services.ranking.lists.storage.list_snapshot import ListSnapshot, points_of
from services.ranking.merit.domain.list_cut import ListSummary
from services.ranking.merit.domain.list_lines import ListLine
from services.ranking.merit.domain.placement import Placement, placement_of
from services.ranking.merit.domain.score import decimal_text
from services.ranking.merit.domain.standing import Gate
from services.ranking.standings.storage.facts import Pair
from shared.contracts.ranking import CandidateSelected, CandidateShortlisted
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Adoption:
    """Why and by whom a version takes the place of the one that it follows."""

    follows: int
    reason: str
    by: str


async def fix_list(
    connection: Connection,
    snapshot: ListSnapshot,
    versions: Mapping[str, int],
    now: datetime,
    adoption: Adoption | None = None,
) -> dict[str, dict[str, Placement]]:
    """Store the snapshot's lists under these versions, by vacancy id; nobody is UNDECIDED on them.

    Returns the placements by vacancy id and participant number, in merit order.
    """
    points = await points_of(connection, snapshot)
    placements: dict[str, dict[str, Placement]] = {}
    rows: list[tuple[object, ...]] = []
    for vacancy_id, summary in snapshot.summaries.items():
        placements[vacancy_id] = {}
        for line in sorted(snapshot.lines[vacancy_id], key=lambda line: line.place):
            placement = placement_of(summary.cut, line)
            shown = _shown_points(points, vacancy_id, line)
            version = versions[vacancy_id]
            rows.append((vacancy_id, version, *_line_columns(line, placement, shown)))
            placements[vacancy_id][line.participant_no] = placement
    await _keep_closings(connection, snapshot, versions, now, adoption)
    if rows:
        await _keep_lines(connection, snapshot.policy_list.code, rows)
    if snapshot.round_.policy.uses_facts(snapshot.policy_list):
        await SQL.keep_closed_facts(
            connection, list=snapshot.policy_list.code, vacancies=list(snapshot.summaries)
        )
    return placements


def admissions(
    snapshot: ListSnapshot, vacancy_id: str, placements: Mapping[str, Placement]
) -> Iterator[CandidateSelected | CandidateShortlisted]:
    """What is stated of these people within the cut: selected (last list) or shortlisted."""
    last = snapshot.policy_list is snapshot.round_.policy.lists[-1]
    model = CandidateSelected if last else CandidateShortlisted
    for participant_no, placement in placements.items():
        yield model.model_validate(
            {
                "vacancy_id": vacancy_id,
                "round_id": snapshot.round_.round_id,
                "list": snapshot.policy_list.code,
                "participant_no": participant_no,
                "rank": placement.rank,
                "score": placement.score,
                "code": placement.code,
            }
        )


def _shown_points(
    points: Mapping[Pair, dict[str, str]], vacancy_id: str, line: ListLine
) -> dict[str, str]:
    """The points that a fixed line shows: none of who is out or absent."""
    if line.gate not in {Gate.RANKED, Gate.BELOW}:
        return {}
    return points.get((vacancy_id, line.participant_no), {})


def _line_columns(
    line: ListLine, placement: Placement, points: Mapping[str, str]
) -> tuple[object, ...]:
    """A line as it is stored."""
    return (
        line.place,
        line.participant_no,
        placement.rank,
        line.equals,
        placement.score,
        placement.code,
        json.dumps(points),
        placement.within,
    )


async def _keep_lines(
    connection: Connection, list_code: str, rows: list[tuple[object, ...]]
) -> None:
    vacancies, versions, places, participants, ranks, equals, scores, codes, points, admitted = zip(
        *rows, strict=True
    )
    await SQL.keep_closed_lines(
        connection,
        vacancies=vacancies,
        versions=versions,
        places=places,
        participants=participants,
        ranks=ranks,
        equals=equals,
        scores=scores,
        codes=codes,
        points=points,
        admitted=admitted,
        list=list_code,
    )


async def _keep_closings(
    connection: Connection,
    snapshot: ListSnapshot,
    versions: Mapping[str, int],
    now: datetime,
    adoption: Adoption | None,
) -> None:
    digests, codes, limits, scores = zip(
        *(_closing_columns(summary) for summary in snapshot.summaries.values()), strict=True
    )
    vacancies = list(snapshot.summaries)
    await SQL.keep_closings(
        connection,
        vacancies=vacancies,
        versions=[versions[vacancy_id] for vacancy_id in vacancies],
        follows=[adoption and adoption.follows] * len(vacancies),
        digests=digests,
        codes=codes,
        limits=limits,
        scores=scores,
        list=snapshot.policy_list.code,
        round_id=snapshot.round_.round_id,
        at=now,
        reason=adoption and adoption.reason,
        by=adoption and adoption.by,
    )


def _closing_columns(summary: ListSummary) -> tuple[object, ...]:
    """A fixed list's digest, codes as JSON text, limit, and score at the cut."""
    codes = json.dumps(dict(sorted(summary.codes.items())))
    return summary.digest, codes, summary.cut.limit, cut_score_of(summary)


def cut_score_of(summary: ListSummary) -> str | None:
    """The score of the last within the cut, as published; none while nobody is."""
    if summary.cut_score is None:
        return None
    return decimal_text(summary.cut_score, summary.cut.rules.decimals)
