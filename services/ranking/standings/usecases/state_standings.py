"""States StandingsRecomputed where it is owed.

At most once a second for each vacancy, and always once after the last change.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

from services.ranking.merit.domain.list_cut import ListCut, ListSummary
from services.ranking.merit.domain.score import decimal_text
from services.ranking.standings.storage import SQL
from services.ranking.standings.storage.facts import KnownVacancy, vacancies_known
from services.ranking.standings.storage.list_reader import whole_lists
from services.ranking.standings.usecases.recompute import notify
from shared.contracts.ranking import Cut, StandingsRecomputed
from shared.contracts.ranking import Line as StatedLine
from shared.messaging.outbox import Outbox, Statement
from shared.postgres.pool import Connection, Pool

AT_MOST_EVERY = timedelta(seconds=1)
VACANCIES_AT_ONCE = 20
"""A transaction's worth: the figures of so many vacancies are gone over in some hundredths of a
second."""

SHARE_OF_TIME = 5
"""At most one part in so many of the time goes into figures: a burst on many or huge vacancies is
told less often, and drained first."""


async def state_all_owed(pool: Pool, outbox: Outbox, clock: Callable[[], datetime]) -> None:
    """States every vacancy that is owed now, some at a time.

    It rests after each part in proportion to the work, so that results that come meanwhile don't
    wait.
    """
    settled = VACANCIES_AT_ONCE
    while settled == VACANCIES_AT_ONCE:
        began = time.monotonic()
        async with pool.acquire() as connection, connection.transaction():
            settled = await state_owed(connection, outbox, clock())
        await asyncio.sleep((time.monotonic() - began) * (SHARE_OF_TIME - 1))


async def state_owed(connection: Connection, outbox: Outbox, now: datetime) -> int:
    """One transaction's worth of it; returns how many vacancies were settled.

    One worker at a time does it, the others pass.

    The marks are read before the lists: a change that comes between is in the figures and stays
    owed, and when its turn comes and nothing differs, nothing is stated.
    """
    if not await SQL.try_lock_stating(connection):
        return 0
    rows = SQL.owed(connection, since=now - AT_MOST_EVERY, now=now, most=VACANCIES_AT_ONCE)
    owed = {row["vacancy_id"]: row async for row in rows}
    if not owed:
        return 0
    vacancies = await vacancies_known(connection, owed)
    summaries = await summarise(connection, vacancies.values())
    statements = await next_versions(connection, vacancies, summaries, now)
    changes = [row["change"] for row in owed.values()]
    await SQL.catch_up(connection, vacancies=list(owed), changes=changes)
    await notify(connection, sorted({statement.vacancy_id for statement in statements}))
    await outbox.append(
        connection,
        [
            Statement(statement, now, causation_id=owed[statement.vacancy_id]["changed_by"])
            for statement in statements
        ],
    )
    return len(owed)


async def summarise(
    connection: Connection, vacancies: Collection[KnownVacancy]
) -> dict[tuple[str, str], ListSummary]:
    """The figures of every list that has begun, by (vacancy id, list).

    A list without candidates has none.
    """
    of_list: dict[str, list[str]] = defaultdict(list)
    lists = {
        (vacancy.vacancy_id, rules.code): (vacancy, rules)
        for vacancy in vacancies
        for rules in vacancy.open_lists
    }
    for vacancy_id, code in lists:
        of_list[code].append(vacancy_id)
    summaries: dict[tuple[str, str], ListSummary] = {}
    for code, vacancy_ids in of_list.items():
        async for chunk in whole_lists(connection, code, vacancy_ids):
            for vacancy_id, lines in groupby(chunk, itemgetter(0)):
                vacancy, rules = lists[vacancy_id, code]
                summary = summaries.setdefault(
                    (vacancy_id, code), ListSummary(ListCut.of(rules, vacancy.seats))
                )
                summary.add(line for _, line in lines)
            await asyncio.sleep(0)
    return summaries


async def next_versions(
    connection: Connection,
    vacancies: dict[str, KnownVacancy],
    summaries: dict[tuple[str, str], ListSummary],
    now: datetime,
) -> list[StandingsRecomputed]:
    """What is to be stated of these lists; keeps the versions.

    That is a version more for each list whose digest is not the one last stated.
    """
    known = {
        (row["vacancy_id"], row["list"]): (row["version"], row["digest"])
        async for row in SQL.stated(connection, vacancies=list(vacancies))
    }
    statements = []
    for (vacancy_id, code), summary in summaries.items():
        version, digest = known.get((vacancy_id, code), (0, ""))
        if summary.digest != digest:
            statements.append(_statement(vacancies[vacancy_id], code, summary, version + 1))
    await _keep_stated(connection, statements, now)
    return statements


async def _keep_stated(
    connection: Connection, statements: Sequence[StandingsRecomputed], now: datetime
) -> None:
    await SQL.keep_stated(
        connection,
        vacancies=[statement.vacancy_id for statement in statements],
        lists=[statement.list for statement in statements],
        versions=[statement.version for statement in statements],
        digests=[statement.digest for statement in statements],
        at=now,
    )


def _statement(
    vacancy: KnownVacancy, code: str, summary: ListSummary, version: int
) -> StandingsRecomputed:
    decimals = summary.cut.rules.decimals
    score = None if summary.cut_score is None else decimal_text(summary.cut_score, decimals)
    return StandingsRecomputed.model_validate(
        {
            "vacancy_id": vacancy.vacancy_id,
            "round_id": vacancy.round_id,
            "list": code,
            "version": version,
            "candidates": summary.candidates,
            "codes": dict(sorted(summary.codes.items())),
            "cut": Cut.model_validate(
                {"limit": summary.limit, "within": summary.within, "score": score}
            ),
            "first": [
                StatedLine.model_validate(
                    {
                        "rank": line.rank,
                        "participant_no": line.participant_no,
                        "score": decimal_text(line.score or 0, decimals),
                    }
                )
                for line in sorted(summary.first, key=lambda line: line.place)
            ],
            "digest": summary.digest,
        }
    )
