"""What everyone may see of rounds, their vacancies, and the units."""

from datetime import datetime

from pydantic import BaseModel, Field

from services.applications.registration.fields import RoundName
from services.applications.rounds.storage import ROUNDS
from services.applications.vacancies.storage import VACANCIES
from shared.contracts.fields import Agency, NeedCode, Post, RoundId, UnitId, UnitPath, VacancyId
from shared.paging import Page, from_cursor, page
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class UnitView(BaseModel):
    """A unit of an agency."""

    unit_id: UnitId
    path: UnitPath
    staff: int = Field(description="People who work there")


class RoundView(BaseModel):
    """A round as it stands."""

    round_id: RoundId
    name: RoundName
    policy_id: str = Field(description="Name of the policy")
    policy_version: str = Field(description="Its version")
    policy_hash: str = Field(
        description="SHA-256 of the policy's canonical JSON, as RoundOpened states it"
    )
    seed: str = Field(
        description="Published seed that orders the lines of equals; it decides nothing"
    )
    decreed_seats: int = Field(description="Seats that the Minister's decree grants")
    registration_opens: datetime = Field(
        description="First instant at which people may register, UTC"
    )
    registration_closes: datetime = Field(
        description="First instant at which they no longer may, UTC"
    )
    opened_at: datetime = Field(description="When an officer opened the round, UTC")
    published_at: datetime | None = Field(
        description="When its vacancies became public; none before"
    )
    closed_at: datetime | None = Field(description="When registration was closed; none before")
    vacancies: int = Field(description="Vacancies imported, public or not yet")
    seats: int = Field(description="Their seats together")


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


async def see_units(connection: Connection, cursor: str | None, limit: int) -> Page[UnitView]:
    """Units in order of id. Raises Refusal `bad-cursor`."""
    after = text_key(cursor)
    units = [
        UnitView(**row)
        async for row in VACANCIES.page_of_units(connection, after=after, limit=limit + 1)
    ]
    return page(units, limit, lambda unit: (unit.unit_id,))


async def see_round(connection: Connection, round_id: str) -> RoundView:
    """One round. Raises Refusal `not-found`."""
    row = await ROUNDS.round_by_id(connection, round_id=round_id)
    if row is None:
        raise Refusal("not-found", what=f"round {round_id}")
    return RoundView(**row)


async def see_rounds(connection: Connection, cursor: str | None, limit: int) -> Page[RoundView]:
    """Rounds in order of id. Raises Refusal `bad-cursor`."""
    after = text_key(cursor)
    rounds = [
        RoundView(**row)
        async for row in ROUNDS.page_of_rounds(connection, after=after, limit=limit + 1)
    ]
    return page(rounds, limit, lambda round_: (round_.round_id,))


async def see_vacancies(
    connection: Connection, round_id: str, *, drafts: bool, cursor: str | None, limit: int
) -> Page[VacancyView]:
    """Vacancies of a round in order of number; `drafts`: also those that are not public yet.

    Raises Refusal `not-found`, `bad-cursor`.
    """
    after = number_key(cursor)
    rows = VACANCIES.page_of_vacancies(
        connection, round_id=round_id, drafts=drafts, after=after, limit=limit + 1
    )
    vacancies = [VacancyView(**row) async for row in rows]
    if not vacancies:
        await see_round(connection, round_id)
    return page(vacancies, limit, lambda vacancy: (vacancy.number,))


def text_key(cursor: str | None) -> str:
    """The text that a list goes on after; the empty one is before all.

    Raises Refusal `bad-cursor`.
    """
    (key,) = from_cursor(cursor, fields=1) or ("",)
    if not isinstance(key, str):
        raise Refusal("bad-cursor")
    return key


def number_key(cursor: str | None) -> int:
    """The number that a list goes on after. Raises Refusal `bad-cursor`."""
    (key,) = from_cursor(cursor, fields=1) or (0,)
    if type(key) is not int or not 0 <= key < 2**31:
        raise Refusal("bad-cursor")
    return key
