"""Tokens of a real Keycloak 26 with the realm that Terang ships."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from yarl import URL

from deploy.local.ports import free_port
from shared.refusals import Refusal
from shared.web.authentication import TokenRules, TokenVerifier
from shared.web.issuer_keys import IssuerKeys, Pace
from tests.component.identity.browser import browser, code_challenge, log_in, token_answer
from tests.component.identity.keycloak import ROOT, SITE, Keycloak, NotToBeHad, claims_of, install

START_SECONDS = 240
"""It puts itself together at its first start, which takes most of a minute on two idle cores."""
SECONDS = 60
REDIRECT = f"https://{SITE}/done"
QUICK = Pace(refresh_s=0.5, shortest_s=0.2)

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    """A running Keycloak; without a way to get it, the tests are passed over, but never in CI."""
    try:
        home = install(ROOT / ".terang" / "keycloak")
    except NotToBeHad as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(reason))
    port = free_port()
    running = Keycloak(
        home,
        port=port,
        management_port=free_port(taken=frozenset({port})),
        log=tmp_path_factory.mktemp("keycloak") / "keycloak.log",
    )
    running.start()
    try:
        running.wait_ready(START_SECONDS)
        yield running
    finally:
        running.kill()


@pytest.fixture(scope="module")
async def tokens(keycloak: Keycloak) -> dict[str, str]:
    """What an officer gets who logs in in a browser: an access, an ID and a refresh token."""
    password = await keycloak.new_person("officer", "officer")
    return await person_logs_in(keycloak, "officer", password, "terang-people")


async def person_logs_in(
    keycloak: Keycloak, name: str, password: str, client_id: str
) -> dict[str, str]:
    """The tokens of a person at a client."""
    username = f"{name}@people.example"
    async with browser(keycloak.url, username=username, password=password) as person:
        return await log_in(person, await keycloak.configuration(), REDIRECT, client_id=client_id)


@asynccontextmanager
async def verifier(keycloak: Keycloak, pace: Pace | None = None) -> AsyncIterator[TokenVerifier]:
    """Verifies as a province's service does whose file comes along with Terang."""
    settings = province_file()
    rules = TokenRules(keycloak.issuer, settings["TERANG_AUDIENCE"], settings["TERANG_ROLES_CLAIM"])
    async with IssuerKeys(issuer=keycloak.issuer, pace=pace) as keys:
        yield TokenVerifier(keys, rules)


def province_file() -> dict[str, str]:
    """The settings of Jambi."""
    lines = (ROOT / "deploy" / "provinces" / "15.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def refusal(verify: TokenVerifier, token: str) -> dict[str, Any]:
    """Code and facts of the refusal; empty where the token is taken."""
    try:
        verify.verify(token)
    except Refusal as refused:
        return {"code": refused.code, "claim": refused.facts.get("claim")}
    return {}


async def test_an_officer_who_logs_in_is_known_by_role(
    keycloak: Keycloak, tokens: dict[str, str]
) -> None:
    """The access token names the person and the roles, and nothing else about them."""
    header, claims = claims_of(tokens["access_token"])
    assert header["typ"] == "at+jwt"
    assert not {"name", "email", "preferred_username", "given_name"} & claims.keys()
    async with verifier(keycloak) as verify:
        person = verify.verify(tokens["access_token"])
    assert person.subject == claims["sub"]
    assert person.roles == {"officer", "applicant"}


@pytest.mark.parametrize("kind", ["id_token", "refresh_token"])
async def test_no_other_token_of_the_login_is_taken(
    keycloak: Keycloak, tokens: dict[str, str], kind: str
) -> None:
    """The ID token says who logged in, to the client alone; it made officers once."""
    async with verifier(keycloak) as verify:
        assert refusal(verify, tokens[kind])["code"] in {"token-for-others", "token-unverified"}


async def test_an_id_token_of_a_client_called_as_we_are_is_not_taken(
    keycloak: Keycloak, tokens: dict[str, str]
) -> None:
    """Even where its `aud` is our audience, Keycloak's mark `ID` tells it apart."""
    assert claims_of(tokens["id_token"])[1]["aud"] == "terang-people"
    async with IssuerKeys(issuer=keycloak.issuer) as keys:
        rules = TokenRules(keycloak.issuer, "terang-people", "realm_access.roles")
        assert refusal(TokenVerifier(keys, rules), tokens["id_token"]) == {
            "code": "token-for-others",
            "claim": "typ",
        }


def stock_client(client_id: str, *mappers: dict[str, Any]) -> dict[str, Any]:
    """A client as an administrator makes it, without a further thought."""
    return {
        "clientId": client_id,
        "publicClient": True,
        "redirectUris": [REDIRECT],
        "protocolMappers": list(mappers),
    }


async def test_a_token_for_another_client_of_the_realm_is_not_taken(keycloak: Keycloak) -> None:
    """It has the person's roles, but is not for us: it made officers once."""
    await keycloak.administer("POST", "/clients", stock_client("another"))
    password = await keycloak.new_person("colleague", "officer")
    token = (await person_logs_in(keycloak, "colleague", password, "another"))["access_token"]
    assert "officer" in claims_of(token)[1]["realm_access"]["roles"]
    async with verifier(keycloak) as verify:
        assert refusal(verify, token) == {"code": "token-for-others", "claim": "aud"}


async def test_a_stock_client_with_our_audience_is_taken(keycloak: Keycloak) -> None:
    """Keycloak's own mark counts too: `JWT` in the header, `Bearer` in the claims."""
    audience = {
        "name": "audience",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {"included.client.audience": "terang", "access.token.claim": "true"},
    }
    await keycloak.administer("POST", "/clients", stock_client("stock", audience))
    password = await keycloak.new_person("verifier", "verifier")
    token = (await person_logs_in(keycloak, "verifier", password, "stock"))["access_token"]
    header, claims = claims_of(token)
    assert (header["typ"], claims["typ"]) == ("JWT", "Bearer")
    async with verifier(keycloak) as verify:
        assert verify.verify(token).roles == {"verifier", "applicant"}


async def test_a_program_has_a_token_of_its_own(keycloak: Keycloak) -> None:
    """The computer test's client has a secret that Keycloak made, and the role examiner alone."""
    client = await keycloak.client("terang-computer-test")
    form = {
        "grant_type": "client_credentials",
        "client_id": client["clientId"],
        "client_secret": client["secret"],
    }
    async with browser(keycloak.url) as program, verifier(keycloak) as verify:
        answer = await token_answer(program.http, await keycloak.configuration(), form)
        assert verify.verify(answer["access_token"]).roles == {"examiner"}


async def test_a_person_at_a_terminal_gets_a_token_by_a_code(keycloak: Keycloak) -> None:
    """The device flow that docs/identity.md describes: a code here, the login in a browser."""
    password = await keycloak.new_person("terminal", "officer")
    configuration = await keycloak.configuration()
    fills = {"username": "terminal@people.example", "password": password, "accept": "Yes"}
    async with browser(keycloak.url, **fills) as person, verifier(keycloak) as verify:
        question = {
            "client_id": "terang-people",
            "code_challenge": code_challenge(verifier_text := secrets.token_urlsafe(40)),
            "code_challenge_method": "S256",
        }
        async with person.http.post(
            configuration["device_authorization_endpoint"], data=question
        ) as answer:
            asked = await answer.json()
        await person.visit(URL(asked["verification_uri_complete"]), "https://nowhere.example")
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "client_id": "terang-people",
            "device_code": asked["device_code"],
            "code_verifier": verifier_text,
        }
        tokens = await token_answer(person.http, configuration, form)
        assert verify.verify(tokens["access_token"]).roles == {"officer", "applicant"}


async def test_a_key_that_keycloak_removes_is_trusted_no_longer(
    keycloak: Keycloak, tokens: dict[str, str]
) -> None:
    """A new key counts when it is used first; the old one stops to count when it is removed."""
    client = await keycloak.client("terang-computer-test")
    form = {
        "grant_type": "client_credentials",
        "client_id": client["clientId"],
        "client_secret": client["secret"],
    }
    realm = (await keycloak.administer("GET", ""))["id"]
    old = [
        key
        for key in await keycloak.administer(
            "GET", "/components?type=org.keycloak.keys.KeyProvider"
        )
        if key["providerId"] == "rsa-generated"
    ]
    new = {
        "name": "new",
        "parentId": realm,
        "providerId": "rsa-generated",
        "providerType": "org.keycloak.keys.KeyProvider",
        "config": {"priority": ["200"]},
    }
    async with browser(keycloak.url) as program, verifier(keycloak, QUICK) as verify:
        assert refusal(verify, tokens["access_token"]) == {}
        await keycloak.administer("POST", "/components", new)
        answer = await token_answer(program.http, await keycloak.configuration(), form)
        async with asyncio.timeout(SECONDS):
            while refusal(verify, answer["access_token"]):
                await asyncio.sleep(0.1)
        for key in old:
            await keycloak.administer("DELETE", f"/components/{key['id']}")
        async with asyncio.timeout(SECONDS):
            while refusal(verify, tokens["access_token"]).get("code") != "token-unverified":
                await asyncio.sleep(0.1)
        assert refusal(verify, answer["access_token"]) == {}


def test_the_realm_brings_no_secrets() -> None:
    """Neither passwords nor client secrets stand in the file that everyone can read."""
    realm = (ROOT / "deploy" / "identity" / "terang-realm.json").read_text("utf-8")
    assert '"secret"' not in realm
    assert "credentials" not in realm
    assert '"directAccessGrantsEnabled": true' not in realm
