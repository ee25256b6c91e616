"""How long the trail of decisions is kept: old lines are removed by the tables' owner alone.

The role of a service can only add to the trail. A function of the owner's that it may call would
let whoever takes over a service remove lines; `terang migrate` runs as the owner, once an update.
"""

from typing import Annotated

import asyncpg
from pydantic import BaseModel, ConfigDict, Field


class Retention(BaseModel):
    """The settings of what `terang migrate` removes."""

    model_config = ConfigDict(frozen=True)

    audit_kept_days: Annotated[
        int,
        Field(
            validation_alias="TERANG_AUDIT_KEPT_DAYS",
            ge=365,
            le=36_500,
            title="Trail of decisions kept",
            description="Days that a line of the trail (who decided or read what, and why) stays; "
            "`terang migrate` removes older ones",
        ),
    ] = 3650


async def remove_old_audit(database_url: str, kept_days: int) -> int:
    """Removes lines of the trail that are older; returns how many.

    `database_url` is for the tables' owner. Raises OSError or asyncpg.PostgresError.
    """
    connection = await asyncpg.connect(database_url)
    try:
        removed = await connection.execute(
            "DELETE FROM public.audit WHERE at < now() - $1 * interval '1 day'", kept_days
        )
        return int(removed.removeprefix("DELETE "))
    finally:
        await connection.close()
