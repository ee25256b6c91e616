"""The one way in which processes connect to their service's database."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

# asyncpg's classes take parameters for the type checker alone: hence the quotes
Connection: TypeAlias = (
    "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
)
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

SEARCH_PATH = "projections, public"
"""Derived tables first: a rebuild sends the same queries to projections_next by changing this
alone."""


async def use_json(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """jsonb columns come and go as Python objects."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads, format="text"
    )


def _is_read_only(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Whether the session may only read: a standby's, or begun while the database was set so.

    PostgreSQL says it by itself (from version 14), so nothing is asked.
    """
    settings = connection.get_settings()
    return "on" in (
        getattr(settings, "default_transaction_read_only", "off"),
        getattr(settings, "in_hot_standby", "off"),
    )


async def create_pool(database_url: str, *, application: str, size: int, **settings: str) -> Pool:
    """A pool of at most `size` connections.

    Operators see them as `application` in pg_stat_activity; `settings` are PostgreSQL's.

    It connects when it is first used.
    """

    async def reset(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Resets nothing: a transaction's end undoes all that is set on a session.

        asyncpg's own `RESET ALL` would cost each use a round trip. But a session that may only
        read stays so when the database may be written again: each is used once.
        """
        if _is_read_only(connection):
            await pool.expire_connections()

    pool = await asyncpg.create_pool(
        database_url,
        min_size=0,  # a process starts, lives and says what is missing while the server is away
        max_size=size,
        init=use_json,
        reset=reset,
        command_timeout=60,
        server_settings={
            "search_path": SEARCH_PATH,
            "application_name": application,
            "timezone": "UTC",
            **settings,
        },
    )
    return pool


@asynccontextmanager
async def reading(pool: Pool) -> AsyncIterator[Connection]:
    """A connection for reading alone, which sees one instant of the database.

    Whatever is written meanwhile, it doesn't see.
    """
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield connection
