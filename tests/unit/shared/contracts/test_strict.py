"""Each kind of value has one way of writing; what pydantic is generous with is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import pytest
from asyncpg.pgproto.pgproto import UUID as DriversUUID  # noqa: N811
from pydantic import Field, TypeAdapter, ValidationError

from shared.contracts.strict import (
    DECIMAL_COMMA,
    IN_DIGITS,
    ON_ONE_LINE,
    Day,
    Flag,
    FlagInQuery,
    Id,
    Instant,
    Whole,
    decimal_text,
    line_of_text,
    lines_of_text,
)

ID = "01932f5e-7a3c-7d10-9c2b-5f0e6a1d4b78"
GRADE = Annotated[Decimal, *decimal_text(r"^[0-9](\.[0-9]{1,2})?$", example="3.45")]


def fault(kind: Any, value: object) -> str | None:
    """The type of the error that a value is refused with; none where it is taken."""
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        return error.errors()[0]["type"]
    return None


def fault_in_json(kind: Any, text: str) -> str | None:
    try:
        TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        return error.errors()[0]["type"]
    return None


DAYS = ["0", "852076800", '"0"', '"852076800"', "true", "null", '"1999-02-30"', '"19990331"']
DAYS += ['"1999-03-31T00:00:00"', '" 1999-03-31"', '"1999-3-31"', '"٠"', '"0001-01-01"', "1.5"]


@pytest.mark.parametrize("text", DAYS)
def test_a_day_is_its_iso_form(text: str) -> None:
    """Seconds since 1970 are no day, nor is another way of writing one."""
    assert fault_in_json(Day, text) == "day_written"
    assert fault_in_json(Day, '"1999-03-31"') is None


INSTANTS = ["0", '"852076800"', "true", '"2026-08-20"', '"2026-08-20T00:00:00"']
INSTANTS += ['"0001-01-01T00:00:00+07:00"', '"9999-12-31T23:59:59-07:00"', '"2026-08-20 00:00:00Z"']
INSTANTS += ['"2026-08-20T00:00:60Z"', '"2026-08-20T00:00:00+99:00"', '"2026-02-30T00:00:00Z"']


@pytest.mark.parametrize("text", INSTANTS)
def test_an_instant_has_its_zone_and_is_of_this_century(text: str) -> None:
    """The first and last years of the calendar can't be converted to UTC."""
    assert fault_in_json(Instant, text) == "instant_written"


EDGES = ["2000-01-01T00:00:00", "2099-12-31T23:59:59"]


@pytest.mark.parametrize("written", [f"{EDGES[0]}+07:00", f"{EDGES[1]}-12:00"])
def test_an_instant_of_another_century_in_utc_is_refused(written: str) -> None:
    """It was taken as written, and was our fault (500) once it was told in UTC."""
    assert fault_in_json(Instant, f'"{written}"') == "instant_written"
    assert fault(Instant, datetime.fromisoformat(written)) == "instant_written"


@pytest.mark.parametrize("written", [f"{edge}{zone}" for edge in EDGES for zone in ("Z", "+00:00")])
def test_the_first_and_last_instants_of_the_century(written: str) -> None:
    """Both are taken, and told as they are read again."""
    told = TypeAdapter(Instant).dump_json(TypeAdapter(Instant).validate_json(f'"{written}"'))
    assert fault_in_json(Instant, told.decode()) is None


@pytest.mark.parametrize("text", ["2026-08-20T00:00:00+07:00", "2026-08-20T00:00:00.123456789Z"])
def test_instants_that_others_write_are_read(text: str) -> None:
    """RFC 3339, with or without a fraction."""
    read = TypeAdapter(Instant).validate_json(f'"{text}"')
    assert read.astimezone(UTC).year == 2026


@pytest.mark.parametrize("form", ["{%s}", "urn:uuid:%s", "%s ", "%s\n", "0%s"])
def test_an_id_is_written_with_hyphens(form: str) -> None:
    """One of the four ways to write a UUID."""
    assert fault(Id, form % ID) == "id_written"
    assert fault(Id, ID.replace("-", "")) == "id_written"
    assert TypeAdapter(Id).validate_python(ID.upper()) == UUID(ID)


def test_in_python_the_values_themselves_are_taken() -> None:
    """A service states what it has: days, instants in a zone, ids of the database's driver."""
    for kind, value in ((Day, date(1999, 3, 31)), (Instant, datetime(2026, 1, 1, tzinfo=UTC))):
        assert TypeAdapter(kind).validate_python(value) is value
    assert TypeAdapter(Id).validate_python(DriversUUID(ID)) == UUID(ID)
    assert fault(Day, datetime(1999, 3, 31, tzinfo=UTC)) == "day_written"
    assert fault(Instant, datetime(2026, 1, 1)) == "instant_written"  # noqa: DTZ001


@pytest.mark.parametrize("text", ["true", '"1_000"', '" 5"', '"5"', "5.0", "1e3", "null", '"٣"'])
def test_a_whole_number_is_a_json_integer(text: str) -> None:
    """`true` was read as 1, and texts as what int() makes of them."""
    assert fault_in_json(Whole, text) is not None
    assert fault_in_json(Whole, "5") is None


@pytest.mark.parametrize("text", ["1", "0", '"true"', '"yes"', '"on"', "null"])
def test_a_flag_is_true_or_false(text: str) -> None:
    """Nothing else stands for it."""
    assert fault_in_json(Flag, text) is not None
    assert fault_in_json(Flag, "true") is None


HOSTILE = [
    "-0",
    "0e-400",
    "3e0",
    "٣",
    " 3",
    "3 ",
    "3\n",
    "+3",
    "1_0",
    "NaN",
    "Infinity",
    "3.",
    "0x1",
]


@pytest.mark.parametrize("value", [*HOSTILE, "3,45", ".5", "", 3, 3.5, True, None, ["3"]], ids=repr)
def test_a_decimal_is_plain_digits(value: object) -> None:
    """Exponents, minus zero, other alphabets and floats: each was read, or failed later."""
    assert fault(GRADE, value) == "decimal_written"


@pytest.mark.parametrize("value", ["3,45", "3,4"])
def test_a_decimal_comma_is_read_in_a_file(value: str) -> None:
    """As Indonesians write it, where it can't mean thousands."""
    read = TypeAdapter(Annotated[GRADE, DECIMAL_COMMA]).validate_python(value)
    assert str(read) == value.replace(",", ".")


@pytest.mark.parametrize("value", ["1,234", "1.234,5", "3,", ",5", "3,4,5", "-3,4"])
def test_a_doubtful_comma_is_refused(value: str) -> None:
    """Three digits after it may be thousands."""
    points = Annotated[
        Decimal, *decimal_text(r"^[0-9]{1,9}(\.[0-9]{1,6})?$", "82.5"), DECIMAL_COMMA
    ]
    assert fault(points, value) == "decimal_written"


@pytest.mark.parametrize(
    "value", ["1_000", " 5", "+5", "-5", "05", "5.0", "٣", "", "1" * 17, 5, True]
)
def test_a_whole_number_in_an_address_is_digits(value: object) -> None:
    """So it is in a file."""
    number = Annotated[int, Field(ge=1, le=500), IN_DIGITS]
    assert fault(number, value) == "whole_written"
    assert fault(number, "501") == "less_than_equal"
    assert fault(number, "500") is None


def test_a_flag_in_an_address() -> None:
    """`true` or `false`, in small letters."""
    assert [fault(FlagInQuery, value) for value in ("true", "false")] == [None, None]
    for value in ("1", "True", "yes", "", True, 1):
        assert fault(FlagInQuery, value) == "flag_written"


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800"])
def test_control_characters_and_halves_of_characters(character: str) -> None:
    """PostgreSQL can't keep NUL, nor UTF-8 half a character; nobody types the others."""
    for kind in (line_of_text(100), lines_of_text(100)):
        assert fault(Annotated[str, *kind], f"by lot{character}today") == "text_control"
    assert fault(Annotated[str, ON_ONE_LINE], f"by lot{character}today") == "text_control"


def test_lines() -> None:
    """A text of one line has no others; of several, line feeds and tabs are kept."""
    for end in ("\n", "\r", "\t", "\u2028"):
        assert fault(Annotated[str, *line_of_text(100)], f"a{end}b") == "text_control"
        assert fault(Annotated[str, *lines_of_text(100)], f"a{end}b") is None


def test_a_text_is_composed_and_loses_outer_blanks() -> None:
    """Two ways to type é are one; blanks don't count towards the least length."""
    reason: TypeAdapter[str] = TypeAdapter(Annotated[str, *lines_of_text(12, least=3)])
    assert reason.validate_python("  Te\u0301h ") == "T\u00e9h"
    assert fault(Annotated[str, *lines_of_text(12, least=3)], "  a  ") == "text_length"
    assert fault(Annotated[str, *lines_of_text(12)], "a" * 13) == "text_length"
    # composing may lengthen: the limit holds for what is kept, too
    assert fault(Annotated[str, *lines_of_text(1)], "\u0958") == "text_length"
