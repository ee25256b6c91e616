"""Shows to anyone what became of a fixed list: its versions, and who moved in each, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.answer_fields import (
    Candidates,
    CandidatesByCode,
    LineCode,
    ListDigest,
    ListVersionNumber,
    MaybeRank,
    MaybeScore,
)
from services.ranking.lists.domain.revision import ObjectionDays, objection_days
from services.ranking.lists.storage import SQL
from services.ranking.rounds.storage import load_round
from services.ranking.standings.storage.requested_list import RequestedList, load_list
from services.ranking.standings.views.show_standings import Standings, closed_page
from shared.contracts.fields import ParticipantNo, RoundId, StageCode, VacancyId
from shared.paging import from_cursor, to_cursor
from shared.postgres.pool import Connection
from shared.refusals import Refusal

HowManyMoved = Annotated[
    int,
    Field(
        description="Candidates whose rank, score or code differs from the list's that it follows"
    ),
]
HowManyMovedIn = Annotated[int, Field(description="Who comes within the cut by it")]
HowManyMovedOut = Annotated[int, Field(description="Who is no longer")]


class ListVersion(BaseModel):
    """A version of a list that an officer fixed, or a revision that corrections made of it."""

    version: ListVersionNumber
    kind: Literal["fixed", "adopted", "beside"] = Field(
        description="`fixed`: as it was closed; `adopted`: an officer let it follow a fixed one;"
        " `beside`: as the list would be by what was corrected"
    )
    counts: bool = Field(description="Whether it is the version that counts now")
    replaced_by: int | None = Field(
        description="The version that was adopted in its place; none: it counts, or never did"
    )
    made_at: AwareDatetime = Field(description="UTC")
    follows: int | None = Field(description="The fixed version that it is compared with")
    digest: ListDigest
    candidates: Candidates
    codes: CandidatesByCode
    cut_limit: int | None = Field(
        description="How many the cut has room for; none where nobody is cut"
    )
    cut_score: str | None = Field(
        description="Score of the last within the cut; none while nobody is"
    )
    moved: HowManyMoved
    moved_in: HowManyMovedIn
    moved_out: HowManyMovedOut
    adopted_at: AwareDatetime | None = Field(description="UTC; none unless it was adopted")
    reason: str | None = Field(
        description="Why it was adopted, as the officer wrote; none unless it was"
    )


class ListVersions(BaseModel):
    """Every version of a fixed list, the fixed one first."""

    vacancy_id: VacancyId
    round_id: RoundId
    list: StageCode
    objections_until: AwareDatetime | None = Field(
        description="Until when people may object (sanggah), UTC; none where the policy has no"
        " objection to this list"
    )
    answers_until: AwareDatetime | None = Field(
        description="Until when objections are to be answered and the list announced again, UTC; a"
        " correction may be adopted later too"
    )
    items: tuple[ListVersion, ...] = Field(
        description="Of this page, in the order in which they were made"
    )
    next: str | None = Field(None, description="Cursor of the page after; none on the last")


class LinePlace(BaseModel):
    """A line on one of the two lists."""

    rank: MaybeRank
    score: MaybeScore
    code: LineCode
    within: bool = Field(description="Within the cut")


class WhyMoved(BaseModel):
    """An event about the candidate that changed the own line, without what it says of them."""

    type: str = Field(description="The event's type", examples=["ExamScoreCorrected"])
    event_id: str | None = Field(description="Its id; none for a first result in place of none")
    stage: str | None = Field(description="The stage that it is about; none where it is about none")
    components: tuple[str, ...] = Field(description="Components whose points are others now")


class LineChange(BaseModel):
    """A candidate who stands elsewhere, or who was corrected without moving."""

    participant_no: ParticipantNo
    way: Literal["in", "out", "moved", "unmoved"] = Field(
        description="Into the cut, out of it, elsewhere by rank, score or code, or corrected in"
        " the same place"
    )
    was: LinePlace | None = Field(description="On the fixed list; none: was not on it")
    now: LinePlace | None = Field(description="In this version; none: is no longer on it")
    reasons: tuple[WhyMoved, ...] = Field(
        description="About this candidate; none: moved because others did"
    )


class ListChanges(BaseModel):
    """Who moved in a revision of a fixed list."""

    vacancy_id: VacancyId
    round_id: RoundId
    list: StageCode
    version: ListVersionNumber
    made_at: AwareDatetime = Field(description="UTC")
    follows: int = Field(description="The fixed version that it is compared with")
    follows_at: AwareDatetime = Field(
        description="When an officer fixed or adopted the version that it follows, UTC"
    )
    counts: bool = Field(description="Whether this version counts now")
    adopted_at: AwareDatetime | None = Field(description="UTC; none unless it was adopted")
    reason: str | None = Field(
        description="Why it was adopted, as the officer wrote; none unless it was"
    )
    moved: HowManyMoved
    moved_in: HowManyMovedIn
    moved_out: HowManyMovedOut
    items: tuple[LineChange, ...] = Field(description="By participant number")
    next: str | None = Field(None, description="Cursor of the page after; none on the last")


@dataclass(frozen=True, slots=True)
class FixedVersions:
    """The versions of a list that officers fixed, the first one first; the last one counts."""

    rows: Sequence[Any]

    def find(self, version: int) -> Any | None:
        """One of them."""
        return next((row for row in self.rows if row["version"] == version), None)

    def state_of(self, version: int) -> dict[str, Any]:
        """Whether a version counts, what replaced it, and when and why it was adopted."""
        adopted = next(
            (row for row in self.rows if row["version"] == version and row["follows"] is not None),
            None,
        )
        return {
            "counts": self.rows[-1]["version"] == version,
            "replaced_by": next(
                (row["version"] for row in self.rows if row["follows"] == version), None
            ),
            "adopted_at": None if adopted is None else adopted["closed_at"],
            "reason": None if adopted is None else adopted["reason"],
        }


async def fixed_versions(connection: Connection, vacancy_id: str, list_code: str) -> FixedVersions:
    """All of a list; none while it is open."""
    return FixedVersions(
        [row async for row in SQL.fixed_versions(connection, vacancy_id=vacancy_id, list=list_code)]
    )


async def show_versions(
    connection: Connection, vacancy_id: str, list_code: str, cursor: str | None, limit: int
) -> ListVersions:
    """A fixed list's versions.

    Raises Refusal `unknown-vacancy`, `unknown-list`, `not-closed`, `bad-cursor`.
    """
    after = (from_cursor(cursor, fields=1) or [0])[0]
    if not isinstance(after, int):
        raise Refusal("bad-cursor")
    requested = await load_list(connection, vacancy_id, list_code, "closed")
    fixed = await fixed_versions(connection, **_which(requested))
    rows = [
        row
        async for row in SQL.revisions_after(
            connection, **requested.key, after=after, most=limit + 1
        )
    ]
    items = [] if cursor else [_first(fixed)]
    items += [_revision(fixed, row) for row in rows[:limit]]
    days = await _objection_days(connection, requested.vacancy.round_id, list_code, fixed)
    return ListVersions(
        **requested.key,
        round_id=requested.vacancy.round_id,
        objections_until=days and days.objections_until,
        answers_until=days and days.answers_until,
        items=tuple(items),
        next=to_cursor(rows[limit - 1]["version"]) if len(rows) > limit else None,
    )


async def show_fixed(
    connection: Connection,
    vacancy_id: str,
    list_code: str | None,
    version: int,
    cursor: str | None,
    limit: int,
) -> Standings:
    """A page of a version that an officer fixed, whether or not it counts still.

    By default of the newest list that has begun.

    Raises Refusal `unknown-vacancy`, `unknown-list`, `not-closed`, `version-not-fixed`,
    `bad-cursor`.
    """
    after = (from_cursor(cursor, fields=2) or ["closed", 0])[1]
    if not isinstance(after, int):
        raise Refusal("bad-cursor")
    requested = await load_list(connection, vacancy_id, list_code, "closed")
    closing = (await fixed_versions(connection, **_which(requested))).find(version)
    if closing is None:
        raise Refusal("version-not-fixed", list=requested.rules.code, version=version)
    lines = SQL.fixed_lines_after(
        connection, **requested.key, version=version, after=after, most=limit + 1
    )
    return await closed_page(connection, requested, closing, [row async for row in lines], limit)


async def show_changes(
    connection: Connection,
    vacancy_id: str,
    list_code: str,
    version: int,
    cursor: str | None,
    limit: int,
) -> ListChanges:
    """Who moved in a version.

    Raises Refusal `unknown-vacancy`, `unknown-list`, `not-closed`, `unknown-version`, `bad-cursor`.
    """
    after = (from_cursor(cursor, fields=1) or [""])[0]
    if not isinstance(after, str):
        raise Refusal("bad-cursor")
    requested = await load_list(connection, vacancy_id, list_code, "closed")
    which = {**requested.key, "version": version}
    found = await SQL.revision(connection, **which)
    if found is None:
        raise Refusal("unknown-version", list=list_code, version=version)
    fixed = await fixed_versions(connection, **_which(requested))
    state = fixed.state_of(version)
    rows = [
        row
        async for row in SQL.revision_changes_after(
            connection, **which, after=after, most=limit + 1
        )
    ]
    return ListChanges(
        **which,
        round_id=requested.vacancy.round_id,
        made_at=found["made_at"],
        follows=found["follows"],
        follows_at=next(
            row["closed_at"] for row in fixed.rows if row["version"] == found["follows"]
        ),
        counts=state["counts"],
        adopted_at=state["adopted_at"],
        reason=state["reason"],
        moved=found["moved"],
        moved_in=found["moved_in"],
        moved_out=found["moved_out"],
        items=tuple(LineChange.model_validate(dict(row), extra="ignore") for row in rows[:limit]),
        next=to_cursor(rows[limit - 1]["participant_no"]) if len(rows) > limit else None,
    )


@dataclass(frozen=True, slots=True)
class ListHistory:
    """What became of a list since it was fixed, for a page.

    `unadopted`: the newest revision, where it differs from the version that counts.
    """

    fixed: Sequence[ListVersion]
    unadopted: ListVersion | None
    days: ObjectionDays | None

    def find(self, version: int | None) -> ListVersion | None:
        """One of the fixed ones."""
        return next((known for known in self.fixed if known.version == version), None)


async def show_history(
    connection: Connection, round_id: str, vacancy_id: str, list_code: str
) -> ListHistory:
    """The history of a fixed list."""
    fixed = await fixed_versions(connection, vacancy_id, list_code)
    which = {"vacancy_id": vacancy_id, "list": list_code}
    rows = [
        await SQL.revision(connection, **which, version=row["version"]) for row in fixed.rows[1:]
    ]
    versions = [_first(fixed), *(_revision(fixed, row) for row in rows)]
    newest = await SQL.newest_revision_after(connection, **which, after=versions[-1].version)
    differs = newest is not None and newest["digest"] != versions[-1].digest
    days = await _objection_days(connection, round_id, list_code, fixed)
    return ListHistory(versions, _revision(fixed, newest) if differs else None, days)


async def _objection_days(
    connection: Connection, round_id: str, list_code: str, fixed: FixedVersions
) -> ObjectionDays | None:
    policy = (await load_round(connection, round_id)).policy
    return objection_days(policy, list_code, fixed.rows[0]["closed_at"])


def _which(requested: RequestedList) -> dict[str, str]:
    return {"vacancy_id": requested.vacancy.vacancy_id, "list_code": requested.rules.code}


def _first(fixed: FixedVersions) -> ListVersion:
    closing = fixed.rows[0]
    names = ("version", "digest", "codes", "cut_limit", "cut_score")
    return ListVersion(
        **{name: closing[name] for name in names},
        **fixed.state_of(closing["version"]),
        kind="fixed",
        made_at=closing["closed_at"],
        follows=None,
        candidates=sum(closing["codes"].values()),
        moved=0,
        moved_in=0,
        moved_out=0,
    )


def _revision(fixed: FixedVersions, row: Any) -> ListVersion:
    state = fixed.state_of(row["version"])
    kind = "beside" if state["adopted_at"] is None else "adopted"
    candidates = sum(row["codes"].values())
    return ListVersion.model_validate(
        {**row, **state, "kind": kind, "candidates": candidates}, extra="ignore"
    )
