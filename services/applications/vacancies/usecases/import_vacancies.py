"""An officer sends the list of a round's vacancies."""

from dataclasses import asdict
from datetime import datetime

from pydantic import BaseModel, Field

from services.applications.rounds.storage import ROUNDS
from services.applications.vacancies.domain import listing
from services.applications.vacancies.domain.units import ColumnFault, path_key
from services.applications.vacancies.storage import VACANCIES
from shared.csv_files import check_rows, refuse_if_any
from shared.identity import Person
from shared.policies import Policy
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class VacanciesImported(BaseModel):
    """The draft as it stands now."""

    rows: int = Field(description="Rows in the file")
    vacancies: int = Field(description="Vacancies in the file")
    seats: int = Field(description="Their seats together")
    decreed_seats: int = Field(description="Seats that the decree grants; publishing needs as many")


async def import_vacancies(
    connection: Connection,
    officer: Person,
    round_id: str,
    rows: list[tuple[int, dict[str, str]]],
    now: datetime,
) -> VacanciesImported:
    """Makes the file the round's draft in place of an earlier one, or keeps nothing of it.

    States nothing yet.
    Raises Refusal `not-found`, `round-published`, or `rows-refused` with each fault.
    """
    round_ = await ROUNDS.lock_round(connection, round_id=round_id)
    if round_ is None:
        raise Refusal("not-found", what=f"round {round_id}")
    if round_["published_at"] is not None:
        raise Refusal("round-published", round=round_id)
    faults: list[ColumnFault] = []
    good = check_rows(rows, listing.ListingRow, faults)
    unit_of = {
        path_key(unit["path"]): unit["unit_id"]
        async for unit in VACANCIES.units_by_id_or_path(
            connection, unit_ids=[], path_keys=list({path_key(row.lokasi_nm) for _, row in good})
        )
    }
    policy = Policy.model_validate(round_["policy"])
    vacancies, found = listing.vacancies(good, unit_of, policy.need_code)
    refuse_if_any(faults + found)
    await _replace_draft(connection, round_id, vacancies)
    await audit.record(
        connection,
        officer,
        "vacancies.imported",
        round_id,
        at=now,
        reason=f"{len(vacancies)} vacancies",
    )
    return VacanciesImported(
        rows=len(rows),
        vacancies=len(vacancies),
        seats=sum(vacancy.seats for vacancy in vacancies),
        decreed_seats=round_["decreed_seats"],
    )


async def _replace_draft(
    connection: Connection, round_id: str, vacancies: list[listing.ListedVacancy]
) -> None:
    await VACANCIES.lock_listing_ids(connection)
    listing_ids = [vacancy.listing_id for vacancy in vacancies]
    used = {
        row["vacancy_id"]
        async for row in VACANCIES.listing_ids_used(
            connection, round_id=round_id, listing_ids=listing_ids
        )
    }
    await VACANCIES.drop_draft(connection, round_id=round_id)
    await VACANCIES.keep_draft(
        connection,
        round_id=round_id,
        vacancies=[
            _draft(
                vacancy,
                listing.vacancy_id(round_id, vacancy.listing_id, used=vacancy.listing_id in used),
            )
            for vacancy in vacancies
        ],
    )


def _draft(vacancy: listing.ListedVacancy, vacancy_id: str) -> dict[str, object]:
    """The vacancy by the names that VacancyPublished has for its fields."""
    education = [{"level": level, "programme": programme} for level, programme in vacancy.education]
    return {**asdict(vacancy), "vacancy_id": vacancy_id, "education": education}
