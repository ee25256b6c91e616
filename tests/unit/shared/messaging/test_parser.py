"""From records to events: nothing raises, whatever a record holds."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, field_validator

from shared.messaging.envelope import Event, Record
from shared.messaging.parser import RecordFault, events, read_headers
from shared.messaging.position import RecordIdentity

ID = UUID(int=7)
HEADERS: dict[str, bytes | None] = {
    "ce_id": str(ID).encode(),
    "ce_sequence": b"12",
    "ce_type": b"test.Added",
    "ce_source": b"/test",
    "ce_subject": "Kota Bahagia – A".encode(),
    "ce_time": b"2026-08-20T10:00:00.5+07:00",
    "ce_correlationid": b"why",
}


class Added(BaseModel):
    n: int
    born: str = ""


Model = type[BaseModel]


class Row:
    type = "test.Added"
    model: Model = Added
    topic = "topic"
    key = staticmethod(str)
    subject = staticmethod(str)
    day_only = False


def record(value: bytes | None = b'{"n": 1}', offset: int = 4, **changed: bytes | None) -> Record:
    headers = HEADERS | {f"ce_{name}": text for name, text in changed.items()}
    return Record("topic", 2, offset, b"key", value, tuple(headers.items()), 0)


def test_an_event() -> None:
    """Headers and data become an event; its time is in UTC."""
    (event,) = events(Row(), [read_headers(record())])
    assert event == Event(
        id=ID,
        type="test.Added",
        source="/test",
        subject="Kota Bahagia – A",
        time=datetime(2026, 8, 20, 3, 0, 0, 500_000, tzinfo=UTC),
        sequence=12,
        topic="topic",
        partition=2,
        offset=4,
        correlation_id="why",
        data=Added(n=1),
    )


@pytest.mark.parametrize("digits", [b"+1", b"1_0", b"-1", b"0", b"1.0", b"", b" 1", "١".encode()])
def test_numbers_are_plain_digits(digits: bytes) -> None:
    """What int() would be generous with is no sequence: two readers must read the same number.

    The record is foreign.
    """
    inbound = read_headers(record(sequence=digits))
    assert inbound.identity == RecordIdentity(4, None, None)
    assert inbound.fault is not None


def test_an_unreadable_type_keeps_its_number() -> None:
    """An event of ours whose type can't be read still has its place in the sequence."""
    inbound = read_headers(record(type=b"\xff"))
    assert inbound.identity == RecordIdentity(4, 12, ID)
    assert inbound.fault == RecordFault("header-invalid", "ce_type is no name of an event type")


def test_the_bad_one_among_many() -> None:
    """One event that can't be read leaves the others of its batch readable."""
    values = [b'{"n": 1}', b'{"n": "many"}', b'{"n": 3}', None, b'{"n": 4}, {"n": 5}']
    found = events(Row(), [read_headers(record(value)) for value in values])
    codes = [
        outcome.code if isinstance(outcome, RecordFault) else outcome.data.n for outcome in found
    ]
    assert codes == [1, "data-invalid", 3, "no-data", "not-json"]


def test_values_that_only_together_are_json() -> None:
    """Two halves of a value are not one value, and do not shift the events behind them."""
    values = [b'{"n": 1, "born": "', b'"}', b'{"n": 2}, {"n": 3}']
    found = events(Row(), [read_headers(record(value)) for value in values])
    assert all(isinstance(outcome, RecordFault) for outcome in found)


def test_malformed_neighbours_shift_nothing_into_an_honest_event() -> None:
    """What stands before and behind an event does not change what it says.

    The first value holds two objects too many and leaves a list open that the last one ends: as
    one array the three are three objects, and the honest one has the second's data.
    """
    values = [b'{"n": 1}, {"n": 666}, {"n": 2, "x": [{}', b'{"n": 5}', b"{}]}"]
    before, honest, after = events(Row(), [read_headers(record(value)) for value in values])
    assert isinstance(honest, Event)
    assert honest.data == Added(n=5)
    assert isinstance(before, RecordFault)
    assert isinstance(after, RecordFault)


# fmt: off
PIECES = [
    b'{"n": 1}', b'{"n": 2, "born": "', b'"}', b'{"n": 3, "x": [{}', b"{}]}", b"{", b"}", b"[",
    b"]", b",", b'"', b"null", b"1", b" ", b"\\", b'{"n": "many"}',
]
# fmt: on


@given(
    st.lists(
        st.none() | st.lists(st.sampled_from(PIECES), max_size=4).map(b"".join) | st.binary(),
        max_size=6,
    )
)
def test_values_together_are_what_they_are_alone(values: list[bytes | None]) -> None:
    """Whatever bytes stand beside each other, each means what it means by itself."""
    inbound = [read_headers(record(value)) for value in values]
    assert events(Row(), inbound) == [events(Row(), [alone])[0] for alone in inbound]


def test_a_fault_tells_no_data() -> None:
    """The reason says where data fail, and nothing of what they hold."""
    (fault,) = events(Row(), [read_headers(record(b'{"n": "secret", "born": 1999}'))])
    assert isinstance(fault, RecordFault)
    assert fault.detail == "n int_parsing; born string_type"


@given(
    st.lists(
        st.tuples(st.sampled_from([*HEADERS, "x"]), st.one_of(st.none(), st.binary(max_size=40))),
        max_size=9,
    ),
    st.one_of(st.none(), st.binary(max_size=40)),
)
def test_nothing_raises(headers: list[tuple[str, bytes | None]], value: bytes | None) -> None:
    """Whatever headers and bytes a record has, it is an event or a fault."""
    said = tuple({**HEADERS, **dict(headers)}.items())
    inbound = read_headers(Record("topic", 2, 4, None, value, said, 0))
    assert (inbound.identity.sequence is None) == (inbound.identity.event is None)
    if inbound.fault is None:
        (found,) = events(Row(), [inbound])
        assert isinstance(found, Event | RecordFault)
    else:
        assert inbound.fault.code


class Scored(BaseModel):
    points: dict[str, int]
    steps: list[Added] = []


class ScoredRow(Row):
    type = "test.Scored"
    model = Scored


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (b'{"points": {"NIK 3171234567890123": "x"}}', "points/* int_parsing"),
        (b'{"points": {"\\u0000": "x"}}', "points/* int_parsing"),
        (b'{"points": {}, "steps": [{"n": 1}, {"n": "x"}]}', "steps/*/n int_parsing"),
        (b'{"points": 3}', "points dict_type"),
        (b'{"steps": []}', "points missing"),
    ],
)
def test_a_fault_names_fields_alone(value: bytes, detail: str) -> None:
    """A key of the data, which may be a person's number or a NUL, and a place in a list are `*`."""
    (fault,) = events(ScoredRow(), [read_headers(record(value, type=b"test.Scored"))])
    assert fault == RecordFault("data-invalid", detail)


def test_a_name_that_the_model_does_not_know_is_not_repeated() -> None:
    """Where unknown fields are refused, the name comes from the data."""

    class Closed(Added, extra="forbid"):
        pass

    class ClosedRow(Row):
        model = Closed

    (fault,) = events(ClosedRow(), [read_headers(record(b'{"n": 1, "Budi 0812": 1}'))])
    assert fault == RecordFault("data-invalid", "* extra_forbidden")


def test_a_validator_that_fails_for_another_reason() -> None:
    """It is the record that can't be read; the reader goes on."""

    class Fails(Added):
        @field_validator("n")
        @classmethod
        def fail(cls, n: int) -> int:
            raise RuntimeError(n)

    class FailsRow(Row):
        model = Fails

    (fault,) = events(FailsRow(), [read_headers(record())])
    assert fault == RecordFault("failed", "RuntimeError")
