"""Published lists as they are stored: the named queries of publication.sql."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.postgres import queries
from shared.postgres.pool import Connection, Pool
from shared.refusals import Refusal

PUBLICATION = queries.load(Path(__file__).with_name("publication.sql"))


async def load_published(
    connection: Connection, round_id: str, version: int | None
) -> Mapping[str, Any]:
    """A signed version, by default the newest. Raises Refusal `not-published`."""
    row: Mapping[str, Any] | None = await PUBLICATION.published(
        connection, round_id=round_id, version=version
    )
    if row is None:
        raise Refusal("not-published", round_id=round_id)
    return row


async def public_version(pool: Pool, vacancy_id: str) -> str:
    """What all public views of a vacancy go by; empty where there is none."""
    version: str | None = await PUBLICATION.public_version(pool, vacancy_id=vacancy_id)
    return version or ""
