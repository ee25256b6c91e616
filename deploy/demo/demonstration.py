"""A demonstration while it goes on: who takes part, and what the services have answered so far."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from rich.progress import Progress

from deploy.demo.client import CONNECTIONS, Client
from deploy.demo.people import Applicant, Population
from deploy.demo.recompute import Participant

Item = TypeVar("Item")


class Person(NamedTuple):
    """Somebody who sends commands, in one role; without a subject, somebody unknown."""

    subject: str | None
    role: str


OFFICER = Person("demo-officer", "officer")
SECOND_OFFICER = Person("demo-second-officer", "officer")
VERIFIER = Person("demo-verifier", "verifier")
EXAMINER = Person("demo-examiner", "examiner")
PROCTOR = Person("demo-proctor", "proctor")


def person(applicant: Applicant) -> Person:
    """The applicant as a sender of commands."""
    return Person(applicant.subject, "applicant")


class Demonstration:
    """One round of one population against one deployment; `progress` shows how far each step is."""

    def __init__(
        self, client: Client, people: Population, round_id: str, progress: Progress
    ) -> None:
        self.client = client
        self.people = people
        self.round_id = round_id
        self.progress = progress
        self.vacancy_ids: dict[str, str] = {}
        """By listing id."""
        self.participant_numbers: dict[str, str] = {}
        """By the applicant's subject."""
        self.verified: dict[str, list[Participant]] = {}
        """By listing id."""
        self.seats: dict[str, int] = {}
        """How many seats were given up, offered, accepted, declined and left empty."""
        self.seconds: dict[str, float] = {}
        """By step."""

    @asynccontextmanager
    async def step(self, name: str, total: int) -> AsyncIterator[Callable[[], None]]:
        """A step of so many parts, timed, with its bar; the caller says when a part is done."""
        bar = self.progress.add_task(name, total=total)
        started = time.monotonic()
        yield lambda: self.progress.advance(bar)
        self.progress.update(bar, completed=total)
        self.seconds[name] = round(time.monotonic() - started, 2)

    async def for_each(
        self, name: str, items: Sequence[Item], act: Callable[[Item], Awaitable[object]]
    ) -> None:
        """A step that acts on every item, several at a time; the first failure ends it."""
        async with self.step(name, len(items)) as done:
            queue = iter(items)

            async def take_from_queue() -> None:
                for item in queue:
                    await act(item)
                    done()

            async with asyncio.TaskGroup() as group:
                for _ in range(min(CONNECTIONS, len(items))):
                    group.create_task(take_from_queue())

    async def command(self, who: Person, path: str, *name: object, **request: Any) -> Any:
        """Send a command of this person; `name` tells it from all others of the round.

        Gives the JSON of the answer. Raises DemoError.
        """
        parts = ":".join(map(str, (self.round_id, *name)))
        key = str(UUID(bytes=hashlib.sha256(parts.encode()).digest()[:16], version=4))
        return await self.client.post(path, who=who.subject, role=who.role, key=key, **request)

    async def decide(
        self, path: str, *name: object, proposer: Person = OFFICER, **request: Any
    ) -> Any:
        """One person proposes and a second officer confirms; gives what the decision answered.

        Raises DemoError.
        """
        proposal = await self.command(proposer, path, *name, "propose", **request)
        confirmed = await self.command(SECOND_OFFICER, proposal["confirm_at"], *name, "confirm")
        return confirmed["outcome"]
