"""One service at a time, as its users meet it: real PostgreSQL, real tokens, its own HTTP app.

`service_app("exams")` gives a running app over an empty migrated database of its own. It expects of
every service: `settings.py` with `Settings`, `api.py` with `create_api(settings, clock=…)`, and,
where it hears events, `subscriptions.py` with `subscriptions(outbox)`.
"""

import importlib
import itertools
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey
from typing_extensions import override

from shared.contracts.catalogue import BY_MODEL, CATALOGUE, TOPICS
from shared.contracts.fields import Fact
from shared.identity import Accounts, Person, Role
from shared.messaging.envelope import Event
from shared.messaging.outbox import Outbox, partition_of
from shared.postgres.pool import Pool
from shared.settings import DEMO_PROVINCE_KEY, read_settings
from shared.web.dependencies import Resources
from tests.servers import Servers

PROVINCE = "99"
AUDIENCE = "terang"
PARTITIONS = {topic.name: topic.partitions for topic in TOPICS}


class Clock:
    """Tells the app the time; a test moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        """Moves on by so many `days=`, `hours=`, `seconds=` …"""
        self.now += timedelta(**by)


class Issuer:
    """An identity provider: it signs access tokens and publishes its keys, on 127.0.0.1.

    A test may rotate its keys, change what it says of itself (`configuration`), or make it hang
    (`hanging`): it then takes questions and answers none until it is released.
    """

    def __init__(self) -> None:
        self.hanging = threading.Event()
        self.asked: Counter[str] = Counter()
        self.held = 0
        issuer = self

        class Pages(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked[self.path] += 1
                if issuer.hanging.is_set():
                    issuer.held += 1
                while issuer.hanging.is_set():
                    time.sleep(0.01)
                with suppress(OSError):  # whoever asked may be gone
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.end_headers()
                    self.wfile.write(json.dumps(issuer.pages[self.path]).encode())

            @override
            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.configuration = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        self.pages: dict[str, Any] = {"/.well-known/openid-configuration": self.configuration}
        self.key = self.rotate()
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def rotate(self) -> OKPKey:
        """Sign with a new key from now on, and publish that one alone."""
        self.key = OKPKey.generate_key(
            "Ed25519", {"kid": secrets.token_hex(4), "alg": "Ed25519", "use": "sig"}
        )
        self.pages["/keys"] = KeySet([self.key]).as_dict(private=False)
        return self.key

    def token(self, subject: str, *roles: str, valid_s: int = 3600) -> str:
        """A signed token that says who `subject` is and which roles they have; a negative `valid_s`
        is over already.
        """
        return self.sign({"sub": subject, "roles": list(roles)}, valid_s=valid_s)

    def sign(
        self, claims: dict[str, Any], *, header: dict[str, Any] | None = None, valid_s: int = 3600
    ) -> str:
        """A token with these claims beside those that every access token has. Those that are None
        are left out.
        """
        now = int(time.time())
        usual = {"iss": self.url, "aud": AUDIENCE, "iat": now, "exp": now + valid_s}
        stated = {name: value for name, value in (usual | claims).items() if value is not None}
        head = {"typ": "at+jwt", "alg": "Ed25519", "kid": self.key.kid, **(header or {})}
        return jwt.encode(head, stated, self.key, algorithms=["Ed25519"])

    def close(self) -> None:
        self.hanging.clear()
        self._server.shutdown()
        self._server.server_close()


@dataclass
class ServiceApp:
    """A running service: `http` asks as nobody, `pool` looks behind, `clock` moves its time.

    `address` is that of its database.
    """

    name: str
    app: FastAPI
    http: httpx.AsyncClient
    pool: Pool
    outbox: Outbox
    clock: Clock
    issuer: Issuer
    address: str
    _heard: Counter[tuple[str, int]] = field(default_factory=Counter)

    def who(self, subject: str, *roles: str, key: str | None = None) -> dict[str, str]:
        """Headers of a request by `subject` in `roles`, with an Idempotency-Key if one is given."""
        headers = {
            "Authorization": f"Bearer {self.issuer.token(subject, *roles)}",
            "Accept-Language": "en",
        }
        return headers | ({"Idempotency-Key": key} if key else {})

    def account(self, round_id: str, subject: str) -> str:
        """The hash under which services know `subject` in the round."""
        return self.person(subject).account(round_id)

    def person(self, subject: str, *roles: Role) -> Person:
        """`subject` as a use case is told of them."""
        accounts = Accounts(bytes.fromhex(DEMO_PROVINCE_KEY), self.issuer.url)
        return Person(subject, frozenset(roles), accounts)

    async def decide(
        self, path: str, body: object = None, *, first: str = "officer-1", second: str = "officer-2"
    ) -> httpx.Response:
        """One officer proposes by POST, another one confirms; gives the confirmation, or the
        refusal of what was proposed.
        """
        proposed = await self.http.post(path, headers=self.who(first, "officer"), json=body)
        if proposed.status_code != 202:
            return proposed
        return await self.http.post(
            proposed.json()["confirm_at"], headers=self.who(second, "officer")
        )

    async def stated(self, *models: type[Fact]) -> list[Any]:
        """What the service has stated so far (of these models, or all), in the order in which it
        was appended.
        """
        wanted = {BY_MODEL[model].type for model in models}
        by_type = {contract.type: contract.model for contract in CATALOGUE}
        rows = await self.pool.fetch("SELECT type, data FROM messaging.outbox ORDER BY id")
        return [
            by_type[row["type"]].model_validate_json(row["data"])
            for row in rows
            if not wanted or row["type"] in wanted
        ]

    def event(self, data: Fact, *, at: datetime | None = None) -> Event[Any]:
        """`data` as the event that its owner would state: the next sequence of its partition."""
        contract = BY_MODEL[type(data)]
        partition = partition_of(contract.key(data).encode(), PARTITIONS[contract.topic])
        place = (contract.topic, partition)
        self._heard[place] += 1
        owner = next(topic.owner for topic in TOPICS if topic.name == contract.topic)
        return Event(
            id=uuid4(),
            type=contract.type,
            source=f"/provinces/{PROVINCE}/{owner}",
            subject=contract.subject(data),
            time=at or self.clock(),
            sequence=self._heard[place],
            topic=contract.topic,
            partition=partition,
            offset=self._heard[place] - 1,
            correlation_id=None,
            data=data,
        )

    async def hear(self, *facts: Fact | Event[Any]) -> None:
        """The service's event use cases take these in one transaction, consecutive ones of a type
        together, as its worker would.
        """
        events = [fact if isinstance(fact, Event) else self.event(fact) for fact in facts]
        handlers = importlib.import_module(f"services.{self.name}.subscriptions")
        use_cases = {
            subscription.contract.type: subscription.take
            for subscription in handlers.subscriptions(self.outbox)
        }
        async with self.pool.acquire() as connection, connection.transaction():
            for type_, alike in groupby(events, key=lambda event: event.type):
                await use_cases[type_](connection, list(alike))


async def what_is_created_has_an_address(response: httpx.Response) -> None:
    """Every 201 of every test says where what was created can be read (docs/api.md)."""
    if response.status_code == 201:
        assert response.headers["Location"].startswith("/"), response.request.url.path


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """The identity provider of all tests."""
    issuer = Issuer()
    yield issuer
    issuer.close()


@pytest.fixture(scope="session")
def new_database(servers: Servers) -> Callable[[str], Awaitable[str]]:
    """`await new_database("exams")`: address of an empty database with that service's tables,
    copied from one that was migrated once.
    """
    numbers = itertools.count(1)
    migrated: dict[str, str] = {}

    async def new(service: str) -> str:
        if service not in migrated:
            migrated[service] = servers.service_database(service)
        address = urlsplit(migrated[service])
        name = f"{service}_copy_{next(numbers)}"
        connection = await asyncpg.connect(servers.superuser)
        await connection.execute(
            f'CREATE DATABASE "{name}" TEMPLATE "{address.path[1:]}" OWNER owner'
        )
        await connection.close()
        return address._replace(path=f"/{name}").geturl()

    return new


@pytest.fixture
async def service_app(
    servers: Servers, new_database: Callable[[str], Awaitable[str]], issuer: Issuer
) -> AsyncIterator[Callable[..., Awaitable[ServiceApp]]]:
    """`await service_app("exams")`: the service's HTTP app over a database of its own.

    Ends with the test.
    """
    async with AsyncExitStack() as running:

        async def start(
            name: str, *, now: datetime = datetime(2026, 8, 20, 3, tzinfo=UTC), **own: str
        ) -> ServiceApp:
            url = own.get(f"DATABASE_URL_{name.upper()}") or await new_database(name)
            environment = {
                "TERANG_PROVINCE": PROVINCE,
                "TERANG_ISSUER": issuer.url,
                "TERANG_AUDIENCE": AUDIENCE,
                "TERANG_PROVINCE_KEY": DEMO_PROVINCE_KEY,
                "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap,
                f"DATABASE_URL_{name.upper()}": url,
                **own,
            }
            settings = read_settings(
                importlib.import_module(f"services.{name}.settings").Settings, name, environment
            )
            clock = Clock(now)
            app: FastAPI = importlib.import_module(f"services.{name}.api").create_api(
                settings, clock=clock
            )
            if name == "ranking":  # a test sees what it changed at once
                app.state.kept_answers.live_s = 0
            await running.enter_async_context(app.router.lifespan_context(app))
            http = httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://test",
                event_hooks={"response": [what_is_created_has_an_address]},
            )
            await running.enter_async_context(http)
            resources: Resources = app.state.resources
            return ServiceApp(name, app, http, resources.pool, resources.outbox, clock, issuer, url)

        yield start
