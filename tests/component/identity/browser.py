"""Logging in as a person does: pages, forms and cookies, then the code for tokens."""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import aiohttp
from typing_extensions import override
from yarl import URL

REDIRECTS = 10


@dataclass
class Form(HTMLParser):
    """The first form of a page: where it goes, and its inputs with their values."""

    action: str | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    _inside: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action, self._inside = given.get("action", ""), True
        elif self._inside and tag in ("input", "button") and given.get("name"):
            self.inputs[given["name"]] = given.get("value", "")

    @override
    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "form"


@dataclass
class Browser:
    """A person's browser. `fills` is what they enter, by name of the input."""

    http: aiohttp.ClientSession
    fills: Mapping[str, str]

    async def visit(self, address: URL, until: str) -> URL:
        """Fill in form after form, from the page at `address` on, until led to `until…`.

        Gives the address led to; that of the last page, where no form is left.
        """
        page, form = await self._open("GET", address, until)
        while form.action is not None:
            data = {
                name: self.fills.get(name, value)
                for name, value in form.inputs.items()
                if value or name in self.fills
            }
            page, form = await self._open("POST", page.join(URL(form.action)), until, data)
        return page

    async def _open(
        self, method: str, address: URL, until: str, data: Mapping[str, str] | None = None
    ) -> tuple[URL, Form]:
        """The page that an address leads to, and its form; an empty one at the end."""
        for _ in range(REDIRECTS):
            async with self.http.request(
                method, address, data=data, allow_redirects=False
            ) as answer:
                text = await answer.text()
                assert answer.status < 400, f"{address}: {answer.status} {text[-2000:]}"
                if "Location" not in answer.headers:
                    form = Form()
                    form.feed(text)
                    return address, form
                address = address.join(URL(answer.headers["Location"]))
            if str(address).startswith(until):
                return address, Form()
            method, data = "GET", None
        raise AssertionError(f"more than {REDIRECTS} redirects, at {address}")


@asynccontextmanager
async def browser(provider: str, **fills: str) -> AsyncIterator[Browser]:
    """A new browser, which takes 127.0.0.1 for safe without TLS, as browsers do."""
    jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=URL(provider).origin())
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        yield Browser(http, fills)


async def log_in(
    person: Browser, configuration: Mapping[str, Any], redirect_uri: str, **request: str
) -> dict[str, str]:
    """The tokens of the authorization code flow with PKCE (RFC 7636), for a public client."""
    verifier = secrets.token_urlsafe(40)
    question = {
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": redirect_uri,
        "code_challenge": code_challenge(verifier),
        "code_challenge_method": "S256",
        **request,
    }
    address = URL(configuration["authorization_endpoint"]).with_query(question)
    back = await person.visit(address, redirect_uri)
    form = {
        "grant_type": "authorization_code",
        "code": back.query["code"],
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
        **request,
    }
    return await token_answer(person.http, configuration, form)


def code_challenge(verifier: str) -> str:
    """By which a provider knows the code verifier again: S256 of RFC 7636 §4.2."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def token_answer(
    http: aiohttp.ClientSession, configuration: Mapping[str, Any], form: Mapping[str, str]
) -> dict[str, str]:
    """The answer of the token endpoint."""
    async with http.post(configuration["token_endpoint"], data=form) as answer:
        assert answer.ok, await answer.text()
        tokens: dict[str, str] = await answer.json()
        return tokens
