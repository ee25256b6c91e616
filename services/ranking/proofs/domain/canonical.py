"""Canonical JSON: the one way in which published files are written."""

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from services.ranking.proofs.domain.fault import HALF_A_CHARACTER, ProofFault

TOO_DEEP = "nested too deep to be a list or a receipt"

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Salt = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Signature = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]
ExactDecimal = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$")]


def _is_a_time(text: str) -> str:
    datetime.fromisoformat(text)  # ValueError: no such day, or hour
    return text


Instant = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z$"
    ),
    AfterValidator(_is_a_time),
]
"""A time in UTC as `instant` writes it."""


class FilePart(BaseModel):
    """A part of a file: no field may be missing, none added, none of another kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def instant(at: datetime) -> str:
    """A time in UTC as files have it: ISO 8601 with Z."""
    return at.isoformat().removesuffix("+00:00") + "Z"


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no blanks, in UTF-8.

    Raises ProofFault for what can be read but not written: half a character, a nest just not too
    deep.
    """
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode()
    except UnicodeEncodeError as error:
        raise ProofFault("the file", HALF_A_CHARACTER) from error
    except RecursionError as error:
        raise ProofFault("the file", TOO_DEEP) from error


def parse_json(data: bytes) -> Any:
    """The JSON in these bytes. Raises ProofFault where there is none, or where it has floats."""
    try:
        return json.loads(data.decode(), parse_float=_no_float, parse_constant=_no_float)
    except RecursionError as error:
        raise ProofFault("the file", TOO_DEEP) from error
    except ValueError as error:
        raise ProofFault("the file", f"not JSON in UTF-8 as it was written: {error}") from error


def _no_float(text: str) -> Any:
    raise ValueError(f"{text} is no integer; exact decimals are strings")


def check_same_bytes(data: bytes, expected: bytes, first_line: int = 1) -> None:
    """Raises ProofFault where a file differs from how its content is written canonically.

    `first_line`: the number of the line in which `data` begins.
    """
    if data == expected:
        return
    at = next(
        (at for at, (here, there) in enumerate(zip(data, expected, strict=False)) if here != there),
        min(len(data), len(expected)),
    )
    found, wanted = _shown(data[at : at + 20]), _shown(expected[at : at + 20])
    raise ProofFault(
        f"line {data.count(10, 0, at) + first_line}",
        f"not written canonically: expected {wanted}, found {found}",
    )


def _shown(part: bytes) -> str:
    return repr(part.decode(errors="replace")) if part else "the end"
