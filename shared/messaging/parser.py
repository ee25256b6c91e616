"""From a log's records to events: headers first, data later.

Nothing here raises for what a record holds.

FastStream's own parser decodes every header before anything of ours can look at it, and a header
that is null or not UTF-8 makes the record vanish (faststream/kafka/parser.py, 0.7.8). `parse`
stands in its place. What can't be read becomes a `RecordFault`, and a record with a fault
becomes a dead letter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

# a uuid.UUID made in C: the other takes a tenth of what an event costs
from asyncpg.pgproto.pgproto import UUID
from faststream.kafka import KafkaMessage
from faststream.kafka.message import KafkaAckableMessage
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.messaging.envelope import Contract, Event, Record
from shared.messaging.position import RecordIdentity


class RawRecord(Protocol):
    """A record as the client library or a test holds it.

    `envelope.Record` and aiokafka's ConsumerRecord are such.
    """

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...
    @property
    def timestamp(self) -> int: ...


@dataclass(frozen=True, slots=True)
class RecordFault:
    """Why a record can't take effect.

    `code` is stable; `detail` says where it fails, never what it holds (it may be personal).
    """

    code: str
    detail: str


SET_ASIDE = "set-aside"
"""The code of the fault of a record that an operator set aside, since workers ended at it."""


class InboundRecord(NamedTuple):
    """One record with what its headers say.

    `fault` is set where they say too little for an event; then `type` may be None.
    """

    raw: RawRecord
    identity: RecordIdentity
    type: str | None
    headers: dict[str, bytes | None]
    fault: RecordFault | None


LONGEST_TYPE = 200
"""Characters of an event type; it becomes a row and a line for operators, so a foreign record must
not fill a page."""


LONGEST_WAY = 10
"""Steps of a place in the data that a fault names."""


def record_of(raw: RawRecord) -> Record:
    """The record as this package keeps it, whoever read it."""
    return Record(
        raw.topic, raw.partition, raw.offset, raw.key, raw.value, tuple(raw.headers), raw.timestamp
    )


def read_headers(raw: RawRecord) -> InboundRecord:
    """Reads who the record is (event id, sequence, type) out of its headers.

    The data and the other headers wait until they are wanted. Whether it may say so where it
    stands, origins.py knows: whoever reads a log asks a RecordReader.
    """
    headers = dict(raw.headers)
    offset = raw.offset
    try:
        # int() would take "+1", "1_0" and other alphabets' digits, so that two readers could
        # disagree about one record.
        digits = headers["ce_sequence"].decode("ascii")  # type: ignore[union-attr]
        sequence = int(digits) if digits.isdigit() else 0
        event = UUID(headers["ce_id"].decode("ascii"))  # type: ignore[union-attr]
    except (KeyError, AttributeError, UnicodeDecodeError, ValueError):
        return InboundRecord(
            raw, RecordIdentity(offset, None, None), None, headers, _not_ours(headers)
        )
    if sequence < 1:
        return InboundRecord(
            raw,
            RecordIdentity(offset, None, None),
            None,
            headers,
            RecordFault("header-invalid", "ce_sequence is no number from 1"),
        )
    identity = RecordIdentity(offset, sequence, event)
    type_ = headers.get("ce_type")
    if type_ is None:
        return InboundRecord(
            raw, identity, None, headers, RecordFault(*_absent(headers, "ce_type"))
        )
    name = _type_name(type_)
    if name is None:
        return InboundRecord(
            raw,
            identity,
            None,
            headers,
            RecordFault("header-invalid", "ce_type is no name of an event type"),
        )
    return InboundRecord(raw, identity, name, headers, None)


@lru_cache(maxsize=1000)
def _type_name(value: bytes) -> str | None:
    try:
        name = value.decode("ascii")
    except UnicodeDecodeError:
        return None
    return name if 0 < len(name) <= LONGEST_TYPE and name.isprintable() else None


def _absent(headers: dict[str, bytes | None], name: str) -> tuple[str, str]:
    return (
        ("header-null", f"{name} is null")
        if name in headers
        else ("header-missing", f"{name} is missing")
    )


def _not_ours(headers: dict[str, bytes | None]) -> RecordFault:
    """The reason why a record has no place in our sequence."""
    if not any(name.startswith("ce_") for name in headers):
        return RecordFault(
            "headers-not-ours",
            "the record carries no ce_ headers: it was not written by this platform",
        )
    for name in ("ce_id", "ce_sequence"):
        value = headers.get(name)
        if value is None:
            return RecordFault(*_absent(headers, name))
        try:
            value.decode("ascii")
        except UnicodeDecodeError:
            return RecordFault("header-not-text", f"{name} is not text")
    return RecordFault("header-invalid", "ce_id is no UUID or ce_sequence no number")


def _event(record: InboundRecord, data: BaseModel) -> Event[Any] | RecordFault:
    """The event of a record whose data are valid, or what its other headers lack."""
    raw, identity, headers = record.raw, record.identity, record.headers
    correlation = headers.get("ce_correlationid")
    try:
        when = datetime.fromisoformat(headers["ce_time"].decode())  # type: ignore[union-attr]
        if when.tzinfo is None:
            return RecordFault("header-invalid", "ce_time has no zone")
        return Event(
            identity.event,  # type: ignore[arg-type] # with a type there is an id, and a sequence
            record.type,  # type: ignore[arg-type]
            headers["ce_source"].decode(),  # type: ignore[union-attr]
            headers["ce_subject"].decode(),  # type: ignore[union-attr]
            when if when.tzinfo is UTC else when.astimezone(UTC),
            identity.sequence,  # type: ignore[arg-type]
            raw.topic,
            raw.partition,
            identity.offset,
            None if correlation is None else correlation.decode(),
            data,
        )
    except (KeyError, AttributeError, ValueError, OverflowError):
        # ValueError: not UTF-8, or no time
        return _unreadable(headers)


def _unreadable(headers: dict[str, bytes | None]) -> RecordFault:
    """Which header keeps a record from being an event."""
    for name in ("ce_time", "ce_source", "ce_subject", "ce_correlationid"):
        value = headers.get(name)
        try:
            if value is not None:
                value.decode()
            elif name != "ce_correlationid":
                return RecordFault(*_absent(headers, name))
        except UnicodeDecodeError:
            return RecordFault("header-not-text", f"{name} is not UTF-8")
    return RecordFault("header-invalid", "ce_time is no time")


def _invalid(model: type[BaseModel], error: ValidationError) -> RecordFault:
    """Where the data fail, without a word of what they hold.

    Only names of the model's fields appear: a key of the data may be a person's number.
    """
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if faults[0]["type"] == "json_invalid":
        return RecordFault("not-json", "the data are not JSON")
    fields = _field_names(model)
    places = [
        "/".join(step if step in fields else "*" for step in _steps(fault["loc"]))
        + " "
        + fault["type"]
        for fault in faults[:5]
    ]
    return RecordFault("data-invalid", "; ".join(places))


def _steps(loc: tuple[int | str, ...]) -> list[str]:
    """The way to a fault; that it lies in a key itself is no step of it."""
    return [str(step) for step in loc[:LONGEST_WAY] if step != "[key]"]


@lru_cache(maxsize=1000)
def _field_names(model: type[BaseModel]) -> frozenset[str]:
    """The names, as JSON has them, of all fields of this model and of those within it."""
    schema = model.model_json_schema()
    models = [schema, *schema.get("$defs", {}).values()]
    return frozenset(name for found in models for name in found.get("properties", ()))


@lru_cache(maxsize=1000)
def _validator(model: type[BaseModel]) -> Callable[[bytes], BaseModel]:
    """The model's own validator of JSON, without what `model_validate_json` does around it."""
    validate: Callable[[bytes], BaseModel] = TypeAdapter(model).validator.validate_json
    return validate


def events(contract: Contract, records: Sequence[InboundRecord]) -> list[Event[Any] | RecordFault]:
    """Events of one contract, in the order given; a fault stands where a record is no event.

    Each value is validated by itself. Joined to one array, values that are no JSON by themselves
    could give an honest one between them other data.
    """
    validate = _validator(contract.model)
    return [_validated(contract.model, validate, record) for record in records]


def _validated(
    model: type[BaseModel], validate: Callable[[bytes], BaseModel], record: InboundRecord
) -> Event[Any] | RecordFault:
    if record.raw.value is None:
        return RecordFault("no-data", "the record has no value (a tombstone)")
    try:
        return _event(record, validate(record.raw.value))
    except ValidationError as error:
        return _invalid(model, error)
    except Exception as error:  # noqa: BLE001 - a validator of ours failed
        return RecordFault("failed", type(error).__name__)


async def parse(records: tuple[RawRecord, ...]) -> KafkaMessage:
    """FastStream's parser for a batch: carries the records on and looks into none of them."""
    return KafkaAckableMessage(
        raw_message=records,
        body=b"",
        headers={},
        batch_headers=[],
        reply_to="",
        content_type=None,
        message_id="",
        correlation_id="",
        path={},
        consumer=_NO_CONSUMER,
    )


class _NoConsumer:
    """Stands where FastStream keeps a consumer to commit with.

    Offsets are committed by the worker alone, after the transaction.
    """

    async def commit(self) -> None:
        raise AssertionError("the worker commits offsets itself")

    def seek(self, partition: object, offset: int) -> None:
        raise AssertionError("the worker seeks itself")


_NO_CONSUMER = _NoConsumer()
