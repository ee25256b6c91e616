"""Units of the province's agencies, as an officer's file lists them."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.fields import UnitId
from shared.contracts.strict import IN_DIGITS, line_of_text

COLUMNS = ("unit_id", "path", "staff")


class UnitRow(BaseModel):
    """One row of the file."""

    model_config = ConfigDict(frozen=True)

    unit_id: UnitId
    path: Annotated[str, *line_of_text(500)]
    staff: Annotated[int, Field(ge=0, le=1_000_000, description="People who work there"), IN_DIGITS]


@dataclass(frozen=True, slots=True)
class RegisteredUnit:
    """A unit as it is known."""

    unit_id: str
    path: str
    staff: int


def path_key(path: str) -> str:
    """What two ways of writing one path have in common: neither case nor surplus blanks count."""
    return "|".join(" ".join(part.split()).casefold() for part in path.split("|"))
