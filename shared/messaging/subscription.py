"""A service's subscriptions: each event that it consumes, and the use cases that take it."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

from shared.messaging.envelope import Contract, Event
from shared.postgres.pool import Connection

EventUseCase = Callable[[Connection, list[Event[Any]]], Awaitable[Any]]
"""What a service does about events of one type: (connection in a transaction, events in which those
of each partition stand in its order). What it returns is for `Derived.after`."""


class Derived(NamedTuple):
    """Rows that follow from the facts that use cases keep, whatever order the facts came in.

    `after` brings them up to date with what a use case says that it learnt. A rebuild learns all
    facts first, then makes the rows once: `parts` says of what there are any, `make` makes those of
    some parts. Each part's rows are its own.
    """

    after: Callable[[Connection, Any], Awaitable[None]]
    parts: Callable[[Connection], Awaitable[list[str]]]
    make: Callable[[Connection, list[str]], Awaitable[None]]


class Subscription:
    """One event that a service consumes, the use cases that take it, and what follows from them.

    The use cases run in this order, in the same transaction. `derived` is brought up to date with
    what the last of them returns.
    """

    __slots__ = ("contract", "derived", "use_cases")

    def __init__(
        self,
        contract: Contract,
        use_case: EventUseCase,
        *more: EventUseCase,
        derived: Derived | None = None,
    ) -> None:
        self.contract = contract
        self.use_cases = (use_case, *more)
        self.derived = derived

    async def learn(self, connection: Connection, events: list[Event[Any]]) -> Any:
        """Let the use cases take the events; returns what the last use case returns."""
        learnt = None
        for use_case in self.use_cases:
            learnt = await use_case(connection, events)
        return learnt

    async def take(self, connection: Connection, events: list[Event[Any]]) -> None:
        """Let events of this type take their whole effect, derived rows included."""
        learnt = await self.learn(connection, events)
        if self.derived is not None:
            await self.derived.after(connection, learnt)

    @property
    def handler(self) -> str:
        """The use cases as operators find them in the source."""
        return ", ".join(
            f"{use_case.__module__}.{use_case.__qualname__}" for use_case in self.use_cases
        )


def by_type(subscriptions: Iterable[Subscription]) -> dict[str, Subscription]:
    """The subscriptions of a service, by event type.

    Raises ValueError for a type twice, or for two versions of one fact: both are on the log for a
    while, and each fact would take effect twice.
    """
    found: dict[str, Subscription] = {}
    facts: dict[str, str] = {}
    for subscription in subscriptions:
        type_ = subscription.contract.type
        fact, _, version = type_.rpartition(".v")
        fact = fact if version.isdigit() else type_
        if fact in facts:
            raise ValueError(f"{type_} and {facts[fact]} are one fact: subscribe to one of them")
        facts[fact] = type_
        found[type_] = subscription
    return found
