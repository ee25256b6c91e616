"""Tokens of `oidc-provider`, a certified provider that keeps to RFC 9068."""

import os
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import httpx
import pytest
from typing_extensions import override

from deploy.local.ports import free_port
from deploy.local.process import Process
from shared.identity import Person
from shared.refusals import Refusal
from shared.web.authentication import TokenRules, TokenVerifier
from shared.web.issuer_keys import CONFIGURATION, IssuerKeys
from tests.component.conftest import AUDIENCE
from tests.component.identity.browser import browser, log_in, token_answer
from tests.component.identity.keycloak import ROOT, claims_of

START_SECONDS = 60
SOURCE = Path(__file__).with_name("oidc_provider")
INSTALLED = ROOT / ".terang" / "oidc-provider"
RESOURCE = "https://terang.example"


class Provider(Process):
    """The provider of `oidc_provider/provider.mjs`, on 127.0.0.1."""

    def __init__(self, *, port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.secret = secrets.token_urlsafe(16)
        words = ["node", str(INSTALLED / "provider.mjs"), str(port), AUDIENCE, self.secret]
        super().__init__("oidc-provider", words, log=log)

    @override
    def ready(self) -> bool:
        try:
            return httpx.get(self.url + CONFIGURATION, timeout=5).is_success
        except httpx.TransportError:
            return False

    async def configuration(self) -> Mapping[str, str]:
        """What it says of itself."""
        async with (
            aiohttp.ClientSession(raise_for_status=True) as http,
            http.get(self.url + CONFIGURATION) as answer,
        ):
            found: dict[str, str] = await answer.json()
            return found

    async def program_token(self, resource: str) -> str:
        """An access token of the client credentials flow, for a resource."""
        form = {
            "grant_type": "client_credentials",
            "client_id": "program",
            "client_secret": self.secret,
            "resource": resource,
        }
        async with aiohttp.ClientSession() as http:
            return (await token_answer(http, await self.configuration(), form))["access_token"]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """A running provider; passed over on a machine without Node.js, but never in CI."""
    if not os.environ.get("CI") and shutil.which("npm") is None:
        pytest.skip("Node.js and its npm are not installed")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for file in SOURCE.iterdir():
        shutil.copy(file, INSTALLED)
    words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(words, cwd=INSTALLED, check=True, stdout=subprocess.DEVNULL)
    running = Provider(
        port=free_port(), log=tmp_path_factory.mktemp("oidc-provider") / "provider.log"
    )
    running.start()
    try:
        running.wait_ready(START_SECONDS)
        yield running
    finally:
        running.kill()


@asynccontextmanager
async def verifier(provider: Provider, audience: str = AUDIENCE) -> AsyncIterator[TokenVerifier]:
    """Verifies what the provider signed for an audience."""
    async with IssuerKeys(issuer=provider.url) as keys:
        yield TokenVerifier(keys, TokenRules(provider.url, audience))


async def test_an_access_token_for_this_platform_is_taken(provider: Provider) -> None:
    """`at+jwt` in the header, our audience, and of the roles those that we know."""
    token = await provider.program_token(RESOURCE)
    assert claims_of(token)[0]["typ"] == "at+jwt"
    async with verifier(provider) as verify:
        assert verify.verify(token).roles == {"officer"}


async def test_a_token_for_another_resource_is_not_taken(provider: Provider) -> None:
    """The same program's token for another platform has the same roles, and isn't for us."""
    token = await provider.program_token("https://elsewhere.example")
    async with verifier(provider) as verify:
        with pytest.raises(Refusal, match="token-for-others"):
            verify.verify(token)


async def test_the_id_token_of_a_login_is_not_taken(provider: Provider) -> None:
    """Of one login the access token counts and the ID token doesn't, even were `aud` ours."""
    async with browser(provider.url, login="officer-7", password="any") as person:
        tokens = await log_in(
            person,
            await provider.configuration(),
            "https://terang.example/done",
            client_id="people",
            resource=RESOURCE,
        )
    async with verifier(provider) as verify:
        person_known = verify.verify(tokens["access_token"])
    assert person_known == Person("officer-7", frozenset({"officer"}))
    async with verifier(provider, audience="people") as verify:
        with pytest.raises(Refusal, match="token-for-others"):
            verify.verify(tokens["id_token"])
