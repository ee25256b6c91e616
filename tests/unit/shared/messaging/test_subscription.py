"""Subscriptions: use cases in order, derived rows after them, one version of each fact."""

from dataclasses import replace
from typing import Any, cast

import pytest

from shared.contracts.catalogue import BY_MODEL
from shared.contracts.exams import ExamMissed, ExamScored
from shared.messaging.envelope import Event
from shared.messaging.subscription import Derived, Subscription, by_type
from shared.postgres.pool import Connection

SCORED, MISSED = BY_MODEL[ExamScored], BY_MODEL[ExamMissed]
CONNECTION = cast("Connection", None)
EVENTS = cast("list[Event[Any]]", ["an event"])

calls: list[tuple[str, Any]] = []


async def first(connection: Connection, events: list[Event[Any]]) -> str:
    calls.append(("first", events))
    return "learnt by first"


async def second(connection: Connection, events: list[Event[Any]]) -> str:
    calls.append(("second", events))
    return "learnt by second"


async def after(connection: Connection, learnt: str) -> None:
    calls.append(("after", learnt))


async def parts(connection: Connection) -> list[str]:
    return []


async def make(connection: Connection, parts: list[str]) -> None:
    pass


DERIVED = Derived(after, parts, make)


async def test_use_cases_run_in_order() -> None:
    """All use cases take the same events; the derived rows follow from what the last returns."""
    calls.clear()
    await Subscription(SCORED, first, second, derived=DERIVED).take(CONNECTION, EVENTS)
    assert calls == [("first", EVENTS), ("second", EVENTS), ("after", "learnt by second")]


async def test_learning_leaves_derived_rows_alone() -> None:
    """A rebuild learns with every use case and makes the derived rows later."""
    calls.clear()
    learnt = await Subscription(SCORED, first, second, derived=DERIVED).learn(CONNECTION, EVENTS)
    assert learnt == "learnt by second"
    assert calls == [("first", EVENTS), ("second", EVENTS)]


def test_an_operator_finds_the_handlers() -> None:
    """A dead letter names each use case by its module and name."""
    assert Subscription(SCORED, first).handler == f"{__name__}.first"
    assert Subscription(SCORED, first, second).handler == f"{__name__}.first, {__name__}.second"


def test_subscriptions_by_type() -> None:
    """Each type leads to its subscription."""
    subscriptions = [Subscription(SCORED, first), Subscription(MISSED, second)]
    assert by_type(subscriptions) == {
        SCORED.type: subscriptions[0],
        MISSED.type: subscriptions[1],
    }


@pytest.mark.parametrize("other", [SCORED.type, f"{SCORED.type}.v2"])
def test_one_version_of_a_fact(other: str) -> None:
    """A type twice is refused, and so are two versions of one fact: it would count twice."""
    again = replace(SCORED, type=other)
    with pytest.raises(ValueError, match="one fact"):
        by_type([Subscription(SCORED, first), Subscription(again, second)])
