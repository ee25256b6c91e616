"""What everyone may see of units and vacancies."""

from pydantic import BaseModel, Field

from services.applications.rounds.views import show_round
from services.applications.vacancies.storage import VACANCIES
from shared.contracts.fields import Agency, NeedCode, Post, RoundId, UnitId, UnitPath, VacancyId
from shared.paging import Page, number_after, page, text_after
from shared.phrases import Phrase
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class UnitView(BaseModel):
    """A unit of an agency."""

    unit_id: UnitId
    path: UnitPath
    staff: int = Field(description="People who work there")


class EducationView(BaseModel):
    """One level and programme of education that a vacancy accepts."""

    level: str = Field(description="jenjang studi")
    programme: str = Field(description="program studi")


class VacancyView(BaseModel):
    """A vacancy (formasi): one post at one unit for one kind of need."""

    vacancy_id: VacancyId
    round_id: RoundId
    listing_id: str = Field(description="Id under which the national portal lists it")
    number: int = Field(
        description="Its number within the round, the first part of its participant numbers"
    )
    agency: Agency
    post: Post
    unit_id: UnitId
    unit_path: UnitPath
    need: NeedCode
    seats: int = Field(description="Seats to be filled")
    open_to_disabled: bool = Field(description="People with disabilities may apply")
    pay_min: int = Field(description="Monthly pay in rupiah")
    pay_max: int = Field(description="Monthly pay in rupiah")
    education: list[EducationView] = Field(description="Accepted education; one of them suffices")
    published: bool = Field(description="Whether it is public")
    closed: bool = Field(description="Registration was closed")
    submitted: int = Field(description="Applications so far, those taken back included")


async def show_units(connection: Connection, cursor: str | None, limit: int) -> Page[UnitView]:
    """Units in order of id. Raises Refusal `bad-cursor`."""
    after = text_after(cursor)
    units = [
        UnitView(**row)
        async for row in VACANCIES.page_of_units(connection, after=after, limit=limit + 1)
    ]
    return page(units, limit, lambda unit: (unit.unit_id,))


async def show_vacancy(connection: Connection, vacancy_id: str, *, drafts: bool) -> VacancyView:
    """One vacancy; `drafts`: also one that is not public yet. Raises Refusal `not-found`."""
    row = await VACANCIES.vacancy_shown(connection, vacancy_id=vacancy_id, drafts=drafts)
    if row is None:
        raise Refusal("not-found", what=Phrase("vacancy", vacancy_id=vacancy_id))
    return VacancyView(**row)


async def show_vacancies(
    connection: Connection, round_id: str, *, drafts: bool, cursor: str | None, limit: int
) -> Page[VacancyView]:
    """Vacancies of a round in order of number; `drafts`: also those that are not public yet.

    Raises Refusal `not-found`, `bad-cursor`.
    """
    after = number_after(cursor)
    rows = VACANCIES.page_of_vacancies(
        connection, round_id=round_id, drafts=drafts, after=after, limit=limit + 1
    )
    vacancies = [VacancyView(**row) async for row in rows]
    if not vacancies:
        await show_round(connection, round_id)
    return page(vacancies, limit, lambda vacancy: (vacancy.number,))
