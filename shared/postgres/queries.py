"""Named SQL: each query stands in a .sql file under a name, with a line that says what it does."""

import re
from pathlib import Path
from typing import Any

import aiosql

HEADER = re.compile(r"^-- name: [^)\n]*(?:\n--[^)\n]*)*\)", re.MULTILINE)
"""The name of a query and its parameters."""


def load(path: Path) -> Any:
    """The queries of one file, each an async function of (connection, **parameters).

    aiosql says how their names are written. A list of parameters may go on in further comment
    lines.
    """
    text = HEADER.sub(lambda header: re.sub(r"\n--\s*", " ", header[0]), path.read_text("utf-8"))
    return aiosql.from_str(text, "asyncpg")
