"""The brake: where too many dead letters in a row stop a partition, and what an operator is told.

Pure. So many together mean that the fault is ours or the log's, not a record's.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiokafka import TopicPartition

from shared.messaging.envelope import Event
from shared.messaging.failures import Cause, OperatorNeeded
from shared.messaging.origins import IGNORED
from shared.messaging.parser import RecordFault

MOST_IN_A_ROW = 20
"""Dead letters in a row in one partition; one more stops the worker."""

Outcome = tuple[int, Event[Any] | RecordFault | None]
"""A record's offset, and its event, why there is none, or None for a type that nobody hears."""


@dataclass(frozen=True, slots=True)
class Brake:
    """A run of records that can't take effect, as far as it is known.

    `first` is the offset of the record that would be the twenty-first dead letter in a row, `last`
    that of the run's last record; `looked_to` is where nothing was looked at any more. `ended` says
    that a sound event follows there. `reasons` counts the run's records by code.
    """

    partition: TopicPartition
    first: int
    last: int
    looked_to: int
    reasons: Mapping[str, int]
    ended: bool = False

    @classmethod
    def at(cls, partition: TopicPartition, first: int) -> "Brake":
        """A run of which only its beginning is known."""
        return cls(partition, first, first, first, {})

    def followed(self, outcomes: Iterable[Outcome]) -> "Brake":
        """The run with what these records add to it, which come next."""
        reasons, last, looked_to = Counter(self.reasons), self.last, self.looked_to
        for offset, outcome in outcomes:
            if isinstance(outcome, Event):
                return replace(self, last=last, looked_to=offset, reasons=reasons, ended=True)
            looked_to = offset + 1
            if outcome is not None and outcome is not IGNORED:
                reasons[outcome.code] += 1
                last = offset
        return replace(self, last=last, looked_to=looked_to, reasons=reasons)

    def told(self) -> str:
        """The run in a sentence."""
        counts = ", ".join(f"{count} {code}" for code, count in Counter(self.reasons).most_common())
        beyond = "" if self.ended else f"; no further than offset {self.looked_to} was looked"
        return (
            f"{MOST_IN_A_ROW} records in a row of {self.partition.topic}/{self.partition.partition}"
            f" became dead letters, and offset {self.first} would be the next. From there to offset"
            f" {self.last} stand {counts}{beyond}."
        )

    def command(self, service: str) -> str:
        """The command that lets the run pass."""
        return (
            f"terang dead-letters release {service}"
            f" {self.partition.topic}/{self.partition.partition} --through {self.last}"
        )


def brake_stop(service: str, brakes: Sequence[Brake]) -> OperatorNeeded:
    """What an operator is told of partitions that the brake stopped."""
    told = " ".join(brake.told() for brake in brakes)
    return OperatorNeeded(
        f"{service}: {told} All before it has taken effect. If a handler is at fault, repair it and"
        " start again: it goes on with the first record that takes effect.",
        remedy="; ".join(brake.command(service) for brake in brakes)
        + " (only if these records are to become dead letters), then start again",
        cause=Cause.BRAKE,
    )
