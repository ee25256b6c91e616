"""Which errors of PostgreSQL and of the way there say nothing about what was asked."""

from urllib.parse import urlsplit

import asyncpg

UNAVAILABLE_STATES = (
    "08",  # the connection
    "25006",  # read-only: a standby, or an operator's setting
    "25P03",  # a transaction that said nothing for too long, or took too long
    "25P04",
    "26",  # a prepared statement that the session lost
    "42P05",
    "28",  # who we are: password, pg_hba.conf
    "3D",  # no such database
    "3F",  # the schema is not as this version needs it: migrations are missing
    "42703",
    "42704",
    "42883",
    "42P01",
    "40",  # rolled back for another's sake: serialization, deadlock
    "42501",  # a privilege was revoked
    "53",  # out of memory, disk, connections
    "55",  # locked, in use, or not accepting connections
    "57",  # an operator: shutdown, cancel
    "58",  # outside of PostgreSQL: files, disks
    "72",  # a snapshot too old
    "F0",  # the server's configuration
    "XX",  # PostgreSQL itself: corrupted data or index
)
"""SQLSTATEs, or their beginnings, that say how server, database or session stand (PostgreSQL
manual, appendix A). Statements are the same for all data, so that data can't bring these about; the
others can lie in the data (22, 23, 44, 54, P0), or are a bug of ours (rest of 42)."""


def is_unavailable(error: BaseException) -> bool:
    """True where the same may succeed later: the database is away, full, read-only, not ready.

    Also where an operator is needed for that; nothing here is the fault of what was asked.
    """
    if isinstance(error, asyncpg.PostgresError):
        return _says_not_now(error)
    if isinstance(error, asyncpg.InterfaceError):
        # asyncpg has no class of its own for a connection that went away under a caller; its
        # messages all say "closed" or "closing". Others are bugs of ours.
        # (Those that are ValueErrors quote a value, which may hold these words.)
        return "clos" in str(error) and not isinstance(error, ValueError)
    # A session that was ended under a statement can leave asyncpg in a state from which only a new
    # connection helps (InternalClientError). ConnectionError and TimeoutError are OSErrors.
    return isinstance(error, asyncpg.InternalClientError | OSError)


def _says_not_now(error: asyncpg.PostgresError) -> bool:
    """What PostgreSQL itself answered. A statement prepared before a migration is prepared anew."""
    prepared_before = isinstance(error, asyncpg.exceptions.InvalidCachedStatementError)
    return prepared_before or (error.sqlstate or "").startswith(UNAVAILABLE_STATES)


def address_shown(database_url: str) -> str:
    """The address of a database for logs, `host:port/database`: without user and password."""
    parts = urlsplit(database_url)
    return parts.netloc.rpartition("@")[2] + parts.path
