"""Vacancies as the national portal lists them: a row for each education programme of a vacancy."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.applications.vacancies.domain.units import ColumnFault, path_key
from shared.contracts.fields import VacancyId
from shared.refusals import Refusal

COLUMNS = (
    "formasi_id",
    "ins_nm",
    "jp_nama",
    "formasi_nm",
    "jabatan_nm",
    "lokasi_nm",
    "jumlah_formasi",
    "disable",
    "gaji_min",
    "gaji_max",
    "jenjang_studi",
    "program_studi",
)
OF_ONE_PROGRAMME = ("jenjang_studi", "program_studi")
"""What the rows of one vacancy differ in; in all else they agree."""

ListingText = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,300}$")]
Rupiah = Annotated[int, Field(ge=0, le=2_000_000_000)]


class ListingRow(BaseModel):
    """One row of the list."""

    model_config = ConfigDict(frozen=True)

    formasi_id: VacancyId
    ins_nm: ListingText
    jp_nama: ListingText
    formasi_nm: ListingText
    jabatan_nm: ListingText
    lokasi_nm: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,500}$")]
    jumlah_formasi: Annotated[int, Field(ge=1, le=100_000)]
    disable: Literal["0", "1"]
    gaji_min: Rupiah
    gaji_max: Rupiah
    jenjang_studi: ListingText
    program_studi: ListingText

    @model_validator(mode="after")
    def _pay_is_a_range(self) -> "ListingRow":
        if self.gaji_max < self.gaji_min:
            raise ValueError(
                "gaji_max is below gaji_min: the highest pay can't be below the lowest"
            )
        return self


@dataclass(frozen=True, slots=True)
class ListedVacancy:
    """One vacancy of a round, before it has its id.

    `number` is its place in the round; pay is in rupiah a month.
    """

    listing_id: str
    number: int
    agency: str
    post: str
    unit_id: str
    need: str
    seats: int
    open_to_disabled: bool
    pay_min: int
    pay_max: int
    education: tuple[tuple[str, str], ...]


def vacancies(
    rows: Iterable[tuple[int, ListingRow]],
    unit_of: Mapping[str, str],
    need_of: Callable[[str], str | None],
) -> tuple[list[ListedVacancy], list[ColumnFault]]:
    """The vacancies of a list, numbered in order of listing id, or what is wrong with its rows.

    `rows` are (line, row). `unit_of` gives the unit's id by `path_key`; `need_of` the policy's code
    for a kind of need as the list words it.
    """
    faults: list[ColumnFault] = []
    first: dict[str, tuple[int, ListingRow]] = {}
    education: dict[str, dict[tuple[str, str], int]] = {}
    for line, row in rows:
        start, model = first.setdefault(row.formasi_id, (line, row))
        if start == line:
            faults += _unknown(line, row, unit_of, need_of)
        faults += _differences(line, row, start, model)
        programme = (row.jenjang_studi, row.program_studi)
        earlier = education.setdefault(row.formasi_id, {}).setdefault(programme, line)
        if earlier != line:
            reason = Refusal("twice", value=row.program_studi, first=earlier)
            faults.append({"line": line, "column": "program_studi", "reason": reason})
    if faults:
        return [], faults
    return [
        _vacancy(number, first[listing_id][1], education[listing_id], unit_of, need_of)
        for number, listing_id in enumerate(sorted(first), start=1)
    ], []


def _unknown(
    line: int, row: ListingRow, unit_of: Mapping[str, str], need_of: Callable[[str], str | None]
) -> Iterable[ColumnFault]:
    if path_key(row.lokasi_nm) not in unit_of:
        yield {
            "line": line,
            "column": "lokasi_nm",
            "reason": Refusal("unknown-unit", path=row.lokasi_nm),
        }
    if need_of(row.formasi_nm) is None:
        yield {
            "line": line,
            "column": "formasi_nm",
            "reason": Refusal("unknown-need", need=row.formasi_nm),
        }


def _differences(
    line: int, row: ListingRow, start: int, model: ListingRow
) -> Iterable[ColumnFault]:
    for column in COLUMNS:
        value, before = getattr(row, column), getattr(model, column)
        if column not in OF_ONE_PROGRAMME and value != before:
            reason = Refusal(
                "rows-differ", listing=row.formasi_id, value=value, before=before, first=start
            )
            yield {"line": line, "column": column, "reason": reason}


def _vacancy(
    number: int,
    row: ListingRow,
    education: Iterable[tuple[str, str]],
    unit_of: Mapping[str, str],
    need_of: Callable[[str], str | None],
) -> ListedVacancy:
    need = need_of(row.formasi_nm)
    if need is None:
        raise ValueError(f"{row.formasi_nm} was not checked")
    return ListedVacancy(
        listing_id=row.formasi_id,
        number=number,
        agency=row.ins_nm,
        post=row.jabatan_nm,
        unit_id=unit_of[path_key(row.lokasi_nm)],
        need=need,
        seats=row.jumlah_formasi,
        open_to_disabled=row.disable == "1",
        pay_min=row.gaji_min,
        pay_max=row.gaji_max,
        education=tuple(education),
    )


def vacancy_id(round_id: str, listing_id: str, *, used: bool) -> str:
    """The portal's own id; where another round used it, an id made of the round's and that id."""
    return str(uuid5(NAMESPACE_URL, f"{round_id}/{listing_id}")) if used else listing_id
