"""Answers already given, kept so that a request sent again gets the first one.

What is kept of an Idempotency-Key is a hash; the answer opens only with the key, which only the
client has: it may hold what is shown once, a tracking code for example.
"""

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.postgres import queries
from shared.postgres.pool import Connection, Pool

SQL = queries.load(Path(__file__).with_name("idempotency.sql"))

NONCE_BYTES = 12
"""Of AES-GCM (NIST SP 800-38D, 8.2: 96 bits)."""

ANONYMOUS_KEPT = timedelta(days=2)
"""How long the answer to nobody in particular is kept, from the beginning of its day in UTC, which
is all that is kept of the time: one day at least. Whoever has the key gets it, a tracking code for
example."""

RANDOM_UUID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    re.ASCII | re.IGNORECASE,
)
"""A UUID of version 4 or 7 with its hyphens (RFC 9562, 4 and 5): nobody can guess those. The others
are made of a name, or of a time and a machine."""

FEWEST_DIGITS = 8
"""Different hex digits of a key that holds chance: of ten million UUIDs of version 4 nearly one has
fewer. What people type, 11111111-1111-4111-8111-111111111111 for example, has."""

FORGOTTEN_AT_ONCE = 1_000
"""Answers removed in one transaction: a larger one would hold its locks for seconds."""


class Claim(NamedTuple):
    """A person's key for a request (its fingerprint)."""

    subject: str
    key: str
    request: bytes


class FirstAnswer(NamedTuple):
    """The answer that a request got when it came first: its HTTP status and its JSON."""

    status: int
    body: str


async def claim_key(connection: Connection, subject: str, key: str, request: bytes) -> bool:
    """Claims a person's key for a request (its fingerprint); false where it was claimed before.

    Waits while another transaction that claims the same key is under way.
    """
    new = await SQL.claim_key(connection, subject=subject, key=_hashed(key), request=request)
    return new is not None


async def claim_keys(connection: Connection, claims: Sequence[Claim]) -> set[Claim]:
    """Claims the keys of many requests; gives the claims of those that are new.

    Waits as claim_key does.
    """
    if not claims:
        return set()
    names = {(claim.subject, _hashed(claim.key)): claim for claim in reversed(claims)}
    rows = SQL.claim_keys(
        connection,
        subjects=[subject for subject, _ in names],
        keys=[key for _, key in names],
        requests=[claim.request for claim in names.values()],
    )
    return {names[row["subject"], row["key"]] async for row in rows}


async def release_keys(connection: Connection, claims: Collection[Claim]) -> None:
    """Gives back keys that this transaction claimed."""
    if claims:
        await SQL.release_keys(
            connection,
            subjects=[claim.subject for claim in claims],
            keys=[_hashed(claim.key) for claim in claims],
        )


async def keep_answers(connection: Connection, answers: Sequence[tuple[Claim, int, str]]) -> None:
    """Keeps the answers (status, body) to requests that claimed keys in this transaction."""
    if answers:
        await SQL.keep_answers(
            connection,
            subjects=[claim.subject for claim, _, _ in answers],
            keys=[_hashed(claim.key) for claim, _, _ in answers],
            statuses=[status for _, status, _ in answers],
            answers=[_seal(body, claim.key) for claim, _, body in answers],
        )


async def keep_answer(
    connection: Connection, subject: str, key: str, status: int, body: str
) -> None:
    """Keeps the answer to the request that claimed the key in this transaction."""
    sealed = _seal(body, key)
    await SQL.keep_answer(
        connection, subject=subject, key=_hashed(key), status=status, answer=sealed
    )


async def first_answer(
    connection: Connection, subject: str, key: str, request: bytes
) -> FirstAnswer | None:
    """The answer kept under a key; none where the key was claimed by another request."""
    row = await SQL.answer(connection, subject=subject, key=_hashed(key))
    if row is None or row["request"] != request:
        return None
    return FirstAnswer(row["status"], _open(row["answer"], key))


async def forget_answers(pool: Pool, older_than: timedelta) -> None:
    """Removes answers that are older, and anonymous ones after a day, in small transactions."""
    forgotten = FORGOTTEN_AT_ONCE
    while forgotten == FORGOTTEN_AT_ONCE:
        forgotten = await SQL.forget(
            pool,
            older_than=older_than,
            anonymous_older_than=ANONYMOUS_KEPT,
            at_most=FORGOTTEN_AT_ONCE,
        )


def is_random(key: str) -> bool:
    """Whether a key is a UUID that holds chance (RFC 9562: 122 bits in version 4, 74 in 7)."""
    digits = set(key.lower()) - {"-"}
    return RANDOM_UUID.fullmatch(key) is not None and len(digits) >= FEWEST_DIGITS


def _hashed(key: str) -> str:
    """Enough to know a key again, nothing to open the answer with."""
    return hashlib.sha256(b"name\n" + key.encode()).hexdigest()


def _secret(key: str) -> bytes:
    return hashlib.sha256(b"lock\n" + key.encode()).digest()


def _seal(body: str, key: str) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_secret(key)).encrypt(nonce, body.encode(), None)


def _open(sealed: bytes, key: str) -> str:
    nonce, encrypted = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    return AESGCM(_secret(key)).decrypt(nonce, encrypted, None).decode()
