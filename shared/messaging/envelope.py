"""What travels: a record as Kafka gave it, and an event as its consumer sees it.

CloudEvents 1.0, Kafka binding, binary mode.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel

Data = TypeVar("Data", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a log, undecoded.

    `timestamp` is in milliseconds since 1970, as the broker keeps it.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp: int


class Event(NamedTuple, Generic[Data]):
    """One event of ours, validated.

    `sequence` is dense from 1 in its (topic, partition); `time` is when it became true, UTC.
    """

    id: UUID
    type: str
    source: str
    subject: str
    time: datetime
    sequence: int
    topic: str
    partition: int
    offset: int
    correlation_id: str | None
    data: Data


class Contract(Protocol):
    """One row of a catalogue of events: a type's name, model, topic, key and subject.

    With `day_only`, nobody may learn more of an event's time than its day.
    """

    @property
    def model(self) -> type[BaseModel]: ...
    @property
    def topic(self) -> str: ...
    @property
    def key(self) -> Callable[[Any], str]: ...
    @property
    def subject(self) -> Callable[[Any], str]: ...
    @property
    def day_only(self) -> bool: ...
    @property
    def type(self) -> str: ...  # last: below it the name no longer means the builtin
