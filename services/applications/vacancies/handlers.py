"""Units and vacancies over HTTP: imported and published by officers, seen by everyone."""

from typing import Annotated

from fastapi import Query, Request, Response

from services.applications.rounds.views import RoundView, show_round
from services.applications.vacancies.domain import listing
from services.applications.vacancies.domain import units as units_file
from services.applications.vacancies.usecases.import_units import UnitsImported, import_units
from services.applications.vacancies.usecases.import_vacancies import (
    VacanciesImported,
    import_vacancies,
)
from services.applications.vacancies.usecases.publish_vacancies import publish_vacancies
from services.applications.vacancies.views import (
    UnitView,
    VacancyView,
    show_units,
    show_vacancies,
    show_vacancy,
)
from shared.contracts.fields import RoundId, VacancyId
from shared.contracts.strict import FlagInQuery
from shared.identity import Person
from shared.paging import Page
from shared.postgres.pool import Connection
from shared.web.authentication import MaybePerson, Officer
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter, max_body_bytes
from shared.web.uploads import csv_body, received

router = APIRouter()

UNITS_MOST = 16 * 2**20
"""Bytes of a file of units; those of a national list of vacancies have some 6 million."""
VACANCIES_MOST = 64 * 2**20
"""Bytes of a file of vacancies; the national list of 2024 (94,476) has some 24 million."""

UNITS_FILE = csv_body(
    ",".join(units_file.COLUMNS),
    "unit_id,path,staff\nU-001,Pemerintah Kota Serang | KECAMATAN KASEMEN,34\n",
    UNITS_MOST,
)
VACANCIES_FILE = csv_body(
    ",".join(listing.COLUMNS),
    f"{','.join(listing.COLUMNS)}\n29719f29,Pemerintah Kota Serang,CPNS,UMUM,PENATA LAYANAN,"
    "Pemerintah Kota Serang | KECAMATAN KASEMEN,2,1,2322880,2555168,S-1/Sarjana,"
    "S-1 ILMU PEMERINTAHAN\n",
    VACANCIES_MOST,
)


@router.post(
    "/units/import",
    operation_id="import_units",
    tags=["units"],
    response_model=UnitsImported,
    responses=problem_responses(401, 403, 413),
    openapi_extra=UNITS_FILE,
    summary="Import units",
)
@max_body_bytes(UNITS_MOST)
async def send_units(
    request: Request,
    resources: ResourcesDependency,
    officer: Officer,
    transaction: TransactionDependency,
) -> Response:
    """The whole file or nothing; units that it doesn't name stay as they are."""
    async with received(request) as upload:
        return await transaction.once(
            lambda connection: import_units(
                connection, resources.outbox, officer, upload.file, resources.clock()
            ),
            200,
            digest=upload.digest,
        )


@router.get(
    "/units",
    operation_id="list_units",
    tags=["units"],
    responses=problem_responses(400),
    summary="Units in order of id",
)
async def units(
    resources: ResourcesDependency, cursor: Cursor = None, limit: Limit = 50
) -> Page[UnitView]:
    """The offices of the province, as they were imported last."""
    async with resources.pool.acquire() as connection:
        return await show_units(connection, cursor, limit)


@router.post(
    "/rounds/{round_id}/vacancies/import",
    operation_id="import_vacancies",
    tags=["vacancies"],
    response_model=VacanciesImported,
    responses=problem_responses(401, 403, 404, 409, 413),
    openapi_extra=VACANCIES_FILE,
    summary="Import a round's vacancies, as a draft",
)
@max_body_bytes(VACANCIES_MOST)
async def send_vacancies(
    round_id: RoundId,
    request: Request,
    resources: ResourcesDependency,
    officer: Officer,
    transaction: TransactionDependency,
    replace: Annotated[
        FlagInQuery,
        Query(description="Take away the vacancies of the draft that the file does not name"),
    ] = False,
) -> Response:
    """The national portal's list, whole or in several files: a row for each education programme.

    The file adds to the draft; a vacancy that the draft has already becomes what the file says.
    """
    async with received(request) as upload:
        return await transaction.once(
            lambda connection: import_vacancies(
                connection, officer, round_id, upload.file, resources.clock(), replace=replace
            ),
            200,
            digest=upload.digest,
        )


@router.get(
    "/rounds/{round_id}/vacancies",
    operation_id="list_vacancies",
    tags=["vacancies"],
    responses=problem_responses(400, 401, 404),
    summary="A round's vacancies in order of number; officers see drafts too",
)
async def vacancies(
    round_id: RoundId,
    resources: ResourcesDependency,
    person: MaybePerson,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[VacancyView]:
    """With seats, pay and required education; before they are published, for officers alone."""
    drafts = _sees_drafts(person)
    async with resources.pool.acquire() as connection:
        return await show_vacancies(connection, round_id, drafts=drafts, cursor=cursor, limit=limit)


@router.get(
    "/vacancies/{vacancy_id}",
    operation_id="get_vacancy",
    tags=["vacancies"],
    responses=problem_responses(401, 404),
    summary="One vacancy; officers see a draft too",
)
async def vacancy(
    vacancy_id: VacancyId, resources: ResourcesDependency, person: MaybePerson
) -> VacancyView:
    """With seats, pay, required education, and how many applied so far."""
    async with resources.pool.acquire() as connection:
        return await show_vacancy(connection, vacancy_id, drafts=_sees_drafts(person))


def _sees_drafts(person: Person | None) -> bool:
    return person is not None and "officer" in person.roles


@router.post(
    "/rounds/{round_id}/publish",
    operation_id="publish_vacancies",
    tags=["rounds"],
    response_model=RoundView,
    responses=problem_responses(401, 403, 404, 409),
    summary="Publish all vacancies of a round",
)
async def publish(
    round_id: RoundId,
    resources: ResourcesDependency,
    officer: Officer,
    transaction: TransactionDependency,
) -> Response:
    """Only if their seats together equal the decreed seats.

    From then on they stay as they are.
    """

    async def publish_and_show(connection: Connection) -> RoundView:
        await publish_vacancies(connection, resources.outbox, officer, round_id, resources.clock())
        return await show_round(connection, round_id)

    return await transaction.once(publish_and_show, 200)
