"""Access tokens of the province's OpenID Connect provider: whom they name, and in which roles.

`docs/identity.md` says what a provider must put into a token.
"""

import re
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, InvalidKeyIdError, JoseError

from shared.identity import ROLES, Person, Role
from shared.refusals import Refusal
from shared.settings import DEMO_PROVINCE, ServiceSettings
from shared.web.issuer_keys import IssuerKeys

ALGORITHMS = ["ES256", "RS256", "Ed25519", "EdDSA"]
LEEWAY_S = 30
"""By so much the provider's clock may differ from ours."""
ACCESS_TOKEN = frozenset({"at+jwt", "application/at+jwt"})
"""The header's `typ` of an access token: RFC 9068 §4."""
UNMARKED = frozenset({"", "jwt"})
"""A header's `typ` that says nothing; Keycloak marks its tokens by the claim `typ` instead."""
SUBJECT = re.compile(r"[\x20-\x7e]{1,255}")
"""OpenID Connect Core 1.0 §2: at most 255 ASCII characters; PostgreSQL stores no NUL."""


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What an access token must say to be ours.

    `roles_claim` is the path of the claim that lists the roles, parts separated by dots:
    `roles`, `realm_access.roles`.
    """

    issuer: str
    audience: str
    roles_claim: str = "roles"


class TokenVerifier:
    """Says whom an access token names. Never waits: `keys` are fetched in the background."""

    def __init__(self, keys: IssuerKeys, rules: TokenRules) -> None:
        self._keys = keys
        self._rules = rules
        self._claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": rules.issuer},
            aud={"essential": True, "value": rules.audience},
            exp={"essential": True},
            leeway=LEEWAY_S,
        )

    def verify(self, token: str) -> Person:
        """The person of a token.

        Raises Refusal `token-unverified`, `token-expired`, `token-for-others` or `token-malformed`,
        or `try-again` while the provider's keys can't be had.
        """
        decoded = self._decode(token)
        subject = _subject(decoded.claims)
        self._check_claims(decoded.claims)
        if not is_access_token(decoded.header, decoded.claims):
            raise Refusal("token-for-others", claim="typ", audience=self._rules.audience)
        return Person(subject, self._roles(decoded.claims))

    def _decode(self, token: str) -> jwt.Token:
        """The token, its signature checked."""
        keys = self._keys.current()
        try:
            return jwt.decode(token, keys, algorithms=ALGORITHMS)
        except InvalidKeyIdError as error:
            self._keys.missed()
            raise Refusal("token-unverified", issuer=self._rules.issuer) from error
        except (JoseError, ValueError, TypeError) as error:
            raise Refusal("token-unverified", issuer=self._rules.issuer) from error

    def _check_claims(self, claims: dict[str, Any]) -> None:
        try:
            self._claims.validate(claims)
        except ExpiredTokenError as error:
            raise Refusal("token-expired") from error
        except ClaimError as error:
            raise Refusal(
                "token-for-others", claim=error.claim, audience=self._rules.audience
            ) from error

    def _roles(self, claims: dict[str, Any]) -> frozenset[str]:
        """The roles of ours that the token lists; none where it has no such claim."""
        found = _at(claims, self._rules.roles_claim)
        if found is None:
            return frozenset()
        if not isinstance(found, list) or not all(isinstance(role, str) for role in found):
            raise Refusal("token-malformed", claim=self._rules.roles_claim)
        return ROLES.intersection(found)


def is_access_token(header: dict[str, Any], claims: dict[str, Any]) -> bool:
    """Whether the provider marks the token as an access token, never an ID token.

    Either the header's `typ` is `at+jwt` (RFC 9068), or the header leaves it open and the claim
    `typ` is `Bearer`, as in Keycloak (its ID tokens say `ID`, its refresh tokens `Refresh`).
    """
    kind = str(header.get("typ", "")).lower()
    claimed = str(claims.get("typ", ""))
    if kind in ACCESS_TOKEN:
        return claimed in {"", "Bearer"}
    return kind in UNMARKED and claimed == "Bearer"


def _subject(claims: dict[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not SUBJECT.fullmatch(subject):
        raise Refusal("token-malformed", claim="sub")
    return subject


def _at(claims: dict[str, Any], path: str) -> Any:
    """The claim of that name, or else at that path; None where a part of it isn't there.

    Raises Refusal `token-malformed` where the path leads through a claim that has no parts.
    """
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        if not isinstance(found, dict):
            raise Refusal("token-malformed", claim=path)
        found = found.get(part)
        if found is None:
            return None
    return found


def issuer_keys(settings: ServiceSettings) -> IssuerKeys:
    """The keys of the deployment's identity provider; to be entered."""
    return IssuerKeys(
        issuer=settings.issuer,
        address=settings.issuer_address,
        demonstration=settings.province == DEMO_PROVINCE,
    )


def token_rules(settings: ServiceSettings) -> TokenRules:
    """What the deployment asks of an access token."""
    return TokenRules(settings.issuer, settings.audience, settings.roles_claim)


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
        person = verifier.verify(credentials.credentials)
        request.state.person = replace(person, accounts=resources.accounts)
    known: Person = request.state.person
    return known


MaybePerson = Annotated[Person | None, Depends(person_or_nobody)]


async def signed_in(person: MaybePerson) -> Person:
    """Whoever asks, refused without a token."""
    if person is None:
        raise Refusal("unauthenticated")
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
