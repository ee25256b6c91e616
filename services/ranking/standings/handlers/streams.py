"""Streams of a list as it changes, as server-sent events."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.ranking.page_words import local
from services.ranking.standings.handlers.live import WatchedList
from services.ranking.standings.handlers.request_fields import WhichList
from services.ranking.standings.storage.requested_list import load_list
from shared.contracts.fields import VacancyId
from shared.web.dependencies import ResourcesDependency
from shared.web.live import LiveViews
from shared.web.problems import problem_responses, reader_language
from shared.web.routes import APIRouter
from shared.web.streams import OpenStreams

AGAIN_MS = 2000
"""After which a browser that lost the stream asks for it anew."""


def get_live(request: Request) -> LiveViews[WatchedList]:
    """The one reader of live lists of this process."""
    live: LiveViews[WatchedList] = request.app.state.live
    return live


LiveDependency = Annotated[LiveViews[WatchedList], Depends(get_live)]


def streams(zone: ZoneInfo) -> APIRouter:
    """The same stream at two addresses."""
    routes = APIRouter(tags=["standings"], prefix="/vacancies")
    described: dict[int | str, dict[str, Any]] = {
        200: {
            "description": "Events `standings`, each with a whole Standings (its first 100 lines)"
            " as JSON: at once, then whenever it changed; the id is when it was sent, in local"
            " time",
            "content": {
                "text/event-stream": {"schema": {"$ref": "#/components/schemas/Standings"}}
            },
        },
        **problem_responses(404),
    }

    @routes.get(
        "/{vacancy_id}/stream",
        operation_id="stream_vacancy",
        responses=described,
        summary="A vacancy's list as it changes",
    )
    @routes.get(
        "/{vacancy_id}/standings/stream",
        operation_id="stream_standings",
        responses=described,
        summary="A vacancy's list as it changes",
    )
    async def stream(
        request: Request,
        vacancy_id: VacancyId,
        resources: ResourcesDependency,
        live: LiveDependency,
        list_: WhichList = None,
    ) -> EventSourceResponse:
        """Server-sent events; a browser asks again by itself where the connection is lost."""
        async with resources.pool.acquire() as connection:
            await load_list(connection, vacancy_id, list_, None)
        language = reader_language(request)
        sent = _events(
            live.watch(WatchedList(vacancy_id, list_)),
            lambda: local(resources.clock(), zone, language),
        )
        streams: OpenStreams = request.app.state.streams
        return streams.answer(sent)

    return routes


async def _events(
    messages: AsyncIterator[str], now: Callable[[], str]
) -> AsyncIterator[ServerSentEvent]:
    async for message in messages:
        yield ServerSentEvent(message, event="standings", id=now(), retry=AGAIN_MS)
