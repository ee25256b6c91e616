"""An HTTP client of a deployment, as any person's program would use the public interfaces.

A service that is away is asked again with the same Idempotency-Key, so that nothing happens twice.
"""

import asyncio
import csv
import io
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp

AWAY_S = 120
"""How long a request is repeated while a service is away or still waits for events: a worker that
was killed is back long before."""

CONNECTIONS = 24
"""Requests at a time."""

AWAY = frozenset({502, 503, 504})
NOT_YET = frozenset({404, 409, 422})
"""What a service answers while events of another are still on their way to it: unknown, not
complete, rows about what it does not know yet."""


class DemoError(Exception):
    """The demonstration can't go on; the text says at which request and what was answered."""


@dataclass(frozen=True)
class _Failure:
    """Why a request has no answer; `again` is whether it is worth asking once more."""

    says: str
    again: bool


class Client:
    """A client of one deployment, by its address. Use as an async context.

    A request is repeated for `away_s` seconds while a service is away.
    """

    def __init__(self, url: str, *, away_s: float = AWAY_S) -> None:
        self._url = url
        self.away_s = away_s
        self._tokens: dict[str, str] = {}
        self.retries = 0

    async def __aenter__(self) -> "Client":
        self._http = aiohttp.ClientSession(
            self._url,
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=60),
            headers={"Accept-Language": "en"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def about(self) -> dict[str, str]:
        """What the deployment says of itself: province, Kafka's address, issuer."""
        about: dict[str, str] = await self.get("/.well-known/terang.json")
        return about

    async def now(self) -> datetime:
        """What the deployment takes for the present; a demonstration's clock may be ahead."""
        return datetime.fromisoformat((await self.get("/issuer/clock"))["now"])

    async def let_pass(self, **time: int) -> datetime:
        """Moves the deployment's clock ahead by `days=` and `hours=`; gives what it says then.

        Raises DemoError.
        """
        hours = int(timedelta(**time).total_seconds()) // 3600
        moved = await self._send(
            "POST", "/issuer/clock", None, "", waits=False, json={"hours": hours}
        )
        return datetime.fromisoformat(json.loads(moved)["now"])

    async def get(
        self,
        path: str,
        *,
        who: str | None = None,
        role: str = "",
        waits: bool = False,
        **query: Any,
    ) -> Any:
        """The JSON at `path`. With `waits`, what isn't there yet is asked for again.

        Raises DemoError.
        """
        return json.loads(await self._send("GET", path, who, role, waits=waits, params=query))

    async def file(self, path: str, *, who: str | None = None, role: str = "") -> bytes:
        """The file at `path`, to the byte. Raises DemoError."""
        return (await self._send("GET", path, who, role, waits=False)).encode()

    async def items(self, path: str, **request: Any) -> AsyncIterator[dict[str, Any]]:
        """Every item of a list, page by page. Raises DemoError."""
        page: dict[str, Any] = {"next": None}
        while True:
            cursor = {"cursor": page["next"]} if page["next"] else {}
            page = await self.get(path, limit=500, **request, **cursor)
            for item in page["items"]:
                yield item
            if page["next"] is None:
                return

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
        """Send a command as `who` in `role`, once under `key`; gives the JSON of the answer.

        With `waits`, a refusal for what hasn't arrived yet is tried again. Raises DemoError.
        """
        headers = {"Idempotency-Key": key}
        if csv is not None:
            headers["Content-Type"] = "text/csv; charset=utf-8"
        data = None if csv is None else csv.encode()
        return json.loads(
            await self._send(
                "POST", path, who, role, waits=waits, json=body, data=data, headers=headers
            )
        )

    async def _send(
        self, method: str, path: str, who: str | None, role: str, *, waits: bool, **request: Any
    ) -> str:
        """The text of the answer, asked for until there is one. Raises DemoError."""
        deadline = time.monotonic() + self.away_s
        pause = 0.1
        while True:
            answer = await self._try(method, path, who, role, waits=waits, **request)
            if isinstance(answer, str):
                return answer
            if not answer.again or time.monotonic() > deadline:
                raise DemoError(f"{method} {path} as {who or 'anyone'}: {answer.says}")
            self.retries += 1
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 2)

    async def _try(
        self,
        method: str,
        path: str,
        who: str | None,
        role: str,
        *,
        waits: bool,
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> str | _Failure:
        """Ask once."""
        try:
            token = {} if who is None else await self._authorization(who, role)
            async with self._http.request(
                method, path, headers={**(headers or {}), **token}, **request
            ) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            return _Failure(f"{type(error).__name__} {error}", again=True)
        return text if answer.ok else _failure(answer.status, text, waits=waits)

    async def _authorization(self, who: str, role: str) -> dict[str, str]:
        if who not in self._tokens:
            self._tokens[who] = await self._new_token(who, role)
        return {"Authorization": f"Bearer {self._tokens[who]}"}

    async def _new_token(self, who: str, role: str) -> str:
        form = {"grant_type": "client_credentials", "client_id": who, "scope": role}
        async with self._http.post("/issuer/token", data=form) as answer:
            if answer.status in AWAY:
                raise aiohttp.ClientConnectionError(f"the issuer answered {answer.status}")
            if not answer.ok:
                raise DemoError(
                    f"The deployment gives no token ({answer.status}): the demonstration needs "
                    "the demo issuer, which only the local stack and the compose profile `demo` "
                    "have."
                )
            return str((await answer.json())["access_token"])


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV file as its text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def _failure(status: int, text: str, *, waits: bool) -> _Failure:
    """What an answer that is no success means."""
    problem = _problem(text)
    not_yet = status in NOT_YET and not str(problem.get("type")).endswith("/invalid-request")
    return _Failure(
        f"{status} {_sentence(problem) or text[:300]}", again=status in AWAY or (waits and not_yet)
    )


def _problem(text: str) -> dict[str, Any]:
    """The problem details (RFC 9457) in a body; empty where it is none."""
    try:
        problem = json.loads(text)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _sentence(problem: dict[str, Any]) -> str:
    """A problem in words, with its first faults; empty where it is none."""
    if not {"title", "detail"} <= problem.keys():
        return ""
    faults = "; ".join(str(fault) for fault in (problem.get("errors") or [])[:5])
    return f"{problem['title']}: {problem['detail']} {faults}"
