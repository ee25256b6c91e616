"""Named SQL: each query stands in a .sql file under a name, with a line that says what it does."""

from pathlib import Path
from typing import Any

import aiosql


def load(path: Path) -> Any:
    """The queries of one file, each an async function of (connection, **parameters), by aiosql's
    naming.
    """
    return aiosql.from_path(path, "asyncpg")
