"""The demonstration's way in: the public HTTP interfaces, as any person's client would use them.

A service that is away is asked again with the same Idempotency-Key, so that nothing happens twice.
"""

import asyncio
import json
import time
from typing import Any

import aiohttp

AWAY_S = 120
"""How long a request is repeated while a service is away or still waits for events: a worker that
was killed is back long before."""

AT_ONCE = 24
AWAY = {502, 503, 504}
NOT_YET = {404, 409, 422}
"""What a service answers while events of another are still on their way to it: unknown, not
complete, rows about what it has not heard of."""


class DemoError(Exception):
    """The demonstration can't go on; the text says at which request and what was answered."""


class Door:
    """One deployment, by the address of its door. Use as an async context."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._tokens: dict[str, str] = {}
        self.retries = 0

    async def __aenter__(self) -> "Door":
        self._http = aiohttp.ClientSession(
            self._url,
            connector=aiohttp.TCPConnector(limit=AT_ONCE),
            timeout=aiohttp.ClientTimeout(total=60),
            headers={"Accept-Language": "en"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def about(self) -> dict[str, str]:
        """What the deployment says of itself: province, Kafka's address, issuer."""
        found: dict[str, str] = await self.get("/.well-known/terang.json")
        return found

    async def get(
        self,
        path: str,
        *,
        who: str | None = None,
        role: str = "",
        waits: bool = False,
        **query: Any,
    ) -> Any:
        """The JSON at `path`. With `waits`, what isn't there yet is asked for again."""
        return await self._send("GET", path, who, role, waits=waits, params=query)

    async def file(self, path: str, *, who: str | None = None, role: str = "") -> bytes:
        """The file at `path`, to the byte."""
        text: str = await self._send("GET", path, who, role, waits=False, as_it_is=True)
        return text.encode()

    async def post(
        self,
        path: str,
        *,
        who: str | None = None,
        role: str = "",
        key: str,
        body: Any = None,
        csv: str | None = None,
        waits: bool = False,
    ) -> Any:
        """Send a command as `who` in `role`, once under `key`.

        With `waits`, a refusal for what hasn't arrived yet is tried again.
        """
        headers = {"Idempotency-Key": key}
        if csv is not None:
            headers["Content-Type"] = "text/csv; charset=utf-8"
        data = None if csv is None else csv.encode()
        return await self._send(
            "POST", path, who, role, waits=waits, json=body, data=data, headers=headers
        )

    async def _send(
        self,
        method: str,
        path: str,
        who: str | None,
        role: str,
        *,
        waits: bool,
        as_it_is: bool = False,
        **request: Any,
    ) -> Any:
        until = time.monotonic() + AWAY_S
        pause = 0.1
        headers = dict(request.pop("headers", {}))
        while True:
            try:
                if who is not None:
                    headers["Authorization"] = f"Bearer {await self._token(who, role)}"
                async with self._http.request(method, path, headers=headers, **request) as answer:
                    text = await answer.text()
                if answer.ok:
                    return text if as_it_is else json.loads(text)
                problem = _problem(text)
                again = answer.status in AWAY or (waits and _not_yet(answer.status, problem))
                said = f"{answer.status} {_words(problem) or text[:300]}"
            except (aiohttp.ClientError, TimeoutError) as error:
                again, said = True, f"{type(error).__name__} {error}"
            if not again or time.monotonic() > until:
                raise DemoError(f"{method} {path} as {who or 'anyone'}: {said}")
            self.retries += 1
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 2)

    async def _token(self, who: str, role: str) -> str:
        if who not in self._tokens:
            asked = {"grant_type": "client_credentials", "client_id": who, "scope": role}
            async with self._http.post("/issuer/token", data=asked) as answer:
                if answer.status in AWAY:
                    raise aiohttp.ClientConnectionError(f"the issuer answered {answer.status}")
                if not answer.ok:
                    raise DemoError(
                        f"The deployment gives no token ({answer.status}): the demonstration needs the demo issuer, "
                        "which only the local stack and the compose profile `demo` have."
                    )
                self._tokens[who] = (await answer.json())["access_token"]
        return self._tokens[who]


def _not_yet(status: int, problem: dict[str, Any]) -> bool:
    return status in NOT_YET and not str(problem.get("type")).endswith("/invalid-request")


def _problem(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _words(problem: dict[str, Any]) -> str:
    """The words of a problem, its first faults included; nothing where it is none."""
    faults = "; ".join(str(fault) for fault in (problem.get("errors") or [])[:5])
    return (
        f"{problem['title']}: {problem['detail']} {faults}"
        if {"title", "detail"} <= problem.keys()
        else ""
    )
