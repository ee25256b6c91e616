"""A model of PostgreSQL, as far as the rules lean on it.

Read committed, row locks, advisory locks bound to a connection, backups.

Each method is one statement and atomic. A process yields between two of them, so that anything can
happen there.
"""

from collections.abc import Callable, Generator
from typing import Any

Steps = Generator[None, None, Any]

PATIENCE = 25
"""Looks at a taken lock before a wait is given up, as lock_timeout or the deadlock detector would
(SQLSTATE 55P03, 40P01)."""


class ConnectionLost(Exception):  # noqa: N818 (what happened)
    """The backend is gone. Whether a commit that was under way took place is not known."""


class LockTimeout(Exception):  # noqa: N818 (what happened)
    """Infrastructure: to be waited out."""


class Database:
    """Committed tables: name → key → row. Rows are never changed in place."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tables: dict[str, dict[Any, Any]] = {}
        self.locks: dict[tuple[str, Any], Connection] = {}
        self.advisory: dict[str, Connection] = {}
        self.connections: list[Connection] = []
        self.next_id = 0
        self.doubt: Callable[[], str] = lambda: ""
        """What befalls the next commit: "" nothing, "lost" it is rolled back, "unheard" it takes
        place and its answer is lost."""
        self.committed: Callable[[dict[tuple[str, Any], Any]], None] = lambda writes: None

    def table(self, name: str) -> dict[Any, Any]:
        found = self.tables.get(name)
        if found is None:
            found = self.tables[name] = {}
        return found

    def connect(self) -> "Connection":
        connection = Connection(self)
        self.connections.append(connection)
        return connection

    def backup(self) -> tuple[dict[str, dict[Any, Any]], int]:
        return {name: dict(rows) for name, rows in self.tables.items()}, self.next_id

    def restart(self) -> None:
        """Every backend ends; what was committed stays (synchronous_commit is on)."""
        for connection in list(self.connections):
            connection.terminate()

    def restore(self, backup: tuple[dict[str, dict[Any, Any]], int]) -> None:
        """The database is as it was when the backup was taken, its id sequence too."""
        self.restart()
        tables, self.next_id = backup
        self.tables = {name: dict(rows) for name, rows in tables.items()}


class Connection:
    """One backend, in a transaction from its first statement until commit or rollback."""

    __slots__ = ("alive", "database", "held", "writes")

    def __init__(self, database: Database) -> None:
        self.database = database
        self.alive = True
        self.writes: dict[tuple[str, Any], Any] = {}
        self.held: list[tuple[str, Any]] = []

    def check(self) -> None:
        if not self.alive:
            raise ConnectionLost

    def get(self, table: str, key: Any) -> Any:
        """The row as this transaction sees it, or None."""
        if not self.alive:
            raise ConnectionLost
        if self.writes:
            place = (table, key)
            if place in self.writes:
                return self.writes[place]
        return self.database.table(table).get(key)

    def rows(self, table: str) -> dict[Any, Any]:
        """All rows as this statement sees them. Not to be changed."""
        if not self.alive:
            raise ConnectionLost
        committed = self.database.table(table)
        own = [(key, row) for (of, key), row in self.writes.items() if of == table]
        if not own:
            return committed
        merged = dict(committed)
        for key, row in own:
            if row is None:
                merged.pop(key, None)
            else:
                merged[key] = row
        return merged

    def put(self, table: str, key: Any, row: Any) -> None:
        """Inserts or updates; None deletes.

        Who could meet another writer takes the row's lock first.
        """
        if not self.alive:
            raise ConnectionLost
        self.writes[(table, key)] = row

    def new_id(self) -> int:
        """From a sequence: given once, and gone if the transaction rolls back."""
        if not self.alive:
            raise ConnectionLost
        self.database.next_id += 1
        return self.database.next_id

    def try_lock(self, table: str, key: Any) -> bool:
        if not self.alive:
            raise ConnectionLost
        place = (table, key)
        holder = self.database.locks.get(place)
        if holder is None:
            self.database.locks[place] = self
            self.held.append(place)
            return True
        return holder is self

    def lock(self, table: str, key: Any) -> Steps:
        """Waits for the row's lock, also of a row that isn't there yet.

        A unique index makes the second writer wait.
        """
        tries = 0
        while not self.try_lock(table, key):
            tries += 1
            if tries > PATIENCE:
                raise LockTimeout
            yield

    def try_advisory(self, name: str) -> bool:
        if not self.alive:
            raise ConnectionLost
        return self.database.advisory.setdefault(name, self) is self

    def commit(self) -> None:
        if not self.alive:
            raise ConnectionLost
        befalls = self.database.doubt() if self.writes else ""
        if befalls != "lost":
            for (table, key), row in self.writes.items():
                if row is None:
                    self.database.table(table).pop(key, None)
                else:
                    self.database.table(table)[key] = row
            if self.writes:
                self.database.committed(self.writes)
        if befalls:
            self.terminate()
            raise ConnectionLost
        self.rollback()

    def rollback(self) -> None:
        self.writes = {}
        locks = self.database.locks
        for place in self.held:
            del locks[place]
        self.held.clear()

    def terminate(self) -> None:
        """The backend ends, its transaction is undone, its locks are free.

        Its client learns of it at the next statement.
        """
        if not self.alive:
            return
        self.rollback()
        self.alive = False
        self.database.connections.remove(self)
        for name in [name for name, holder in self.database.advisory.items() if holder is self]:
            del self.database.advisory[name]
