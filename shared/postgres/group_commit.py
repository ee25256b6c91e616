"""What many ask for at once is taken in by one transaction: one commit, one statement for all."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

MOST = 32
"""Of a group: more would hold the locks of the first while the last is worked out."""

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class GroupCommit(Generic[Asked, Answered]):
    """Gathers what is asked for while the group before is under way.

    `take_in` takes a group in by one transaction and gives the answer to each, in order; nobody is
    answered before it has returned. Whoever asks alone is a group of one.
    """

    def __init__(self, take_in: Callable[[Sequence[Asked]], Awaitable[Sequence[Answered]]]) -> None:
        self._take_in = take_in
        self._waiting: deque[tuple[Asked, asyncio.Future[Answered]]] = deque()
        self._working: asyncio.Task[None] | None = None

    async def ask(self, asked: Asked) -> Answered:
        """The answer, once the group's transaction is committed; raises what `take_in` raises."""
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if self._working is None:
            self._working = asyncio.create_task(self._work(), name="group-commit")
        return await answer

    async def _work(self) -> None:
        try:
            while self._waiting:
                size = min(MOST, len(self._waiting))
                await self._answer([self._waiting.popleft() for _ in range(size)])
        finally:
            self._working = None

    async def _answer(self, group: Sequence[tuple[Asked, asyncio.Future[Answered]]]) -> None:
        try:
            answers = await self._take_in([asked for asked, _ in group])
        except Exception as error:  # noqa: BLE001 - it is raised to each who asked
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(group, answers, strict=True):
            if not future.done():
                future.set_result(answer)
