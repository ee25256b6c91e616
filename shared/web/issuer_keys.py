"""The public keys of the identity provider: found by discovery, kept fresh in the background."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet
from pydantic import BaseModel

from shared.refusals import Refusal

log = structlog.get_logger()

CONFIGURATION = "/.well-known/openid-configuration"
"""Below the issuer: OpenID Connect Discovery 1.0 §4."""
ANSWER_BYTES = 256 * 1024
"""A hundred keys are a tenth of it; a longer answer is no key set and would only fill memory."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the provider is asked; all in seconds."""

    refresh_s: float = 300
    """A key that the provider has removed is trusted for so long at most."""
    shortest_s: float = 10
    """Between two questions. A flood of tokens with unknown keys makes no more of them."""
    first_s: float = 1
    """Between two questions while there are no keys yet."""
    answer_s: float = 5
    """A provider that takes longer is away."""
    kept_s: float = 24 * 3600
    """While the provider is away its last keys hold for so long: people work on, and a day is
    enough to repair it. After that nobody knows which keys it still trusts."""


class Configuration(BaseModel):
    """What we read of the provider's configuration (OpenID Connect Discovery 1.0 §3)."""

    issuer: str
    jwks_uri: str
    demonstration: bool = False
    """Terang's own issuer, which believes anyone, says so (`deploy/local/issuer.py`)."""


class PublishedKeys(BaseModel):
    """A JSON Web Key Set (RFC 7517 §5)."""

    keys: list[dict[str, Any]]


class ProviderError(ValueError):
    """The provider answered, but its answer can't be used; the message says why."""


class IssuerKeys:
    """The provider's keys as it publishes them now. Use as an async context.

    `issuer` is the provider's `iss`; `address` is where this process reaches it, if elsewhere.
    A provider that calls itself a demonstration is used where `demonstration` is true, else
    refused. The start waits for the first answer, `Pace.answer_s` at most. After that nobody waits
    for the provider: it is asked in the background.
    """

    def __init__(
        self,
        *,
        issuer: str,
        address: str | None = None,
        demonstration: bool = False,
        pace: Pace | None = None,
    ) -> None:
        self._issuer = issuer
        self._address = (address or issuer).rstrip("/")
        self._demonstration = demonstration
        self._pace = pace or Pace()
        self._keys: KeySet | None = None
        self._fetched = float("-inf")
        self._kids: list[str | None] = []
        self._failure = ""
        self._asked_once = asyncio.Event()
        self._missed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._refreshing = asyncio.create_task(self._keep_fresh())
        await self._asked_once.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._refreshing.cancel()
        with suppress(asyncio.CancelledError):
            await self._refreshing

    def current(self) -> KeySet:
        """The keys that are trusted now. Raises Refusal `try-again` while there are none."""
        if self._keys is None or time.monotonic() - self._fetched > self._pace.kept_s:
            raise Refusal("try-again")
        return self._keys

    def missed(self) -> None:
        """Tell that a token names a key that isn't here: the provider is asked again soon."""
        self._missed.set()

    async def _keep_fresh(self) -> None:
        while True:
            self._missed.clear()
            answered = await self._refresh()
            self._asked_once.set()
            await self._pause(answered=answered)

    async def _refresh(self) -> bool:
        """Ask the provider once; whether its keys were had. On failure the last ones stay."""
        try:
            async with asyncio.timeout(self._pace.answer_s):
                keys = await self._ask()
        except Exception as error:  # noqa: BLE001 - nobody else refreshes, so this never ends
            self._tell_failure(f"{type(error).__name__}: {error}")
            return False
        kids = [key.kid for key in keys]
        if kids != self._kids or self._failure:
            log.info("identity provider's keys", kids=kids)
        self._keys, self._kids, self._failure = keys, kids, ""
        self._fetched = time.monotonic()
        return True

    def _tell_failure(self, failure: str) -> None:
        """Log why the keys can't be had, once as long as it stays the same."""
        if failure != self._failure:
            log.warning("identity provider's keys can't be had", address=self._address, why=failure)
        self._failure = failure

    async def _pause(self, *, answered: bool) -> None:
        """Wait until the keys are due again, or one was missed: `Pace.shortest_s` at least."""
        if self._keys is None:
            await asyncio.sleep(self._pace.first_s)
            return
        await asyncio.sleep(self._pace.shortest_s)
        if answered:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.refresh_s - self._pace.shortest_s):
                    await self._missed.wait()

    async def _ask(self) -> KeySet:
        """The keys as the provider has them now; raises where it can't be reached or read."""
        async with aiohttp.ClientSession() as client:
            answer = await _json(client, self._address + CONFIGURATION)
            configuration = Configuration.model_validate_json(answer)
            keys_address = self._keys_address(configuration)
            return usable_keys(PublishedKeys.model_validate_json(await _json(client, keys_address)))

    def _keys_address(self, configuration: Configuration) -> str:
        """Where the keys are, as this process reaches them. Raises ProviderError."""
        if configuration.issuer != self._issuer:
            raise ProviderError(f"it calls itself {configuration.issuer}, not {self._issuer}")
        if configuration.demonstration and not self._demonstration:
            raise ProviderError("it is a demonstration and gives anyone a token")
        address, issuer = configuration.jwks_uri, self._issuer.rstrip("/")
        if address.startswith(f"{issuer}/"):
            address = self._address + address.removeprefix(issuer)
        if self._address.startswith("https:") and not address.startswith("https:"):
            raise ProviderError(f"its keys are at {address}, which anyone on the way can change")
        return address


async def _json(client: aiohttp.ClientSession, address: str) -> bytes:
    """The answer at `address`. Raises aiohttp.ClientError, and ProviderError for one too long."""
    async with client.get(address, allow_redirects=False) as answer:
        if answer.status != 200:
            raise ProviderError(f"{address} answers {answer.status}")
        try:
            await answer.content.readexactly(ANSWER_BYTES + 1)
        except asyncio.IncompleteReadError as whole:
            return whole.partial
    raise ProviderError(f"{address} answers more than {ANSWER_BYTES} bytes")


def usable_keys(published: PublishedKeys) -> KeySet:
    """The keys that can check a signature. Raises ProviderError where there is none.

    Keys for encryption, secrets, and kinds that we don't know are passed over (RFC 7517 §5).
    """
    found = [key for row in published.keys if (key := _public_key(row)) is not None]
    if not found:
        raise ProviderError("it publishes no key that can check a signature")
    return KeySet(found)


def _public_key(row: dict[str, Any]) -> Key | None:
    if row.get("kty") == "oct" or row.get("use", "sig") != "sig":
        return None
    try:
        return JWKRegistry.import_key(row)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
