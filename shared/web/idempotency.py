"""Requests that change something: one transaction, and one effect however often they are sent."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from shared.postgres import idempotency
from shared.postgres.pool import Connection
from shared.proposals.answers import ProposalView
from shared.refusals import Refusal
from shared.web.authentication import MaybePerson
from shared.web.dependencies import ResourcesDependency

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=8,
        max_length=128,
        description="Your own name for this request, best a random UUID; without a token it must "
        "be one. Sent again with the same key it has its effect once, and the first answer comes "
        "again: for some days, without a token for a day.",
    ),
]


class IdempotentTransaction:
    """The transaction of a request that changes something."""

    def __init__(
        self,
        request: Request,
        resources: ResourcesDependency,
        person: MaybePerson,
        idempotency_key: str | None,
    ) -> None:
        self._request = request
        self._pool = resources.pool
        self._subject = person.subject if person else ""
        self._key = idempotency_key

    async def once(
        self,
        use_case: Callable[[Connection], Awaitable[BaseModel]],
        status: int = 201,
        *,
        digest: bytes | None = None,
    ) -> Response:
        """Runs `use_case` in a transaction and answers with what it returns.

        The status is 202 where that is a proposal, which waits for a second person.
        `digest` is the SHA-256 of a body that was received as a file.

        A repeated key gets the first answer. A request waits while another one with its key is
        under way, so two at once have one effect. A Refusal rolls everything back, the key too:
        what was refused may be sent again once it is right.

        Raises Refusal `idempotency-key-reused` where the key came with another request before.
        """
        if self._key is None:
            async with self._pool.acquire() as connection, connection.transaction():
                answer = await use_case(connection)
            return _json(answer.model_dump_json(), _status(answer, status))
        # may wait for the body, so before a connection is held
        request = await self._fingerprint(digest)
        async with self._pool.acquire() as connection, connection.transaction():
            if not await idempotency.claim_key(connection, self._subject, self._key, request):
                return await self._first_answer(connection, self._key, request)
            answer = await use_case(connection)
            body, status = answer.model_dump_json(), _status(answer, status)
            await idempotency.keep_answer(connection, self._subject, self._key, status, body)
        return _json(body, status)

    async def claim(self) -> idempotency.Claim | None:
        """The request's key, to be claimed by a transaction of many; none where it has none."""
        if self._key is None:
            return None
        return idempotency.Claim(self._subject, self._key, await self._fingerprint(None))

    async def _fingerprint(self, digest: bytes | None) -> bytes:
        query = f"?{self._request.url.query}" if self._request.url.query else ""
        request = f"{self._request.method} {self._request.url.path}{query}\n"
        body = await self._request.body() if digest is None else digest
        return hashlib.sha256(request.encode() + body).digest()

    async def _first_answer(self, connection: Connection, key: str, request: bytes) -> Response:
        first = await idempotency.first_answer(connection, self._subject, key, request)
        if first is None:
            raise Refusal("idempotency-key-reused")
        response = _json(first.body, first.status)
        response.headers["Idempotent-Replayed"] = "true"
        return response


def _status(answer: BaseModel, decided: int) -> int:
    return 202 if isinstance(answer, ProposalView) and answer.status == "open" else decided


def _json(body: str, status: int) -> Response:
    return Response(body, status_code=status, media_type="application/json")


async def get_transaction(
    request: Request,
    resources: ResourcesDependency,
    person: MaybePerson,
    idempotency_key: IdempotencyKey = None,
) -> IdempotentTransaction:
    """The transaction of this request.

    Raises Refusal `idempotency-key-guessable`: whoever guesses the key of a person without a token
    would be given that person's answer.
    """
    if (
        person is None
        and idempotency_key is not None
        and not idempotency.is_random(idempotency_key)
    ):
        raise Refusal("idempotency-key-guessable")
    # async: FastAPI would call the class itself in a thread, for each request
    return IdempotentTransaction(request, resources, person, idempotency_key)


TransactionDependency = Annotated[IdempotentTransaction, Depends(get_transaction)]
