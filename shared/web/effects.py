"""One request, one transaction, one effect: however often it is sent."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from shared.postgres.pool import Connection
from shared.refusals import Refusal
from shared.web.identity import MaybePerson
from shared.web.parts import TheParts

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=8,
        max_length=128,
        description="Your own name for this request, best a random one (a UUID). Sent again with the same key it has its effect once, and the first answer comes again.",
    ),
]

ASK = """
INSERT INTO public.idempotency (subject, key, request) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true
"""
ANSWERED = "SELECT request, status, answer FROM public.idempotency WHERE subject = $1 AND key = $2"
KEEP = "UPDATE public.idempotency SET status = $3, answer = $4 WHERE subject = $1 AND key = $2"

NONCE_BYTES = 12


def named(key: str) -> str:
    """What is kept of an Idempotency-Key: enough to know it again, nothing to open the answer with."""
    return hashlib.sha256(b"name\n" + key.encode()).hexdigest()


def sealed(answer: str, key: str) -> bytes:
    """An answer as it is kept: readable only with the key, which only the client has.

    It may hold what is shown once, a tracking code say.
    """
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_lock(key)).encrypt(nonce, answer.encode(), None)


def opened(kept: bytes, key: str) -> str:
    """What `sealed` was given."""
    return AESGCM(_lock(key)).decrypt(kept[:NONCE_BYTES], kept[NONCE_BYTES:], None).decode()


def _lock(key: str) -> bytes:
    return hashlib.sha256(b"lock\n" + key.encode()).digest()


class Effect:
    """The transaction of a request that changes something."""

    def __init__(
        self, request: Request, parts: TheParts, person: MaybePerson, idempotency_key: str | None
    ) -> None:
        self._request = request
        self._pool = parts.pool
        self._subject = person.subject if person else ""
        self._key = idempotency_key

    async def once(
        self, use_case: Callable[[Connection], Awaitable[BaseModel]], status: int = 201
    ) -> Response:
        """Run `use_case` in a transaction and answer with what it returns; a repeated key gets the
        first answer.

        The key waits in its row for a twin under way, so two at once have one effect. A Refusal
        rolls everything back, the key too: what was refused may be sent again once it is right.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            if self._key is not None:
                asked = await self._fingerprint()
                if not await connection.fetchval(ASK, self._subject, named(self._key), asked):
                    return await self._first_answer(connection, self._key, asked)
            answer = (await use_case(connection)).model_dump_json()
            if self._key is not None:
                await connection.execute(
                    KEEP, self._subject, named(self._key), status, sealed(answer, self._key)
                )
        return Response(answer, status_code=status, media_type="application/json")

    async def _fingerprint(self) -> bytes:
        digest = hashlib.sha256(f"{self._request.method} {self._request.url.path}\n".encode())
        digest.update(await self._request.body())
        return digest.digest()

    async def _first_answer(self, connection: Connection, key: str, asked: bytes) -> Response:
        row = await connection.fetchrow(ANSWERED, self._subject, named(key))
        if row is None or row["request"] != asked:
            raise Refusal("idempotency-key-reused")
        return Response(
            opened(row["answer"], key),
            status_code=row["status"],
            media_type="application/json",
            headers={"Idempotent-Replayed": "true"},
        )


async def effect(  # async: FastAPI would call the class itself in a thread, for each request
    request: Request, parts: TheParts, person: MaybePerson, idempotency_key: IdempotencyKey = None
) -> Effect:
    """The transaction of this request."""
    return Effect(request, parts, person, idempotency_key)


TheEffect = Annotated[Effect, Depends(effect)]
