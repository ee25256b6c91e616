"""Shows to anyone what became of a fixed list: the versions beside it, and who moved in each, from where to where, and why."""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.storage.revisions import REVISIONS
from services.ranking.usecases.show_standings import Asked, ask
from shared.postgres.pool import Connection
from shared.refusals import Refusal
from shared.web.paging import from_cursor, to_cursor


class ListVersion(BaseModel):
    """A version of a list that an officer fixed, or one that came after beside it."""

    version: int = Field(description="As in StandingsRecomputed")
    kind: Literal["fixed", "beside"] = Field(
        description="`fixed`: the list that holds; `beside`: as it would be by what was corrected since"
    )
    made_at: AwareDatetime = Field(description="UTC")
    follows: int | None = Field(description="The fixed version that it is compared with")
    digest: str = Field(description="SHA-256 of all lines, as in StandingsRecomputed")
    candidates: int
    codes: dict[str, int]
    cut_limit: int | None
    cut_score: str | None
    moved: int = Field(description="Candidates whose rank, score or code differs from the fixed list's")
    moved_in: int = Field(description="Who would come within the cut")
    moved_out: int = Field(description="Who would no longer be")


class ListVersions(BaseModel):
    """Every version of a fixed list, the fixed one first."""

    vacancy_id: str
    round_id: str
    list: str
    items: tuple[ListVersion, ...]
    next: str | None = Field(None, description="Cursor of the page after; none on the last")


class LinePlace(BaseModel):
    """A line on one of the two lists."""

    rank: int | None
    score: str | None
    code: str
    within: bool = Field(description="Within the cut")


class WhyMoved(BaseModel):
    """An event about the candidate that changed the own line; what it says of a person is not shown."""

    type: str = Field(description="The event's type", examples=["ExamScoreCorrected"])
    event_id: str | None = Field(description="Its id; none for a first result in place of none")
    stage: str | None
    components: tuple[str, ...] = Field(description="Components whose points are others now")


class LineChange(BaseModel):
    """A candidate who stands elsewhere, or who was corrected without moving."""

    participant_no: str
    way: Literal["in", "out", "moved", "unmoved"] = Field(
        description="Into the cut, out of it, elsewhere by rank, score or code, or corrected in the same place"
    )
    was: LinePlace | None = Field(description="On the fixed list; none: was not on it")
    now: LinePlace | None = Field(description="In this version; none: is no longer on it")
    reasons: tuple[WhyMoved, ...] = Field(description="About this candidate; none: moved because others did")


class ListChanges(BaseModel):
    """Who moved in a version beside a fixed list."""

    vacancy_id: str
    round_id: str
    list: str
    version: int
    follows: int
    moved: int
    moved_in: int
    moved_out: int
    items: tuple[LineChange, ...] = Field(description="By participant number")
    next: str | None = Field(None, description="Cursor of the page after; none on the last")


async def show_versions(
    connection: Connection, vacancy_id: str, list_code: str, cursor: str | None, limit: int
) -> ListVersions:
    """A fixed list's versions. Raises Refusal `unknown-vacancy`, `unknown-list`, `not-closed`, `bad-cursor`."""
    after = (from_cursor(cursor, fields=1) or [0])[0]
    if not isinstance(after, int):
        raise Refusal("bad-cursor")
    asked = await ask(connection, vacancy_id, list_code, "closed")
    rows = [row async for row in REVISIONS.versions_after(connection, **asked.key, after=after, most=limit + 1)]
    items = [] if cursor else [_fixed(asked)]
    items += [
        ListVersion.model_validate({**row, "kind": "beside", "candidates": sum(row["codes"].values())}, extra="ignore")
        for row in rows[:limit]
    ]
    return ListVersions(
        **asked.key,
        round_id=asked.vacancy.round_id,
        items=tuple(items),
        next=to_cursor(rows[limit - 1]["version"]) if len(rows) > limit else None,
    )


async def show_changes(
    connection: Connection, vacancy_id: str, list_code: str, version: int, cursor: str | None, limit: int
) -> ListChanges:
    """Who moved in a version. Raises Refusal `unknown-vacancy`, `unknown-list`, `not-closed`, `unknown-version`, `bad-cursor`."""
    after = (from_cursor(cursor, fields=1) or [""])[0]
    if not isinstance(after, str):
        raise Refusal("bad-cursor")
    asked = await ask(connection, vacancy_id, list_code, "closed")
    which = {**asked.key, "version": version}
    found = await REVISIONS.version(connection, **which)
    if found is None:
        raise Refusal("unknown-version", list=list_code, version=version)
    rows = [row async for row in REVISIONS.changes_after(connection, **which, after=after, most=limit + 1)]
    return ListChanges(
        **which,
        round_id=asked.vacancy.round_id,
        follows=found["follows"],
        moved=found["moved"],
        moved_in=found["moved_in"],
        moved_out=found["moved_out"],
        items=tuple(LineChange.model_validate(dict(row), extra="ignore") for row in rows[:limit]),
        next=to_cursor(rows[limit - 1]["participant_no"]) if len(rows) > limit else None,
    )


def _fixed(asked: Asked) -> ListVersion:
    closing: Any = asked.closing
    names = ("version", "digest", "codes", "cut_limit", "cut_score")
    return ListVersion(
        **{name: closing[name] for name in names},
        kind="fixed",
        made_at=closing["closed_at"],
        follows=None,
        candidates=sum(closing["codes"].values()),
        moved=0,
        moved_in=0,
        moved_out=0,
    )
