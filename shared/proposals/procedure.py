"""A decision that needs two people: what is proposed, and what runs once it is confirmed."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel

from shared.candidacy import refuse_candidate
from shared.identity import Person
from shared.messaging.outbox import Outbox
from shared.postgres.pool import Connection

Command = TypeVar("Command", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Procedure(Generic[Command]):
    """One kind of such decisions in one service.

    `command` holds all that is decided. `object_of` names what it is about, as the audit trail
    does; only one proposal about it may be open. `run` decides, in the caller's transaction, as the
    person given: whoever proposes while it is tried out, then whoever confirms. `round_of` finds
    the round in which it decides: none of its candidates confirms or rejects it.
    """

    service: str
    kind: str
    command: type[Command]
    object_of: Callable[[Command], str]
    run: Callable[[Connection, Outbox, Person, Command, datetime], Awaitable[BaseModel]]
    round_of: Callable[[Connection, Command], Awaitable[str]]

    async def refuse_candidate(
        self, connection: Connection, person: Person, command: object
    ) -> None:
        """Raises Refusal `own-round` for a candidate of the round; `command` as it is kept."""
        asked = self.command.model_validate_json(json.dumps(command))
        await refuse_candidate(connection, person, await self.round_of(connection, asked))
