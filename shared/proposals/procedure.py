"""A decision that needs two people: what is proposed, and what runs once it is confirmed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel

from shared.identity import Person
from shared.messaging.outbox import Outbox
from shared.postgres.pool import Connection

Command = TypeVar("Command", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Procedure(Generic[Command]):
    """One kind of such decisions in one service.

    `command` holds all that is decided. `object_of` names what it is about, as the audit trail
    does; only one proposal about it may be open. `run` decides, in the caller's transaction, as the
    person given: whoever proposes while it is tried out, then whoever confirms.
    """

    service: str
    kind: str
    command: type[Command]
    object_of: Callable[[Command], str]
    run: Callable[[Connection, Outbox, Person, Command, datetime], Awaitable[BaseModel]]
