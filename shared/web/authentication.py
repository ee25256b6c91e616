"""Bearer tokens of the province's OpenID Connect provider, checked against its keys."""

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Annotated, Any

import aiohttp
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.identity import ROLES, Person, Role
from shared.refusals import Refusal

ALGORITHMS = ["ES256", "RS256", "Ed25519", "EdDSA"]
KEYS_REFRESH_S = 10
"""A token with an unknown key makes us ask the provider for its keys, at most this often.

A flood of bad tokens must not reach it.
"""


class TokenVerifier:
    """Says whom a token names.

    Fetches the provider's keys when they are first needed, and again when a token names a new one.
    """

    def __init__(self, *, issuer: str, jwks_url: str) -> None:
        self._jwks_url = jwks_url
        self._keys: KeySet | None = None
        self._asked = float("-inf")
        self._lock = asyncio.Lock()
        self._claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": issuer},
            exp={"essential": True},
            sub={"essential": True},
            leeway=30,
        )

    async def verify(self, token: str) -> Person:
        """The person of a token.

        Raises Refusal `unauthenticated`, or `try-again` while the provider's keys can't be had.
        """
        try:
            found = self._decode(token)
        except (JoseError, ValueError):
            await self._ask_for_keys()
            try:
                found = self._decode(token)
            except (JoseError, ValueError) as error:
                raise Refusal(
                    "unauthenticated", why=str(error)[:120] or type(error).__name__
                ) from error
        return found

    def _decode(self, token: str) -> Person:
        if self._keys is None:
            raise ValueError("keys not fetched yet")
        claims = jwt.decode(token, self._keys, algorithms=ALGORITHMS).claims
        self._claims.validate(claims)
        roles = claims.get("roles", [])
        return Person(
            str(claims["sub"]), ROLES.intersection(roles if isinstance(roles, list) else [])
        )

    async def _ask_for_keys(self) -> None:
        async with self._lock:
            if time.monotonic() - self._asked < KEYS_REFRESH_S and self._keys is not None:
                return
            try:
                timeout = aiohttp.ClientTimeout(total=5)
                async with (
                    aiohttp.ClientSession(timeout=timeout) as client,
                    client.get(self._jwks_url) as answer,
                ):
                    answer.raise_for_status()
                    self._keys = KeySet.import_key_set(await answer.json(content_type=None))
                self._asked = time.monotonic()
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                if self._keys is None:
                    raise Refusal("try-again") from error


bearer = HTTPBearer(
    auto_error=False, description="Access token of the province's identity provider"
)
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


async def person_or_nobody(request: Request, credentials: Bearer) -> Person | None:
    """Whoever asks, if they say so; a wrong token is refused, none is fine."""
    if credentials is None:
        return None
    if not hasattr(request.state, "person"):  # its route asks before the body is read, and after
        resources = request.app.state.resources
        verifier: TokenVerifier = resources.token_verifier
        person = await verifier.verify(credentials.credentials)
        request.state.person = replace(person, accounts=resources.accounts)
    known: Person = request.state.person
    return known


MaybePerson = Annotated[Person | None, Depends(person_or_nobody)]


async def signed_in(person: MaybePerson) -> Person:
    """Whoever asks, refused without a token."""
    if person is None:
        raise Refusal("unauthenticated", why="no token came with the request")
    return person


SignedIn = Annotated[Person, Depends(signed_in)]


@dataclass(frozen=True, slots=True)
class RoleRequired:
    """Gives the Person who asks, and refuses whoever has none of `roles`."""

    roles: tuple[Role, ...]

    async def __call__(self, person: SignedIn) -> Person:
        """The person, where they have one of the roles. Raises Refusal `not-your-role`."""
        if person.roles.isdisjoint(self.roles):
            raise Refusal("not-your-role", roles=", ".join(self.roles))
        return person


def require_role(*roles: Role) -> Any:
    """A dependency that gives the Person who asks, and refuses whoever has none of `roles`."""
    return Depends(RoleRequired(roles))


Applicant = Annotated[Person, require_role("applicant")]
Verifier = Annotated[Person, require_role("verifier")]
Examiner = Annotated[Person, require_role("examiner")]
Officer = Annotated[Person, require_role("officer")]
Operator = Annotated[Person, require_role("operator")]
