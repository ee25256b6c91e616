"""Units over HTTP: what officers report of their work."""

from fastapi import Request, Response

from services.feedback.units.usecases.import_services import COLUMNS, Imported, import_services
from shared.web.authentication import Officer
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter, max_body_bytes
from shared.web.uploads import csv_body, received

SERVICES_MOST = 8 * 2**20
"""Bytes of a file of services rendered: some 400,000 unit-months."""

SERVICES_FILE = csv_body(
    ",".join(COLUMNS), "unit_id,month,services\nU-001,2026-10,1840\n", SERVICES_MOST
)

router = APIRouter(tags=["units"])


@router.post(
    "/services-rendered/import",
    operation_id="import_services",
    response_model=Imported,
    responses=problem_responses(401, 403, 413),
    openapi_extra=SERVICES_FILE,
    summary="Import services rendered by unit and month (CSV)",
)
@max_body_bytes(SERVICES_MOST)
async def services_rendered(
    request: Request,
    resources: ResourcesDependency,
    officer: Officer,
    transaction: TransactionDependency,
) -> Response:
    """Columns `unit_id,month,services`, month as YYYY-MM.

    Replaces what stood for a unit and month; the whole file or nothing.
    """
    async with received(request) as upload:
        return await transaction.once(
            lambda connection: import_services(
                connection, officer, upload.file, resources.clock(), resources.settings.zone
            ),
            200,
            digest=upload.digest,
        )
