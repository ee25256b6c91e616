"""The kinds of field that a policy is made of: exact numbers, names, codes, texts."""

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

FACTS = ("gpa", "birth_date", "relevant_experience_months", "education", "priority")
"""Facts of a person, apart from points, that an order may use.

The policy orders education and priority.
"""

NAME = r"^[a-z0-9][a-z0-9-]{0,39}$"
STAGE_NAME = r"^[a-z][a-z0-9-]{0,19}$"
CODE = r"^[A-Z][A-Z0-9_]{0,39}$"
RESULT_CODE = r"^[A-Z0-9/-]{1,12}$"
VERSION = r"^[0-9]+(\.[0-9]+)*$"


PLAIN = re.compile(r"(?!-0(\.0*)?$)-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
"""What Decimal is generous with is no number of a policy.

So 1e3, 1_0, 007, minus zero and digits of other alphabets are none.
"""


def _written(pattern: str, least: int) -> dict[str, object]:
    """How JSON has an exact number: as a text, or as a whole number from `least`."""
    whole = {"type": "integer", "minimum": least, "maximum": 999_999}
    return {"anyOf": [{"type": "string", "pattern": pattern}, whole]}


def _exact(value: object) -> object:
    if isinstance(value, float):
        raise PydanticCustomError("float", "write it in quotes: a float is not exact")
    if isinstance(value, bool):
        raise PydanticKnownError("decimal_type")  # it would be read as 1
    if isinstance(value, str) and not PLAIN.fullmatch(value):
        raise PydanticKnownError("decimal_parsing")
    return value


DIGITS = r"(0|[1-9][0-9]{0,5})(\.[0-9]{1,6})?"
Exact = Annotated[
    Decimal,
    Field(ge=0, max_digits=12, decimal_places=6),
    BeforeValidator(_exact),
    WithJsonSchema(_written(f"^{DIGITS}$", 0)),
]
Positive = Annotated[
    Decimal,
    Field(gt=0, max_digits=12, decimal_places=6),
    BeforeValidator(_exact),
    WithJsonSchema(_written(f"^(?=.*[1-9]){DIGITS}$", 1)),
]
Whole = Annotated[int, Field(strict=True)]
"""Strict, since `true` would be read as 1."""
Flag = Annotated[bool, Field(strict=True)]
Name = Annotated[str, StringConstraints(pattern=NAME)]
StageName = Annotated[str, StringConstraints(pattern=STAGE_NAME)]
Code = Annotated[str, StringConstraints(pattern=CODE)]
ResultCode = Annotated[str, StringConstraints(pattern=RESULT_CODE)]
Version = Annotated[str, StringConstraints(pattern=VERSION)]
AuthorityName = Annotated[
    Name, Field(description="Where the figure comes from: one of the policy's authorities")
]


class PolicyPart(BaseModel):
    """A figure that this version does not know is refused, never passed over: it may be the law."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(PolicyPart):
    """The same in both languages of the pages."""

    id: str
    en: str


def number_in(text: str) -> Decimal | None:
    """The number from 0 that a text holds; none where it holds no such number."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and number >= 0 else None


def normalized(label: str) -> str:
    """A label by which labels are compared: blanks and case make no difference."""
    return " ".join(label.split()).casefold()
