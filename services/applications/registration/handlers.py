"""What people ask of applications, each handed to one use case."""

import secrets
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from services.applications.registration.domain import Status
from services.applications.registration.usecases.close_registration import (
    RegistrationCount,
    close_registration,
)
from services.applications.registration.usecases.submit_application import (
    ApplicationReceipt,
    SubmitApplication,
    submit_application,
)
from services.applications.registration.usecases.withdraw_application import (
    WithdrawalView,
    withdraw_application,
)
from services.applications.rounds.usecases.open_round import OpenRound, open_round
from services.applications.rounds.views import (
    RoundView,
    UnitView,
    VacancyView,
    see_round,
    see_rounds,
    see_units,
    see_vacancies,
)
from services.applications.status.views import (
    ApplicationView,
    OwnApplications,
    QueueItem,
    ReasonView,
    reasons,
    see_application,
    see_own,
    see_queue,
)
from services.applications.vacancies.domain import listing, units
from services.applications.vacancies.usecases.import_units import UnitsImported, import_units
from services.applications.vacancies.usecases.import_vacancies import (
    VacanciesImported,
    import_vacancies,
)
from services.applications.vacancies.usecases.publish_vacancies import publish_vacancies
from services.applications.verification.usecases import (
    DecisionView,
    VerifyApplication,
    verify_application,
)
from shared.contracts.fields import ParticipantNo, RoundId, VacancyId
from shared.csv_files import read_csv
from shared.identity import Person
from shared.paging import Page
from shared.web.authentication import Applicant, MaybePerson, Officer, Verifier, require_role
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.parameters import Cursor, Limit
from shared.web.problems import problem_responses

Deciding = Annotated[Person, require_role("verifier", "officer")]
Concerned = Annotated[Person, require_role("applicant", "verifier", "officer")]


def csv_body(columns: tuple[str, ...], example: str) -> dict[str, Any]:
    """The body of a route that takes a file, for OpenAPI."""
    schema = {"type": "string", "description": f"UTF-8 with the header line {','.join(columns)}"}
    return {
        "requestBody": {
            "required": True,
            "content": {"text/csv": {"schema": schema, "example": example}},
        }
    }


UNITS_FILE = csv_body(
    units.COLUMNS, "unit_id,path,staff\nU-001,Pemerintah Kota Serang | KECAMATAN KASEMEN,34\n"
)
VACANCIES_FILE = csv_body(
    listing.COLUMNS,
    f"{','.join(listing.COLUMNS)}\n29719f29,Pemerintah Kota Serang,CPNS,UMUM,PENATA LAYANAN,"
    "Pemerintah Kota Serang | KECAMATAN KASEMEN,2,1,2322880,2555168,S-1/Sarjana,S-1 ILMU PEMERINTAHAN\n",
)


def rounds(zone: ZoneInfo) -> APIRouter:
    """Units, rounds and vacancies. `zone` is the one in which people read days and hours."""
    routes = APIRouter(tags=["rounds"])

    @routes.post(
        "/units/import",
        response_model=UnitsImported,
        responses=problem_responses(401, 403, 413),
        openapi_extra=UNITS_FILE,
        summary="Import units",
    )
    async def send_units(
        request: Request,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        """The whole file or nothing; units that it doesn't name stay as they are."""
        rows = read_csv(await request.body(), units.COLUMNS)
        return await transaction.once(
            lambda connection: import_units(
                connection, resources.outbox, officer, rows, resources.clock()
            ),
            200,
        )

    @routes.get("/units", responses=problem_responses(400), summary="Units in order of id")
    async def units(
        resources: ResourcesDependency, cursor: Cursor = None, limit: Limit = 100
    ) -> Page[UnitView]:
        async with resources.pool.acquire() as connection:
            return await see_units(connection, cursor, limit)

    @routes.post(
        "/rounds",
        status_code=201,
        response_model=RoundView,
        responses=problem_responses(401, 403, 409),
        summary="Open a round under a policy",
    )
    async def open_(
        command: OpenRound,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        """The policy goes into the event whole: this exact version stays the round's law."""
        seed = secrets.token_hex(32)
        return await transaction.once(
            lambda connection: open_round(
                connection, resources.outbox, officer, command, resources.clock(), zone, seed=seed
            )
        )

    @routes.get("/rounds", responses=problem_responses(400), summary="Rounds in order of id")
    async def list_(
        resources: ResourcesDependency, cursor: Cursor = None, limit: Limit = 100
    ) -> Page[RoundView]:
        async with resources.pool.acquire() as connection:
            return await see_rounds(connection, cursor, limit)

    @routes.get(
        "/rounds/{round_id}", responses=problem_responses(404), summary="One round as it stands"
    )
    async def one(round_id: RoundId, resources: ResourcesDependency) -> RoundView:
        async with resources.pool.acquire() as connection:
            return await see_round(connection, round_id)

    @routes.post(
        "/rounds/{round_id}/vacancies/import",
        response_model=VacanciesImported,
        responses=problem_responses(401, 403, 404, 409, 413),
        openapi_extra=VACANCIES_FILE,
        summary="Import a round's vacancies, as a draft",
    )
    async def send_vacancies(
        round_id: RoundId,
        request: Request,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        """The national portal's list: a row for each education programme of a vacancy.

        Takes the place of the draft before.
        """
        rows = read_csv(await request.body(), listing.COLUMNS)
        return await transaction.once(
            lambda connection: import_vacancies(
                connection, officer, round_id, rows, resources.clock()
            ),
            200,
        )

    @routes.get(
        "/rounds/{round_id}/vacancies",
        responses=problem_responses(400, 404),
        summary="A round's vacancies in order of number; officers see drafts too",
    )
    async def vacancies(
        round_id: RoundId,
        resources: ResourcesDependency,
        person: MaybePerson,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> Page[VacancyView]:
        drafts = person is not None and "officer" in person.roles
        async with resources.pool.acquire() as connection:
            return await see_vacancies(
                connection, round_id, drafts=drafts, cursor=cursor, limit=limit
            )

    @routes.post(
        "/rounds/{round_id}/publish",
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
        return await transaction.once(
            lambda connection: publish_vacancies(
                connection, resources.outbox, officer, round_id, resources.clock()
            ),
            200,
        )

    @routes.post(
        "/rounds/{round_id}/registration/close",
        response_model=RegistrationCount,
        responses=problem_responses(401, 403, 404, 409),
        summary="Close registration for a round",
    )
    async def close(
        round_id: RoundId,
        resources: ResourcesDependency,
        officer: Officer,
        transaction: TransactionDependency,
    ) -> Response:
        """Nobody can apply after it; applications that wait for a decision may still be decided."""
        return await transaction.once(
            lambda connection: close_registration(
                connection, resources.outbox, officer, round_id, resources.clock()
            ),
            200,
        )

    return routes


def applications(zone: ZoneInfo, answer_days: int) -> APIRouter:
    """Applications, one by one and in lists.

    `answer_days`: how long an offered seat may be answered.
    """
    routes = APIRouter(tags=["applications"])

    @routes.post(
        "/vacancies/{vacancy_id}/applications",
        status_code=201,
        response_model=ApplicationReceipt,
        responses=problem_responses(401, 403, 404, 409),
        summary="Apply for a vacancy",
    )
    async def submit(
        vacancy_id: VacancyId,
        command: SubmitApplication,
        resources: ResourcesDependency,
        applicant: Applicant,
        transaction: TransactionDependency,
    ) -> Response:
        """Each person has one application in a round. The answer holds the participant number."""
        return await transaction.once(
            lambda connection: submit_application(
                connection,
                resources.outbox,
                applicant,
                vacancy_id,
                command,
                resources.clock(),
                zone,
            )
        )

    @routes.get(
        "/vacancies/{vacancy_id}/applications",
        responses=problem_responses(400, 401, 403, 404),
        summary="A vacancy's applications in order of participant number",
    )
    async def queue(
        vacancy_id: VacancyId,
        resources: ResourcesDependency,
        _: Deciding,
        status: Annotated[
            Status | None, Query(description="Only these: `submitted` is the verifier's queue")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> Page[QueueItem]:
        async with resources.pool.acquire() as connection:
            return await see_queue(connection, vacancy_id, status, cursor, limit)

    @routes.get(
        "/vacancies/{vacancy_id}/applications/{participant_no}",
        responses=problem_responses(401, 403, 404),
        summary="One application, for its owner, verifiers and officers",
    )
    async def one(
        vacancy_id: VacancyId,
        participant_no: ParticipantNo,
        resources: ResourcesDependency,
        person: Concerned,
    ) -> ApplicationView:
        async with resources.pool.acquire() as connection:
            return await see_application(
                connection, person, vacancy_id, participant_no, answer_days
            )

    @routes.post(
        "/vacancies/{vacancy_id}/applications/{participant_no}/verification",
        response_model=DecisionView,
        responses=problem_responses(401, 403, 404, 409),
        summary="Decide whether an application meets the requirements",
    )
    async def verify(
        vacancy_id: VacancyId,
        participant_no: ParticipantNo,
        command: VerifyApplication,
        resources: ResourcesDependency,
        verifier: Verifier,
        transaction: TransactionDependency,
    ) -> Response:
        """Once. The same decision again is fine; another is refused."""
        return await transaction.once(
            lambda connection: verify_application(
                connection,
                resources.outbox,
                verifier,
                vacancy_id,
                participant_no,
                command,
                resources.clock(),
            ),
            200,
        )

    @routes.post(
        "/vacancies/{vacancy_id}/applications/{participant_no}/withdrawal",
        response_model=WithdrawalView,
        responses=problem_responses(401, 403, 404, 409),
        summary="Take an application back, for good",
    )
    async def withdraw(
        vacancy_id: VacancyId,
        participant_no: ParticipantNo,
        resources: ResourcesDependency,
        applicant: Applicant,
        transaction: TransactionDependency,
    ) -> Response:
        """Until the final list is fixed."""
        return await transaction.once(
            lambda connection: withdraw_application(
                connection,
                resources.outbox,
                applicant,
                vacancy_id,
                participant_no,
                resources.clock(),
            ),
            200,
        )

    @routes.get(
        "/me",
        responses=problem_responses(401, 403),
        summary="Your own applications and what became of them",
    )
    async def own(resources: ResourcesDependency, applicant: Applicant) -> OwnApplications:
        async with resources.pool.acquire() as connection:
            return await see_own(connection, applicant, answer_days)

    @routes.get(
        "/verification-reasons",
        summary="Why an application may be found not to meet the requirements",
    )
    async def verification_reasons() -> list[ReasonView]:
        return reasons()

    return routes
