"""Processes that take their share of a rebuild. (rule 20 in README.md)

Python runs on one processor, and a rebuild is mostly Python.
They are forked before anything is connected or a thread is started, and told over a pipe what to
do. One that outlives its rebuild can spoil nothing: it ends when it next says how far it is, and
writes only into the schema that it was given.
"""

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from typing import Any

from aiokafka import TopicPartition

from shared.messaging.consumer import collect_rarely
from shared.messaging.position import Position
from shared.messaging.rebuild_share import Projections, RebuildShare, RefusedError

MOST_PROCESSES = 4
"""Of one rebuild. More only wait for each other in PostgreSQL, an estimate."""

_FORK = get_context("fork")


def processors() -> int:
    """How many processes a rebuild is worth here: one for each processor that this one may use."""
    return min(MOST_PROCESSES, len(os.sched_getaffinity(0)))


class HelperProcess:
    """A process beside this one, as this one sees it."""

    def __init__(self, pipe: Pipe, process: BaseProcess) -> None:
        self._pipe = pipe
        self._process = process
        self.events = 0
        """Events that took effect in its share."""

    async def begin(self, schema: int) -> None:
        """It connects, and will write to the projections_next of this oid."""
        await self._ask(("begin", schema))

    async def learn(
        self,
        positions: dict[TopicPartition, Position],
        ends: Sequence[Position],
        *,
        whole: bool,
        progress: Callable[[int], None],
    ) -> None:
        """As RebuildShare.learn, from where `positions` says, which is moved."""
        begins = {end.partition: positions[end.partition] for end in ends}
        moved, self.events = await self._ask(("learn", begins, ends, whole), progress)
        positions.update(moved)

    async def make(
        self, number: int, parts: Sequence[str], *, progress: Callable[[int], None]
    ) -> None:
        """As RebuildShare.make."""
        await self._ask(("make", number, parts), progress)

    def end(self) -> None:
        """End it, whatever it does; what it did not commit is undone."""
        self._process.kill()
        self._process.join()

    async def _ask(
        self, what: tuple[Any, ...], progress: Callable[[int], None] = lambda _: None
    ) -> Any:
        try:
            self._pipe.send(what)
            while True:
                kind, said = await asyncio.to_thread(self._pipe.recv)
                if kind == "progress":
                    progress(said)
                elif kind == "refused":
                    raise RefusedError(said)
                else:
                    return said
        except (EOFError, OSError) as error:
            raise RefusedError(
                "a process that took its share has ended; its log says why. Try again"
            ) from error


@contextmanager
def helper_processes(projections: Projections, count: int) -> Iterator[list[HelperProcess]]:
    """So many helpers for one rebuild, for the length of the block.

    Before it nothing is connected, and no thread or event loop runs.
    """
    helpers: list[HelperProcess] = []
    pipes: list[Pipe] = []
    try:
        for _ in range(count):
            ours, theirs = _FORK.Pipe()
            pipes.append(ours)
            process = _FORK.Process(target=_help, args=(projections, theirs, pipes), daemon=True)
            process.start()
            theirs.close()
            helpers.append(HelperProcess(ours, process))
        yield helpers
    finally:
        for helper in helpers:
            helper.end()
        for pipe in pipes:
            pipe.close()


def _help(projections: Projections, pipe: Pipe, of_others: Sequence[Pipe]) -> None:
    """A helper's own process: does what it is told until the pipe is closed."""
    # a Ctrl-C reaches all of the terminal: who started this one ends it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in of_others:
        other.close()  # else this process would hold open what tells it that its rebuild has gone
    collect_rarely()
    try:
        asyncio.run(_serve(projections, pipe))
    except (EOFError, BrokenPipeError):
        sys.exit(1)  # nobody is left who would want to know
    except RefusedError as refused:
        pipe.send(("refused", str(refused)))
    except Exception as error:  # noqa: BLE001 - told where it can be acted upon
        traceback.print_exc()
        pipe.send(("refused", f"{type(error).__name__}: {error}"))


async def _serve(projections: Projections, pipe: Pipe) -> None:
    def progress(some: int) -> None:
        pipe.send(("progress", some))

    async def told() -> tuple[Any, ...]:
        found: tuple[Any, ...] = await asyncio.to_thread(pipe.recv)
        return found

    (_, schema) = await told()
    pool = await projections.connect()
    async with pool.acquire() as connection:
        share = RebuildShare(projections, connection, schema)
        pipe.send(("done", None))
        while True:
            what, *of = await told()
            if what == "learn":
                share.positions, ends, whole = of
                await share.learn(ends, whole=whole, progress=progress)
                pipe.send(("done", (share.positions, share.events)))
            else:
                number, parts = of
                await share.make(number, parts, progress=progress)
                pipe.send(("done", None))
