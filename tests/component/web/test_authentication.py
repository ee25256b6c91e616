"""Access tokens against a real provider: who is let in, who isn't, and that nobody waits for it."""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from shared.identity import Person
from shared.refusals import Refusal
from shared.web.authentication import TokenRules, TokenVerifier
from shared.web.issuer_keys import CONFIGURATION, IssuerKeys, Pace
from tests.component.conftest import AUDIENCE, Issuer, ServiceApp

SECONDS = 30
HOUR = 3600.0
QUICK = Pace(refresh_s=0.1, shortest_s=0.05, first_s=0.05)
SLOW = Pace(refresh_s=HOUR, shortest_s=HOUR, answer_s=HOUR)
"""Nothing is asked twice within a test, and a provider that hangs does so for all of it."""

StartApp = Callable[..., Awaitable[ServiceApp]]


@pytest.fixture
def provider() -> Iterator[Issuer]:
    """A provider of this test alone."""
    provider = Issuer()
    yield provider
    provider.close()


def rules(provider: Issuer, roles_claim: str = "roles") -> TokenRules:
    """What this platform asks of the provider's tokens."""
    return TokenRules(provider.url, AUDIENCE, roles_claim)


def refusal(verifier: TokenVerifier, token: str) -> str:
    """The code with which the token is refused; empty where it is taken."""
    try:
        verifier.verify(token)
    except Refusal as refused:
        return refused.code
    return ""


async def until(true: Callable[[], bool]) -> None:
    """Ask until it is so."""
    async with asyncio.timeout(SECONDS):
        while not true():
            await asyncio.sleep(0.01)


# Which tokens


@pytest.mark.parametrize(
    ("claims", "header", "code"),
    [
        ({}, {}, ""),
        ({"aud": ["account", AUDIENCE]}, {}, ""),
        ({}, {"typ": "application/at+jwt"}, ""),
        ({"typ": "Bearer"}, {"typ": "JWT"}, ""),
        ({"typ": "Bearer"}, {"typ": "at+jwt"}, ""),
        # another client's token
        ({"aud": "another-client"}, {}, "token-for-others"),
        ({"aud": ["account"]}, {}, "token-for-others"),
        ({"aud": None}, {}, "token-for-others"),
        ({"aud": {"terang": 1}}, {}, "token-for-others"),
        ({"aud": f"{AUDIENCE}-test"}, {}, "token-for-others"),
        # ID tokens, refresh tokens, and whatever doesn't say what it is
        ({"typ": "ID", "nonce": "n"}, {"typ": "JWT"}, "token-for-others"),
        ({"typ": "ID"}, {"typ": "at+jwt"}, "token-for-others"),
        ({"typ": "Refresh"}, {"typ": "JWT"}, "token-for-others"),
        ({"typ": ["Bearer"]}, {"typ": "JWT"}, "token-for-others"),
        ({}, {"typ": "JWT"}, "token-for-others"),
        ({}, {"typ": "logout+jwt"}, "token-for-others"),
        ({"typ": "Bearer"}, {"typ": "logout+jwt"}, "token-for-others"),
        # times and issuer
        ({"exp": 1}, {}, "token-expired"),
        ({"exp": None}, {}, "token-for-others"),
        ({"nbf": 4_000_000_000}, {}, "token-for-others"),
        ({"iss": "https://elsewhere.example"}, {}, "token-for-others"),
        ({"iss": None}, {}, "token-for-others"),
        # whom: PostgreSQL stores no NUL, OpenID Connect allows 255 characters of ASCII
        ({"sub": "a" * 255}, {}, ""),
        ({"sub": "a" * 256}, {}, "token-malformed"),
        ({"sub": "a\0b"}, {}, "token-malformed"),
        ({"sub": "a\n"}, {}, "token-malformed"),
        ({"sub": "é"}, {}, "token-malformed"),
        ({"sub": ""}, {}, "token-malformed"),
        ({"sub": 7}, {}, "token-malformed"),
        ({"sub": ["ana"]}, {}, "token-malformed"),
        ({"sub": None}, {}, "token-malformed"),
        # the roles
        ({"roles": None}, {}, ""),
        ({"roles": []}, {}, ""),
        ({"roles": {"officer": True}}, {}, "token-malformed"),
        ({"roles": [["officer"]]}, {}, "token-malformed"),
        ({"roles": [{"officer": 1}]}, {}, "token-malformed"),
        ({"roles": ["officer", 1]}, {}, "token-malformed"),
        ({"roles": "officer"}, {}, "token-malformed"),
    ],
)
async def test_only_an_access_token_for_this_platform_is_taken(
    provider: Issuer, claims: dict[str, Any], header: dict[str, Any], code: str
) -> None:
    """A token counts if it is ours: its issuer, audience, kind, times, subject and roles.

    An ID token, and a token for another client, made officers once; a subject with NUL, and roles
    in a list of lists, ended in a fault of ours.
    """
    token = provider.sign({"sub": "ana", "roles": ["officer"], **claims}, header=header)
    async with IssuerKeys(issuer=provider.url) as keys:
        assert refusal(TokenVerifier(keys, rules(provider)), token) == code


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]",
        b"[" * 400,
        b'{"alg":"none"}',
        b'{"alg":"HS256","kid":"k"}',
        b'{"alg":"Ed25519","kid":["k"]}',
        b'{"alg":"Ed25519","kid":"k","crit":1}',
        b"a" * 200_000,
    ],
)
async def test_what_is_no_token_is_refused_and_asks_nobody(provider: Issuer, header: bytes) -> None:
    """Garbage is refused as such, a header with `crit: 1` too; the provider isn't troubled."""
    token = base64.urlsafe_b64encode(header).decode().rstrip("=") + ".e30.AAAA"
    pace = Pace(refresh_s=HOUR, shortest_s=0.01)
    async with IssuerKeys(issuer=provider.url, pace=pace) as keys:
        verifier = TokenVerifier(keys, rules(provider))
        for garbage in (token, f"{token}é", token[:-9], "\0"):
            assert refusal(verifier, garbage) == "token-unverified"
        await asyncio.sleep(0.1)
        assert provider.asked[CONFIGURATION] == 1


@pytest.mark.parametrize(
    ("path", "claims", "roles"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["officer", "offline_access"]}}, True),
        ("https://terang.example/roles", {"https://terang.example/roles": ["officer"]}, True),
        ("realm_access.roles", {"roles": ["officer"]}, False),
        ("realm_access.roles", {"realm_access": {}}, False),
    ],
)
async def test_the_roles_are_where_the_setting_says(
    provider: Issuer, path: str, claims: dict[str, Any], *, roles: bool
) -> None:
    """Roles come from the claim that is set, at a path or of that very name; others don't count."""
    async with IssuerKeys(issuer=provider.url) as keys:
        verifier = TokenVerifier(keys, rules(provider, path))
        person = verifier.verify(provider.sign({"sub": "ana", **claims}))
        assert person.roles == (frozenset({"officer"}) if roles else frozenset())


async def test_a_path_through_a_claim_without_parts_is_refused(provider: Issuer) -> None:
    """`realm_access` as a text has no roles to read: the token is refused."""
    async with IssuerKeys(issuer=provider.url) as keys:
        verifier = TokenVerifier(keys, rules(provider, "realm_access.roles"))
        token = provider.sign({"sub": "ana", "realm_access": "officer"})
        assert refusal(verifier, token) == "token-malformed"


# The provider's keys


async def test_a_key_that_is_removed_is_trusted_no_longer(provider: Issuer) -> None:
    """After a rotation the new key counts, and tokens under the removed one don't."""
    old = provider.token("ana", "officer")
    async with IssuerKeys(issuer=provider.url, pace=QUICK) as keys:
        verifier = TokenVerifier(keys, rules(provider))
        assert refusal(verifier, old) == ""
        provider.rotate()
        await until(lambda: refusal(verifier, old) == "token-unverified")
        assert refusal(verifier, provider.token("ana", "officer")) == ""


async def test_an_unknown_key_brings_the_next_refresh_forward(provider: Issuer) -> None:
    """A token under a new key makes the provider be asked before the keys are due."""
    pace = Pace(refresh_s=HOUR, shortest_s=0.01)
    async with IssuerKeys(issuer=provider.url, pace=pace) as keys:
        verifier = TokenVerifier(keys, rules(provider))
        provider.rotate()
        await until(lambda: refusal(verifier, provider.token("ana")) == "")


async def test_a_flood_of_unknown_keys_asks_once_a_period(provider: Issuer) -> None:
    """A thousand tokens with unknown keys make no more than one question a period."""
    pace = Pace(refresh_s=HOUR, shortest_s=0.5)
    unknown = provider.sign({"sub": "ana"}, header={"kid": "unknown"})
    async with IssuerKeys(issuer=provider.url, pace=pace) as keys:
        verifier = TokenVerifier(keys, rules(provider))
        began = time.monotonic()
        for _ in range(1000):
            assert refusal(verifier, unknown) == "token-unverified"
            await asyncio.sleep(0.001)
        periods = (time.monotonic() - began) / pace.shortest_s
        assert 2 <= provider.asked[CONFIGURATION] <= 1 + periods


async def test_nobody_waits_for_a_provider_that_hangs(provider: Issuer) -> None:
    """With keys at hand, good and bad tokens are decided while the provider doesn't answer."""
    good, unknown = provider.token("ana"), provider.sign({"sub": "a"}, header={"kid": "unknown"})
    pace = Pace(refresh_s=0.01, shortest_s=0.01, answer_s=HOUR)
    async with IssuerKeys(issuer=provider.url, pace=pace) as keys:
        verifier = TokenVerifier(keys, rules(provider))
        provider.hanging.set()
        await until(lambda: provider.held > 0)
        # the question under way is never answered; whoever waited for it would wait for an hour
        assert refusal(verifier, good) == ""
        assert [refusal(verifier, unknown) for _ in range(3)] == ["token-unverified"] * 3
        assert refusal(verifier, "a.b.c") == "token-unverified"


async def test_a_start_without_the_provider_says_try_again_then_works(provider: Issuer) -> None:
    """While there are no keys the answer is `try-again`; they are had once the provider is back."""
    pace = Pace(first_s=0.05, answer_s=0.1)
    provider.hanging.set()
    async with IssuerKeys(issuer=provider.url, pace=pace) as keys:
        verifier = TokenVerifier(keys, rules(provider))
        assert refusal(verifier, provider.token("ana")) == "try-again"
        provider.hanging.clear()
        await until(lambda: refusal(verifier, provider.token("ana")) == "")


async def test_keys_of_a_provider_that_stays_away_hold_for_a_time(provider: Issuer) -> None:
    """They hold while it is away, and no longer than `kept_s`: then nobody knows if they do."""
    pace = Pace(refresh_s=0.02, shortest_s=0.01, answer_s=0.05, kept_s=0.5)
    token = provider.token("ana")
    async with IssuerKeys(issuer=provider.url, pace=pace) as keys:
        verifier = TokenVerifier(keys, rules(provider))
        provider.pages["/keys"] = {"keys": []}
        assert refusal(verifier, token) == ""
        await until(lambda: refusal(verifier, token) == "try-again")


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("issuer", "https://elsewhere.example"),
        ("issuer", None),
        ("jwks_uri", ["keys"]),
        ("jwks_uri", "no address"),
        ("demonstration", True),
    ],
)
async def test_a_provider_that_is_not_the_one_we_mean_is_not_trusted(
    provider: Issuer, part: str, value: object
) -> None:
    """Another `issuer`, a configuration that can't be read, a demonstration: no keys, no entry."""
    provider.pages[CONFIGURATION] = provider.configuration | {part: value}
    async with IssuerKeys(issuer=provider.url, pace=SLOW) as keys:
        assert refusal(TokenVerifier(keys, rules(provider)), provider.token("ana")) == "try-again"


@pytest.mark.parametrize("keys", [{}, {"keys": [{"kty": "oct", "k": "AAAA"}]}, "x" * 300_000])
async def test_an_answer_without_public_keys_is_not_used(provider: Issuer, keys: object) -> None:
    """Nothing, secrets, or more than a key set can be: no keys."""
    provider.pages["/keys"] = keys
    async with IssuerKeys(issuer=provider.url, pace=SLOW) as found:
        assert refusal(TokenVerifier(found, rules(provider)), provider.token("ana")) == "try-again"


async def test_keys_that_we_do_not_know_are_passed_over(provider: Issuer) -> None:
    """A key for encryption, of a new kind, or broken, doesn't hide the good one beside it."""
    others = [
        {"kty": "AKP"},
        {"kty": ["x"]},
        {"kty": "EC", "crv": "P-999", "x": "A", "y": "A"},
        {"kty": 7},
        {},
    ]
    good = provider.pages["/keys"]["keys"][0]
    provider.pages["/keys"] = {"keys": [*others, {**good, "use": "enc", "kid": "e"}, good]}
    async with IssuerKeys(issuer=provider.url, pace=SLOW) as keys:
        verifier = TokenVerifier(keys, rules(provider))
        assert verifier.verify(provider.token("ana")) == Person("ana", frozenset())
        assert [key.kid for key in keys.current()] == [provider.key.kid]


async def test_a_provider_is_reached_under_another_address(provider: Issuer) -> None:
    """Behind a door its `iss` is one address and where we reach it another: its keys too."""
    outside = "https://login.example/realms/terang"
    provider.pages[CONFIGURATION] = {"issuer": outside, "jwks_uri": f"{outside}/keys"}
    async with IssuerKeys(issuer=outside, address=provider.url, pace=SLOW) as keys:
        verifier = TokenVerifier(keys, TokenRules(outside, AUDIENCE))
        assert refusal(verifier, provider.sign({"sub": "ana", "iss": outside})) == ""


# Through a service


async def test_a_service_says_why_a_token_is_refused(
    service_app: StartApp, provider: Issuer
) -> None:
    """401 with the challenge of RFC 6750, what is wrong with the token, and what to do."""
    app = await service_app("feedback", TERANG_ISSUER=provider.url)

    async def ask(token: str, language: str = "en") -> tuple[int, str, str, str]:
        answer = await app.http.get(
            "/feedback/me",
            headers={"Authorization": f"Bearer {token}", "Accept-Language": language},
        )
        problem = answer.json()
        code = problem.get("type", "").rpartition("/")[2]
        detail = problem.get("detail", "")
        return answer.status_code, code, answer.headers.get("WWW-Authenticate", ""), detail

    assert (await ask(provider.token("ana", "applicant")))[0] == 200
    invalid = 'Bearer error="invalid_token"'
    for token, code, word in (
        (provider.sign({"sub": "ana", "aud": "x"}), "token-for-others", "`aud`"),
        (provider.sign({"sub": "a\0b"}), "token-malformed", "`sub`"),
        (provider.sign({"sub": "ana", "roles": [[]]}), "token-malformed", "`roles`"),
        (provider.token("ana", valid_s=-60), "token-expired", "again"),
        ("a.b.c", "token-unverified", provider.url),
    ):
        status, found, header, detail = await ask(token)
        assert (status, found, header) == (401, code, invalid)
        assert word in detail
    assert "Mintalah token" in (await ask("a.b.c", "id"))[3]


async def test_a_service_that_starts_without_its_provider_serves_the_public(
    service_app: StartApp, provider: Issuer
) -> None:
    """Pages for everyone are there; who brings a token is told to try again, 503."""
    provider.pages.pop("/keys")
    app = await service_app("feedback", TERANG_ISSUER=provider.url)
    assert (await app.http.get("/feedback/units")).status_code == 200
    headers = {"Authorization": f"Bearer {provider.token('ana')}"}
    answer = await app.http.get("/feedback/me", headers=headers)
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/feedback/try-again"
