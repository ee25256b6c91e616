"""Routes that know who asks before they read a body, and how much of a body they read.

FastAPI reads a body before it looks at anything else of a request.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, TypeVar

import fastapi
from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import solve_dependencies
from fastapi.routing import APIRoute
from starlette.requests import empty_send
from starlette.types import Message, Receive
from typing_extensions import override

from shared.refusals import Refusal
from shared.web.authentication import person_or_nobody

MAX_JSON_BYTES = 64 * 1024
"""Bytes of a body, where its route states no limit of its own.

Four times the longest complaint. What is parsed costs a hundred times its size in memory.
"""


BODY_SECONDS = 20.0
"""How long a body may keep us waiting, beside what MIN_BYTES_A_SECOND grants it.

Else half-sent requests are held for ever.
"""

MIN_BYTES_A_SECOND = 4096
"""A large file gets a second more for each of these: a poor mobile line is twice as fast."""

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def max_body_bytes(limit: int) -> Callable[[Endpoint], Endpoint]:
    """States the limit of one route's body, in bytes; stands between the route and its function."""

    def state(endpoint: Endpoint) -> Endpoint:
        endpoint.max_body_bytes = limit  # type: ignore[attr-defined]
        return endpoint

    return state


class BoundedBody:
    """A request's body as it comes in, neither too large nor too slowly."""

    def __init__(self, headers: Mapping[str, str], receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        declared = headers.get("content-length", "")
        self._declared = int(declared) if declared.isdecimal() else 0
        self._received = 0
        self._waited = 0.0
        self._whole = False

    async def receive(self) -> Message:
        """The next part. Raises Refusal `too-large` or `too-slow`."""
        self._check_size(self._declared)
        message = await (self._receive() if self._whole else self._next())
        self._received += len(message.get("body", b""))
        self._check_size(self._received)
        self._whole = not message.get("more_body", False)
        return message

    def _check_size(self, size: int) -> None:
        if size > self._limit:
            raise Refusal("too-large", limit=self._limit)

    async def _next(self) -> Message:
        """Waits for a part. Only waiting counts, not what the service does with a part."""
        allowed = BODY_SECONDS + self._received / MIN_BYTES_A_SECOND - self._waited
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            async with asyncio.timeout(allowed):
                return await self._receive()
        except TimeoutError as error:
            raise Refusal("too-slow", received=self._received) from error
        finally:
            self._waited += clock() - begun


class GuardedRoute(APIRoute):
    """Refuses by token and role before it reads the body, and by size and time while it does."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        who_asks = Dependant(dependencies=list(_about_persons(self.dependant)))
        limit: int = getattr(self.endpoint, "max_body_bytes", MAX_JSON_BYTES)

        async def guarded(request: Request) -> Response:
            await _admit(request, who_asks)
            bounded = BoundedBody(request.headers, request.receive, limit)
            request = Request(request.scope, bounded.receive, empty_send)
            if self.body_field is not None:
                await request.body()  # FastAPI would call any refusal of it an unreadable body
            return await handle(request)

        return guarded


class APIRouter(fastapi.APIRouter):
    """FastAPI's, of guarded routes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"route_class": GuardedRoute, **options})


def _about_persons(dependant: Dependant) -> Iterator[Dependant]:
    """The dependencies that ask who sent the request."""
    return (part for part in dependant.dependencies if _asks_for_person(part))


def _asks_for_person(dependant: Dependant) -> bool:
    return dependant.call is person_or_nobody or any(map(_asks_for_person, dependant.dependencies))


async def _admit(request: Request, who_asks: Dependant) -> None:
    """Raises the Refusal that a dependency of `who_asks` has for this request.

    What else is wrong with its parameters is said later, with all other faults.
    """
    if who_asks.dependencies:
        await solve_dependencies(
            request=request,
            dependant=who_asks,
            async_exit_stack=request.scope["fastapi_inner_astack"],
            embed_body_fields=False,
        )
