"""Shows the published versions of a round's lists, and why each was made."""

from collections import defaultdict

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.answer_fields import PublicationVersion, Root
from services.ranking.publication.storage.publications import PUBLICATION
from shared.contracts.fields import Post, RoundId, StageCode, VacancyId
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class PublishedCorrection(BaseModel):
    """A corrected version of a vacancy's list that an officer adopted."""

    vacancy_id: VacancyId
    post: Post
    list: StageCode
    version: int = Field(
        description="Of the list: `/ranking/vacancies/…/lists/…/versions` has who moved in it"
    )
    adopted_at: AwareDatetime = Field(description="UTC")
    reason: str = Field(description="As the officer wrote it")


class PublishedVersion(BaseModel):
    """A version of a round's published lists; it stays, whatever follows."""

    version: PublicationVersion
    published_at: AwareDatetime = Field(description="UTC")
    root: Root
    previous: str | None = Field(description="Root of the version before, none for the first")
    replaced_by: int | None = Field(description="The version that follows; none: this one counts")
    because: tuple[PublishedCorrection, ...] = Field(
        description="Corrected lists that it holds and the version before did not"
    )
    seats: bool = Field(
        description="Whether it tells of empty seats, offered and answered, "
        "what the version before did not"
    )


class PublishedVersions(BaseModel):
    """Every version of a round's published lists, the first one first."""

    round_id: RoundId
    items: tuple[PublishedVersion, ...] = Field(
        description="In the order in which they were published"
    )


async def show_versions(connection: Connection, round_id: str) -> PublishedVersions:
    """The versions, and why each but the first was made. Raises Refusal `not-published`."""
    rows = [row async for row in PUBLICATION.signed_versions(connection, round_id=round_id)]
    if not rows:
        raise Refusal("not-published", round_id=round_id)
    because: dict[int, list[PublishedCorrection]] = defaultdict(list)
    async for row in PUBLICATION.corrections_published(connection, round_id=round_id):
        because[row["published_in"]].append(
            PublishedCorrection.model_validate(dict(row), extra="ignore")
        )
    seats = {
        row["version"] async for row in PUBLICATION.seats_published(connection, round_id=round_id)
    }
    versions = {row["version"]: row["head"] for row in rows}
    items = tuple(
        PublishedVersion(
            version=version,
            published_at=head["published_at"],
            root=head["root"],
            previous=head["previous"],
            replaced_by=version + 1 if version + 1 in versions else None,
            because=tuple(because[version]),
            seats=version in seats,
        )
        for version, head in versions.items()
    )
    return PublishedVersions(round_id=round_id, items=items)


async def adopted_since(
    connection: Connection, round_id: str, version: int
) -> list[PublishedCorrection]:
    """The corrected lists that count and that this published version does not hold."""
    rows = PUBLICATION.adopted_since(connection, round_id=round_id, version=version)
    return [PublishedCorrection.model_validate(dict(row)) async for row in rows]


async def newest_published(connection: Connection, round_id: str) -> int | None:
    """The newest published version, None before the first."""
    row = await PUBLICATION.newest_signed(connection, round_id=round_id)
    return None if row is None else row["version"]
