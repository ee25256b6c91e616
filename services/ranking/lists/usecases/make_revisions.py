"""Makes a revision of a fixed list whenever corrections make the list another one.

The fixed list stays as it is, and counts until an officer adopts a revision.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.ranking.lists.domain.revision import CandidateChange
from services.ranking.lists.storage import SQL
from services.ranking.lists.storage.revision_changes import load_changes
from services.ranking.lists.usecases.fix_list import cut_score_of
from services.ranking.merit.domain.list_cut import ListCut, ListSummary
from services.ranking.merit.domain.placement import Placement, placement_of
from services.ranking.standings.storage.facts import KnownVacancy, vacancies_known
from services.ranking.standings.storage.list_reader import whole_lists
from shared.postgres.pool import Connection, Pool

AT_ONCE = 100
"""Lists looked up at a time; each is a transaction of its own."""


async def make_owed_revisions(pool: Pool, clock: Callable[[], datetime]) -> None:
    """Makes every revision that is owed now."""
    async with pool.acquire() as connection:
        owed = [
            (row["vacancy_id"], row["list"])
            async for row in SQL.owed_revisions(connection, most=AT_ONCE)
        ]
    for vacancy_id, list_code in owed:
        async with pool.acquire() as connection, connection.transaction():
            await make_revision(connection, vacancy_id, list_code, clock())


async def make_revision(
    connection: Connection, vacancy_id: str, list_code: str, now: datetime
) -> bool:
    """Makes a revision of a fixed list out of the newest stated version.

    Returns false where another worker made it, or where what is known now is not stated yet.
    """
    await SQL.lock_vacancy(connection, vacancy_id=vacancy_id)
    versions = await SQL.newest_versions(connection, vacancy_id=vacancy_id, list=list_code)
    vacancy = (await vacancies_known(connection, [vacancy_id])).get(vacancy_id)
    if versions is None or vacancy is None or not _is_owed(versions):
        return False
    summary, placements = await _read_list(connection, vacancy, list_code)
    if summary.digest != versions["digest"]:
        return False
    changes = await load_changes(connection, vacancy, list_code, placements)
    ways = [change.way for change in changes]
    await SQL.keep_revision(
        connection,
        vacancy_id=vacancy_id,
        list=list_code,
        version=versions["version"],
        follows=versions["fixed"],
        digest=summary.digest,
        codes=dict(sorted(summary.codes.items())),
        cut_limit=summary.cut.limit,
        cut_score=cut_score_of(summary),
        moved=len(ways) - ways.count("unmoved"),
        moved_in=ways.count("in"),
        moved_out=ways.count("out"),
        at=now,
    )
    await _keep_changes(connection, vacancy_id, list_code, versions["version"], changes)
    return True


def _is_owed(versions: Any) -> bool:
    """Whether the stated version differs from the newest revision, or else from the fixed list."""
    if versions["revision"]:
        version, digest = versions["revision"], versions["revision_digest"]
    else:
        version, digest = versions["fixed"], versions["fixed_digest"]
    return bool(versions["digest"] != digest and versions["version"] > version)


async def _read_list(
    connection: Connection, vacancy: KnownVacancy, list_code: str
) -> tuple[ListSummary, dict[str, Placement]]:
    """The list as it is now: its summary, and the placements by participant number."""
    summary = ListSummary(ListCut.of(vacancy.lists[list_code], vacancy.seats))
    placements: dict[str, Placement] = {}
    async for chunk in whole_lists(connection, list_code, [vacancy.vacancy_id]):
        summary.add(line for _, line in chunk)
        placements |= {line.participant_no: placement_of(summary.cut, line) for _, line in chunk}
    return summary, placements


async def _keep_changes(
    connection: Connection,
    vacancy_id: str,
    list_code: str,
    version: int,
    changes: Sequence[CandidateChange],
) -> None:
    if not changes:
        return
    participants, ways, was, now, reasons = zip(
        *(_columns(change) for change in changes), strict=True
    )
    await SQL.keep_revision_changes(
        connection,
        vacancy_id=vacancy_id,
        list=list_code,
        version=version,
        participants=participants,
        ways=ways,
        was=was,
        now=now,
        reasons=reasons,
    )


def _columns(change: CandidateChange) -> tuple[object, ...]:
    """A change as it is stored; placements and reasons as JSON texts."""
    reasons = json.dumps([asdict(reason) for reason in change.reasons])
    return change.participant_no, change.way, _json(change.was), _json(change.now), reasons


def _json(placement: Placement | None) -> str | None:
    return None if placement is None else json.dumps(asdict(placement))
