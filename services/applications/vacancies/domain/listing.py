"""Vacancies as the national portal lists them: a row for each education programme of a vacancy."""

from typing import Annotated, Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.contracts.fields import VacancyId
from shared.contracts.strict import IN_DIGITS, line_of_text

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
ListingText = Annotated[str, *line_of_text(300)]
Rupiah = Annotated[int, Field(ge=0, le=2_000_000_000), IN_DIGITS]


class ListingRow(BaseModel):
    """One row of the list."""

    model_config = ConfigDict(frozen=True)

    formasi_id: VacancyId
    ins_nm: ListingText
    jp_nama: ListingText
    formasi_nm: ListingText
    jabatan_nm: ListingText
    lokasi_nm: Annotated[str, *line_of_text(500)]
    jumlah_formasi: Annotated[int, Field(ge=1, le=100_000), IN_DIGITS]
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


def own_id(round_id: str, listing_id: str) -> str:
    """The id of a vacancy whose listing id another round used: it follows from both ids."""
    return str(uuid5(NAMESPACE_URL, f"{round_id}/{listing_id}"))
