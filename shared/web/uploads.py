"""Files that a request sends: received piece by piece, kept on disk, never whole in memory."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from fastapi import Request

IMPORTS_AT_ONCE = 2
"""Files that one process takes in at the same time.

Each holds a connection of the pool for seconds; whoever comes later waits.
"""

PIECE = 256 * 1024
"""Bytes written to disk at once."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent, and the SHA-256 of its bytes."""

    file: BinaryIO
    digest: bytes


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[Upload]:
    """The request's body as a file that is gone when the block ends.

    No lock and no connection is held while it comes in. Raises Refusal `too-large` above the bytes
    that its route states (`max_body_bytes`).
    """
    with tempfile.TemporaryFile() as file:
        digest = hashlib.sha256()
        pieces = bytearray()
        async for piece in request.stream():
            pieces += piece
            digest.update(piece)
            if len(pieces) >= PIECE:
                await asyncio.to_thread(file.write, bytes(pieces))
                pieces.clear()
        await asyncio.to_thread(file.write, bytes(pieces))
        turn: asyncio.Semaphore = request.app.state.imports
        async with turn:
            yield Upload(file, digest.digest())


def csv_body(columns: str, example: str, most: int) -> dict[str, Any]:
    """The body of a route that takes a CSV file of at most `most` bytes, for OpenAPI."""
    schema = {
        "type": "string",
        "format": "binary",
        "description": f"UTF-8, at most {most // 2**20} MiB, with the header line {columns}",
    }
    return {
        "requestBody": {
            "required": True,
            "content": {"text/csv": {"schema": schema, "example": example}},
        }
    }
