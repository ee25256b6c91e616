"""Strict kinds of value: each has one way of writing, in requests, files and events alike.

pydantic by itself reads `true`, "1_000" and " 5" as whole numbers, and 0 as a day. What decides
over people is either written plainly or refused.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any
from unicodedata import normalize
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetPydanticSchema,
    JsonValue,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, core_schema

DAY = r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
INSTANT = (
    r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$"
)
"""In this century as it is written: the schema can't say that it is so in UTC, too."""
CENTURY = {"ge": datetime(2000, 1, 1, tzinfo=UTC), "lt": datetime(2100, 1, 1, tzinfo=UTC)}
"""Where an instant lies: what is told in UTC must be one that is read again."""
ID = r"^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$"


class Command(BaseModel):
    """The body of a request that changes or asks something. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


NO_OTHER_NAMES: dict[str, JsonValue] = {"additionalProperties": False}
"""What pydantic leaves out of the schema of a mapping whose names have a pattern."""


def _written(
    pattern: str, kind: core_schema.CoreSchema, fault: str, sentence: str
) -> GetPydanticSchema:
    """A value that JSON has as a text of one form; in Python it may be the value itself.

    `kind` reads the text and takes the value. All that is wrong with it is the error `fault`, said
    in one `sentence`.
    """
    text = core_schema.chain_schema([core_schema.str_schema(pattern=pattern), kind])
    itself: Any = {**kind, "strict": True}
    both = core_schema.json_or_python_schema(text, core_schema.union_schema([itself, text]))

    def schema(_source: object, _handler: object) -> core_schema.CoreSchema:
        # a new one each time: pydantic notes in it what further annotations say
        return core_schema.custom_error_schema(
            both, custom_error_type=fault, custom_error_message=sentence
        )

    return GetPydanticSchema(schema)


Whole = Annotated[int, Field(strict=True)]
"""A whole number: a JSON integer; no text, no `true`, no 1.0."""

Flag = Annotated[bool, Field(strict=True)]
"""`true` or `false`; no text, no 1."""

Day = Annotated[
    date,
    _written(
        DAY,
        core_schema.date_schema(),
        "day_written",
        "write the day as YYYY-MM-DD, as in 1999-03-31, in the years 1900 to 2099",
    ),
    WithJsonSchema({"type": "string", "format": "date"}),
]

Instant = Annotated[
    datetime,
    _written(
        INSTANT,
        core_schema.datetime_schema(tz_constraint="aware", **CENTURY),
        "instant_written",
        "write day, time and zone, as in 2026-08-20T00:00:00+07:00; in UTC in the years 2000 to "
        "2099",
    ),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]

Id = Annotated[
    UUID,
    _written(
        ID,
        core_schema.uuid_schema(),
        "id_written",
        "write the id as it was given: a UUID with its hyphens",
    ),
    WithJsonSchema({"type": "string", "format": "uuid"}),
]

# The schemas of events are frozen; those of requests say the years too.
DayInRequest = Annotated[Day, WithJsonSchema({"type": "string", "format": "date", "pattern": DAY})]
InstantInRequest = Annotated[
    Instant, WithJsonSchema({"type": "string", "format": "date-time", "pattern": INSTANT})
]

# Control characters (C0 but for what each adds, DEL, C1) and, of one line, what ends lines.
_IN_A_LINE = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_IN_LINES = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_SURROGATES = r"\ud800-\udfff"
"""Halves of a character: JSON can write one alone, UTF-8 can't."""


def _refusing(characters: str) -> Callable[[str], str]:
    found = re.compile(f"[{characters}{_SURROGATES}]")

    def check(text: str) -> str:
        if found.search(text):
            raise PydanticCustomError(
                "text_control",
                "it holds a control character, or half a character: type it anew",
            )
        return text

    return check


ON_ONE_LINE = AfterValidator(_refusing(_IN_A_LINE))
"""Makes a str of an event strict, which stays as its producer wrote it."""


def _tidy(least: int, most: int, refused: str) -> Callable[[str], str]:
    check = _refusing(refused)

    def tidy(text: str) -> str:
        if text.isascii() and text.isprintable():  # most texts: nothing to look for or to compose
            composed = text.strip()
        else:
            composed = normalize("NFC", check(text)).strip()
        if len(composed) < least or max(len(text), len(composed)) > most:
            raise PydanticCustomError(
                "text_length",
                "write {least} to {most} characters, blanks around them not counted",
                {"least": least, "most": most},
            )
        return composed

    return tidy


def _pattern(least: int, refused: str) -> str:
    """The JSON Schema pattern of a text that holds `least` characters between blanks."""
    any_, solid = f"[^{refused}]", rf"[^\s{refused}]"
    if least == 0:
        return f"^{any_}*$"
    inner = solid if least == 1 else f"{solid}{any_}{{{least - 2},}}{solid}"
    return f"^{any_}*{inner}{any_}*$"


TextRules = tuple[AfterValidator, WithJsonSchema]


def _text(least: int, most: int, refused: str) -> TextRules:
    schema = {"type": "string", "minLength": least, "maxLength": most}
    return (
        AfterValidator(_tidy(least, most, refused)),
        WithJsonSchema({**schema, "pattern": _pattern(least, refused)}),
    )


def line_of_text(most: int, *, least: int = 1) -> TextRules:
    """What makes a str strict that people type on one line.

    It has no control characters, is composed (NFC), and loses outer blanks. `least` and `most` are
    characters.
    """
    return _text(least, most, _IN_A_LINE)


def lines_of_text(most: int, *, least: int = 1) -> TextRules:
    """The same, where tabs and line feeds may stand."""
    return _text(least, most, _IN_LINES)


def decimal_text(pattern: str, example: str) -> tuple[BeforeValidator, WithJsonSchema]:
    """What makes a Decimal strict: a text of ASCII digits with a point.

    So it never passes through a float, has no exponent, and there is no minus zero. `pattern` also
    says that a zero leads only directly before the point.
    """
    form = re.compile(pattern, re.ASCII)

    def check(value: object) -> object:
        if not isinstance(value, str) or not form.fullmatch(value):
            raise PydanticCustomError(
                "decimal_written",
                "write it in quotes, in plain digits with a point (not a comma) before decimals, "
                'as in "{example}"',
                {"example": example},
            )
        return value

    return BeforeValidator(check), WithJsonSchema({"type": "string", "pattern": pattern})


def _with_point(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9},([0-9]{1,2}|[0-9]{4,6})", value):
        return value.replace(",", ".")
    return value


DECIMAL_COMMA = BeforeValidator(_with_point)
"""Reads "3,45" in a file as 3.45, as Indonesians write it.

Three digits after the comma may be thousands: that is refused.
"""


MOST_DIGITS = 16


def _whole(value: object) -> int:
    text = value if isinstance(value, str) and value.isascii() else ""
    if not text.isdigit() or len(text) > MOST_DIGITS or (text[0] == "0" and text != "0"):
        raise PydanticCustomError(
            "whole_written",
            "write a whole number in digits alone, as in 1840: no point, no comma",
        )
    return int(text)


IN_DIGITS = BeforeValidator(_whole)
"""Makes an int strict that stands in a file, a path or a query.

It comes after the int's limits: `Annotated[int, Field(ge=1), IN_DIGITS]`.
"""


def _true_or_false(value: object) -> object:
    read = {"true": True, "false": False}
    if value not in ("true", "false"):
        raise PydanticCustomError("flag_written", "write true or false")
    return read[str(value)]


FlagInQuery = Annotated[bool, BeforeValidator(_true_or_false)]
