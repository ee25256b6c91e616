"""What an error of PostgreSQL says: wait, or it is the fault of what was asked."""

import asyncpg
import pytest
from asyncpg import exceptions
from asyncpg.exceptions import _base

from shared.messaging.failures import is_infrastructure
from shared.postgres.errors import address_shown, is_unavailable

WAIT = """
08000 08001 08003 08004 08006 08P01
25006 25P03 25P04
26000 42P05
28000 28P01 3D000 3F000 42703 42704 42883 42P01
40001 40P01 40003
42501
53000 53100 53200 53300 53400
55000 55006 55P03
57014 57P01 57P02 57P03 57P04 57P05
58000 58030 58P01 58P02
72000 F0000 F0001
XX000 XX001 XX002
"""
"""Connection; read-only, silent too long; a session's lost statement; password, database, schema
not there; rolled back; privilege; memory, disk, connections; locked; operator; files; PostgreSQL.
"""

BLAME = """
0A000 0B000 21000 22001 22003 22021 22P02 22P05 23502 23503 23505 23514 23P01
24000 25001 25P02 2BP01 42601 42702 42804 42P10 44000 54000 54001 P0001 P0002
"""
"""A limit, a value, a constraint, or a statement that is wrong: another try is the same."""


@pytest.mark.parametrize("sqlstate", WAIT.split())
def test_good_events_wait_where_the_database_can_not(sqlstate: str) -> None:
    """How server, database, session and schema stand is waited out by workers and the web."""
    error = exceptions.PostgresError.new({"C": sqlstate, "M": "words", "S": "ERROR"})
    assert error.sqlstate == sqlstate
    assert is_unavailable(error)
    assert is_infrastructure(error)


@pytest.mark.parametrize("sqlstate", BLAME.split())
def test_what_lies_in_the_data_is_not_waited_for(sqlstate: str) -> None:
    """What the same data or statement would meet again is rejected or reported."""
    error = exceptions.PostgresError.new({"C": sqlstate, "M": "words", "S": "ERROR"})
    assert not is_unavailable(error)
    assert not is_infrastructure(error)


@pytest.mark.parametrize(
    ("error", "unavailable"),
    [
        (asyncpg.InterfaceError("connection is closed"), True),
        (asyncpg.InterfaceError("pool is closing"), True),
        (asyncpg.InterfaceError("another operation is in progress"), False),
        (asyncpg.DataError("invalid input for query argument $1"), False),
        (_base.DataError("invalid input for query argument $1: 'closed\\ud800'"), False),
        (asyncpg.InternalClientError("got result for unknown protocol state"), True),
        (exceptions.InvalidCachedStatementError("cached statement plan is invalid"), True),
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (ValueError(), False),
    ],
)
def test_errors_without_a_state(error: Exception, *, unavailable: bool) -> None:
    """What asyncpg and the network say on their own."""
    assert is_unavailable(error) is unavailable
    assert is_infrastructure(error) is unavailable


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://exams:p@ss@db.example:5433/exams", "db.example:5433/exams"),
        ("postgresql://u:secret@one:1,two:2/exams?sslmode=require", "one:1,two:2/exams"),
        ("postgresql:///exams?host=/run/postgresql&password=secret", "/exams"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    """Host, port and database, and nothing else."""
    assert address_shown(address) == shown
