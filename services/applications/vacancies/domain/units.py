"""Units of the province's agencies, as an officer's file lists them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.contracts.fields import UnitId
from shared.refusals import Refusal

COLUMNS = ("unit_id", "path", "staff")
ColumnFault = dict[str, object]


class UnitRow(BaseModel):
    """One row of the file."""

    model_config = ConfigDict(frozen=True)

    unit_id: UnitId
    path: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,500}$")]
    staff: Annotated[int, Field(ge=0, le=1_000_000, description="People who work there")]


@dataclass(frozen=True, slots=True)
class RegisteredUnit:
    """A unit as it is known."""

    unit_id: str
    path: str
    staff: int


def path_key(path: str) -> str:
    """What two ways of writing one path have in common: neither case nor surplus blanks count."""
    return "|".join(" ".join(part.split()).casefold() for part in path.split("|"))


def faults(
    rows: Iterable[tuple[int, UnitRow]], known: Iterable[RegisteredUnit]
) -> list[ColumnFault]:
    """Ids and paths that the file has twice, and paths that units outside the file have."""
    found: list[ColumnFault] = []
    ids: dict[str, int] = {}
    paths: dict[str, int] = {}
    in_file = {row.unit_id for _, row in rows}
    taken = {path_key(unit.path): unit.unit_id for unit in known if unit.unit_id not in in_file}
    for line, row in rows:
        key = path_key(row.path)
        if (first := ids.setdefault(row.unit_id, line)) != line:
            reason = Refusal("twice", value=row.unit_id, first=first)
            found.append({"line": line, "column": "unit_id", "reason": reason})
        if (first := paths.setdefault(key, line)) != line:
            reason = Refusal("twice", value=row.path, first=first)
            found.append({"line": line, "column": "path", "reason": reason})
        if key in taken:
            found.append(
                {"line": line, "column": "path", "reason": Refusal("path-taken", unit=taken[key])}
            )
    return found


def changed(rows: Iterable[UnitRow], known: Mapping[str, RegisteredUnit]) -> list[RegisteredUnit]:
    """The units of the file that are new or not as they are known, in the file's order."""
    units = (RegisteredUnit(row.unit_id, " ".join(row.path.split()), row.staff) for row in rows)
    return [unit for unit in units if known.get(unit.unit_id) != unit]
