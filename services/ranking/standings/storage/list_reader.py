"""Standings as they are read: whole lists line by line, and what one index read answers."""

from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from services.ranking.merit.domain.list_lines import ListLine, SortedRow, list_line
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.merit_key import (
    LAST_RESORT_BYTES,
    before_decision,
    end_of_prefix,
    is_decided,
)
from services.ranking.merit.domain.standing import Gate
from services.ranking.standings.storage import SQL
from shared.postgres import queries
from shared.postgres.pool import Connection

PLACES = queries.load(Path(__file__).with_name("places.sql"))

LINES_AT_ONCE = 500
"""Rows fetched at a time: some milliseconds' work, so that a long list holds up nobody else in the
process."""

FURTHER = 30
"""Rows read beyond a page: its last line's equals are mostly among them, and asking for them would
be another round trip."""

_GATE, _KEY = 1, 3  # columns of a row of places.sql
RANKED = int(Gate.RANKED)
GATES = tuple(Gate)  # an IntEnum's own look-up by number costs ten times as much


async def whole_rows(
    connection: Connection, list_code: str, vacancy_ids: list[str]
) -> AsyncIterator[list[tuple[str, SortedRow]]]:
    """Every row of that list of these vacancies, as (vacancy id, row), LINES_AT_ONCE at a time.

    They come by vacancy and participant number.
    """
    async with SQL.lines_cursor(
        connection, list=list_code, vacancies=vacancy_ids, last=LAST_RESORT_BYTES
    ) as opened:
        cursor = await opened
        while rows := await cursor.fetch(LINES_AT_ONCE):
            yield [
                (vacancy_id, SortedRow(place, number, GATES[gate], score, rank, alike, decided))
                for vacancy_id, number, gate, score, place, rank, alike, decided in rows
            ]


async def whole_lists(
    connection: Connection, list_code: str, vacancy_ids: list[str]
) -> AsyncIterator[list[tuple[str, ListLine]]]:
    """The same as lines, ranks and all."""
    async for rows in whole_rows(connection, list_code, vacancy_ids):
        yield [(vacancy_id, list_line(row)) for vacancy_id, row in rows]


class StandingRow(NamedTuple):
    """A row of the standing table."""

    participant_no: str
    gate: Gate
    combined_score: int | None
    merit_key: bytes

    @property
    def ranked(self) -> bool:
        return self.gate is Gate.RANKED


class ListReader:
    """One list of one vacancy, read by its index."""

    def __init__(self, connection: Connection, vacancy_id: str, rules: ListRules) -> None:
        self._connection = connection
        self._which = {"vacancy_id": vacancy_id, "list": rules.code}
        self._rules = rules
        self._bytes = {"last": LAST_RESORT_BYTES, "score_end": rules.score_prefix_bytes}

    async def find(self, participant_no: str) -> StandingRow | None:
        """A candidate's row, or none if not on the list."""
        row = await SQL.standing_of(self._connection, **self._which, participant_no=participant_no)
        return None if row is None else _standing_row(row)

    async def page(
        self, after: StandingRow | None, most: int
    ) -> list[tuple[StandingRow, ListLine]]:
        """At most so many lines after that row, or the first ones, ranks and all."""
        key = b"" if after is None else after.merit_key
        rows = [
            row
            async for row in PLACES.page(
                self._connection, **self._which, after=key, most=most + FURTHER
            )
        ]
        ranked = [row for row in rows if row[_GATE] == RANKED]
        cut_short = len(ranked) == most + FURTHER
        lines = await self._ranked_lines(ranked, after, most, cut_short=cut_short)
        others = map(_standing_row, rows[len(ranked) : len(ranked) + most - len(lines)])
        return lines + [(row, _line(row, 0, 1, 0, 0)) for row in others]

    async def _ranked_lines(
        self, ranked: Sequence[Any], after: StandingRow | None, most: int, *, cut_short: bool
    ) -> list[tuple[StandingRow, ListLine]]:
        """Lines of these rows, at most so many.

        `cut_short`: there may be more equals of the last row than were read. Only rows that are
        shown become a StandingRow: making one costs more than reading it.
        """
        lines: list[tuple[StandingRow, ListLine]] = []
        ahead, alike, decided, before, known = 0, 0, 0, 0, b""
        if after is not None and after.ranked:
            known = before_decision(after.merit_key)
            ahead, alike, decided, before = await self._among(after)
            before += 1
        for prefix, group in groupby(ranked, lambda row: before_decision(row[_KEY])):
            if len(lines) >= most:
                break
            equals = list(group)
            if prefix != known:
                ahead, alike, before = ahead + alike, len(equals), 0
                decided = sum(is_decided(row[_KEY]) for row in equals)
                if cut_short and equals[-1] is ranked[-1]:
                    _, alike, decided, _ = await self._among(_standing_row(equals[0]))
            shown = map(_standing_row, equals[: most - len(lines)])
            lines += [
                (row, _line(row, ahead, alike, decided, before + index))
                for index, row in enumerate(shown)
            ]
        return lines

    async def place(self, participant_no: str) -> tuple[StandingRow, ListLine] | None:
        """A candidate's row and line, or none if not on the list.

        The line's place is 0 unless it is ranked.
        """
        found = await PLACES.place_of(
            self._connection, **self._which, **self._bytes, participant_no=participant_no
        )
        if found is None:
            return None
        *values, ahead, alike, decided, before = found
        row = _standing_row(values)
        return row, _line(row, ahead, alike, decided, before)

    async def line(self, row: StandingRow) -> ListLine:
        """The row's line. Its place is 0 unless it is ranked."""
        if not row.ranked:
            return _line(row, 0, 1, 0, 0)
        return _line(row, *await self._among(row))

    async def _among(self, row: StandingRow) -> tuple[int, int, int, int]:
        """Counts around a ranked row: ahead, alike, decided, before.

        `ahead` stand above it and everyone alike with it; `alike` are equal to it, itself included;
        for `decided` of these an officer decided, and `before` of these come before it.
        """
        prefix = before_decision(row.merit_key)
        ahead, alike, decided, before = await PLACES.among(
            self._connection,
            **self._which,
            last=LAST_RESORT_BYTES,
            key=row.merit_key,
            score=row.combined_score,
            same_score=self._rules.score_prefix(row.merit_key),
            first=prefix,
            beyond=end_of_prefix(prefix),
        )
        return int(ahead), alike, decided, before

    async def neighbours(self, row: StandingRow) -> tuple[StandingRow | None, StandingRow | None]:
        """The nearest ranked lines before and after this one."""
        rows = PLACES.neighbours(self._connection, **self._which, key=row.merit_key)
        before = after = None
        async for found in rows:
            other = _standing_row(found)
            if other.ranked and other.merit_key < row.merit_key:
                before = other
            elif other.ranked:
                after = other
        return before, after

    async def at_the_limit(self, limit: int) -> StandingRow | None:
        """The last ranked line that the cut has room for, or none where fewer are ranked."""
        row = await PLACES.at_the_limit(
            self._connection, **self._which, **self._rules.score_prefix_layout, limit=limit
        )
        return None if row is None else _standing_row(row)

    async def last_ranked(self) -> StandingRow | None:
        """The last line that has a rank."""
        row = await SQL.last_ranked(self._connection, **self._which)
        return None if row is None else _standing_row(row)

    async def gates(self) -> dict[Gate, int]:
        """How many candidates are held at each gate."""
        return {
            Gate(row["gate"]): row["candidates"]
            async for row in SQL.gates(self._connection, **self._which)
        }

    async def version(self) -> int | None:
        """The newest version that was stated, or none yet."""
        found: int | None = await SQL.version(self._connection, **self._which)
        return found


def _line(row: StandingRow, ahead: int, alike: int, decided: int, before: int) -> ListLine:
    if not row.ranked:
        return list_line(SortedRow(0, row.participant_no, row.gate, None, 0, 1, 0))
    shared = 1 + int(ahead)
    return list_line(
        SortedRow(
            shared + before,
            row.participant_no,
            row.gate,
            row.combined_score,
            shared,
            alike,
            decided,
        )
    )


def _standing_row(row: Iterable[Any]) -> StandingRow:
    participant_no, gate, combined_score, key = row
    return StandingRow(participant_no, GATES[gate], combined_score, key)
