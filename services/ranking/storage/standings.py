"""Standings as they are read: whole lists line by line, and what one index read answers."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from itertools import groupby

from services.ranking.domain.merit import (
    DECISION_BYTES,
    LAST_RESORT_BYTES,
    UNDECIDED_PLACE,
    Gate,
    ListRules,
    after_all,
    before_decision,
)
from services.ranking.domain.standing import Line, Row, line
from services.ranking.storage import SQL
from shared.postgres.pool import Connection

LINES_AT_ONCE = 5000
"""Rows fetched at a time: ten milliseconds' work, so that a long list holds up nobody else in the process."""

UNDECIDED = UNDECIDED_PLACE.to_bytes(DECISION_BYTES, "big")


async def whole_rows(
    connection: Connection, list_code: str, vacancy_ids: list[str]
) -> AsyncIterator[list[tuple[str, Row]]]:
    """Every row of that list of these vacancies, as (vacancy id, row), by vacancy and participant number, some thousands at a time."""
    async with SQL.lines_cursor(connection, list=list_code, vacancies=vacancy_ids, last=LAST_RESORT_BYTES) as opened:
        cursor = await opened
        while rows := await cursor.fetch(LINES_AT_ONCE):
            yield [
                (vacancy_id, Row(place, participant_no, Gate(gate), worth, shared, alike, decided))
                for vacancy_id, participant_no, gate, worth, place, shared, alike, decided in rows
            ]


async def whole_lists(
    connection: Connection, list_code: str, vacancy_ids: list[str]
) -> AsyncIterator[list[tuple[str, Line]]]:
    """The same as lines, ranks and all."""
    async for rows in whole_rows(connection, list_code, vacancy_ids):
        yield [(vacancy_id, line(row)) for vacancy_id, row in rows]


@dataclass(frozen=True, slots=True)
class Stands:
    """A row of the standing table."""

    participant_no: str
    gate: Gate
    worth: int | None
    merit_key: bytes

    @property
    def ranked(self) -> bool:
        return self.gate is Gate.RANKED


class OneList:
    """One list of one vacancy, read by its index."""

    def __init__(self, connection: Connection, vacancy_id: str, rules: ListRules) -> None:
        self._connection = connection
        self._which = {"vacancy_id": vacancy_id, "list": rules.code}
        self._rules = rules

    async def find(self, participant_no: str) -> Stands | None:
        """A candidate's row, or none if not on the list."""
        row = await SQL.standing_of(self._connection, **self._which, participant_no=participant_no)
        return None if row is None else _stands(row)

    async def page(self, after: bytes, most: int) -> list[tuple[Stands, Line]]:
        """At most so many lines whose keys come after this one, ranks and all."""
        rows = await self._after(after, most)
        lines: list[tuple[Stands, Line]] = []
        ranked = [row for row in rows if row.ranked]
        groups = [list(group) for _, group in groupby(ranked, lambda row: before_decision(row.merit_key))]
        shared = 0
        for number, group in enumerate(groups):
            if number in {0, len(groups) - 1}:  # the page may show only some of these
                alike, decided, before = await self._alike(group[0].merit_key)
            else:
                alike, before = len(group), 0
                decided = sum(_decided(row.merit_key) for row in group)
            if number == 0:
                shared = 1 + await self._ahead(group[0])
            lines += [
                (
                    row,
                    line(Row(shared + before + index, row.participant_no, row.gate, row.worth, shared, alike, decided)),
                )
                for index, row in enumerate(group)
            ]
            shared += alike
        lines += [(row, line(Row(0, row.participant_no, row.gate, None, 0, 1, 0))) for row in rows if not row.ranked]
        return lines

    async def line(self, row: Stands) -> Line:
        """The row's line. Its place is 0 unless it is ranked."""
        if not row.ranked:
            return line(Row(0, row.participant_no, row.gate, None, 0, 1, 0))
        shared = 1 + await self._ahead(row)
        alike, decided, before = await self._alike(row.merit_key)
        return line(Row(shared + before, row.participant_no, row.gate, row.worth, shared, alike, decided))

    async def above(self, row: Stands) -> Stands | None:
        """The nearest ranked line before this one."""
        rows = SQL.ranked_before(self._connection, **self._which, before=row.merit_key, most=1)
        return next(iter([_stands(one) async for one in rows]), None)

    async def below(self, row: Stands) -> Stands | None:
        """The nearest ranked line after this one."""
        rows = await self._after(row.merit_key, 1)
        return next((one for one in rows if one.ranked), None)

    async def at_the_limit(self, limit: int) -> Stands | None:
        """The last ranked line that the cut has room for, or none where fewer are ranked."""
        row = await SQL.at_the_limit(self._connection, **self._which, limit=limit)
        return None if row is None else _stands(row)

    async def last_ranked(self) -> Stands | None:
        """The last line that has a rank."""
        row = await SQL.last_ranked(self._connection, **self._which)
        return None if row is None else _stands(row)

    async def gates(self) -> dict[Gate, int]:
        """How many candidates are held at each gate."""
        return {Gate(row["gate"]): row["candidates"] async for row in SQL.gates(self._connection, **self._which)}

    async def version(self) -> int | None:
        """The newest version that was stated, or none yet."""
        found: int | None = await SQL.version(self._connection, **self._which)
        return found

    async def _after(self, after: bytes, most: int) -> list[Stands]:
        rows = SQL.lines_after(self._connection, **self._which, after=after, most=most)
        return [_stands(row) async for row in rows]

    async def _ahead(self, row: Stands) -> int:
        found: int = await SQL.ahead(
            self._connection,
            **self._which,
            score=row.worth,
            same_score=self._rules.same_score(row.merit_key),
            alike=before_decision(row.merit_key),
        )
        return int(found)

    async def _alike(self, key: bytes) -> tuple[int, int, int]:
        prefix = before_decision(key)
        row = await SQL.alike(
            self._connection,
            **self._which,
            first=prefix,
            beyond=after_all(prefix),
            key=key,
            last=LAST_RESORT_BYTES,
        )
        return row["alike"], row["decided"], row["before"]


def _stands(row: Iterable[object]) -> Stands:
    participant_no, gate, worth, key = row
    return Stands(participant_no, Gate(gate), worth, key)  # type: ignore[arg-type] # the row's columns


def _decided(key: bytes) -> bool:
    return key[-LAST_RESORT_BYTES - DECISION_BYTES : -LAST_RESORT_BYTES] != UNDECIDED
