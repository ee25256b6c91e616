"""The kinds of value that several events share."""

from decimal import Decimal
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetPydanticSchema,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import core_schema

from shared.contracts.strict import ON_ONE_LINE, Whole


class Fact(BaseModel):
    """Data of an event.

    A field that a newer producer added is passed over, so that an old consumer goes on.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


RoundId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$"),
    Field(
        description="Short name of a round, chosen by the officer who opens it",
        examples=["cpns-2024"],
    ),
]
VacancyId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$"),
    Field(description="Vacancy (formasi): one post at one unit for one kind of need"),
]
UnitId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,64}$"),
    Field(description="Unit of an agency, by the province's own code"),
]
ParticipantNo = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4,6}-[0-9]{6}$"),
    Field(
        description="Participant number (nomor peserta): unique in its round, says nothing of the "
        "person",
        examples=["0042-000017"],
    ),
]
StageCode = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,19}$"),
    Field(description="A stage or list of the round's policy", examples=["skd", "skb", "final"]),
]
ComponentCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,19}$")]
NeedCode = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,39}$"),
    Field(description="Kind of need (jenis kebutuhan) that the vacancy is for", examples=["UMUM"]),
]
ResultCode = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z0-9/-]{1,12}$"),
    Field(description="Result code of the stage, as the policy names it", examples=["P/L"]),
]
Agency = Annotated[str, Field(description="instansi"), ON_ONE_LINE]
Post = Annotated[str, Field(description="jabatan"), ON_ONE_LINE]
UnitPath = Annotated[
    str, Field(description="Agency, department, division …, separated by ` | `"), ON_ONE_LINE
]


def _decimal(text: str) -> Decimal:
    """The decimal of a text of digits. Raises ValueError for minus zero."""
    value = Decimal(text)
    if text[0] == "-" and not value:
        raise ValueError("there is no minus zero")
    return value


def _in_digits(pattern: str) -> tuple[GetPydanticSchema, WithJsonSchema]:
    """A decimal that is a text of digits in JSON, as the schema says it.

    It must not pass through a float, and has one way of writing. Read so, it takes half the time of
    pydantic's own decimals, and an exam day has millions.
    """
    text = core_schema.no_info_after_validator_function(
        _decimal, core_schema.str_schema(pattern=pattern)
    )
    written = core_schema.to_string_ser_schema(when_used="json")
    return (
        GetPydanticSchema(
            lambda source, handler: core_schema.json_or_python_schema(
                text, handler(source), serialization=written
            )
        ),
        WithJsonSchema({"type": "string", "pattern": pattern}),
    )


Points = Annotated[
    Decimal,
    Field(ge=0, max_digits=12, decimal_places=6),
    *_in_digits(r"^[0-9]{1,9}(\.[0-9]{1,6})?$"),
]
"""Points and scores."""

Figure = Annotated[
    Decimal, Field(max_digits=18, decimal_places=6), *_in_digits(r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$")
]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[Whole, Field(ge=0)]
