"""Failures by what is to be done about them: wait, reject, call an operator.

What is none of the three is a bug.
"""

from enum import StrEnum

from aiokafka import errors as kafka

from shared.postgres.errors import is_unavailable


class Permanent(Exception):  # noqa: N818 (named for what is to be done)
    """This record or statement can never succeed as it stands.

    It is undecodable, invalid, too large, or refused by the domain.
    """


class Cause(StrEnum):
    """What an operator is needed for, in a word for metrics and alerts."""

    GAP = "gap"
    """An event is missing on a log that the service consumes."""
    OTHER_LOG = "other-log"
    """A log that the service consumes is not the one that was read before."""
    FORGED = "forged"
    """Two events stand under one number: the topic's service did not write one of them."""
    BRAKE = "brake"
    """Too many records in a row became dead letters."""
    OUTBOX = "outbox"
    """The service's own log and its outbox don't fit each other: a restored database, or a log that
    lost or gained records."""
    TOPIC = "topic"
    """A topic is not as this version needs it: its partitions, its limit of size."""
    RECORD = "record"
    """Workers ended again and again at one record."""
    OTHER = "other"

    @property
    def stops_all(self) -> bool:
        """Whether a worker stops altogether for it, or only the part of it that met it.

        Where the own log and outbox don't fit, the database may be one of yesterday: whatever is
        decided by it, also by duties, could contradict what the log says already. The others
        concern one log that is read, or one that is written.
        """
        return self in {Cause.OUTBOX, Cause.OTHER}


class OperatorNeeded(Exception):  # noqa: N818 (named for what is to be done)
    """To go on would be wrong: a worker stands still, a command ends, and a person decides.

    `reason` is a sentence without personal data; `remedy` the command, e.g. `terang recover
    ranking`.
    """

    def __init__(self, reason: str, *, remedy: str, cause: Cause = Cause.OTHER) -> None:
        super().__init__(f"{reason} Remedy: {remedy}")
        self.reason = reason
        self.remedy = remedy
        self.cause = cause


def operator_needed_in(failure: BaseException | None) -> OperatorNeeded | None:
    """The OperatorNeeded among the failures of a task group, if there is one."""
    if isinstance(failure, BaseExceptionGroup):
        return next(
            (stop for inner in failure.exceptions if (stop := operator_needed_in(inner))), None
        )
    return failure if isinstance(failure, OperatorNeeded) else None


class Unavailable(Exception):  # noqa: N818 (named for what is to be done)
    """Something that we need is not there yet (a topic, a server): wait and ask again."""


def is_infrastructure(error: BaseException) -> bool:
    """True for failures of a connection, a server or a broker.

    They are waited out, never blamed on a record.
    """
    if isinstance(error, BaseExceptionGroup):
        return all(is_infrastructure(inner) for inner in error.exceptions)
    if isinstance(error, kafka.KafkaError):
        return error.retriable or isinstance(error, _BROKER_AWAY)
    return isinstance(error, Unavailable) or is_unavailable(error)


# Failures of the broker or the connection that aiokafka does not call retriable, since it would
# have to begin anew: so do we.
_BROKER_AWAY = (
    kafka.KafkaConnectionError,
    kafka.KafkaTimeoutError,
    kafka.UnknownTopicOrPartitionError,
    kafka.OutOfOrderSequenceNumber,
    kafka.ProducerFenced,
    kafka.ProducerClosed,
    kafka.OffsetOutOfRangeError,
    kafka.NotEnoughReplicasError,
    kafka.NotEnoughReplicasAfterAppendError,
)
